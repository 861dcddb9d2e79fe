// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <linux/falcon.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "output.h"
#include "spec-gen.h"
#include "status.h"

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

static uint64_t value(const struct nlattr *attr)
{
	return attr ? attr_uint(attr) : 0;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static const char *limit_of(const struct nlattr *attr)
{
	const struct spec_entry *entry = spec_entry(&spec_enum_limit, value(attr));

	return entry ? entry->name : "?";
}

static void say_lanes(struct text *text, const struct nlattr *const *status)
{
	uint64_t flows = value(status[FALCON_A_STATUS_FLOWS]);
	uint64_t elephants = value(status[FALCON_A_STATUS_ELEPHANTS]);
	uint64_t several = value(status[FALCON_A_STATUS_SEVERAL]);
	uint64_t barred = value(status[FALCON_A_STATUS_BARRED]);
	uint64_t mice = flows > elephants + barred ? flows - elephants - barred : 0;

	say(text, "%" PRIu64 " flow%s in lanes", elephants, plural(elephants));
	if (several)
		say(text, ", %" PRIu64 " of them on several CPUs at once", several);
	if (barred)
		say(text, "; %" PRIu64 " above elephant-rate kept from it (%s)", barred,
		    limit_of(status[FALCON_A_STATUS_LIMIT]));
	say(text, "; %" PRIu64 " %s inline", mice, mice == 1 ? "mouse" : "mice");
}

static void say_flows(struct text *text, const struct nlattr *const *status)
{
	uint64_t flows = value(status[FALCON_A_STATUS_FLOWS]);

	switch (value(status[FALCON_A_STATUS_STATE])) {
	case FALCON_STATE_DISABLED:
		say(text, "disabled, every flow takes the kernel's own path");
		break;
	case FALCON_STATE_STANDBY:
		say(text, "the host is busy, every flow takes the kernel's own path");
		break;
	default:
		if (value(status[FALCON_A_STATUS_MODE]) == FALCON_MODE_PIPELINE)
			say(text, "%" PRIu64 " flow%s in the pipeline", flows, plural(flows));
		else
			say_lanes(text, status);
	}
}

static void say_busiest(struct text *text, const struct records *cpus)
{
	const struct record *busiest = NULL;

	for (size_t i = 0; i < cpus->count; i++) {
		const struct record *cpu = &cpus->list[i];

		if (!busiest ||
		    value(cpu->tb[FALCON_A_CPU_LOAD]) > value(busiest->tb[FALCON_A_CPU_LOAD]))
			busiest = cpu;
	}
	if (busiest && value(busiest->tb[FALCON_A_CPU_LOAD]))
		say(text, "; CPU %" PRIu64 " is the busiest at %" PRIu64 " %%",
		    value(busiest->tb[FALCON_A_CPU_CPU]), value(busiest->tb[FALCON_A_CPU_LOAD]));
}

void summary_print(const struct nlattr *const *status, const struct records *cpus)
{
	struct text text = { .len = 0 };

	say_flows(&text, status);
	say_busiest(&text, cpus);
	out_string("summary", "%s\n", text.buf);
}
