// SPDX-License-Identifier: GPL-2.0
/* check: can this host run falcon? */
#include <inttypes.h>
#include <stddef.h>

#include "check-fields.h"
#include "command.h"
#include "error.h"
#include "finding.h"
#include "output.h"

int run_check(const struct args *args)
{
	enum result worst = RESULT_OK;
	int code;

	(void)args;
	out_object(NULL);
	out_array("findings");
	check_kernel();
	check_symbols();
	check_signature();
	check_net();
	out_array_end();
	for (unsigned int i = 0; i < RESULTS; i++)
		if (findings(i))
			worst = i;
	out_string("result", NULL, result_names[worst]);
	for (unsigned int i = 0; i < RESULTS; i++) {
		out_text("%s%s", i ? ", " : "\n", result_names[i]);
		out_uint(result_names[i], ": %" PRIu64, findings(i));
	}
	out_text("\n");
	out_object_end();
	code = finish();
	return code ? code : worst == RESULT_FAIL ? EXIT_UNFIT : EXIT_OK;
}
