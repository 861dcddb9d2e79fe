// SPDX-License-Identifier: GPL-2.0
/* check: CPUs, features that spread packets already, NICs, tunnels and encryption. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check-fields.h"
#include "finding.h"
#include "root.h"

/* Each stage can have a CPU of its own. */
#define STAGES 3

/* The number of CPUs of a list such as 0-3,6; 0 if the text is not a list. */
static unsigned long count_cpus(const char *list)
{
	unsigned long count = 0;

	for (;;) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (end == list)
			return 0;
		if (*end == '-') {
			list = end + 1;
			last = strtoul(list, &end, 10);
			if (end == list || last < first)
				return 0;
		}
		count += last - first + 1;
		if (!*end)
			return count;
		if (*end != ',')
			return 0;
		list = end + 1;
	}
}

static void check_cpus(void)
{
	char online[1024];
	unsigned long count = 0;

	if (root_line("/sys/devices/system/cpu/online", online, sizeof(online)))
		count = count_cpus(online);
	if (!count)
		finding("cpus", RESULT_UNKNOWN, "Mount /sys.",
			"/sys/devices/system/cpu/online cannot be read");
	else if (count == 1)
		finding("cpus", RESULT_FAIL, "Bring more CPUs online.",
			"one CPU is online; there is no second one to spread packets to");
	else if (count < STAGES)
		finding("cpus", RESULT_WARN, "Bring more CPUs online.",
			"%lu CPUs are online; the three stages of a flow will share them", count);
	else
		finding("cpus", RESULT_OK, NULL, "%lu CPUs are online", count);
}

/* The name of the device in /sys/class/net/NAME/... */
static void device_of(const char *path, char *buf, size_t size)
{
	const char *name = path + strlen("/sys/class/net/");

	snprintf(buf, size, "%.*s", (int)strcspn(name, "/"), name);
}

static bool add_if(bool wanted, const char *path, struct few *few)
{
	char name[64];

	device_of(path, name, sizeof(name));
	if (wanted)
		few_add(few, name);
	return true;
}

/* Adds the device if its mask, such as 00000000,0000000f, has a bit. */
static bool add_masked(const char *path, void *data)
{
	char mask[2048];

	return add_if(root_line(path, mask, sizeof(mask)) && mask[strspn(mask, "0,")], path, data);
}

static bool add_counted(const char *path, void *data)
{
	char value[64];

	return add_if(root_line(path, value, sizeof(value)) && strtoul(value, NULL, 10), path,
		      data);
}

static void check_rps(void)
{
	struct few rps = { 0 }, rfs = { 0 };
	char entries[64];
	bool on;

	root_glob("/sys/class/net/*/queues/rx-*/rps_cpus", add_masked, &rps);
	if (rps.count)
		finding("rps", RESULT_WARN,
			"Write 0 to rps_cpus of such queues, unless other traffic needs RPS.",
			"RPS is set on a queue of %s; mode lanes takes no flow through such a NIC, bridge or tunnel",
			few_text(&rps));
	else
		finding("rps", RESULT_OK, NULL, "no device has RPS set");

	on = root_line("/proc/sys/net/core/rps_sock_flow_entries", entries, sizeof(entries)) &&
	     strtoul(entries, NULL, 10);
	root_glob("/sys/class/net/*/queues/rx-*/rps_flow_cnt", add_counted, &rfs);
	if (on && rfs.count)
		finding("rfs", RESULT_WARN,
			"Write 0 to rps_flow_cnt of such queues, unless other traffic needs RFS.",
			"RFS is set on a queue of %s; mode lanes takes no flow through such a NIC, bridge or tunnel",
			few_text(&rfs));
	else
		finding("rfs", RESULT_OK, NULL, "RFS is not in use");
}

static void look_for_backlog_threads(const char *parameter, void *data)
{
	if (!strcmp(parameter, "thread_backlog_napi") ||
	    !strcmp(parameter, "thread_backlog_napi=1"))
		*(bool *)data = true;
}

static void check_threads(void)
{
	struct few threaded = { 0 };
	bool backlog = false;

	root_glob("/sys/class/net/*/threaded", add_counted, &threaded);
	if (threaded.count)
		finding("threaded-napi", RESULT_WARN, "Write 0 to /sys/class/net/DEVICE/threaded.",
			"NAPI of %s runs in threads, on any CPU; mode lanes takes no flow from such a NIC or tunnel",
			few_text(&threaded));
	else
		finding("threaded-napi", RESULT_OK, NULL, "no device runs its NAPI in threads");

	if (!root_cmdline(look_for_backlog_threads, &backlog))
		finding("backlog-threads", RESULT_UNKNOWN, "Mount /proc.",
			"/proc/cmdline cannot be read");
	else if (backlog)
		finding("backlog-threads", RESULT_WARN, "Boot without thread_backlog_napi.",
			"threads process the backlogs that falcon hands packets to, on any CPU");
	else
		finding("backlog-threads", RESULT_OK, NULL, "softirqs process the backlogs");
}

