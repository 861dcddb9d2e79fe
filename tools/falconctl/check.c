// SPDX-License-Identifier: GPL-2.0
/* check: can this host run falcon? */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "command.h"
#include "error.h"
#include "output.h"

#define FEW 4

static const char *const result_names[RESULTS] = {
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

int run_check(const struct args *args)
{
	enum result worst = RESULT_OK;
	int code;

	(void)args;
	out_object(NULL);
	out_array("findings");
	check_kernel();
	check_symbols();
	check_signature();
	check_net();
	out_array_end();
	for (unsigned int i = 0; i < RESULTS; i++)
		if (counts[i])
			worst = i;
	out_string("result", NULL, result_names[worst]);
	for (unsigned int i = 0; i < RESULTS; i++) {
		out_text("%s%s", i ? ", " : "\n", result_names[i]);
		out_uint(result_names[i], ": %" PRIu64, counts[i]);
	}
	out_text("\n");
	out_object_end();
	code = finish();
	return code ? code : worst == RESULT_FAIL ? EXIT_UNFIT : EXIT_OK;
}
