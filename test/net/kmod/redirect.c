// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody else who redirects a function, as a livepatch does. Its handler leaves everything as
 * it is, so the host works on.
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/string.h>

static char symbol[64];
module_param_string(symbol, symbol, sizeof(symbol), 0);
MODULE_PARM_DESC(symbol, "the function");

static void notrace pass(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			 struct ftrace_regs *fregs)
{
}

static struct ftrace_ops ops = {
	.func	= pass,
	.flags	= FTRACE_OPS_FL_IPMODIFY,
};

static int __init redirect_init(void)
{
	int err = ftrace_set_filter(&ops, (unsigned char *)symbol, strlen(symbol), 1);

	if (err)
		return err;
	err = register_ftrace_function(&ops);
	if (err)
		ftrace_free_filter(&ops);
	return err;
}
module_init(redirect_init);

static void __exit redirect_exit(void)
{
	unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
}
module_exit(redirect_exit);

MODULE_DESCRIPTION("A second user of a function that falcon hooks");
MODULE_LICENSE("GPL");
