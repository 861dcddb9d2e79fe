// SPDX-License-Identifier: GPL-2.0
/* stats show. */
#include <inttypes.h>
#include <linux/falcon.h>

#include "command.h"
#include "counters.h"
#include "error.h"
#include "output.h"
#include "records.h"
#include "spec-gen.h"

static const struct spec_set *const names = &spec_set_counters;

static void add(struct counters *sum, const struct counters *c)
{
	for (unsigned int n = 1; n <= names->max; n++)
		sum->value[n] += c->value[n];
}

static bool all_zero(const struct counters *c)
{
	for (unsigned int n = 1; n <= names->max; n++)
		if (c->value[n])
			return false;
	return true;
}

static void print_counters(const char *key, const struct counters *c, bool all)
{
	out_object(key);
	if (!all && all_zero(c))
		out_text("  nothing counted yet\n");
	for (unsigned int n = 1; n <= names->max; n++) {
		if (!c->value[n] && !all)
			continue;
		out_text("  %-16s", names->attrs[n].name);
		out_uint(names->attrs[n].name, " %14" PRIu64 "\n", c->value[n]);
	}
	out_object_end();
}

/* The dump, and its sums. */
struct stats {
	struct records rows;
	struct counters total;
	struct counters stage[__FALCON_STAGE_MAX];
};

static int sum_up(struct stats *stats)
{
	for (size_t i = 0; i < stats->rows.count; i++) {
		const struct nlattr **tb = stats->rows.list[i].tb;
		struct counters c;
		int code = counters_read(tb, &c);

		if (code)
			return code;
		add(&stats->total, &c);
		if (tb[FALCON_A_STATS_STAGE] &&
		    attr_uint(tb[FALCON_A_STATS_STAGE]) < __FALCON_STAGE_MAX)
			add(&stats->stage[attr_uint(tb[FALCON_A_STATS_STAGE])], &c);
	}
	return EXIT_OK;
}

static void print_stages(const struct stats *stats, bool all)
{
	out_object("stages");
	for (unsigned int i = 0; i < __FALCON_STAGE_MAX; i++) {
		const char *name = spec_enum_stage.entries[i].name;

		if (!all && all_zero(&stats->stage[i]))
			continue;
		out_text("stage %s\n", name);
		print_counters(name, &stats->stage[i], all);
	}
	out_object_end();
}

static int print_rows(const struct stats *stats, bool all)
{
	const struct spec_set *set = &spec_set_stats;
	int code = EXIT_OK;

	out_array("cpus");
	for (size_t i = 0; i < stats->rows.count && !code; i++) {
		const struct nlattr **tb = stats->rows.list[i].tb;
		struct counters c;

		code = counters_read(tb, &c);
		if (code || (!all && all_zero(&c)))
			continue;
		out_object(NULL);
		attr_print(set, tb, FALCON_A_STATS_CPU, "cpu %" PRIu64, "cpu ?");
		attr_print(set, tb, FALCON_A_STATS_STAGE, " stage %s\n", " stage ?\n");
		print_counters("counters", &c, all);
		out_object_end();
	}
	out_array_end();
	return code;
}

static void print_docs(void)
{
	for (unsigned int n = 1; n <= names->max; n++) {
		out_text("  %s\n", names->attrs[n].name);
		out_wrap(6, names->attrs[n].doc);
		out_string(names->attrs[n].name, NULL, names->attrs[n].doc);
	}
}

int run_stats_show(const struct args *args)
{
	bool all = args->given[OPT_ALL];
	struct stats stats = { 0 };
	int code = records_read(&stats.rows, FALCON_CMD_STATS_GET, &spec_set_stats);

	if (code)
		return code;
	code = sum_up(&stats);
	if (!code) {
		out_object(NULL);
		out_text("total\n");
		print_counters("total", &stats.total, all);
		print_stages(&stats, all);
		code = print_rows(&stats, all);
		if (args->given[OPT_EXPLAIN]) {
			out_text("\nmeaning of the counters\n");
			out_object("explain");
			print_docs();
			out_object_end();
		}
		out_object_end();
	}
	records_free(&stats.rows);
	return code ? code : finish();
}

void help_stats(void)
{
	out_text("\ncounters:\n");
	out_object("counters");
	print_docs();
	out_object_end();
}
