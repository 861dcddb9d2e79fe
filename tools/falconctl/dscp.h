/* SPDX-License-Identifier: GPL-2.0 */
/* Names of DSCPs, as the RFCs have them. */
#ifndef FALCONCTL_DSCP_H
#define FALCONCTL_DSCP_H

/* The DSCP of that name, in upper or lower case, or -1. */
int dscp_number(const char *name);

#endif
