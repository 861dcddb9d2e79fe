/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answers, kept and parsed until the kernel has said that all went well, so that what is
 * printed is whole.
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

/* What cmd dumps. Nothing is left to free when it fails. */
int records_dump(struct records *records, struct nl *nl, uint8_t cmd, const struct spec_set *set);

/* Open, dump and close. The same. */
int records_read(struct records *records, uint8_t cmd, const struct spec_set *set);

/* Ask cmd for its one answer. The same. */
int records_ask(struct records *records, struct nl *nl, uint8_t cmd, const struct spec_set *set);

/* Leaves it empty. */
void records_free(struct records *records);

#endif