/* Knows a tunnel by DEVTYPE, which some drivers set, or by the ARPHRD number of the others. */
static bool add_tunnel(const char *path, void *data)
{
	static const char *const kinds[] = { "DEVTYPE=vxlan\n", "DEVTYPE=geneve\n" };
	static const unsigned long types[] = { 768, 769, 776, 778,
					       823 }; /* tunnel, 6, sit, ipgre, ip6gre */
	char line[256], type_path[300];
	FILE *file = root_open(path);
	bool found = false;

	while (file && fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			found |= !strcmp(line, kinds[i]);
	if (file)
		fclose(file);
	snprintf(type_path, sizeof(type_path), "%.*s/type", (int)(strrchr(path, '/') - path), path);
	if (root_line(type_path, line, sizeof(line)))
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			found |= strtoul(line, NULL, 10) == types[i];
	return add_if(found, path, data);
}

static void check_tunnels(void)
{
	struct few tunnels = { 0 };

	root_glob("/sys/class/net/*/uevent", add_tunnel, &tunnels);
	if (tunnels.count)
		finding("tunnels", RESULT_OK, NULL, "tunnel devices: %s", few_text(&tunnels));
	else
		finding("tunnels", RESULT_WARN,
			"Not needed if a tunnel will come, or is in another network namespace.",
			"no VXLAN, GENEVE, GRE or IP tunnel device here: falcon has nothing to do");
}

/* A NIC is an Ethernet device with hardware behind it, as far as the kernel knows. */
static bool add_nic(const char *path, void *data)
{
	char line[64], type_path[300];

	snprintf(type_path, sizeof(type_path), "%.*s/type",
		 (int)(strlen(path) - strlen("/device/uevent")), path);
	return add_if(root_line(type_path, line, sizeof(line)) && strtoul(line, NULL, 10) == 1,
		      path, data);
}

static void check_nics(void)
{
	struct few nics = { 0 };

	root_glob("/sys/class/net/*/device/uevent", add_nic, &nics);
	if (nics.count)
		finding("nic", RESULT_OK, NULL, "NICs: %s", few_text(&nics));
	else
		finding("nic", RESULT_WARN,
			"Not needed if a NIC is in another network namespace; otherwise falconctl config set mode=pipeline.",
			"no NIC here, every device is virtual: mode lanes takes flows from NICs only");
}

static bool add_wireguard(const char *path, void *data)
{
	FILE *file = root_open(path);
	char line[256];
	bool found = false;

	while (file && fgets(line, sizeof(line), file))
		found |= !strcmp(line, "DEVTYPE=wireguard\n");
	if (file)
		fclose(file);
	return add_if(found, path, data);
}

static bool is_holder(const char *path, void *data)
{
	(void)path;
	(void)data;
	return true;
}

/*
 * Each ESP state holds a reference to the module, and so does each module that needs it. More
 * references than such modules mean that there are states.
 */
static bool has_esp_states(const char *count, const char *holders)
{
	char line[64];

	return root_line(count, line, sizeof(line)) &&
	       strtoul(line, NULL, 10) > root_glob(holders, is_holder, NULL);
}

static void check_encryption(void)
{
	static const char advice[] =
		"For flows in an encrypted tunnel: falconctl config set mode=pipeline.";
	struct few wireguard = { 0 };

	root_glob("/sys/class/net/*/uevent", add_wireguard, &wireguard);
	if (wireguard.count)
		finding("wireguard", RESULT_WARN, advice,
			"WireGuard: %s; a tunnel over it is not seen at the NIC, so mode lanes takes none of its flows",
			few_text(&wireguard));
	else
		finding("wireguard", RESULT_OK, NULL, "no WireGuard device here");
	if (has_esp_states("/sys/module/esp4/refcnt", "/sys/module/esp4/holders/*") ||
	    has_esp_states("/sys/module/esp6/refcnt", "/sys/module/esp6/holders/*"))
		finding("ipsec", RESULT_WARN, advice,
			"ESP is in use: a tunnel inside it is not seen at the NIC, so mode lanes takes none of its flows");
	else
		finding("ipsec", RESULT_OK, NULL, "no module for ESP is in use");
}

void check_net(void)
{
	check_cpus();
	check_rps();
	check_threads();
	check_nics();
	check_tunnels();
	check_encryption();
}
