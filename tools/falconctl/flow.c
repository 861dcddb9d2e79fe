// SPDX-License-Identifier: GPL-2.0
/* flow list. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/falcon.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "error.h"
#include "flow.h"
#include "output.h"
#include "protocol.h"
#include "records.h"
#include "spec-gen.h"

#define TOP_DEFAULT 20

static const struct spec_set *const set = &spec_set_flow;

static uint64_t packets(const struct record *record)
{
	return attr_uint(record->tb[FALCON_A_FLOW_PACKETS]);
}

/* The busiest first. */
static int by_packets(const void *a, const void *b)
{
	uint64_t x = packets(a), y = packets(b);

	return x < y ? 1 : x > y ? -1 : 0;
}

/* NULL if it is neither an IPv4 nor an IPv6 address. */
static const char *address(const struct nlattr *attr, char *buf, size_t size)
{
	size_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (len != 4 && len != 16)
		return NULL;
	return inet_ntop(len == 4 ? AF_INET : AF_INET6, mnl_attr_get_payload(attr), buf,
			 (socklen_t)size);
}

/* NULL if it is absent. */
static const char *protocol(const struct nlattr *attr, char *buf, size_t size)
{
	return attr ? protocol_name(attr_uint(attr), buf, size) : NULL;
}

static void print_protocol(const struct nlattr *attr)
{
	char buf[32];
	const char *name = protocol(attr, buf, sizeof(buf));

	if (name)
		out_string("protocol", " %s", name);
}

static void print_end(const struct nlattr *const *tb, unsigned int addr, unsigned int port,
		      const char *fmt)
{
	char buf[INET6_ADDRSTRLEN];
	const char *text = address(tb[addr], buf, sizeof(buf));

	if (!text)
		return;
	out_string(set->attrs[addr].name, fmt, text);
	attr_print(set, tb, port, ":%" PRIu64, "");
}

void flow_print_key(const struct nlattr *const *tb)
{
	char buf[INET6_ADDRSTRLEN];
	bool known = address(tb[FALCON_A_FLOW_SADDR], buf, sizeof(buf));

	attr_print(set, tb, FALCON_A_FLOW_IFINDEX, NULL, "");
	attr_print(set, tb, FALCON_A_FLOW_NETNS, NULL, "");
	attr_print(set, tb, FALCON_A_FLOW_HASH, known ? NULL : " hash %08" PRIx64,
		   known ? "" : " ?");
	print_protocol(tb[FALCON_A_FLOW_PROTOCOL]);
	if (known) {
		print_end(tb, FALCON_A_FLOW_SADDR, FALCON_A_FLOW_SPORT, " %s");
		print_end(tb, FALCON_A_FLOW_DADDR, FALCON_A_FLOW_DPORT, " > %s");
	}
	attr_print(set, tb, FALCON_A_FLOW_VNI, " vni %" PRIu64, "");
	if (attr_uint(tb[FALCON_A_FLOW_TWIN]))
		out_text(" (one of two networks)");
	attr_print(set, tb, FALCON_A_FLOW_TWIN, NULL, "");
}

static void end_name(const struct nlattr *const *tb, unsigned int addr, unsigned int port,
		     char *name, size_t size)
{
	char buf[INET6_ADDRSTRLEN];
	const char *text = address(tb[addr], buf, sizeof(buf));

	if (text && tb[port])
		snprintf(name, size, "%s:%" PRIu64, text, attr_uint(tb[port]));
	else
		snprintf(name, size, "%s", text ? text : "?");
}

void flow_name(const struct nlattr *const *tb, char *name, size_t size)
{
	char buf[32], from[INET6_ADDRSTRLEN + 8], to[INET6_ADDRSTRLEN + 8], vni[24] = "";
	const char *proto = protocol(tb[FALCON_A_FLOW_PROTOCOL], buf, sizeof(buf));

	end_name(tb, FALCON_A_FLOW_SADDR, FALCON_A_FLOW_SPORT, from, sizeof(from));
	end_name(tb, FALCON_A_FLOW_DADDR, FALCON_A_FLOW_DPORT, to, sizeof(to));
	if (tb[FALCON_A_FLOW_VNI])
		snprintf(vni, sizeof(vni), " vni %" PRIu64, attr_uint(tb[FALCON_A_FLOW_VNI]));
	snprintf(name, size, "%s %s > %s%s", proto ? proto : "?", from, to, vni);
}

