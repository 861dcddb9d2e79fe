// SPDX-License-Identifier: GPL-2.0
#include <linux/falcon.h>
#include <string.h>

#include "counters.h"
#include "error.h"
#include "spec-gen.h"

int counters_read(const struct nlattr *const *stats, struct counters *c)
{
	const struct nlattr *tb[SPEC_ATTRS_MAX + 1], *nest = stats[FALCON_A_STATS_COUNTERS];
	int code;

	memset(c, 0, sizeof(*c));
	if (!nest)
		return EXIT_OK;
	code = attr_parse(&spec_set_counters, attr_nested(nest), tb);
	for (unsigned int n = 1; !code && n <= spec_set_counters.max; n++)
		if (tb[n])
			c->value[n] = attr_uint(tb[n]);
	return code;
}
