/* SPDX-License-Identifier: GPL-2.0 */
/* Reading and printing attributes by the specification. */
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
 * Fill tb (of SPEC_ATTRS_MAX + 1) by attribute number, after checking length and type of
 * each, so that whatever is in tb can be read without further ado. Attributes that the
 * specification does not have come from a newer module and are left out. Returns an exit
 * code; it has told what is wrong.
 */
int attr_parse(const struct spec_set *set, struct attr_block block, const struct nlattr **tb);

/* Call each() for every attribute of number type in a block that was parsed. */
int attr_each(struct attr_block block, unsigned int type,
	      int (*each)(const struct nlattr *attr, void *data), void *data);

/* Of an integer of either size; 0 when it is absent. */
uint64_t attr_uint(const struct nlattr *attr);

/*
 * Print attribute n of the set under its own name, as out_string() (strings and enums) or
 * out_uint() do. When it is absent: nothing in JSON, the text absent as text.
 */
void attr_print(const struct spec_set *set, const struct nlattr *const *tb, unsigned int n,
		const char *fmt, const char *absent);

#endif
