// SPDX-License-Identifier: GPL-2.0

#include <linux/cpumask.h>
#include <linux/rcupdate.h>

#include "host/rfs.h"
#include "policy/policy.h"

/* Reads the table as get_rps_cpu() does. */
u16 falcon_rfs_cpu(u32 hash)
{
	u32 entry, mask;
	bool found;

	if (!hash)
		return FALCON_NO_CPU;
	rcu_read_lock();
	found = falcon_sock_flow(hash, &entry, &mask);
	rcu_read_unlock();
	/* Flows share entries; the upper bits tell which flow wrote this one. */
	if (!found || (entry ^ hash) & ~mask || (entry & mask) >= nr_cpu_ids)
		return FALCON_NO_CPU;
	return entry & mask;
}
