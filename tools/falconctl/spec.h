/* SPDX-License-Identifier: GPL-2.0 */
/* What include/netlink/falcon.yaml says; the tables are in spec-gen.c. */
#ifndef FALCONCTL_SPEC_H
#define FALCONCTL_SPEC_H

#include <stddef.h>
#include <stdint.h>

/* No set has more attributes; attr_parse() checks it. */
#define SPEC_ATTRS_MAX 64

enum spec_type {
	SPEC_NONE,	/* no attribute has this number */
	SPEC_U32,
	SPEC_U64,
	SPEC_STRING,
	SPEC_BINARY,
	SPEC_NEST,
};

struct spec_entry {
	const char *name;
	const char *doc;
};

struct spec_enum {
	const char *name;
	const char *doc;
	unsigned int count;
	const struct spec_entry *entries;	/* by value */
};

struct spec_set;

struct spec_attr {
	const char *name;
	const char *doc;
	enum spec_type type;
	uint64_t min, max;			/* of an integer */
	unsigned int max_len;			/* in bytes, with a string's NUL; 0 for any */
	const struct spec_enum *names;		/* of an enum's values, or NULL */
	const struct spec_set *nested;		/* of a nest, or NULL */
};

struct spec_set {
	const char *name;
	unsigned int max;
	const struct spec_attr *attrs;		/* by attribute number, 1 to max */
};

struct spec_op {
	const char *name;
	const char *doc;
	const struct spec_set *set;
};

/* NULL for a value that this falconctl does not know. */
const struct spec_entry *spec_entry(const struct spec_enum *names, uint64_t value);

/* Its name, or "?". */
const char *spec_name(const struct spec_enum *names, uint64_t value);

/* The value of that name, or -1. */
int spec_value(const struct spec_enum *names, const char *name);

/* The number of the attribute of that name, or 0. */
unsigned int spec_attr(const struct spec_set *set, const char *name);

#endif
