// SPDX-License-Identifier: GPL-2.0
/* Sorts the options of a command line from its other words, and parses their values. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "error.h"

const struct option_info options[OPT_MAX] = {
	[OPT_JSON] = { "--json", NULL, "Print JSON instead of text, also for errors." },
	[OPT_HELP] = { "--help", NULL, "Show the help of the command." },
	[OPT_VERSION] = { "--version", NULL, "Show the version." },
	[OPT_ROOT] = { "--root", "DIR", NULL },
	[OPT_TOP] = { "--top", "N",
		      "Show the N entries with the most packets, 0 for all of them. Default 20." },
	[OPT_ALL] = { "--all", NULL, "Show counters that are zero, too." },
	[OPT_EXPLAIN] = { "--explain", NULL, "Say what each counter counts." },
	[OPT_COUNT] = { "--count", "N", "End after N events, or after N views of top." },
	[OPT_INTERVAL] = { "--interval", "SECONDS",
			   "Time between two views, 1 to 3600. Default 1." },
};

static int unknown_option(const char *word)
{
	struct nearest nearest;
	char hint[128];

	nearest_init(&nearest, word);
	for (unsigned int i = 0; i < OPT_MAX; i++)
		if (options[i].doc)
			nearest_offer(&nearest, options[i].name);
	return fail(EXIT_USAGE, 0, NULL, "unknown option '%s'%s", word,
		    nearest_hint(&nearest, hint, sizeof(hint)));
}

/* Take the option at argv[*pos], and its value. */
static int parse_option(int argc, char **argv, int *pos, struct args *args)
{
	char *word = argv[*pos], *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);

	for (unsigned int i = 0; i < OPT_MAX; i++) {
		if (strlen(options[i].name) != len || strncmp(options[i].name, word, len))
			continue;
		if (args->given[i])
			return fail(EXIT_USAGE, 0, options[i].name, "given twice");
		args->given[i] = true;
		if (!options[i].value && equals)
			return fail(EXIT_USAGE, 0, options[i].name, "takes no value");
		if (!options[i].value)
			return EXIT_OK;
		if (!equals && *pos + 1 >= argc)
			return fail(EXIT_USAGE, 0, options[i].name, "needs a value: %s",
				    options[i].value);
		args->value[i] = equals ? equals + 1 : argv[++*pos];
		return EXIT_OK;
	}
	return unknown_option(word);
}

int args_parse(int argc, char **argv, struct args *args)
{
	bool literal = false;

	for (int pos = 1; pos < argc; pos++) {
		int code;

		if (literal || argv[pos][0] != '-' || !argv[pos][1]) {
			args->argv[args->argc++] = argv[pos];
			continue;
		}
		if (!strcmp(argv[pos], "--")) {
			literal = true;
			continue;
		}
		code = parse_option(argc, argv, &pos, args);
		if (code)
			return code;
	}
	return EXIT_OK;
}

int option_number(const struct args *args, enum option opt, unsigned long min,
		  unsigned long *number)
{
	const char *text = args->value[opt];
	char *end;

	if (!args->given[opt])
		return EXIT_OK;
	errno = 0;
	*number = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || *number < min)
		return fail(EXIT_USAGE, 0, options[opt].name,
			    "'%s' is not a number of at least %lu", text, min);
	return EXIT_OK;
}
