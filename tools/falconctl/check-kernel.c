// SPDX-License-Identifier: GPL-2.0
/* check: the kernel's version and options. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "root.h"

/* Oldest kernel that the module is built for. */
#define OLDEST_MAJOR 6
#define OLDEST_MINOR 1

static const struct {
	const char *name;
	const char *why;
} required[] = {
	{ "CONFIG_MODULES", "modules can be loaded" },
	{ "CONFIG_KALLSYMS", "functions are found by name" },
	{ "CONFIG_DYNAMIC_FTRACE_WITH_ARGS", "functions can be redirected" },
	{ "CONFIG_RPS", "packets can be handed to other CPUs" },
	/* The kernel exports the lookups for these alone (or for TPROXY, which is as common). */
	{ "CONFIG_NF_SOCKET_IPV4", "the socket of a packet can be looked up, for rules by cgroup" },
	{ "CONFIG_NF_SOCKET_IPV6", "the same for IPv6" },
};
#define REQUIRED (sizeof(required) / sizeof(required[0]))

static void read_options(FILE *file, bool *set)
{
	char line[256];

	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < REQUIRED; i++) {
			size_t len = strlen(required[i].name);

			if (!strncmp(line, required[i].name, len) &&
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

static void check_options(const char *release)
{
	static const char gzipped[] = "/proc/config.gz";
	bool set[REQUIRED] = { false };
	const char *source;
	char path[300];

	snprintf(path, sizeof(path), "/boot/config-%s", release);
	source = read_plain(path, set) ? path : read_gzipped(gzipped, set) ? gzipped : NULL;
	if (!source) {
		finding("kernel-options", RESULT_UNKNOWN, "See how the kernel was configured: "
			"CONFIG_DYNAMIC_FTRACE_WITH_ARGS, CONFIG_RPS and "
			"CONFIG_NF_SOCKET_IPV4 and _IPV6 are needed.",
			"neither %s nor %s can be read", path, gzipped);
		return;
	}
	for (size_t i = 0; i < REQUIRED; i++) {
		if (set[i])
			finding("kernel-options", RESULT_OK, NULL, "%s: %s", required[i].name,
				required[i].why);
		else
			finding("kernel-options", RESULT_FAIL,
				"Boot a kernel that has it; Debian's have.", "%s is not in %s",
				required[i].name, source);
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
			"PREEMPT_RT: softirqs run in threads, which falcon's steering does not support");
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

void check_kernel(void)
{
	char release[256];

	if (root_line("/proc/sys/kernel/osrelease", release, sizeof(release))) {
		check_version(release);
		check_options(release);
	} else {
		finding("kernel", RESULT_UNKNOWN, "Mount /proc.",
			"/proc/sys/kernel/osrelease cannot be read");
	}
	check_realtime();
	check_ftrace();
}
