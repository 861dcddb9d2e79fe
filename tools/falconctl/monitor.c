// SPDX-License-Identifier: GPL-2.0
/* monitor. */
#include <inttypes.h>
#include <linux/falcon.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "error.h"
#include "interrupt.h"
#include "netlink.h"
#include "output.h"
#include "spec-gen.h"

static const struct spec_set *const set = &spec_set_event;

static void print_time(void)
{
	struct timespec now;
	struct tm parts;
	char text[64], zone[8];

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &parts);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	strftime(zone, sizeof(zone), "%z", &parts);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), ".%06ld%.3s:%s",
		 now.tv_nsec / 1000, zone, zone + 3);
	out_string("time", "%s", text);
}

static int print_event(struct attr_block block, void *data)
{
	static const char *const formats[] = {
		[FALCON_A_EVENT_EVENT] = " %s",
		[FALCON_A_EVENT_IFINDEX] = " ifindex %" PRIu64,
		[FALCON_A_EVENT_IFNAME] = " ifname %s",
		[FALCON_A_EVENT_NETNS] = " netns %" PRIu64,
		[FALCON_A_EVENT_STAGE] = " stage %s",
		[FALCON_A_EVENT_CPU] = " cpu %" PRIu64,
		[FALCON_A_EVENT_REASON] = " reason %s",
	};
	_Static_assert(sizeof(formats) / sizeof(formats[0]) == FALCON_A_EVENT_MAX + 1,
		       "an attribute of event has no format");
	const struct nlattr *tb[SPEC_ATTRS_MAX + 1];
	unsigned long *seen = data;
	int code = attr_parse(set, block, tb);

	if (code)
		return code;
	out_object(NULL);
	print_time();
	for (unsigned int n = 1; n <= set->max; n++)
		attr_print(set, tb, n, formats[n], "");
	out_text("\n");
	out_object_end();
	++*seen;
	return finish();
}

static int print_lost(void)
{
	out_object(NULL);
	print_time();
	out_string("event", " %s", "lost");
	out_string("reason", " reason %s\n", "more events than the socket could hold");
	out_object_end();
	return finish();
}

/* After joining: the reader of this line may now cause events, and will see them. */
static void tell_ready(void)
{
	out_to(stderr);
	out_object(NULL);
	out_string("info", "falconctl: %s\n", "listening");
	out_object_end();
	out_finish();
	out_to(stdout);
}

static int ignore(struct attr_block block, void *data)
{
	(void)block;
	(void)data;
	return EXIT_OK;
}

/*
 * A container may join the group of its own network namespace, where no event is ever sent. Only a
 * request is refused there, so ask first.
 */
static int ask_permission(struct nl *nl)
{
	nl_begin(nl, FALCON_CMD_STATUS_GET);
	return nl_do(nl, ignore, NULL);
}

static int watch(struct nl *nl, unsigned long count)
{
	unsigned long seen = 0;
	int code = ask_permission(nl);

	if (!code)
		code = nl_join(nl);
	if (!code)
		tell_ready();
	while (!code && !interrupted() && (!count || seen < count)) {
		bool lost;

		code = interrupt_events(nl, -1, print_event, &lost, &seen);
		if (!code && lost)
			code = print_lost();
	}
	return code;
}

int run_monitor(const struct args *args)
{
	unsigned long count = 0;
	struct nl *nl;
	int code = option_number(args, OPT_COUNT, 1, &count);

	if (code)
		return code;
	interrupt_prepare();
	nl = nl_open(&code);
	if (!nl)
		return code;
	code = watch(nl, count);
	nl_close(nl);
	return code;
}

void help_monitor(void)
{
	out_text("\nevents:\n");
	out_object("events");
	for (unsigned int i = 0; i < spec_enum_event.count; i++) {
		const struct spec_entry *entry = &spec_enum_event.entries[i];

		out_text("  %-12s ", entry->name);
		out_string(entry->name, "%s\n", entry->doc);
	}
	out_object_end();
}
