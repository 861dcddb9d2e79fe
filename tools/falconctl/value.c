// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "value.h"

int value_number(const char *key, const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end)
		return fail(EXIT_USAGE, 0, key, "'%s' is not a number", text);
	if (errno || *value < min || *value > max)
		return fail(EXIT_USAGE, 0, key,
			    "%s is out of range, %" PRIu64 " to %" PRIu64, text, min, max);
	return EXIT_OK;
}

/* "pipeline, lanes" */
static void join_names(const struct spec_enum *names, char *buf, size_t size)
{
	buf[0] = '\0';
	for (unsigned int i = 0; i < names->count; i++)
		snprintf(buf + strlen(buf), size - strlen(buf), "%s%s", i ? ", " : "",
			 names->entries[i].name);
}

int value_parse(const struct spec_attr *spec, const char *text, uint64_t *value)
{
	char names[256];
	struct nearest nearest;
	int found;

	if (!spec->names)
		return value_number(spec->name, text, spec->min, spec->max, value);
	found = spec_value(spec->names, text);
	*value = (uint64_t)found;
	if (found >= 0)
		return EXIT_OK;
	nearest_init(&nearest, text);
	for (unsigned int i = 0; i < spec->names->count; i++)
		nearest_offer(&nearest, spec->names->entries[i].name);
	join_names(spec->names, names, sizeof(names));
	return fail(EXIT_USAGE, 0, spec->name, "unknown value '%s', known: %s", text, names);
}
