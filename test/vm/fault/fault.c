// SPDX-License-Identifier: GPL-2.0
/*
 * A module that does what no module may, by its parameter: the harness must notice each.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

static char *kind = "";
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "warn, oops, bug, freeze, stall or block");

static unsigned int seconds = 15;
module_param(seconds, uint, 0);
MODULE_PARM_DESC(seconds, "how long stall and block last");

static void spin_for_ever(void *unused)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static void stall(void)
{
	unsigned long end = jiffies + seconds * HZ;

	preempt_disable();
	while (time_before(jiffies, end))
		cpu_relax();
	preempt_enable();
}

static int __init fault_init(void)
{
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
	} else if (!strcmp(kind, "block")) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout(seconds * HZ);
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

MODULE_DESCRIPTION("Faults for the self-test of the guest harness");
MODULE_LICENSE("GPL");
