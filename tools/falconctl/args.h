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
/* Options of every command. */
#define OPT_GLOBAL	(OPT_BIT(OPT_JSON) | OPT_BIT(OPT_HELP) | OPT_BIT(OPT_VERSION))

/* The words after the command's own name. */
struct args {
	unsigned int argc;
	char **argv;
	bool given[OPT_MAX];
	const char *value[OPT_MAX];
};

/*
 * Sort options from other words, which end up in args->argv. Return: EXIT_OK, or EXIT_USAGE after
 * an error message.
 */
int args_parse(int argc, char **argv, struct args *args);

/*
 * The value of an option, a number of at least min. Return: EXIT_OK, or EXIT_USAGE after an error
 * message.
 */
int option_number(const struct args *args, enum option opt, unsigned long min,
		  unsigned long *number);

#endif
