// SPDX-License-Identifier: GPL-2.0

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "flow/hash.h"
#include "lanes/flow_table.h"

struct falcon_flow_entry *falcon_flow_table;
static DEFINE_MUTEX(table_lock);	/* within RTNL; the table stays while a reader has it */

/* So many that CPUs with different flows seldom contend. */
#define CLAIM_LOCKS 256
static struct {
	spinlock_t lock;	/* of every CLAIM_LOCKS-th bucket */
} ____cacheline_aligned_in_smp claim_locks[CLAIM_LOCKS];

int falcon_flow_table_alloc(void)
{
	unsigned int i;

	for (i = 0; i < CLAIM_LOCKS; i++)
		spin_lock_init(&claim_locks[i].lock);
	mutex_lock(&table_lock);
	falcon_flow_table = kvcalloc(FALCON_FLOW_TABLE_FLOWS, sizeof(*falcon_flow_table),
				     GFP_KERNEL);
	mutex_unlock(&table_lock);
	return falcon_flow_table ? 0 : -ENOMEM;
}

void falcon_flow_table_free(void)
{
	kvfree(falcon_flow_table);
	falcon_flow_table = NULL;
}

bool falcon_flow_table_hold(void)
{
	mutex_lock(&table_lock);
	return falcon_flow_table;
}

void falcon_flow_table_release(void)
{
	mutex_unlock(&table_lock);
}

spinlock_t *falcon_flow_table_lock(u32 hash)
{
	return &claim_locks[hash % FALCON_FLOW_TABLE_BUCKETS % CLAIM_LOCKS].lock;
}

struct falcon_flow_entry *falcon_flow_table_victim(u32 hash)
{
	struct falcon_flow_entry *entry = falcon_flow_table_bucket(hash), *found = NULL;
	unsigned long now = jiffies;
	unsigned int i;

	for (i = 0; i < FALCON_FLOW_TABLE_WAYS; i++, entry++) {
		if (rcu_access_pointer(entry->flow))
			continue;
		if (!entry->hash)
			return entry;
		if (!found || now - entry->since > now - found->since)
			found = entry;
	}
	return found;
}

struct falcon_flow_entry *falcon_flow_table_find_inner(u32 hash, const struct falcon_key *key)
{
	struct falcon_flow_entry *entry = falcon_flow_table_bucket(hash), *found = NULL;
	unsigned int i;

	BUILD_BUG_ON(FALCON_FLOW_TABLE_BUCKETS > 1 << FALCON_HASH_COMMON);
	for (i = 0; i < FALCON_FLOW_TABLE_WAYS; i++, entry++) {
		if (!READ_ONCE(entry->hash) || memcmp(&entry->subject.key, key, sizeof(*key)))
			continue;
		if (found)
			return NULL;
		found = entry;
	}
	return found;
}

bool falcon_flow_table_has_twin(const struct falcon_flow_entry *entry, u32 hash,
				const struct falcon_key *key)
{
	const struct falcon_flow_entry *other = falcon_flow_table_bucket(hash);
	unsigned int i;

	for (i = 0; i < FALCON_FLOW_TABLE_WAYS; i++, other++)
		if (other != entry && READ_ONCE(other->hash) &&
		    !memcmp(&other->subject.key, key, sizeof(*key)))
			return true;
	return false;
}
