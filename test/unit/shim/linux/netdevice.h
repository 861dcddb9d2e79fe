/* SPDX-License-Identifier: GPL-2.0 */
/* flow.h wants it for struct rps_dev_flow, which is in net/rps.h here. */
