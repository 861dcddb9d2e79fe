/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of all flows that a NIC's packets are of, in lanes or not, of which the quietest are
 * forgotten. What is done with an entry is in ladder.c.
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
 * A flow, whether in lanes or not. The CPU that its packets come to writes it: one at a time,
 * unless the NIC moves it. A count that is a few short does no harm.
 */
struct falcon_flow_entry {
	u32			hash;		/* 0 is free */
	u32			count;		/* packets in this window */
	unsigned long		since;		/* jiffies of its begin */
	/* Jiffies from which it may go up again; or, while it goes ahead, its tunnels let it. */
	u32			retry;
	int			ifindex;
	u32			netns;		/* inode number */
	u8			reason;		/* enum falcon_reason */
	u8			encap;		/* enum falcon_encap_kind; none: the host's own */
	bool			ahead;		/* every packet so far has gone ahead */
	bool			requests;	/* by its habit */
	struct falcon_priority	priority;
	u32			endpoint_due;	/* jiffies from which flow.place is old */
	struct falcon_flow __rcu *flow;
	struct falcon_rr_detect	rr_detect;	/* with priority-auto */
	struct falcon_subject	subject;
};

#define FALCON_FLOW_TABLE_FLOWS   65536	/* a power of two */
#define FALCON_FLOW_TABLE_WAYS    4
#define FALCON_FLOW_TABLE_BUCKETS (FALCON_FLOW_TABLE_FLOWS / FALCON_FLOW_TABLE_WAYS)

extern struct falcon_flow_entry *falcon_flow_table;	/* kept while any packet may come */

/* Context: process. Return: 0 or -ENOMEM. */
int falcon_flow_table_alloc(void);

/* Context: process, no packet comes any more. */
void falcon_flow_table_free(void);

/*
 * Keep the table, and what is allocated with it, until falcon_flow_table_release(). Under RTNL, so
 * nothing may be waited for meanwhile. Context: process. Return: whether there is one.
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
 * BH, before a flow's lock and the roster's; of entries of some buckets that change their flow or
 * its rung.
 */
spinlock_t *falcon_flow_table_lock(u32 hash);

/*
 * The flow of these headers behind the tunnels, if there is one, or NULL: of two virtual networks
 * with one each nobody can tell which it is.
 */
struct falcon_flow_entry *falcon_flow_table_find_inner(u32 hash, const struct falcon_key *key);

/* Whether another entry has these headers behind the tunnels. */
bool falcon_flow_table_has_twin(const struct falcon_flow_entry *entry, u32 hash,
				const struct falcon_key *key);

#endif /* _FALCON_FLOW_TABLE_H */
