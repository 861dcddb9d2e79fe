/* SPDX-License-Identifier: GPL-2.0 */
/* Every unit test includes this first: cmocka and its prerequisites. */

#ifndef _UNIT_H
#define _UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"

/* A case of a program that has start() and stop() around each. */
#define unit_case(name) cmocka_unit_test_setup_teardown(name, start, stop)

/* Lines printed before a sanitizer ends the program are visible. */
#define unit_run(tests) \
	(setvbuf(stdout, NULL, _IOLBF, 0), cmocka_run_group_tests(tests, NULL, NULL))

#endif
