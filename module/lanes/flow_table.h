/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of all flows that arrive on a NIC, in lanes or not. A full bucket forgets its quietest
 * flow. promote.c decides what happens to an entry.
 */

#ifndef _FALCON_FLOW_TABLE_H
#define _FALCON_FLOW_TABLE_H

#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "flow/packet.h"
#include "policy/rr_detect.h"
#include "rules/priority.h"
#include "rules/rule.h"

struct falcon_flow;

/*
 * A flow, in lanes or not. The CPU that receives its packets writes most members without a lock:
 * that is one CPU at a time unless the NIC moves the flow, and then a count that is a few packets
 * short does no harm.
 */
struct falcon_flow_entry {
	u32			hash;		/* 0: the entry is free */
	u32			count;		/* packets in this window */
	unsigned long		since;		/* jiffies when the window began */
	/* Jiffies from which it may be promoted; while @ahead, of the last check of its tunnels. */
	u32			retry;
	int			ifindex;
	u32			netns;		/* inode number */
	u8			reason;		/* enum falcon_reason */
	u8			encap;		/* enum falcon_encap_kind; none: the host's own */
	bool			ahead;		/* every packet so far has gone ahead */
	bool			requests;	/* short requests, as @rr_detect tells */
	struct falcon_priority	priority;
	u32			endpoint_due;	/* jiffies from which subject.endpoint is old */
	struct falcon_flow __rcu *flow;		/* NULL: not in lanes */
	struct falcon_rr_detect	rr_detect;	/* with priority-auto only */
	struct falcon_subject	subject;
};

#define FALCON_FLOW_TABLE_FLOWS   65536	/* a power of two */
#define FALCON_FLOW_TABLE_WAYS    4
#define FALCON_FLOW_TABLE_BUCKETS (FALCON_FLOW_TABLE_FLOWS / FALCON_FLOW_TABLE_WAYS)

extern struct falcon_flow_entry *falcon_flow_table;	/* not freed while any packet may come */

/* Context: process. Return: 0 or -ENOMEM. */
int falcon_flow_table_alloc(void);

/* Context: process, under falcon_flow_table_hold(), when no packet can come any more. */
void falcon_flow_table_free(void);

/*
 * Keep the table, and all that is allocated with it, until falcon_flow_table_release(). The device
 * notifier does so under RTNL, so a holder must not wait for anything. Context: process.
 * Return: true if there is a table. The caller must release it either way.
 */
bool falcon_flow_table_hold(void);
void falcon_flow_table_release(void);

static inline struct falcon_flow_entry *falcon_flow_table_bucket(u32 hash)
{
	return &falcon_flow_table[(hash % FALCON_FLOW_TABLE_BUCKETS) * FALCON_FLOW_TABLE_WAYS];
}

/* The entry of a flow, or NULL. Context: BH. */
static inline struct falcon_flow_entry *falcon_flow_table_find(u32 hash)
{
	struct falcon_flow_entry *entry = falcon_flow_table_bucket(hash);
	unsigned int i;

	for (i = 0; i < FALCON_FLOW_TABLE_WAYS; i++, entry++)
		if (READ_ONCE(entry->hash) == hash)
			return entry;
	return NULL;
}

/*
 * The lock of some buckets. A CPU takes it to give an entry another flow, and to promote or release
 * the entry's flow. BH; taken before a flow's lock and that of the flow list.
 */
spinlock_t *falcon_flow_table_lock(u32 hash);

/*
 * The entry for a new flow: a free one, or the quietest that is not in lanes; NULL if all of its
 * bucket are in lanes. Context: under the lock of the bucket.
 */
struct falcon_flow_entry *falcon_flow_table_victim(u32 hash);

/*
 * The only entry with these headers behind the tunnels, or NULL. If two virtual networks have such
 * a flow each, nobody can tell which of them a packet belongs to.
 */
struct falcon_flow_entry *falcon_flow_table_find_inner(u32 hash, const struct falcon_key *key);

/* True if another entry has these headers behind the tunnels. */
bool falcon_flow_table_has_twin(const struct falcon_flow_entry *entry, u32 hash,
				const struct falcon_key *key);

#endif /* _FALCON_FLOW_TABLE_H */
