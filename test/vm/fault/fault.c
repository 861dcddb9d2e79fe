// SPDX-License-Identifier: GPL-2.0
/*
 * A module that does what no module may, by its parameter: the harness must notice each.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

static char *kind = "";
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "warn, oops, bug, freeze, stall, pause, block or race");

static unsigned int ms = 15000;
module_param(ms, uint, 0);
MODULE_PARM_DESC(ms, "how long stall, pause, block and race last, in milliseconds");

static void spin_for_ever(void *unused)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static void stall(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	preempt_disable();
	while (time_before(jiffies, end))
		cpu_relax();
	preempt_enable();
}

/* As a virtual CPU that its host does not let run. */
static void pause(void)
{
	u64 end = ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;

	local_irq_disable();
	while (ktime_get_ns() < end)
		cpu_relax();
	local_irq_enable();
}

/* On two CPUs and more at once. */
static void count(void *counter)
{
	u64 end = ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;

	while (ktime_get_ns() < end)
		++*(unsigned long *)counter;
}

static int __init fault_init(void)
{
	static unsigned long counter;
	int *nothing = NULL;

	OPTIMIZER_HIDE_VAR(nothing);
	if (!strcmp(kind, "warn")) {
		WARN_ON(1);
	} else if (!strcmp(kind, "oops")) {
		WRITE_ONCE(*nothing, 1);
	} else if (!strcmp(kind, "bug")) {
		BUG();
	} else if (!strcmp(kind, "freeze")) {
		smp_call_function(spin_for_ever, NULL, 0);
		spin_for_ever(NULL);
	} else if (!strcmp(kind, "stall")) {
		stall();
	} else if (!strcmp(kind, "pause")) {
		pause();
	} else if (!strcmp(kind, "block")) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout(msecs_to_jiffies(ms));
	} else if (!strcmp(kind, "race")) {
		on_each_cpu(count, &counter, 1);
	} else {
		return -EINVAL;
	}
	return 0;
}
module_init(fault_init);

static void __exit fault_exit(void)
{
}
module_exit(fault_exit);

MODULE_DESCRIPTION("Faults that the tests of falcon and of their guests make");
MODULE_LICENSE("GPL");
