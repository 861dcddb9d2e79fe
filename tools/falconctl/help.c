// SPDX-License-Identifier: GPL-2.0
/* help, version and complete. */
#include <inttypes.h>
#include <string.h>

#include "command.h"
#include "error.h"
#include "output.h"
#include "root.h"

static const struct command *commands;	/* all of them */

void help_init(const struct command *table)
{
	commands = table;
}

/* Completion candidates are lines of text, whatever --json says. */
void candidate(const char *word, const char *text)
{
	if (!strncmp(text, word, strlen(word)))
		puts(text);
}

void candidate_key(unsigned int argc, char **argv, const char *key)
{
	size_t len = strlen(key);
	char text[128];

	for (unsigned int i = 0; i + 1 < argc; i++)
		if (!strncmp(argv[i], key, len) && argv[i][len] == '=')
			return;
	snprintf(text, sizeof(text), "%s=", key);
	candidate(argv[argc - 1], text);
}

void candidate_values(const char *word, const char *key, const struct spec_enum *names)
{
	char text[128];

	for (unsigned int i = 0; i < names->count; i++) {
		snprintf(text, sizeof(text), "%s=%s", key, names->entries[i].name);
		candidate(word, text);
	}
}

static void show_options(const char *key, unsigned int mask)
{
	out_array(key);
	for (unsigned int i = 0; i < OPT_MAX; i++) {
		if (!(mask & OPT_BIT(i)) || !options[i].doc)
			continue;
		out_object(NULL);
		out_string("name", "  %s", options[i].name);
		if (options[i].value)
			out_string("value", " %s", options[i].value);
		out_text("%*s", (int)(16 - strlen(options[i].name) -
			 (options[i].value ? strlen(options[i].value) + 1 : 0)), "");
		out_string("doc", "%s\n", options[i].doc);
		out_object_end();
	}
	out_array_end();
}

static void show_commands(const char *path, const struct command *table)
{
	out_array("commands");
	for (const struct command *c = table; c->name; c++) {
		if (c->hidden)
			continue;
		out_object(NULL);
		out_text("  %s%s", path ? path : "", path ? " " : "");
		out_string("name", "%s", c->name);
		out_text("%*s", (int)(16 - strlen(c->name) - (path ? strlen(path) + 1 : 0)), "");
		out_string("summary", "%s\n", c->summary);
		out_object_end();
	}
	out_array_end();
}

static void show_all(void)
{
	out_string("usage", "usage: %s\n\n", "falconctl [--json] COMMAND [ARGUMENT]...");
	out_text("commands:\n");
	show_commands(NULL, commands);
	out_text("\noptions of every command:\n");
	show_options("options", OPT_GLOBAL);
	out_text("\nexit codes:\n");
	out_array("exit-codes");
	for (unsigned int i = 0; i < EXIT_CODES; i++) {
		out_object(NULL);
		out_uint("code", "  %" PRIu64, i);
		out_string("doc", "  %s\n", exit_docs[i]);
		out_object_end();
	}
	out_array_end();
}

static void show_one(const struct command *c, const char *path)
{
	char usage[256];

	snprintf(usage, sizeof(usage), "falconctl %s%s%s%s", path, c->sub ? " COMMAND" : "",
		 c->options & ~OPT_BIT(OPT_ROOT) ? " [OPTION]..." : "", c->args ? " " : "");
	if (c->args)
		strncat(usage, c->args, sizeof(usage) - strlen(usage) - 1);
	out_string("usage", "usage: %s\n\n", usage);
	out_string("summary", "%s\n", c->summary);
	if (c->doc) {
		out_wrap(0, c->doc);
		out_string("doc", NULL, c->doc);
	}
	if (c->sub) {
		out_text("\ncommands:\n");
		show_commands(path, c->sub);
	}
	if (c->options & ~OPT_BIT(OPT_ROOT)) {
		out_text("\noptions:\n");
		show_options("options", c->options);
	}
	if (c->more_help)
		c->more_help();
}

int help_show(const struct command *c, const char *path)
{
	out_object(NULL);
	if (c)
		show_one(c, path);
	else
		show_all();
	out_object_end();
	return finish();
}

int run_help(const struct args *args)
{
	const struct command *c = NULL;
	char path[64] = "";

	for (unsigned int i = 0; i < args->argc; i++) {
		if (c && !c->sub)
			return fail(EXIT_USAGE, 0, NULL, "unknown command '%s %s'", path,
				    args->argv[i]);
		c = command_find(c ? c->sub : commands, i ? path : NULL, args->argv[i]);
		if (!c)
			return EXIT_USAGE;
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "%s%s", i ? " " : "",
			 c->name);
	}
	return help_show(c, path);
}

void complete_help(unsigned int argc, char **argv)
{
	const struct command *table = commands;

	if (argc == 2) {
		for (table = commands; table->name && strcmp(table->name, argv[0]); table++)
			;
		table = table->sub;
	}
	for (; table && table->name; table++)
		if (!table->hidden)
			candidate(argv[argc - 1], table->name);
}

int run_version(const struct args *args)
{
	char module[64];

	(void)args;
	out_object(NULL);
	out_string("falconctl", "falconctl %s\n", FALCONCTL_VERSION);
	if (root_line("/sys/module/falcon/version", module, sizeof(module)))
		out_string("module", "falcon (kernel module) %s\n", module);
	else
		out_null("module");
	out_object_end();
	return finish();
}

static const struct command *known(const struct command *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

/* The number of the option whose value is the next word, or OPT_MAX. */
static unsigned int takes_next(const char *word)
{
	unsigned int i;

	for (i = 0; i < OPT_MAX; i++)
		if (options[i].value && !strcmp(options[i].name, word))
			break;
	return i;
}

int run_complete(const struct args *args)
{
	const struct command *table = commands, *c = NULL;
	char *words[64], *last = args->argc ? args->argv[args->argc - 1] : "";
	unsigned int count = 0, first = 0;

	if (args->argc > 1 && takes_next(args->argv[args->argc - 2]) < OPT_MAX)
		return EXIT_OK;	/* a number, which nobody can guess */
	/* Only words that are not options. Those before the last one name the command. */
	for (unsigned int i = 0; i < args->argc && count < 64; i++) {
		bool is_last = i + 1 == args->argc;

		if (args->argv[i][0] == '-' && !is_last) {
			i += takes_next(args->argv[i]) < OPT_MAX;
			continue;
		}
		words[count++] = args->argv[i];
		if (is_last || !table)
			continue;
		c = known(table, args->argv[i]);
		if (!c)
			return EXIT_OK;
		table = c->sub;
		first = count;
	}
	if (!count)
		words[count++] = last;
	if (last[0] == '-') {
		for (unsigned int i = 0; i < OPT_MAX; i++)
			if (options[i].doc && ((OPT_GLOBAL | (c ? c->options : 0)) & OPT_BIT(i)))
				candidate(last, options[i].name);
	} else if (table) {
		for (; table->name; table++)
			if (!table->hidden)
				candidate(last, table->name);
	} else if (c->complete) {
		c->complete(count - first, words + first);
	}
	return finish();
}
