// SPDX-License-Identifier: GPL-2.0
/* status, enable and disable. */
#include <inttypes.h>
#include <linux/falcon.h>

#include "command.h"
#include "error.h"
#include "output.h"
#include "records.h"
#include "spec-gen.h"
#include "status.h"
#include "summary.h"

static int parse_hook(const struct nlattr *attr, void *data)
{
	return attr_parse(&spec_set_hook, attr_nested(attr), data);
}

static int print_hook(const struct nlattr *attr, void *data)
{
	const struct spec_set *set = &spec_set_hook;
	const struct nlattr **tb = data;
	int code = parse_hook(attr, tb);

	if (code)
		return code;
	out_object(NULL);
	attr_print(set, tb, FALCON_A_HOOK_SYMBOL, "  %-24s", "  ?");
	attr_print(set, tb, FALCON_A_HOOK_STATE, " %-9s", " ?");
	attr_print(set, tb, FALCON_A_HOOK_CAPABILITY, " for %s", "");
	if (tb[FALCON_A_HOOK_REQUIRED])
		out_bool("required", " (required)", " (optional)",
			 attr_uint(tb[FALCON_A_HOOK_REQUIRED]));
	attr_print(set, tb, FALCON_A_HOOK_DETAIL, "\n    %s", "");
	out_text("\n");
	out_object_end();
	return EXIT_OK;
}

static int print_status(struct record *status, const struct records *cpus)
{
	const struct spec_set *set = &spec_set_status;
	const struct nlattr *hook[SPEC_ATTRS_MAX + 1], **tb = status->tb;
	int code;

	/* Parse all hooks first, so that no half of a status is printed. */
	code = attr_each(status->block, FALCON_A_STATUS_HOOK, parse_hook, hook);
	if (code)
		return code;
	out_object(NULL);
	summary_print(tb, cpus);
	attr_print(set, tb, FALCON_A_STATUS_STATE, "state:               %s\n", "");
	attr_print(set, tb, FALCON_A_STATUS_REASON, "reason:              %s\n", "");
	attr_print(set, tb, FALCON_A_STATUS_MODE, "mode:                %s\n", "");
	attr_print(set, tb, FALCON_A_STATUS_CPUS, "cpus:                %s\n", "");
	attr_print(set, tb, FALCON_A_STATUS_DEVICES, "devices:             %" PRIu64 "\n", "");
	attr_print(set, tb, FALCON_A_STATUS_HOST_LOAD, "host-load:           %" PRIu64 " %%\n", "");
	attr_print(set, tb, FALCON_A_STATUS_FLOWS, "flows:               %" PRIu64 "\n", "");
	attr_print(set, tb, FALCON_A_STATUS_IN_LANES, "in-lanes:            %" PRIu64 "\n", "");
	attr_print(set, tb, FALCON_A_STATUS_SEVERAL, "several:             %" PRIu64 "\n", "");
	attr_print(set, tb, FALCON_A_STATUS_AHEAD, "ahead:               %" PRIu64 "\n", "");
	attr_print(set, tb, FALCON_A_STATUS_NOT_PROMOTED, "not-promoted:        %" PRIu64 "\n", "");
	attr_print(set, tb, FALCON_A_STATUS_NOT_PROMOTED_REASON, "not-promoted-reason: %s\n", "");
	attr_print(set, tb, FALCON_A_STATUS_VERSION, "version:             %s\n", "");
	if (tb[FALCON_A_STATUS_HOOK])
		out_text("hooks:\n");
	out_array("hooks");
	attr_each(status->block, FALCON_A_STATUS_HOOK, print_hook, hook);
	out_array_end();
	out_object_end();
	return finish();
}

int status_ask(struct records *status, struct records *cpus, struct nl *nl)
{
	int code = records_ask(status, nl, FALCON_CMD_STATUS_GET, &spec_set_status);

	if (code)
		return code;
	code = records_dump(cpus, nl, FALCON_CMD_CPU_GET, &spec_set_cpu);
	if (code)
		records_free(status);
	return code;
}

/* Do cmd if it is not 0, then show the status. */
static int status_after(uint8_t cmd)
{
	struct records status, cpus;
	int code;
	struct nl *nl = nl_open(&code);

	if (!nl)
		return code;
	if (cmd) {
		nl_begin(nl, cmd);
		code = nl_do(nl, NULL, NULL);
	}
	if (!code)
		code = status_ask(&status, &cpus, nl);
	nl_close(nl);
	if (code)
		return code;
	code = print_status(status.list, &cpus);
	records_free(&cpus);
	records_free(&status);
	return code;
}

int run_status(const struct args *args)
{
	(void)args;
	return status_after(0);
}

int run_enable(const struct args *args)
{
	(void)args;
	return status_after(FALCON_CMD_ENABLE);
}

int run_disable(const struct args *args)
{
	(void)args;
	return status_after(FALCON_CMD_DISABLE);
}
