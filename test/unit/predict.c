// SPDX-License-Identifier: GPL-2.0
/*
 * Predicts the decisions of policy `auto` for flows that start at once, on hosts that differ only
 * in the flows' hashes. Arguments have the form name=number, see settings; loads are in percent of
 * a CPU. CPU 0 has the NIC, the last one the application, those between are the set. With two CPUs
 * the set is the last one.
 *
 * Prints a line for each host: the load of each CPU, on average over the window.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "random.h"

enum { CPUS, FLOWS, NIC, WORK, DELIVERY, APP, WARM_UP, WINDOW, HOSTS, SETTINGS };

static struct {
	const char	*name;
	double		least, most, value;
	bool		given;
} settings[SETTINGS] = {
	[CPUS]	  = { "cpus", 2, HOST_CPUS },
	[FLOWS]	  = { "flows", 1, HOST_FLOWS },
	[NIC]	  = { "nic", 0, 100 },	/* of a flow, on the NIC's CPU */
	[WORK]	  = { "work", 0, 1000 },	/* of a flow, over its workers */
	[DELIVERY] = { "delivery", 0, 1000 },	/* of a flow */
	[APP]	  = { "app", 0, 100 },	/* of all applications */
	[WARM_UP] = { "warm-up", 0, 1000 },	/* tenths of seconds before the window */
	[WINDOW]  = { "window", 1, 1000 },	/* tenths of seconds */
	[HOSTS]	  = { "hosts", 1, 10000 },
};

static void set(const char *argument)
{
	size_t length = strcspn(argument, "=");
	unsigned int i;
	char *end;

	for (i = 0; i < SETTINGS; i++) {
		if (strlen(settings[i].name) != length ||
		    strncmp(settings[i].name, argument, length))
			continue;
		if (!argument[length] || !argument[length + 1])
			errx(2, "%s: a number is missing", settings[i].name);
		settings[i].value = strtod(argument + length + 1, &end);
		/* NaN fails both comparisons. */
		if (*end || !(settings[i].value >= settings[i].least &&
			      settings[i].value <= settings[i].most))
			errx(2, "%s is not a number from %g to %g", argument, settings[i].least,
			     settings[i].most);
		settings[i].given = true;
		return;
	}
	errx(2, "%s: no such setting", argument);
}

static void predict(u32 *seed)
{
	unsigned int cpus = settings[CPUS].value, cpu, i;
	double sum[HOST_CPUS] = { 0 };
	static struct host host;

	host_init(&host, cpus, FALCON_POLICY_AUTO, 0);
	host.count = cpus > 2 ? cpus - 2 : 1;
	for (i = 0; i < host.count; i++)
		host.set[i] = i + 1;
	host.others[cpus - 1] = settings[APP].value;
	for (i = 0; i < settings[FLOWS].value; i++)
		host_add(&host, unit_random(seed), 0, settings[NIC].value, settings[WORK].value)
			->delivery = settings[DELIVERY].value;
	host_run(&host, settings[WARM_UP].value);
	for (i = 0; i < settings[WINDOW].value; i++) {
		host_run(&host, 1);
		for (cpu = 0; cpu < cpus; cpu++)
			sum[cpu] += host_demand(&host, cpu);
	}
	for (cpu = 0; cpu < cpus; cpu++)
		printf("%.3f%c", sum[cpu] / settings[WINDOW].value, cpu + 1 < cpus ? ' ' : '\n');
}

int main(int argc, char **argv)
{
	u32 seed = 1;
	int i;

	for (i = 1; i < argc; i++)
		set(argv[i]);
	for (i = 0; i < SETTINGS; i++)
		if (!settings[i].given)
			errx(2, "%s is missing", settings[i].name);
	for (i = 0; i < settings[HOSTS].value; i++)
		predict(&seed);
	return 0;
}
