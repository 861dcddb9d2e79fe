// SPDX-License-Identifier: GPL-2.0
/* config show, config set. */
#include <errno.h>
#include <inttypes.h>
#include <linux/falcon.h>
#include <string.h>

#include "command.h"
#include "error.h"
#include "output.h"
#include "records.h"
#include "spec-gen.h"
#include "value.h"

static const struct spec_set *const set = &spec_set_config;

static int show(struct nl *nl)
{
	struct records config;
	int code = records_ask(&config, nl, FALCON_CMD_CONFIG_GET, set);

	if (code)
		return code;
	out_object(NULL);
	for (unsigned int n = 1; n <= set->max; n++) {
		const struct spec_attr *spec = &set->attrs[n];

		if (!config.list->tb[n])
			continue;
		out_text("%s=", spec->name);
		attr_print(set, config.list->tb, n,
			   spec->type == SPEC_STRING || spec->names ? "%s\n" : "%" PRIu64 "\n", "");
	}
	out_object_end();
	records_free(&config);
	return finish();
}

int run_config_show(const struct args *args)
{
	int code;
	struct nl *nl = nl_open(&code);

	(void)args;
	if (!nl)
		return code;
	code = show(nl);
	nl_close(nl);
	return code;
}

static int unknown_key(const char *key)
{
	struct nearest nearest;
	char hint[128];

	nearest_init(&nearest, key);
	for (unsigned int n = 1; n <= set->max; n++)
		nearest_offer(&nearest, set->attrs[n].name);
	return fail(EXIT_USAGE, 0, key, "unknown key%s",
		    nearest_hint(&nearest, hint, sizeof(hint)));
}

/* A parsed KEY=VALUE; text points into the command line. */
struct setting {
	const char *text;
	uint64_t value;
};

static int parse_setting(char *word, struct setting *settings)
{
	char *equals = strchr(word, '=');
	const struct spec_attr *spec;
	unsigned int n;

	if (!equals)
		return fail(EXIT_USAGE, 0, word, "KEY=VALUE is expected");
	*equals = '\0';
	n = spec_attr(set, word);
	if (!n)
		return unknown_key(word);
	spec = &set->attrs[n];
	if (settings[n].text)
		return fail(EXIT_USAGE, 0, spec->name, "given twice");
	settings[n].text = equals + 1;
	if (spec->type != SPEC_STRING)
		return value_parse(spec, equals + 1, &settings[n].value);
	if (spec->max_len && strlen(equals + 1) >= spec->max_len)
		return fail(EXIT_USAGE, 0, spec->name, "longer than %u bytes", spec->max_len - 1);
	return EXIT_OK;
}

static int put_settings(struct nlmsghdr *nlh, const struct setting *settings)
{
	for (unsigned int n = 1; n <= set->max; n++) {
		const struct spec_attr *spec = &set->attrs[n];
		bool fits = true;

		if (!settings[n].text)
			continue;
		if (spec->type == SPEC_STRING)
			fits = mnl_attr_put_strz_check(nlh, NL_REQUEST_MAX, (uint16_t)n,
						       settings[n].text);
		else if (spec->type == SPEC_U64)
			fits = mnl_attr_put_u64_check(nlh, NL_REQUEST_MAX, (uint16_t)n,
						      settings[n].value);
		else
			fits = mnl_attr_put_u32_check(nlh, NL_REQUEST_MAX, (uint16_t)n,
						      (uint32_t)settings[n].value);
		if (!fits)
			return fail(EXIT_USAGE, EMSGSIZE, spec->name, "too much for one request");
	}
	return EXIT_OK;
}

int run_config_set(const struct args *args)
{
	struct setting settings[SPEC_ATTRS_MAX + 1] = { 0 };
	struct nl *nl;
	int code;

	/* Parse all of them before the kernel hears of any. */
	for (unsigned int i = 0; i < args->argc; i++) {
		code = parse_setting(args->argv[i], settings);
		if (code)
			return code;
	}
	nl = nl_open(&code);
	if (!nl)
		return code;
	code = put_settings(nl_begin(nl, FALCON_CMD_CONFIG_SET), settings);
	if (!code)
		code = nl_do(nl, NULL, NULL);
	if (!code)
		code = show(nl);
	nl_close(nl);
	return code;
}

void help_config_set(void)
{
	out_text("\nkeys:\n");
	out_array("keys");
	for (unsigned int n = 1; n <= set->max; n++) {
		const struct spec_attr *spec = &set->attrs[n];

		out_object(NULL);
		out_string("name", "  %s=", spec->name);
		if (spec->names) {
			out_array("values");
			for (unsigned int i = 0; i < spec->names->count; i++)
				out_string(NULL, i ? "|%s" : "%s", spec->names->entries[i].name);
			out_array_end();
		} else if (spec->type == SPEC_STRING) {
			out_text("TEXT");
		} else {
			out_uint("min", "%" PRIu64, spec->min);
			out_uint("max", "..%" PRIu64, spec->max);
		}
		out_text("\n");
		out_wrap(6, spec->doc);
		out_string("doc", NULL, spec->doc);
		out_object_end();
	}
	out_array_end();
}

void complete_config_set(unsigned int argc, char **argv)
{
	char *word = argv[argc - 1], *equals = strchr(word, '=');

	for (unsigned int n = 1; n <= set->max; n++) {
		const struct spec_attr *spec = &set->attrs[n];
		size_t len = strlen(spec->name);

		if (!equals) {
			candidate_key(argc, argv, spec->name);
			continue;
		}
		if ((size_t)(equals - word) != len || strncmp(word, spec->name, len) ||
		    !spec->names)
			continue;
		candidate_values(word, spec->name, spec->names);
	}
}
