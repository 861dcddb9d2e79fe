// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "decision.h"
#include "error.h"
#include "flow.h"
#include "output.h"
#include "spec-gen.h"

#define NAME_LEN 160

struct decision {
	char time[16];
	char what[2 * NAME_LEN];
};

static struct decision ring[DECISIONS];
static size_t made, told;	/* decisions since the start */

__attribute__((format(printf, 1, 2)))
static void remember(const char *fmt, ...)
{
	struct decision *decision = &ring[made++ % DECISIONS];
	time_t now = time(NULL);
	struct tm parts;
	va_list args;

	localtime_r(&now, &parts);
	strftime(decision->time, sizeof(decision->time), "%H:%M:%S", &parts);
	va_start(args, fmt);
	vsnprintf(decision->what, sizeof(decision->what), fmt, args);
	va_end(args);
}

static const char *text_of(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_str(attr) : "";
}

/* A flow's state and workers, or in mode pipeline its CPU. */
static void where_of(const struct nlattr *const *tb, char *where, size_t size)
{
	const struct nlattr *state = tb[FALCON_A_FLOW_STATE], *cpu = tb[FALCON_A_FLOW_CPU];
	const char *name = spec_name(&spec_enum_flow_state, attr_uint(state));

	if (state && !tb[FALCON_A_FLOW_WORKERS])
		snprintf(where, size, "%s", name);
	else if (state)
		snprintf(where, size, "%s (%s)", name, text_of(tb[FALCON_A_FLOW_WORKERS]));
	else if (cpu)
		snprintf(where, size, "CPU %" PRIu64, attr_uint(cpu));
	else
		snprintf(where, size, "-");
}

/* A new flow is worth a line if it is in lanes already. */
static bool is_new(const struct nlattr *const *tb)
{
	return tb[FALCON_A_FLOW_WORKERS];
}

void decisions_compare(const struct sample *before, const struct sample *now)
{
	for (size_t i = 0; i < now->flows.count; i++) {
		struct record *flow = &now->flows.list[i];
		const struct record *old = sample_flow(before, flow);
		char name[NAME_LEN], from[64] = "kernel", to[64];

		if (!old && !is_new(flow->tb))
			continue;
		if (old)
			where_of(old->tb, from, sizeof(from));
		where_of(flow->tb, to, sizeof(to));
		if (!strcmp(from, to))
			continue;
		flow_name(flow->tb, name, sizeof(name));
		remember("%s: %s -> %s", name, from, to);
	}
}

int decisions_event(struct attr_block block, void *data)
{
	const struct nlattr *tb[SPEC_ATTRS_MAX + 1];
	char subject[64] = "";
	int code = attr_parse(&spec_set_event, block, tb);

	(void)data;
	if (code || !tb[FALCON_A_EVENT_EVENT])
		return code;
	if (tb[FALCON_A_EVENT_CPU])
		snprintf(subject, sizeof(subject), " %" PRIu64,
			 attr_uint(tb[FALCON_A_EVENT_CPU]));
	else if (tb[FALCON_A_EVENT_IFNAME])
		snprintf(subject, sizeof(subject), " %s", text_of(tb[FALCON_A_EVENT_IFNAME]));
	remember("%s%s%s%s",
		 spec_name(&spec_enum_event, attr_uint(tb[FALCON_A_EVENT_EVENT])), subject,
		 tb[FALCON_A_EVENT_REASON] ? ": " : "", text_of(tb[FALCON_A_EVENT_REASON]));
	return EXIT_OK;
}

void decisions_lost(void)
{
	remember("some events are lost: there were too many");
}

void decisions_print(bool screen)
{
	size_t oldest = made > DECISIONS ? made - DECISIONS : 0;
	size_t from = screen || told < oldest ? oldest : told;

	out_array("decisions");
	for (; from < made; from++) {
		const struct decision *decision = &ring[from % DECISIONS];

		out_object(NULL);
		out_string("time", "%s", decision->time);
		out_string("what", "  %s\n", decision->what);
		out_object_end();
	}
	out_array_end();
	told = made;
}
