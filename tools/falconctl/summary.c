// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <linux/falcon.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "spec-gen.h"
#include "summary.h"

struct text {
	char buf[512];
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void say(struct text *text, const char *fmt, ...)
{
	size_t room = sizeof(text->buf) - text->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text->buf + text->len, room, fmt, args);
	va_end(args);
	if (len > 0)
		text->len += (size_t)len < room ? (size_t)len : room - 1;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void say_lanes(struct text *text, const struct nlattr *const *status)
{
	uint64_t flows = attr_uint(status[FALCON_A_STATUS_FLOWS]);
	uint64_t in_lanes = attr_uint(status[FALCON_A_STATUS_IN_LANES]);
	uint64_t several = attr_uint(status[FALCON_A_STATUS_SEVERAL]);
	uint64_t not_promoted = attr_uint(status[FALCON_A_STATUS_NOT_PROMOTED]);
	uint64_t ahead = attr_uint(status[FALCON_A_STATUS_AHEAD]);
	uint64_t others = in_lanes + not_promoted + ahead;
	uint64_t mice = flows > others ? flows - others : 0;

	say(text, "%" PRIu64 " flow%s in lanes", in_lanes, plural(in_lanes));
	if (several)
		say(text, ", %" PRIu64 " of them on several CPUs at once", several);
	if (not_promoted)
		say(text, "; %" PRIu64 " above elephant-rate not promoted (%s)", not_promoted,
		    spec_name(&spec_enum_reason,
			      attr_uint(status[FALCON_A_STATUS_NOT_PROMOTED_REASON])));
	if (ahead)
		say(text, "; %" PRIu64 " ahead by a rule", ahead);
	say(text, "; %" PRIu64 " %s on the kernel's path", mice, mice == 1 ? "mouse" : "mice");
}

static void say_flows(struct text *text, const struct nlattr *const *status)
{
	uint64_t flows = attr_uint(status[FALCON_A_STATUS_FLOWS]);

	switch (attr_uint(status[FALCON_A_STATUS_STATE])) {
	case FALCON_STATE_DISABLED:
		say(text, "disabled, every flow takes the kernel's own path");
		break;
	case FALCON_STATE_STANDBY:
		say(text, "the host is busy, every flow takes the kernel's own path");
		break;
	default:
		if (attr_uint(status[FALCON_A_STATUS_MODE]) == FALCON_MODE_PIPELINE)
			say(text, "%" PRIu64 " flow%s in the pipeline", flows, plural(flows));
		else
			say_lanes(text, status);
	}
}

static uint64_t load(const struct record *cpu)
{
	return attr_uint(cpu->tb[FALCON_A_CPU_LOAD]);
}

static void say_busiest(struct text *text, const struct records *cpus)
{
	const struct record *busiest = NULL;

	for (size_t i = 0; i < cpus->count; i++)
		if (!busiest || load(&cpus->list[i]) > load(busiest))
			busiest = &cpus->list[i];
	if (busiest && load(busiest))
		say(text, "; CPU %" PRIu64 " is the busiest at %" PRIu64 " %%",
		    attr_uint(busiest->tb[FALCON_A_CPU_CPU]), load(busiest));
}

/* Without flows, say which packets falcon looks for. */
static void say_none(struct text *text, const struct nlattr *const *status)
{
	if (attr_uint(status[FALCON_A_STATUS_STATE]) == FALCON_STATE_ENABLED &&
	    status[FALCON_A_STATUS_FLOWS] && !attr_uint(status[FALCON_A_STATUS_FLOWS]) &&
	    !status[FALCON_A_STATUS_REASON])
		say(text, "; no packet of a tunnel was seen in the last second");
}

void summary_print(const struct nlattr *const *status, const struct records *cpus)
{
	struct text text = { .len = 0 };

	say_flows(&text, status);
	say_none(&text, status);
	say_busiest(&text, cpus);
	out_string("summary", "%s\n", text.buf);
}
