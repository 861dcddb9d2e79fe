/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keeps the parsed answers until the kernel has confirmed the end, so that falconctl prints whole
 * documents only.
 */
#ifndef FALCONCTL_RECORDS_H
#define FALCONCTL_RECORDS_H

#include "netlink.h"

struct record {
	void *bytes;				/* its own copy, which the rest points into */
	struct attr_block block;
	const struct nlattr *tb[SPEC_ATTRS_MAX + 1];
};

struct records {
	const struct spec_set *set;
	struct record *list;
	size_t count, room;
};

/* Read the dump of cmd. If it fails, nothing is left to free. */
int records_dump(struct records *records, struct nl *nl, uint8_t cmd, const struct spec_set *set);

/* The same, with a connection of its own. */
int records_read(struct records *records, uint8_t cmd, const struct spec_set *set);

/* Read the one answer of cmd. If it fails, nothing is left to free. */
int records_ask(struct records *records, struct nl *nl, uint8_t cmd, const struct spec_set *set);

/* Leaves it empty. */
void records_free(struct records *records);

#endif
