/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_SKBUFF_H
#define _SHIM_SKBUFF_H

/* What falcon's pure parts see of a packet; a test's own is a structure around it. */
struct sk_buff {
	struct sk_buff *next;
};

#endif
