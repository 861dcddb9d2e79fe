/* SPDX-License-Identifier: GPL-2.0 */
/* flow.h wants it for HZ, in a macro that nothing here expands. */
