// SPDX-License-Identifier: GPL-2.0
/* device list. */
#include <inttypes.h>
#include <linux/falcon.h>

#include "command.h"
#include "error.h"
#include "output.h"
#include "records.h"
#include "spec-gen.h"

int run_device_list(const struct args *args)
{
	const struct spec_set *set = &spec_set_device;
	struct records devices = { 0 };
	int code;

	(void)args;
	code = records_read(&devices, FALCON_CMD_DEVICE_GET, set);
	if (code)
		return code;
	out_object(NULL);
	out_text("%-10s %-12s %-7s %-15s %-10s %s\n", "STAGE", "NETNS", "INDEX", "DEVICE", "KIND",
		 "PORT");
	out_array("devices");
	for (size_t i = 0; i < devices.count; i++) {
		const struct nlattr **tb = devices.list[i].tb;

		out_object(NULL);
		attr_print(set, tb, FALCON_A_DEVICE_STAGE, "%-10s", "-         ");
		attr_print(set, tb, FALCON_A_DEVICE_NETNS, " %-12" PRIu64, " -           ");
		attr_print(set, tb, FALCON_A_DEVICE_IFINDEX, " %-7" PRIu64, " -      ");
		attr_print(set, tb, FALCON_A_DEVICE_IFNAME, " %-15s", " -              ");
		attr_print(set, tb, FALCON_A_DEVICE_KIND, " %-10s", " -         ");
		attr_print(set, tb, FALCON_A_DEVICE_PORT, " %" PRIu64, " -");
		out_text("\n");
		out_object_end();
	}
	out_array_end();
	out_object_end();
	records_free(&devices);
	return finish();
}
