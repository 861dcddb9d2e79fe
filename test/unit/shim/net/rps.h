/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_RPS_H
#define _SHIM_RPS_H

#include <linux/types.h>

struct rps_dev_flow {
	u16		cpu;
	u16		filter;
	unsigned int	last_qtail;
};

#endif
