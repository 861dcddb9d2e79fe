/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_RCUPDATE_H
#define _SHIM_RCUPDATE_H

#include <linux/types.h>

#define __rcu

struct rcu_head {
	void *unused;
};

#define rcu_read_lock() ((void)0)
#define rcu_read_unlock() ((void)0)
#define rcu_dereference(pointer) (pointer)
#define rcu_dereference_bh(pointer) (pointer)
#define rcu_access_pointer(pointer) (pointer)

#endif
