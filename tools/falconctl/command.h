/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands and their functions. main.c has the table; parsing, help and completion read it.
 */
#ifndef FALCONCTL_COMMAND_H
#define FALCONCTL_COMMAND_H

#include <stdbool.h>

#include "args.h"
#include "spec.h"

struct command {
	const char *name;
	const char *summary;		/* one line */
	const char *doc;		/* more, or NULL */
	const char *args;		/* what it takes, for the usage line, or NULL */
	unsigned int min_args, max_args;
	unsigned int options;		/* of its own, OPT_BIT() each */
	bool hidden;
	const struct command *sub;	/* ends with a nameless one; or NULL: call run() */
	int (*run)(const struct args *args);
	void (*more_help)(void);	/* prints more help, or NULL */
	/* print candidates for the last of argc words, or NULL */
	void (*complete)(unsigned int argc, char **argv);
};

/* NULL after an error message if there is no such command. path: the words before it, or NULL. */
const struct command *command_find(const struct command *table, const char *path, const char *name);

int run_status(const struct args *args);
int run_enable(const struct args *args);
int run_disable(const struct args *args);
int run_config_show(const struct args *args);
int run_config_set(const struct args *args);
int run_cpu_list(const struct args *args);
int run_device_list(const struct args *args);
int run_flow_list(const struct args *args);
int run_priority_add(const struct args *args);
int run_priority_del(const struct args *args);
int run_priority_list(const struct args *args);
int run_priority_flush(const struct args *args);
int run_stats_show(const struct args *args);
int run_top(const struct args *args);
int run_monitor(const struct args *args);
int run_check(const struct args *args);
int run_help(const struct args *args);
int run_version(const struct args *args);
int run_complete(const struct args *args);

void help_config_set(void);
void help_priority_add(void);
void help_stats(void);
void help_monitor(void);
void complete_config_set(unsigned int argc, char **argv);
void complete_priority_add(unsigned int argc, char **argv);
void complete_help(unsigned int argc, char **argv);

/* Print a candidate if it begins with word. */
void candidate(const char *word, const char *text);

/* Print KEY= for the last of argc words, unless an earlier word gives the key. */
void candidate_key(unsigned int argc, char **argv, const char *key);

/* Print KEY=VALUE with each value of an enum. */
void candidate_values(const char *word, const char *key, const struct spec_enum *names);

/* The table of all commands, for help and completion. Comes before any of their functions. */
void help_init(const struct command *table);

/* Help of one command, or of all when it is NULL. path: its full name. */
int help_show(const struct command *command, const char *path);

#endif
