// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "command.h"
#include "error.h"

const struct command *command_find(const struct command *table, const char *path, const char *name)
{
	struct nearest nearest;
	char hint[128];

	nearest_init(&nearest, name);
	for (const struct command *c = table; c->name; c++) {
		if (!strcmp(c->name, name))
			return c;
		if (!c->hidden)
			nearest_offer(&nearest, c->name);
	}
	fail(EXIT_USAGE, 0, NULL, "unknown command '%s%s%s'%s", path ? path : "", path ? " " : "",
	     name, nearest_hint(&nearest, hint, sizeof(hint)));
	return NULL;
}
