// SPDX-License-Identifier: GPL-2.0
/* check: the kernel's version and options. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check-fields.h"
#include "finding.h"
#include "root.h"

/* Oldest kernel that the module is built for. */
#define OLDEST_MAJOR 6
#define OLDEST_MINOR 1

#define INIT_ON_ALLOC 0

static const struct {
	const char *name;
	const char *why;	/* why falcon requires it; NULL if it does not */
} options[] = {
	[INIT_ON_ALLOC] = { "CONFIG_INIT_ON_ALLOC_DEFAULT_ON", NULL },
	{ "CONFIG_MODULES", "modules can be loaded" },
	{ "CONFIG_KALLSYMS", "functions are found by name" },
	{ "CONFIG_DYNAMIC_FTRACE_WITH_ARGS", "functions can be redirected" },
	{ "CONFIG_RPS", "packets can be handed to other CPUs" },
	/* The kernel exports the lookups only for these, or for TPROXY, which is as common. */
	{ "CONFIG_NF_SOCKET_IPV4", "the socket of a packet can be looked up, for rules by cgroup" },
	{ "CONFIG_NF_SOCKET_IPV6", "the same for IPv6" },
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

enum setting {
	SETTING_UNKNOWN,
	SETTING_OFF,
	SETTING_ON,
};

/* The kernel's configuration. */
struct config {
	const char *source;	/* NULL if no file has it */
	char path[300];
	bool set[OPTIONS];
};

static void read_options(FILE *file, bool *set)
{
	char line[256];

	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < OPTIONS; i++) {
			size_t len = strlen(options[i].name);

			if (!strncmp(line, options[i].name, len) &&
			    (!strcmp(line + len, "=y\n") || !strcmp(line + len, "=m\n")))
				set[i] = true;
		}
}

static bool read_plain(const char *path, bool *set)
{
	FILE *file = root_open(path);

	if (!file)
		return false;
	read_options(file, set);
	fclose(file);
	return true;
}

static bool read_gzipped(const char *path, bool *set)
{
	FILE *file = root_open_gzip(path);

	if (!file)
		return false;
	read_options(file, set);
	return root_close_gzip(file);
}

static void read_config(const char *release, struct config *config)
{
	static const char gzipped[] = "/proc/config.gz";

	snprintf(config->path, sizeof(config->path), "/boot/config-%s", release);
	if (read_plain(config->path, config->set))
		config->source = config->path;
	else if (read_gzipped(gzipped, config->set))
		config->source = gzipped;
}

static void check_options(const struct config *config)
{
	if (!config->source) {
		finding("kernel-options", RESULT_UNKNOWN, "Look at the kernel's configuration: "
			"falcon needs CONFIG_DYNAMIC_FTRACE_WITH_ARGS, CONFIG_RPS, "
			"CONFIG_NF_SOCKET_IPV4 and CONFIG_NF_SOCKET_IPV6.",
			"neither %s nor /proc/config.gz can be read", config->path);
		return;
	}
	for (size_t i = 0; i < OPTIONS; i++) {
		if (!options[i].why)
			continue;
		if (config->set[i])
			finding("kernel-options", RESULT_OK, NULL, "%s: %s", options[i].name,
				options[i].why);
		else
			finding("kernel-options", RESULT_FAIL,
				"Boot a kernel that has it, such as Debian's.", "%s is not in %s",
				options[i].name, config->source);
	}
}

static void check_version(const char *release)
{
	unsigned int major, minor;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		finding("kernel", RESULT_UNKNOWN, NULL, "cannot tell the version of '%s'", release);
	else if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR))
		finding("kernel", RESULT_FAIL, "Boot a newer kernel.",
			"%s is older than %u.%u, the oldest that "
			"the module is built for",
			release, OLDEST_MAJOR, OLDEST_MINOR);
	else
		finding("kernel", RESULT_OK, NULL, "%s", release);
}

static void check_realtime(void)
{
	char realtime[16] = "", version[256] = "";
	bool known = root_line("/proc/sys/kernel/version", version, sizeof(version));

	if (root_line("/sys/kernel/realtime", realtime, sizeof(realtime)) && !strcmp(realtime, "1"))
		known = true;
	if (!strcmp(realtime, "1") || strstr(version, "PREEMPT_RT"))
		finding("preempt-rt", RESULT_FAIL, "Boot a kernel without PREEMPT_RT.",
			"PREEMPT_RT runs softirqs in threads, which falcon does not support");
	else if (known)
		finding("preempt-rt", RESULT_OK, NULL, "not a PREEMPT_RT kernel");
	else
		finding("preempt-rt", RESULT_UNKNOWN, NULL,
			"cannot tell whether it is a PREEMPT_RT kernel");
}

static void check_ftrace(void)
{
	char value[16];

	if (!root_line("/proc/sys/kernel/ftrace_enabled", value, sizeof(value)))
		finding("ftrace", RESULT_UNKNOWN, NULL,
			"/proc/sys/kernel/ftrace_enabled cannot be read");
	else if (!strcmp(value, "0"))
		finding("ftrace", RESULT_FAIL, "sysctl kernel.ftrace_enabled=1",
			"ftrace is switched off");
	else
		finding("ftrace", RESULT_OK, NULL, "ftrace is on");
}

/* Reads a switch as the kernel does, which ignores a word that is not a switch. */
static void read_switch(const char *text, enum setting *setting)
{
	bool o = text[0] == 'o' || text[0] == 'O';
	char letter = o ? text[1] : text[0];

	if (letter && strchr(o ? "nN" : "yYtT1", letter))
		*setting = SETTING_ON;
	else if (letter && strchr(o ? "fF" : "nNfF0", letter))
		*setting = SETTING_OFF;
}

static void look_for_init_on_alloc(const char *parameter, void *data)
{
	static const char name[] = "init_on_alloc=";

	if (!strncmp(parameter, name, strlen(name)))
		read_switch(parameter + strlen(name), data);
}

/* The command line decides. If it says nothing, the kernel's configuration does. */
static void check_init_on_alloc(const struct config *config)
{
	enum setting setting = SETTING_UNKNOWN;
	bool read = root_cmdline(look_for_init_on_alloc, &setting);

	if (read && setting == SETTING_UNKNOWN && config->source)
		setting = config->set[INIT_ON_ALLOC] ? SETTING_ON : SETTING_OFF;
	if (setting == SETTING_UNKNOWN)
		finding("init-on-alloc", RESULT_UNKNOWN,
			"Look for 'mem auto-init' in the kernel's log: 'heap alloc:on' means that it is.",
			"cannot tell whether init_on_alloc is on");
	else if (setting == SETTING_OFF)
		finding("init-on-alloc", RESULT_OK, NULL, "init_on_alloc is off");
	else
		finding("init-on-alloc", RESULT_OK,
			"Look for clear_page in 'perf top -C CPU' of the NIC's CPU. If it is there, "
			"boot with init_on_alloc=0. That gives up a protection: a bug of the kernel "
			"could then reveal the former content of a page.",
			"init_on_alloc is on: the NIC's CPU clears each page that the driver allocates "
			"to receive; a driver that recycles its pages allocates few");
}

void check_kernel(void)
{
	struct config config = { 0 };
	char release[256];

	if (root_line("/proc/sys/kernel/osrelease", release, sizeof(release))) {
		check_version(release);
		read_config(release, &config);
		check_options(&config);
	} else {
		finding("kernel", RESULT_UNKNOWN, "Mount /proc.",
			"/proc/sys/kernel/osrelease cannot be read");
	}
	check_realtime();
	check_ftrace();
	check_init_on_alloc(&config);
}
