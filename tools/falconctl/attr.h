/* SPDX-License-Identifier: GPL-2.0 */
/* Reads and prints attributes by the specification. */
#ifndef FALCONCTL_ATTR_H
#define FALCONCTL_ATTR_H

#include <libmnl/libmnl.h>

#include "spec.h"

/* Attributes one after the other, not yet checked. */
struct attr_block {
	const void *data;
	size_t len;
};

struct attr_block attr_nested(const struct nlattr *nest);

/*
 * Fill tb, of SPEC_ATTRS_MAX + 1, by attribute number. The length and type of each attribute are
 * checked, so a reader of tb need not check anything. An attribute that the specification does not
 * have comes from a newer module and is left out. Return: an exit code, after an error message.
 */
int attr_parse(const struct spec_set *set, struct attr_block block, const struct nlattr **tb);

/* Call each() for every attribute of the number type in a parsed block. */
int attr_each(struct attr_block block, unsigned int type,
	      int (*each)(const struct nlattr *attr, void *data), void *data);

/* The value of an integer of either size; 0 if the attribute is absent. */
uint64_t attr_uint(const struct nlattr *attr);

/*
 * Print attribute n of the set under its own name, as out_string() (strings and enums) or
 * out_uint() do. If it is absent, print nothing in JSON, and the text of absent otherwise.
 */
void attr_print(const struct spec_set *set, const struct nlattr *const *tb, unsigned int n,
		const char *fmt, const char *absent);

#endif
