// SPDX-License-Identifier: GPL-2.0
/* Look-ups in the tables of spec-gen.c. */
#include <string.h>

#include "spec.h"

const struct spec_entry *spec_entry(const struct spec_enum *names, uint64_t value)
{
	return value < names->count ? &names->entries[value] : NULL;
}

const char *spec_name(const struct spec_enum *names, uint64_t value)
{
	const struct spec_entry *entry = spec_entry(names, value);

	return entry ? entry->name : "?";
}

int spec_value(const struct spec_enum *names, const char *name)
{
	for (unsigned int i = 0; i < names->count; i++)
		if (!strcmp(names->entries[i].name, name))
			return (int)i;
	return -1;
}

unsigned int spec_attr(const struct spec_set *set, const char *name)
{
	for (unsigned int i = 1; i <= set->max; i++)
		if (!strcmp(set->attrs[i].name, name))
			return i;
	return 0;
}
