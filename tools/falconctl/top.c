// SPDX-License-Identifier: GPL-2.0
/* top. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "decision.h"
#include "error.h"
#include "flow.h"
#include "interrupt.h"
#include "output.h"
#include "sample.h"
#include "spec-gen.h"
#include "summary.h"

#define TOP_DEFAULT	 20
#define INTERVAL_DEFAULT 1
#define INTERVAL_MAX	 3600
#define ROWS_BESIDE	 (DECISIONS + 6)	/* of a screen: all but CPUs and flows */

/* The options. */
struct view {
	unsigned long top, count, interval;
};

/* A flow and its packets a second. */
struct rated {
	const struct record *flow;
	uint64_t rate;
};

static bool on_screen(void)
{
	return !out_is_json() && isatty(STDOUT_FILENO);
}

/* Return: true if the CPU does anything, so that its line is shown as text. */
static bool print_cpu(const struct record *cpu, const struct sample *before,
		      const struct sample *now)
{
	static const char *const columns[] = { "nic", "tunnel", "container" };
	const struct spec_set *set = &spec_set_cpu;
	const struct nlattr *const *tb = cpu->tb;
	uint64_t number = attr_uint(tb[FALCON_A_CPU_CPU]), rates[__FALCON_STAGE_MAX], wakes;
	bool shown = attr_uint(tb[FALCON_A_CPU_LOAD]);
	struct cpu_work was, is;

	sample_cpu(before, number, &was);
	sample_cpu(now, number, &is);
	for (unsigned int i = 0; i < __FALCON_STAGE_MAX; i++) {
		rates[i] = sample_rate(before, now, was.packets[i], is.packets[i]);
		shown |= rates[i] > 0;
	}
	wakes = sample_rate(before, now, was.wakes, is.wakes);
	out_object(NULL);
	attr_print(set, tb, FALCON_A_CPU_CPU, shown ? "%4" PRIu64 : NULL, "   -");
	attr_print(set, tb, FALCON_A_CPU_LOAD, shown ? " %6" PRIu64 : NULL, "      -");
	attr_print(set, tb, FALCON_A_CPU_LOADED, NULL, "");
	attr_print(set, tb, FALCON_A_CPU_USED, NULL, "");
	for (unsigned int i = 0; i < __FALCON_STAGE_MAX; i++)
		out_uint(columns[i], shown ? " %11" PRIu64 : NULL, rates[i]);
	out_uint("wakes", shown ? " %9" PRIu64 "\n" : NULL, wakes);
	out_object_end();
	return shown;
}

/* A large host has many idle CPUs: they are only counted. Return: the number of others. */
static unsigned int print_cpus(const struct sample *before, const struct sample *now)
{
	unsigned int rows = 0;

	out_text("\n%4s %6s %11s %11s %11s %9s\n", "CPU", "LOAD-%", "NIC/s", "TUNNEL/s",
		 "CONTAINER/s", "WAKES/s");
	out_array("cpus");
	for (size_t i = 0; i < now->cpus.count; i++)
		rows += print_cpu(&now->cpus.list[i], before, now);
	out_array_end();
	if (rows < now->cpus.count)
		out_text("     %zu idle\n", now->cpus.count - rows);
	return rows;
}

static int by_rate(const void *a, const void *b)
{
	const struct rated *x = a, *y = b;

	return x->rate < y->rate ? 1 : x->rate > y->rate ? -1 : 0;
}

/* Only flows that falcon steers: the module counts no packets of others. */
static size_t rate_flows(const struct sample *before, const struct sample *now,
			 struct rated *rated)
{
	size_t count = 0;

	for (size_t i = 0; i < now->flows.count; i++) {
		const struct record *flow = &now->flows.list[i], *old;
		uint64_t was, is;

		if (flow->tb[FALCON_A_FLOW_STATE] && !flow->tb[FALCON_A_FLOW_WORKERS])
			continue;
		old = sample_flow(before, flow);
		was = old ? attr_uint(old->tb[FALCON_A_FLOW_PACKETS]) : 0;
		is = attr_uint(flow->tb[FALCON_A_FLOW_PACKETS]);
		rated[count].flow = flow;
		rated[count++].rate = sample_rate(before, now, was, is);
	}
	qsort(rated, count, sizeof(*rated), by_rate);
	return count;
}

