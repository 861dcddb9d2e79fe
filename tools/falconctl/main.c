// SPDX-License-Identifier: GPL-2.0
/* falconctl: control of the kernel module falcon. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "error.h"
#include "output.h"
#include "root.h"

static const struct command config_commands[] = {
	{
		.name = "show",
		.summary = "Show the configuration.",
		.doc = "Each line can be passed to 'config set' as it is.",
		.run = run_config_show,
		.more_help = help_config_set,
	}, {
		.name = "set",
		.summary = "Change the configuration.",
		.doc = "All keys are applied, or none. The change takes effect at once, also while "
		       "falcon is enabled. Shows the resulting configuration.",
		.args = "KEY=VALUE...",
		.min_args = 1,
		.max_args = 64,
		.run = run_config_set,
		.more_help = help_config_set,
		.complete = complete_config_set,
	}, { 0 }
};

static const struct command device_commands[] = {
	{
		.name = "list",
		.summary = "List the devices under falcon's care, of every network namespace.",
		.doc = "These are NICs, of kind physical; tunnels: vxlan, geneve, gre, gretap, "
		       "ip6gre, ip6gretap, ipip, sit, ip6tnl; bridge; and devices that lead to "
		       "containers: veth, netkit, macvlan, ipvlan. A device of another kind, such "
		       "as a VLAN, a bond, WireGuard or a port of Open vSwitch, is not in the "
		       "list: packets pass it as usual, and falcon decides nothing there.",
		.run = run_device_list,
	}, { 0 }
};

static const struct command cpu_commands[] = {
	{
		.name = "list",
		.summary =
			"List the CPUs that are online, the load of each, and whether falcon uses it.",
		.run = run_cpu_list,
	}, { 0 }
};

static const struct command flow_commands[] = {
	{
		.name = "list",
		.summary =
			"List the flows that have a CPU, with an entry for each stage, the busiest first.",
		.doc = "In mode lanes a flow has one entry, with its state and the reason why it "
		       "is not promoted further.",
		.options = OPT_BIT(OPT_TOP),
		.run = run_flow_list,
	},
	{ 0 }
};

static const struct command priority_commands[] = {
	{
		.name = "add",
		.summary =
			"Give flows priority, at once and in order, also flows that are running.",
		.doc = "A flow matches a rule if all keys of the rule match. Keys such as src and "
		       "dport are about the inner packet of a tunnel. No flow may match two rules. "
		       "Shows the number of the rule. Rules act in mode lanes; in mode pipeline and "
		       "while falcon is disabled they are kept, without effect.",
		.args = "KEY=VALUE...",
		.min_args = 1,
		.max_args = 16,
		.run = run_priority_add,
		.more_help = help_priority_add,
		.complete = complete_priority_add,
	}, {
		.name = "del",
		.summary = "Delete a rule.",
		.args = "ID",
		.min_args = 1,
		.max_args = 1,
		.run = run_priority_del,
	}, {
		.name = "list",
		.summary = "List the rules, and the packets that went ahead by each.",
		.run = run_priority_list,
	}, {
		.name = "flush",
		.summary = "Delete all rules except the one of priority-auto.",
		.run = run_priority_flush,
	}, { 0 }
};

static const struct command stats_commands[] = {
	{
		.name = "show",
		.summary =
			"Show the counters: in total, for each stage, and for each CPU and stage.",
		.doc = "Counters that are zero are left out, in JSON too, unless --all is given.",
		.options = OPT_BIT(OPT_ALL) | OPT_BIT(OPT_EXPLAIN),
		.run = run_stats_show,
		.more_help = help_stats,
	}, { 0 }
};

static const struct command commands[] = {
	{
		.name = "status",
		.summary = "Show what falcon does, in one line and in detail, and the state of its "
			   "hooks.",
		.run = run_status,
	},
	{
		.name = "enable",
		.summary = "Attach the hooks and steer overlay flows.",
		.doc = "Shows the resulting status.",
		.run = run_enable,
	},
	{
		.name = "disable",
		.summary = "Stop steering and detach every hook.",
		.doc = "Shows the resulting status.",
		.run = run_disable,
	},
	{
		.name = "config",
		.summary = "Show or change the configuration.",
		.sub = config_commands,
	},
	{
		.name = "device",
		.summary = "Devices under falcon's care.",
		.sub = device_commands,
	},
	{
		.name = "cpu",
		.summary = "CPUs and their load.",
		.sub = cpu_commands,
	},
	{
		.name = "flow",
		.summary = "Flows that are steered.",
		.sub = flow_commands,
	},
	{
		.name = "priority",
		.summary = "Rules that give flows priority over others.",
		.sub = priority_commands,
	},
	{
		.name = "stats",
		.summary = "Counters.",
		.sub = stats_commands,
	},
	{
		.name = "top",
		.summary = "Show the work of each CPU, the busiest flows and the latest decisions, "
			   "until interrupted.",
		.doc = "Only flows that falcon steers are shown. Rates are means over the time "
		       "since the previous view; a packet that GRO merged counts once. With "
		       "--json, each view is an object.",
		.options = OPT_BIT(OPT_TOP) | OPT_BIT(OPT_COUNT) | OPT_BIT(OPT_INTERVAL),
		.run = run_top,
	},
	{
		.name = "monitor",
		.summary = "Print events as they happen, one per line, until interrupted.",
		.options = OPT_BIT(OPT_COUNT),
		.run = run_monitor,
		.more_help = help_monitor,
	},
	{
		.name = "check",
		.summary = "Check whether this host can run falcon.",
		.doc = "Needs no kernel module; some answers need root. Each finding is ok, warn "
		       "(falcon runs, but read it), fail (falcon cannot run) or unknown (check could not "
		       "find out).",
		.options = OPT_BIT(OPT_ROOT),
		.run = run_check,
	},
	{
		.name = "help",
		.summary = "Show the help of a command.",
		.args = "[COMMAND]",
		.max_args = 2,
		.run = run_help,
		.complete = complete_help,
	},
	{
		.name = "version",
		.summary = "Show the version of falconctl, and of the module if it is loaded.",
		.run = run_version,
	},
	{
		.name = "complete",
		.summary = "Print candidates for the last word, for the shell.",
		.args = "-- [WORD]...",
		.max_args = 1000,
		.hidden = true,
		.run = run_complete,
	},
	{ 0 }
};

static int check_args(const struct command *c, const char *path, const struct args *args)
{
	for (unsigned int i = 0; i < OPT_MAX; i++)
		if (args->given[i] && !((c->options | OPT_GLOBAL) & OPT_BIT(i)))
			return fail(EXIT_USAGE, 0, options[i].name, "is not an option of '%s'",
				    path);
	if (args->argc < c->min_args)
		return fail(EXIT_USAGE, 0, NULL, "'%s' needs an argument: %s", path, c->args);
	if (args->argc > c->max_args)
		return fail(EXIT_USAGE, 0, NULL, "'%s' does not take '%s'", path,
			    args->argv[c->max_args]);
	return EXIT_OK;
}

static int dispatch(struct args *args)
{
	const struct command *c;
	char path[64];
	int code;

	if (!args->argc && args->given[OPT_VERSION])
		return run_version(args);
	if (!args->argc && args->given[OPT_HELP])
		return help_show(NULL, NULL);
	if (!args->argc)
		return fail(EXIT_USAGE, 0, NULL, "a command is missing, see 'falconctl help'");

	c = command_find(commands, NULL, args->argv[0]);
	if (!c)
		return EXIT_USAGE;
	snprintf(path, sizeof(path), "%s", c->name);
	args->argv++;
	args->argc--;
	if (c->sub && args->argc) {
		c = command_find(c->sub, path, args->argv[0]);
		if (!c)
			return EXIT_USAGE;
		snprintf(path + strlen(path), sizeof(path) - strlen(path), " %s", c->name);
		args->argv++;
		args->argc--;
	}
	if (args->given[OPT_HELP])
		return help_show(c, path);
	if (args->given[OPT_VERSION])
		return run_version(args);
	if (c->sub)
		return fail(EXIT_USAGE, 0, NULL,
			    "'%s' needs a subcommand, see 'falconctl help %s'", path, path);
	code = check_args(c, path, args);
	return code ? code : c->run(args);
}

int main(int argc, char **argv)
{
	struct args args = { 0 };
	int code;

	args.argv = calloc((size_t)argc + 1, sizeof(*args.argv));
	if (!args.argv)
		return fail(EXIT_SYSTEM, ENOMEM, NULL, "no memory");
	/* First, so that an error in any other word is printed as JSON, too. */
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], options[OPT_JSON].name))
			out_set_json(true);

	char **words = args.argv;

	help_init(commands);
	code = args_parse(argc, argv, &args);
	if (!code && args.given[OPT_ROOT])
		root_set(args.value[OPT_ROOT]);
	if (!code)
		code = dispatch(&args);
	free(words);
	return code;
}
