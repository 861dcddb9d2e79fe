// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "attr.h"
#include "error.h"
#include "output.h"

static const struct nlattr *attr_next(struct attr_block *block)
{
	const struct nlattr *attr = block->data;
	size_t step;

	/* mnl_attr_ok() compares as int. A block is 64 KiB at most, so its length fits. */
	if (!mnl_attr_ok(attr, (int)block->len))
		return NULL;
	step = MNL_ALIGN(attr->nla_len);
	if (step > block->len)	/* the last one's padding may be missing */
		step = block->len;
	block->data = (const char *)block->data + step;
	block->len -= step;
	return attr;
}

struct attr_block attr_nested(const struct nlattr *nest)
{
	return (struct attr_block){ mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest) };
}

static bool attr_fits(const struct spec_attr *spec, const struct nlattr *attr)
{
	const char *payload = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	switch (spec->type) {
	case SPEC_U32:
		return len == sizeof(uint32_t);
	case SPEC_U64:
		return len == sizeof(uint64_t);
	case SPEC_STRING:
		return len && memchr(payload, '\0', len) == payload + len - 1;
	case SPEC_BINARY:
		return !spec->max_len || len <= spec->max_len;
	case SPEC_NEST:
	case SPEC_NONE:
		return true;
	}
	return false;
}

int attr_parse(const struct spec_set *set, struct attr_block block, const struct nlattr **tb)
{
	const struct nlattr *attr;

	assert(set->max <= SPEC_ATTRS_MAX);
	memset(tb, 0, (SPEC_ATTRS_MAX + 1) * sizeof(*tb));
	while ((attr = attr_next(&block))) {
		unsigned int type = mnl_attr_get_type(attr);

		if (!type || type > set->max)
			continue;
		if (!attr_fits(&set->attrs[type], attr))
			return fail(EXIT_SYSTEM, 0, set->attrs[type].name,
				    "the answer makes no sense: %zu bytes of %s",
				    (size_t)mnl_attr_get_payload_len(attr), set->name);
		tb[type] = attr;
	}
	if (block.len)
		return fail(EXIT_SYSTEM, 0, NULL,
			    "the answer makes no sense: %zu bytes of %s are not an attribute",
			    block.len, set->name);
	return EXIT_OK;
}

int attr_each(struct attr_block block, unsigned int type,
	      int (*each)(const struct nlattr *attr, void *data), void *data)
{
	const struct nlattr *attr;
	int code = EXIT_OK;

	while (!code && (attr = attr_next(&block)))
		if (mnl_attr_get_type(attr) == type)
			code = each(attr, data);
	return code;
}

uint64_t attr_uint(const struct nlattr *attr)
{
	if (!attr)
		return 0;
	return mnl_attr_get_payload_len(attr) == sizeof(uint64_t) ?
	       mnl_attr_get_u64(attr) : mnl_attr_get_u32(attr);
}

void attr_print(const struct spec_set *set, const struct nlattr *const *tb, unsigned int n,
		const char *fmt, const char *absent)
{
	const struct spec_attr *spec = &set->attrs[n];
	const struct spec_entry *entry;
	char number[32];

	if (!tb[n]) {
		out_text("%s", absent);
		return;
	}
	switch (spec->type) {
	case SPEC_U32:
	case SPEC_U64:
		if (!spec->names) {
			out_uint(spec->name, fmt, attr_uint(tb[n]));
			return;
		}
		entry = spec_entry(spec->names, attr_uint(tb[n]));
		/* a newer module knows more values */
		snprintf(number, sizeof(number), "%" PRIu64, attr_uint(tb[n]));
		out_string(spec->name, fmt, entry ? entry->name : number);
		return;
	case SPEC_STRING:
		out_string(spec->name, fmt, mnl_attr_get_str(tb[n]));
		return;
	default:
		assert(!"printed by its owner");
	}
}
