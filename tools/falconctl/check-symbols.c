// SPDX-License-Identifier: GPL-2.0
/* check: the functions that falcon hooks, and who else redirects them. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check-fields.h"
#include "finding.h"
#include "root.h"

#define LANES "mode lanes takes no flow"

/* A kernel function that falcon hooks. */
struct hooked {
	const char *symbol;
	const char *older;	/* its name in older kernels, or NULL */
	const char *module;	/* its module, or NULL */
	bool seldom;		/* few hosts need it */
	const char *without;	/* the loss without it; NULL if falcon requires it */
};

static const struct hooked hooked[] = {
	{ .symbol = "get_rps_cpu" },
	{ .symbol = "gro_cells_receive", .without = "nic-split has no effect and " LANES },
	{ .symbol = "gro_receive_skb", .older = "napi_gro_receive", .without = LANES },
	{ .symbol = "napi_gro_frags", .without = LANES " from a driver that uses it" },
	{ .symbol = "enqueue_to_backlog", .without = LANES },
	{ .symbol = "veth_xmit", .module = "veth",
	  .without = LANES " to a veth that runs NAPI" },
	{ .symbol = "macvlan_handle_frame", .module = "macvlan", .seldom = true,
	  .without = "a flow to a macvlan stays on the kernel's path" },
	{ .symbol = "ipvlan_handle_frame", .module = "ipvlan", .seldom = true,
	  .without = "a flow to an ipvlan stays on the kernel's path" },
};
#define HOOKED (sizeof(hooked) / sizeof(hooked[0]))

/* tracefs has a mount of its own, or is below debugfs. */
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

/* "", or the loss without the hook. */
static const char *lost_text(const struct hooked *h, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", h->without ? "; without it " : "",
		 h->without ? h->without : "");
	return buf;
}

struct seen {
	unsigned int exact;	/* functions of this very name */
	unsigned int older;	/* functions of its older name */
	char variant[128];	/* one that the compiler changed, such as get_rps_cpu.isra.0 */
};

/* The name of the function in this kernel. */
static const char *name_of(const struct hooked *h, const struct seen *seen)
{
	return !seen->exact && seen->older ? h->older : h->symbol;
}

static unsigned int count_of(const struct seen *seen)
{
	return seen->exact ? seen->exact : seen->older;
}

/* "gro_receive_skb or napi_gro_receive" */
static const char *names_of(const struct hooked *h, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", h->symbol, h->older ? " or " : "", h->older ? h->older : "");
	return buf;
}

static bool is_name(const struct hooked *h, const char *name)
{
	return !strcmp(name, h->symbol) || (h->older && !strcmp(name, h->older));
}

static void count(const struct hooked *h, const char *name, struct seen *seen)
{
	size_t len = strlen(h->symbol);

	if (!strcmp(name, h->symbol))
		seen->exact++;
	else if (is_name(h, name))
		seen->older++;
	else if (!strncmp(name, h->symbol, len) && name[len] == '.')
		snprintf(seen->variant, sizeof(seen->variant), "%.100s", name);
}

static void count_kallsyms(FILE *file, struct seen *seen)
{
	char line[1024], name[512], type;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %c %511s", &type, name) != 2 || !strchr("tTwW", type))
			continue;
		for (size_t i = 0; i < HOOKED; i++)
			count(&hooked[i], name, &seen[i]);
	}
}

static void count_available(FILE *file, struct seen *seen)
{
	char line[1024], name[512];

	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < HOOKED; i++)
			if (sscanf(line, "%511s", name) == 1)
				count(&hooked[i], name, &seen[i]);
}

/* True if its module is not loaded, so check cannot tell. Few hosts need a seldom one. */
static bool not_yet(const char *what, const struct hooked *h)
{
	char path[256], advice[128];

	snprintf(path, sizeof(path), "/sys/module/%s", h->module ? h->module : "");
	if (!h->module || root_exists(path))
		return false;
	snprintf(advice, sizeof(advice), "Load it, with 'modprobe %s'.", h->module);
	finding(what, h->seldom ? RESULT_OK : RESULT_UNKNOWN, h->seldom ? NULL : advice,
		"the module %s, which has %s, is not loaded", h->module, h->symbol);
	return true;
}

