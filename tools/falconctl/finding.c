// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "finding.h"
#include "output.h"

#define FEW 4

const char *const result_names[RESULTS] = {
	[RESULT_OK] = "ok",
	[RESULT_UNKNOWN] = "unknown",
	[RESULT_WARN] = "warn",
	[RESULT_FAIL] = "fail",
};

static unsigned int counts[RESULTS];

void finding(const char *name, enum result result, const char *advice, const char *fmt, ...)
{
	char message[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	counts[result]++;
	out_object(NULL);
	out_string("result", "%-7s", result_names[result]);
	out_string("name", " %-18s", name);
	out_string("message", " %s\n", message);
	if (advice)
		out_string("advice", "        -> %s\n", advice);
	out_object_end();
}

unsigned int findings(enum result result)
{
	return counts[result];
}

void few_add(struct few *few, const char *word)
{
	size_t used = strlen(few->text);

	if (few->count++ < FEW)
		snprintf(few->text + used, sizeof(few->text) - used, "%s%s", used ? ", " : "",
			 word);
}

const char *few_text(struct few *few)
{
	size_t used = strlen(few->text);

	if (few->count > FEW)
		snprintf(few->text + used, sizeof(few->text) - used, " and %u more",
			 few->count - FEW);
	return few->text;
}
