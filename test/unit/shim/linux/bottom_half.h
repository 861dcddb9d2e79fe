/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The context that the code under test runs in. The shims check it in programs that define these
 * variables (cpus.c). In all others the variables are weak, and their addresses NULL.
 */
#ifndef _SHIM_BOTTOM_HALF_H
#define _SHIM_BOTTOM_HALF_H

#include <stdbool.h>

extern unsigned int shim_bh_off __attribute__((weak));	/* depth; a softirq counts as one */
extern bool shim_in_hardirq __attribute__((weak));

/* cmocka's: the case fails. */
void mock_assert(const int result, const char * const expression, const char * const file,
		 const int line);

#define shim_assert(condition) mock_assert(!!(condition), #condition, __FILE__, __LINE__)

/* A lock that softirqs take belongs to code with BH off, and never to a hard interrupt. */
static inline void shim_assert_bh_off(void)
{
	if (&shim_bh_off)
		shim_assert(shim_bh_off && !shim_in_hardirq);
}

/* A softirq that is raised with BH on would wait for the next interrupt. */
static inline void shim_assert_may_raise(void)
{
	if (&shim_bh_off)
		shim_assert(shim_bh_off || shim_in_hardirq);
}

static inline void shim_assert_may_sleep(void)
{
	if (&shim_bh_off)
		shim_assert(!shim_bh_off && !shim_in_hardirq);
}

static inline void local_bh_disable(void)
{
	shim_bh_off++;
}

static inline void local_bh_enable(void)
{
	shim_assert_bh_off();
	shim_bh_off--;
}

#endif