/* The columns of mode lanes are shown if any flow has them. */
static bool any_lanes(const struct records *flows)
{
	for (size_t i = 0; i < flows->count; i++)
		if (flows->list[i].tb[FALCON_A_FLOW_STATE])
			return true;
	return false;
}

static void print_lanes(const struct nlattr *const *tb)
{
	attr_print(set, tb, FALCON_A_FLOW_STATE, " %-7s", " -      ");
	attr_print(set, tb, FALCON_A_FLOW_REASON, " %-8s", " -       ");
	attr_print(set, tb, FALCON_A_FLOW_WORKERS, " %-7s", " -      ");
	attr_print(set, tb, FALCON_A_FLOW_APP, " %4" PRIu64, "    -");
	attr_print(set, tb, FALCON_A_FLOW_BATCHES, " %10" PRIu64, "          -");
	attr_print(set, tb, FALCON_A_FLOW_IN_FLIGHT, " %9" PRIu64, "         -");
	attr_print(set, tb, FALCON_A_FLOW_IN_FLIGHT_BYTES, " %9" PRIu64, "         -");
	attr_print(set, tb, FALCON_A_FLOW_HELD, " %5" PRIu64, "     -");
	attr_print(set, tb, FALCON_A_FLOW_RULE, " %4" PRIu64, "    -");
	attr_print(set, tb, FALCON_A_FLOW_MERGE, "  %-8s", "  -       ");
}

static void print_flow(const struct nlattr *const *tb, bool lanes)
{
	out_object(NULL);
	attr_print(set, tb, FALCON_A_FLOW_STAGE, "%-10s", "-         ");
	attr_print(set, tb, FALCON_A_FLOW_CPU, " %4" PRIu64, "    -");
	attr_print(set, tb, FALCON_A_FLOW_PACKETS, " %12" PRIu64, "            -");
	attr_print(set, tb, FALCON_A_FLOW_MOVES, " %8" PRIu64, "        -");
	attr_print(set, tb, FALCON_A_FLOW_IDLE, " %8" PRIu64, "        -");
	if (lanes)
		print_lanes(tb);
	attr_print(set, tb, FALCON_A_FLOW_IFNAME, "  %-15s", "  -              ");
	flow_print_key(tb);
	out_text("\n");
	out_object_end();
}

int run_flow_list(const struct args *args)
{
	struct records flows = { 0 };
	unsigned long top = TOP_DEFAULT;
	bool lanes;
	int code = option_number(args, OPT_TOP, 0, &top);

	if (!code)
		code = records_read(&flows, FALCON_CMD_FLOW_GET, set);
	if (code)
		return code;
	if (flows.count)
		qsort(flows.list, flows.count, sizeof(*flows.list), by_packets);
	lanes = any_lanes(&flows);
	out_object(NULL);
	out_text("%-10s %4s %12s %8s %8s", "STAGE", "CPU", "PACKETS", "MOVES", "IDLE-MS");
	if (lanes)
		out_text(" %-7s %-8s %-7s %4s %10s %9s %9s %5s %4s  %-8s", "STATE", "REASON",
			 "WORKERS", "APP", "BATCHES", "IN-FLIGHT", "BYTES", "HELD", "RULE", "MERGE");
	out_text("  %-15s %s\n", "DEVICE", "FLOW");
	out_array("flows");
	for (size_t i = 0; i < flows.count && (!top || i < top); i++)
		print_flow(flows.list[i].tb, lanes);
	out_array_end();
	if (top && flows.count > top)
		out_text("... of ");
	out_uint("total", top && flows.count > top ? "%" PRIu64 " entries\n" : NULL, flows.count);
	out_object_end();
	records_free(&flows);
	return finish();
}
