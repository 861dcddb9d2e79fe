/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LLIST_H
#define _SHIM_LLIST_H

#include <linux/kernel.h>
#include <linux/types.h>

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

#define llist_entry(pointer, type, member) \
	((type *)((unsigned long)(pointer) - __builtin_offsetof(type, member)))

/* A NULL node has no entry, so this compares addresses. */
#define llist_for_each_entry_safe(entry, following, node, member)				\
	for (struct llist_node *_node = (node), *_next;						\
	     _node && (_next = _node->next,							\
		       entry = llist_entry(_node, __typeof__(*entry), member),			\
		       following = llist_entry(_next, __typeof__(*entry), member), true);	\
	     _node = _next, (void)following)

static inline bool llist_empty(const struct llist_head *head)
{
	return !__atomic_load_n(&head->first, __ATOMIC_RELAXED);
}

/* A full barrier, like the kernel's. Return: true if the list was empty. */
static inline bool llist_add(struct llist_node *node, struct llist_head *head)
{
	struct llist_node *first = __atomic_load_n(&head->first, __ATOMIC_RELAXED);

	do {
		node->next = first;
	} while (!__atomic_compare_exchange_n(&head->first, &first, node, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return !first;
}

static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	return __atomic_exchange_n(&head->first, NULL, __ATOMIC_SEQ_CST);
}

static inline struct llist_node *llist_reverse_order(struct llist_node *head)
{
	struct llist_node *reversed = NULL, *next;

	for (; head; head = next) {
		next = head->next;
		head->next = reversed;
		reversed = head;
	}
	return reversed;
}

#endif
