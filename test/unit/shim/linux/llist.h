/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LLIST_H
#define _SHIM_LLIST_H

struct llist_node {
	struct llist_node *next;
};

#endif
