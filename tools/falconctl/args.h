/* SPDX-License-Identifier: GPL-2.0 */
/* The words of a command line, and the options of all commands. */
#ifndef FALCONCTL_ARGS_H
#define FALCONCTL_ARGS_H

#include <stdbool.h>

enum option {
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION,
	OPT_ROOT,
	OPT_TOP,
	OPT_ALL,
	OPT_EXPLAIN,
	OPT_COUNT,
	OPT_INTERVAL,
	OPT_MAX,
};

struct option_info {
	const char *name;	/* with its dashes */
	const char *value;	/* what it takes, or NULL */
	const char *doc;	/* NULL: not shown */
};

extern const struct option_info options[OPT_MAX];

#define OPT_BIT(opt)	(1U << (opt))
/* Belong to every command. */
#define OPT_GLOBAL	(OPT_BIT(OPT_JSON) | OPT_BIT(OPT_HELP) | OPT_BIT(OPT_VERSION))

/* What was typed after the command's own name. */
struct args {
	unsigned int argc;
	char **argv;
	bool given[OPT_MAX];
	const char *value[OPT_MAX];
};

/* Sort options from other words; the latter end up in args->argv. EXIT_OK or EXIT_USAGE, told. */
int args_parse(int argc, char **argv, struct args *args);

/* A number of an option, from min on. EXIT_OK or EXIT_USAGE, told. */
int option_number(const struct args *args, enum option opt, unsigned long min,
		  unsigned long *number);

#endif
