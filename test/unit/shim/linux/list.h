/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LIST_H
#define _SHIM_LIST_H

#include <linux/kernel.h>
#include <linux/types.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name) struct list_head name = { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	entry->next = head;
	entry->prev = head->prev;
	head->prev->next = entry;
	head->prev = entry;
}

/* Like the kernel's: following the entry's pointers from now on crashes. */
static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->next = NULL;
	entry->prev = NULL;
}

static inline void list_del_init(struct list_head *entry)
{
	list_del(entry);
	INIT_LIST_HEAD(entry);
}

static inline bool list_empty_careful(const struct list_head *head)
{
	return list_empty(head);
}

static inline void list_splice(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	list->prev->next = head->next;
	head->next->prev = list->prev;
	head->next = list->next;
	list->next->prev = head;
}

static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	list_splice(list, head);
	INIT_LIST_HEAD(list);
}

static inline void list_splice_tail_init(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	list->next->prev = head->prev;
	head->prev->next = list->next;
	list->prev->next = head;
	head->prev = list->prev;
	INIT_LIST_HEAD(list);
}

#define list_entry(pointer, type, member) container_of(pointer, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_next_entry(entry, member) \
	list_entry((entry)->member.next, __typeof__(*(entry)), member)
#define list_for_each_entry(entry, head, member) \
	for (entry = list_first_entry(head, __typeof__(*entry), member); \
	     &entry->member != (head); \
	     entry = list_next_entry(entry, member))

#define list_for_each_entry_safe_from(entry, next, head, member) \
	for (next = list_next_entry(entry, member); \
	     &entry->member != (head); \
	     entry = next, next = list_next_entry(next, member))
#define list_for_each_entry_safe(entry, next, head, member) \
	for (entry = list_first_entry(head, __typeof__(*entry), member), \
	     next = list_next_entry(entry, member); \
	     &entry->member != (head); \
	     entry = next, next = list_next_entry(next, member))

#endif