static void print_flow(const struct rated *rated)
{
	const struct spec_set *set = &spec_set_flow;
	const struct nlattr *const *tb = rated->flow->tb;

	out_object(NULL);
	out_uint("rate", "%11" PRIu64, rated->rate);
	attr_print(set, tb, FALCON_A_FLOW_STAGE, " %-9s", " -        ");
	attr_print(set, tb, FALCON_A_FLOW_STATE, " %-7s", " -      ");
	attr_print(set, tb, FALCON_A_FLOW_REASON, " %-8s", " -       ");
	attr_print(set, tb, FALCON_A_FLOW_WORKERS, " %-7s", " -      ");
	attr_print(set, tb, FALCON_A_FLOW_CPU, " %4" PRIu64, "    -");
	attr_print(set, tb, FALCON_A_FLOW_MOVES, " %6" PRIu64 " ", "      - ");
	flow_print_key(tb);
	out_text("\n");
	out_object_end();
}

static int print_flows(const struct sample *before, const struct sample *now, size_t top)
{
	struct rated *rated = calloc(now->flows.count + 1, sizeof(*rated));
	size_t count;

	if (!rated)
		return fail(EXIT_SYSTEM, ENOMEM, NULL, "no memory");
	count = rate_flows(before, now, rated);
	out_text("\n%11s %-9s %-7s %-8s %-7s %4s %6s  %s\n", "PACKETS/s", "STAGE", "STATE",
		 "REASON", "WORKERS", "CPU", "MOVES", "FLOW");
	out_array("flows");
	for (size_t i = 0; i < count && (!top || i < top); i++)
		print_flow(&rated[i]);
	out_array_end();
	free(rated);
	return EXIT_OK;
}

/* Flows that the screen has room for. */
static size_t room(size_t top, unsigned int rows)
{
	struct winsize size;

	if (!on_screen() || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row)
		return top;
	rows += ROWS_BESIDE;
	rows = size.ws_row > rows ? size.ws_row - rows : 1;
	return top && top < rows ? top : rows;
}

static int print_sample(const struct sample *before, const struct sample *now, size_t top)
{
	unsigned int rows;
	int code;

	if (on_screen())
		out_text("\033[H\033[J");
	out_object(NULL);
	summary_print(now->status.list->tb, &now->cpus);
	rows = print_cpus(before, now);
	code = print_flows(before, now, room(top, rows));
	out_text("\n");
	decisions_print(on_screen());
	out_object_end();
	return code ? code : finish();
}

/* Take events until the time is over. An event at the last moment waits for the next call. */
static int wait_for(struct nl *events, unsigned long seconds, const struct sample *since)
{
	double until = since->at + (double)seconds, left;
	int code = EXIT_OK;
	bool lost;

	while (!code && !interrupted() && (left = until - sample_clock()) > 0) {
		code = interrupt_events(events, (long)(left * 1000) + 1, decisions_event, &lost,
					NULL);
		if (!code && lost)
			decisions_lost();
	}
	return code;
}

static int show(struct nl *events, struct nl *nl, const struct view *view)
{
	struct sample before, now;
	unsigned long shown = 0;
	int code = sample_take(&before, nl);

	while (!code) {
		code = wait_for(events, view->interval, &before);
		if (code || interrupted())
			break;
		code = sample_take(&now, nl);
		if (code)
			break;
		decisions_compare(&before, &now);
		code = print_sample(&before, &now, view->top);
		sample_free(&before);
		before = now;
		if (view->count && ++shown >= view->count)
			break;
	}
	sample_free(&before);
	return code;
}

int run_top(const struct args *args)
{
	struct view view = { .top = TOP_DEFAULT, .interval = INTERVAL_DEFAULT };
	struct nl *nl, *events;
	int code = option_number(args, OPT_TOP, 0, &view.top);

	if (!code)
		code = option_number(args, OPT_COUNT, 1, &view.count);
	if (!code)
		code = option_number(args, OPT_INTERVAL, 1, &view.interval);
	if (!code && view.interval > INTERVAL_MAX)
		code = fail(EXIT_USAGE, 0, options[OPT_INTERVAL].name,
			    "%lu is more than %d", view.interval, INTERVAL_MAX);
	if (code)
		return code;
	interrupt_prepare();
	nl = nl_open(&code);
	if (!nl)
		return code;
	/* A connection of its own, because answers and events must not mix. */
	events = nl_open(&code);
	if (events)
		code = nl_join(events);
	if (!code)
		code = show(events, nl, &view);
	if (events)
		nl_close(events);
	nl_close(nl);
	return code;
}
