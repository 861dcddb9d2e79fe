// SPDX-License-Identifier: GPL-2.0
/* cpu list. */
#include <inttypes.h>
#include <linux/falcon.h>

#include "command.h"
#include "error.h"
#include "output.h"
#include "records.h"
#include "spec-gen.h"

int run_cpu_list(const struct args *args)
{
	const struct spec_set *set = &spec_set_cpu;
	struct records cpus = { 0 };
	int code;

	(void)args;
	code = records_read(&cpus, FALCON_CMD_CPU_GET, set);
	if (code)
		return code;
	out_object(NULL);
	out_text("%4s %6s %6s %4s\n", "CPU", "LOAD-%", "LOADED", "USED");
	out_array("cpus");
	for (size_t i = 0; i < cpus.count; i++) {
		const struct nlattr **tb = cpus.list[i].tb;

		out_object(NULL);
		attr_print(set, tb, FALCON_A_CPU_CPU, "%4" PRIu64, "   -");
		attr_print(set, tb, FALCON_A_CPU_LOAD, " %6" PRIu64, "      -");
		attr_print(set, tb, FALCON_A_CPU_LOADED, " %6" PRIu64, "      -");
		attr_print(set, tb, FALCON_A_CPU_USED, " %4" PRIu64, "    -");
		out_text("\n");
		out_object_end();
	}
	out_array_end();
	out_object_end();
	records_free(&cpus);
	return finish();
}
