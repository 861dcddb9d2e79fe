// SPDX-License-Identifier: GPL-2.0
/* check: the functions that falcon hooks, and who else redirects them. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "root.h"

const struct hooked hooked[HOOKED] = {
	{ "get_rps_cpu", NULL },
	{ "gro_cells_receive", "nic-split has no effect" },
};

/* tracefs has its own mount, or is found below debugfs. */
static FILE *open_tracefs(const char *name)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[256];
	FILE *file = NULL;

	for (size_t i = 0; !file && i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", places[i], name);
		file = root_open(path);
	}
	return file;
}

static enum result lost(const struct hooked *h)
{
	return h->without ? RESULT_WARN : RESULT_FAIL;
}

/* "", or what goes missing. */
static const char *lost_text(const struct hooked *h, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", h->without ? "; without it " : "",
		 h->without ? h->without : "");
	return buf;
}

struct seen {
	unsigned int exact;	/* functions of just that name */
	char variant[128];	/* one that the compiler changed, such as get_rps_cpu.isra.0 */
};

static void count_kallsyms(FILE *file, struct seen *seen)
{
	char line[1024], name[512], type;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %c %511s", &type, name) != 2 || !strchr("tTwW", type))
			continue;
		for (size_t i = 0; i < HOOKED; i++) {
			size_t len = strlen(hooked[i].symbol);

			if (strncmp(name, hooked[i].symbol, len))
				continue;
			if (!name[len])
				seen[i].exact++;
			else if (name[len] == '.')
				snprintf(seen[i].variant, sizeof(seen[i].variant), "%.100s", name);
		}
	}
}

static void count_available(FILE *file, struct seen *seen)
{
	char line[1024], name[512];

	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < HOOKED; i++)
			if (sscanf(line, "%511s", name) == 1 && !strcmp(name, hooked[i].symbol))
				seen[i].exact++;
}

static void check_kallsyms(void)
{
	struct seen seen[HOOKED] = { 0 };
	FILE *file = root_open("/proc/kallsyms");
	char text[256];

	if (!file) {
		finding("symbols", RESULT_UNKNOWN, "Run as root, with /proc mounted.",
			"/proc/kallsyms cannot be read");
		return;
	}
	count_kallsyms(file, seen);
	fclose(file);
	for (size_t i = 0; i < HOOKED; i++) {
		const struct hooked *h = &hooked[i];

		lost_text(h, text, sizeof(text));
		if (seen[i].exact == 1)
			finding("symbols", RESULT_OK, NULL, "%s is there", h->symbol);
		else if (seen[i].exact)
			finding("symbols", lost(h),
				"Boot another kernel, or unload the module that has a second one.",
				"%u functions are called %s%s", seen[i].exact, h->symbol, text);
		else if (seen[i].variant[0])
			finding("symbols", lost(h), "Boot another kernel, such as Debian's.",
				"the compiler made %s of %s, which cannot be hooked%s",
				seen[i].variant, h->symbol, text);
		else
			finding("symbols", lost(h), "Boot another kernel, such as Debian's.",
				"this kernel has no %s%s", h->symbol, text);
	}
}

static void check_available(void)
{
	struct seen seen[HOOKED] = { 0 };
	FILE *file = open_tracefs("available_filter_functions");
	char text[256];

	if (!file) {
		finding("traceable", RESULT_UNKNOWN,
			"Run as root, with tracefs mounted on /sys/kernel/tracing.",
			"available_filter_functions cannot be read");
		return;
	}
	count_available(file, seen);
	fclose(file);
	for (size_t i = 0; i < HOOKED; i++) {
		const struct hooked *h = &hooked[i];

		lost_text(h, text, sizeof(text));
		if (seen[i].exact == 1)
			finding("traceable", RESULT_OK, NULL, "ftrace can hook %s", h->symbol);
		else if (!seen[i].exact)
			finding("traceable", lost(h), "Boot another kernel, such as Debian's.",
				"ftrace cannot hook %s%s", h->symbol, text);
		else
			finding("traceable", lost(h),
				"Boot another kernel, or unload the module that has a second one.",
				"ftrace knows %u functions %s%s", seen[i].exact, h->symbol, text);
	}
}

/*
 * enabled_functions: "get_rps_cpu (1)   I     tramp: 0x... (falcon_...+0x0/0x20 [falcon])".
 * The flags follow the count, up to the first tab; I is IPMODIFY, of which a function has one.
 */
static bool redirected(const char *line)
{
	const char *flags = strchr(line, ')');
	size_t len = flags ? strcspn(flags, "\t") : 0;

	for (size_t i = 1; i + 1 < len; i++)
		if (flags[i] == 'I' && flags[i - 1] == ' ' && flags[i + 1] == ' ')
			return true;
	return false;
}

static void tell_conflict(const struct hooked *h, const char *line)
{
	char text[256];

	if (strstr(line, "[falcon]"))
		finding("conflicts", RESULT_OK, NULL, "%s is redirected by falcon itself",
			h->symbol);
	else if (root_exists("/sys/module/falcon"))
		finding("conflicts", RESULT_UNKNOWN, "See 'falconctl status'.",
			"%s is redirected, by falcon or by somebody else", h->symbol);
	else
		finding("conflicts", lost(h), "Remove the livepatch or the module that does.",
			"somebody redirects %s already, and only one can%s", h->symbol,
			lost_text(h, text, sizeof(text)));
}

static void check_enabled(void)
{
	FILE *file = open_tracefs("enabled_functions");
	bool told[HOOKED] = { false };
	char line[4096], name[512];

	if (!file) {
		finding("conflicts", RESULT_UNKNOWN,
			"Run as root, with tracefs mounted on /sys/kernel/tracing.",
			"enabled_functions cannot be read");
		return;
	}
	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < HOOKED; i++)
			if (sscanf(line, "%511s", name) == 1 && !strcmp(name, hooked[i].symbol) &&
			    redirected(line) && !told[i]) {
				told[i] = true;
				tell_conflict(&hooked[i], line);
			}
	fclose(file);
	for (size_t i = 0; i < HOOKED; i++)
		if (!told[i])
			finding("conflicts", RESULT_OK, NULL, "nobody redirects %s",
				hooked[i].symbol);
}

/* /sys/kernel/livepatch/PATCH/OBJECT/FUNCTION,POSITION */
static bool livepatched(const char *path, void *data)
{
	const struct hooked *h = data;
	char text[256];

	finding("livepatch", lost(h), "Remove the livepatch, or boot a kernel that needs none.",
		"a livepatch replaces %s: %s%s", h->symbol, path, lost_text(h, text, sizeof(text)));
	return false;
}

static void check_livepatch(void)
{
	char pattern[256];
	size_t count = 0;

	for (size_t i = 0; i < HOOKED; i++) {
		snprintf(pattern, sizeof(pattern), "/sys/kernel/livepatch/*/*/%s,*",
			 hooked[i].symbol);
		count += root_glob(pattern, livepatched, (void *)&hooked[i]);
	}
	if (!count)
		finding("livepatch", RESULT_OK, NULL, "no livepatch replaces what falcon hooks");
}

void check_symbols(void)
{
	check_kallsyms();
	check_available();
	check_enabled();
	check_livepatch();
}