static void check_kallsyms(void)
{
	struct seen seen[HOOKED] = { 0 };
	FILE *file = root_open("/proc/kallsyms");
	char text[256], names[128];

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
		if (count_of(&seen[i]) == 1)
			finding("symbols", RESULT_OK, NULL, "%s is there", name_of(h, &seen[i]));
		else if (count_of(&seen[i]))
			finding("symbols", lost(h),
				"Boot another kernel, or unload the module with the second function.",
				"%u functions are called %s%s", count_of(&seen[i]),
				name_of(h, &seen[i]), text);
		else if (seen[i].variant[0])
			finding("symbols", lost(h), "Boot another kernel, such as Debian's.",
				"the compiler made %s of %s, and falcon cannot hook that%s",
				seen[i].variant, h->symbol, text);
		else if (!not_yet("symbols", h))
			finding("symbols", lost(h), "Boot another kernel, such as Debian's.",
				"this kernel has no %s%s", names_of(h, names, sizeof(names)),
				text);
	}
}

static void check_available(void)
{
	struct seen seen[HOOKED] = { 0 };
	FILE *file = open_tracefs("available_filter_functions");
	char text[256], names[128];

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
		if (count_of(&seen[i]) == 1)
			finding("traceable", RESULT_OK, NULL, "ftrace can hook %s",
				name_of(h, &seen[i]));
		else if (count_of(&seen[i]))
			finding("traceable", lost(h),
				"Boot another kernel, or unload the module with the second function.",
				"ftrace knows %u functions called %s%s", count_of(&seen[i]),
				name_of(h, &seen[i]), text);
		else if (!not_yet("traceable", h))
			finding("traceable", lost(h), "Boot another kernel, such as Debian's.",
				"ftrace cannot hook %s%s", names_of(h, names, sizeof(names)),
				text);
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

static void tell_conflict(const struct hooked *h, const char *symbol, const char *line)
{
	char text[256];

	if (strstr(line, "[falcon]"))
		finding("conflicts", RESULT_OK, NULL, "%s is redirected by falcon itself",
			symbol);
	else if (root_exists("/sys/module/falcon"))
		finding("conflicts", RESULT_UNKNOWN, "See 'falconctl status'.",
			"%s is redirected, by falcon or by another module", symbol);
	else
		finding("conflicts", lost(h),
			"Remove the livepatch or the module that redirects it.",
			"another module redirects %s already, and only one can%s", symbol,
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
			if (sscanf(line, "%511s", name) == 1 && is_name(&hooked[i], name) &&
			    redirected(line) && !told[i]) {
				told[i] = true;
				tell_conflict(&hooked[i], name, line);
			}
	fclose(file);
	for (size_t i = 0; i < HOOKED; i++)
		if (!told[i])
			finding("conflicts", RESULT_OK, NULL, "no module redirects %s",
				names_of(&hooked[i], name, sizeof(name)));
}

/* /sys/kernel/livepatch/PATCH/OBJECT/FUNCTION,POSITION */
static bool livepatched(const char *path, void *data)
{
	const struct hooked *h = data;
	const char *name = strrchr(path, '/') + 1;
	char text[256];

	finding("livepatch", lost(h), "Remove the livepatch, or boot a kernel that needs none.",
		"a livepatch replaces %.*s: %s%s", (int)strcspn(name, ","), name, path,
		lost_text(h, text, sizeof(text)));
	return false;
}

static size_t find_livepatch(const struct hooked *h, const char *symbol)
{
	char pattern[256];

	snprintf(pattern, sizeof(pattern), "/sys/kernel/livepatch/*/*/%s,*", symbol);
	return root_glob(pattern, livepatched, (void *)h);
}

static void check_livepatch(void)
{
	size_t found = 0;

	for (size_t i = 0; i < HOOKED; i++) {
		found += find_livepatch(&hooked[i], hooked[i].symbol);
		if (hooked[i].older)
			found += find_livepatch(&hooked[i], hooked[i].older);
	}
	if (!found)
		finding("livepatch", RESULT_OK, NULL,
			"no livepatch replaces a function that falcon hooks");
}

void check_symbols(void)
{
	check_kallsyms();
	check_available();
	check_enabled();
	check_livepatch();
}
