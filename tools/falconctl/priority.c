// SPDX-License-Identifier: GPL-2.0
/* priority add, del, list, flush. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/falcon.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "command.h"
#include "dscp.h"
#include "error.h"
#include "output.h"
#include "protocol.h"
#include "records.h"
#include "spec-gen.h"
#include "value.h"

static const struct spec_set *const set = &spec_set_rule;

/* The number of a port, in the first len bytes of a text. */
static int parse_port(const char *key, const char *text, size_t len, uint64_t *value)
{
	char copy[32];

	if (len >= sizeof(copy))
		return fail(EXIT_USAGE, 0, key, "'%s' is not a number", text);
	memcpy(copy, text, len);
	copy[len] = '\0';
	return value_number(key, copy, 1, 65535, value);
}

static int no_room(const char *key)
{
	return fail(EXIT_USAGE, EMSGSIZE, key, "too much for one request");
}

static int put_u32(struct nlmsghdr *nlh, unsigned int attr, uint64_t value)
{
	return mnl_attr_put_u32_check(nlh, NL_REQUEST_MAX, (uint16_t)attr, (uint32_t)value) ?
		       EXIT_OK : no_room(set->attrs[attr].name);
}

/* ADDRESS or ADDRESS/BITS */
static int put_prefix(struct nlmsghdr *nlh, const char *key, const char *text, unsigned int addr,
		      unsigned int bits)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char copy[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	unsigned int size;
	uint64_t count;
	int code;

	if (len >= sizeof(copy))
		return fail(EXIT_USAGE, 0, key, "'%s' is not an address", text);
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1)
		size = 4;
	else if (inet_pton(AF_INET6, copy, bytes) == 1)
		size = 16;
	else
		return fail(EXIT_USAGE, 0, key, "'%s' is not an address", copy);
	if (!mnl_attr_put_check(nlh, NL_REQUEST_MAX, (uint16_t)addr, size, bytes))
		return no_room(key);
	if (!slash)
		return EXIT_OK;
	code = value_number(key, slash + 1, 0, 8 * size, &count);
	return code ? code : put_u32(nlh, bits, count);
}

static int put_source(struct nlmsghdr *nlh, const char *key, const char *text)
{
	return put_prefix(nlh, key, text, FALCON_A_RULE_SADDR, FALCON_A_RULE_SADDR_LEN);
}

static int put_destination(struct nlmsghdr *nlh, const char *key, const char *text)
{
	return put_prefix(nlh, key, text, FALCON_A_RULE_DADDR, FALCON_A_RULE_DADDR_LEN);
}

/* PORT or FIRST-LAST */
static int put_ports(struct nlmsghdr *nlh, const char *key, const char *text, unsigned int first,
		     unsigned int last)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	uint64_t from, to;
	int code = parse_port(key, text, len, &from);

	to = from;
	if (!code && dash)
		code = parse_port(key, dash + 1, strlen(dash + 1), &to);
	if (!code && from > to)
		code = fail(EXIT_USAGE, 0, key, "the range %s is empty", text);
	if (!code)
		code = put_u32(nlh, first, from);
	return code ? code : put_u32(nlh, last, to);
}

static int put_source_ports(struct nlmsghdr *nlh, const char *key, const char *text)
{
	return put_ports(nlh, key, text, FALCON_A_RULE_SPORT_FIRST, FALCON_A_RULE_SPORT_LAST);
}

static int put_destination_ports(struct nlmsghdr *nlh, const char *key, const char *text)
{
	return put_ports(nlh, key, text, FALCON_A_RULE_DPORT_FIRST, FALCON_A_RULE_DPORT_LAST);
}

/* The attribute has the name of the key. */
static int put_value(struct nlmsghdr *nlh, const char *key, const char *text)
{
	unsigned int attr = spec_attr(set, key);
	uint64_t value;
	int code = value_parse(&set->attrs[attr], text, &value);

	return code ? code : put_u32(nlh, attr, value);
}

static int put_u64(struct nlmsghdr *nlh, unsigned int attr, uint64_t value)
{
	return mnl_attr_put_u64_check(nlh, NL_REQUEST_MAX, (uint16_t)attr, value) ?
		       EXIT_OK : no_room(set->attrs[attr].name);
}

/* The inode number of a file of that type, which stands for an object of the kernel. */
static int put_inode(struct nlmsghdr *nlh, const char *key, const char *path, mode_t type,
		     const char *what)
{
	struct stat status;

	if (stat(path, &status) || (status.st_mode & S_IFMT) != type)
		return fail(EXIT_USAGE, 0, key, "there is no %s '%s'", what, path);
	return put_u64(nlh, spec_attr(set, key), status.st_ino);
}

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

static int put_number(struct nlmsghdr *nlh, const char *key, const char *text)
{
	unsigned int attr = spec_attr(set, key);
	uint64_t value;
	int code = value_parse(&set->attrs[attr], text, &value);

	return code ? code : put_u64(nlh, attr, value);
}

/* A name of `ip netns`, a path, or the number that the list shows. */
static int put_netns(struct nlmsghdr *nlh, const char *key, const char *text)
{
	char path[PATH_MAX];

	if (is_number(text))
		return put_number(nlh, key, text);
	snprintf(path, sizeof(path), "%s%s", strchr(text, '/') ? "" : "/run/netns/", text);
	return put_inode(nlh, key, path, S_IFREG, "network namespace");
}

/* A path below the mount of cgroups, or the number that the list shows. */
static int put_cgroup(struct nlmsghdr *nlh, const char *key, const char *text)
{
	const char *top = "/sys/fs/cgroup/";
	char path[PATH_MAX];
	struct statfs info;

	if (is_number(text))
		return put_number(nlh, key, text);
	snprintf(path, sizeof(path), "%s%s", strncmp(text, top, strlen(top)) ? top : "", text);
	if (!statfs(path, &info) && info.f_type != CGROUP2_SUPER_MAGIC)
		return fail(EXIT_USAGE, 0, key, "'%s' is not a cgroup of version 2", path);
	return put_inode(nlh, key, path, S_IFDIR, "cgroup");
}

static int put_device(struct nlmsghdr *nlh, const char *key, const char *text)
{
	const struct spec_attr *spec = &set->attrs[FALCON_A_RULE_DEVICE];

	if (strlen(text) >= spec->max_len)
		return fail(EXIT_USAGE, 0, key, "longer than %u bytes", spec->max_len - 1);
	return mnl_attr_put_strz_check(nlh, NL_REQUEST_MAX, FALCON_A_RULE_DEVICE, text) ?
		       EXIT_OK : no_room(key);
}

static int put_dscp(struct nlmsghdr *nlh, const char *key, const char *text)
{
	int number = dscp_number(text);

	if (number >= 0)
		return put_u32(nlh, spec_attr(set, key), (unsigned int)number);
	if (!is_number(text))
		return fail(EXIT_USAGE, 0, key,
			    "'%s' is neither a number nor cs0 to cs7, af11 to af43, ef, va, le or df",
			    text);
	return put_value(nlh, key, text);
}

static int put_protocol(struct nlmsghdr *nlh, const char *key, const char *text)
{
	unsigned int number = protocol_number(text);

	return number ? put_u32(nlh, FALCON_A_RULE_PROTOCOL, number) : put_value(nlh, key, text);
}

static const struct {
	const char *name;
	const char *value;
	const char *doc;
	int (*put)(struct nlmsghdr *nlh, const char *key, const char *text);
} keys[] = {
	{ "protocol", "NAME|NUMBER", "IP protocol, such as udp or tcp.", put_protocol },
	{ "src", "ADDRESS[/BITS]", "Source address, or a prefix of IPv4 or IPv6.", put_source },
	{ "dst", "ADDRESS[/BITS]", "Destination address, or a prefix of IPv4 or IPv6.",
	  put_destination },
	{ "sport", "PORT[-PORT]", "Source port, or a range of ports.", put_source_ports },
	{ "dport", "PORT[-PORT]", "Destination port, or a range of ports.",
	  put_destination_ports },
	{ "dscp", "0..63|NAME",
	  "DSCP of the inner header: a number, or a name such as ef, af41 or cs5.", put_dscp },
	{ "outer-dscp", "0..63|NAME", "DSCP of the tunnel's header: a number or a name.",
	  put_dscp },
	{ "vni", "0..16777215", "Number of the virtual network.", put_value },
	{ "netns", "NAME|PATH|NUMBER",
	  "Network namespace of the container: a name of 'ip netns', a path such as "
	  "/proc/PID/ns/net, or the number that lsns shows.", put_netns },
	{ "device", "NAME",
	  "Device of the host that leads to the container, such as its end of a veth.", put_device },
	{ "cgroup", "PATH|NUMBER",
	  "Cgroup of the socket that receives the flow, or one above it: a path below "
	  "/sys/fs/cgroup, or the inode number of that directory.", put_cgroup },
	{ "level", "0..7", "Level of priority; the highest goes first. Default 7.", put_value },
	{ "mode", "sync|batch", "How packets go ahead. Default sync.", put_value },
	{ "rate", "NUMBER",
	  "Packets per second above which the rule is suspended for a second; 0 means no limit. "
	  "Default 10000.",
	  put_value },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static int put_setting(struct nlmsghdr *nlh, char *word, bool *given)
{
	char *equals = strchr(word, '='), hint[128];
	struct nearest nearest;

	if (!equals)
		return fail(EXIT_USAGE, 0, word, "KEY=VALUE is expected");
	*equals = '\0';
	nearest_init(&nearest, word);
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].name, word)) {
			nearest_offer(&nearest, keys[i].name);
			continue;
		}
		if (given[i])
			return fail(EXIT_USAGE, 0, word, "given twice");
		given[i] = true;
		return keys[i].put(nlh, keys[i].name, equals + 1);
	}
	return fail(EXIT_USAGE, 0, word, "unknown key%s",
		    nearest_hint(&nearest, hint, sizeof(hint)));
}

/* The key of an attribute that has another name, or NULL. */
static const char *key_of(unsigned int attr)
{
	switch (attr) {
	case FALCON_A_RULE_SADDR:
	case FALCON_A_RULE_SADDR_LEN:
		return "src";
	case FALCON_A_RULE_DADDR:
	case FALCON_A_RULE_DADDR_LEN:
		return "dst";
	case FALCON_A_RULE_SPORT_FIRST:
	case FALCON_A_RULE_SPORT_LAST:
		return "sport";
	case FALCON_A_RULE_DPORT_FIRST:
	case FALCON_A_RULE_DPORT_LAST:
		return "dport";
	default:
		return NULL;
	}
}

static int show_id(struct attr_block block, void *data)
{
	const struct nlattr *tb[SPEC_ATTRS_MAX + 1];
	int code = attr_parse(set, block, tb);

	(void)data;
	if (code)
		return code;
	out_object(NULL);
	attr_print(set, tb, FALCON_A_RULE_ID, "rule %" PRIu64 "\n", "");
	out_object_end();
	return EXIT_OK;
}

int run_priority_add(const struct args *args)
{
	char buf[NL_REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *rule = mnl_nlmsg_put_header(buf), *nlh;
	bool given[KEYS] = { 0 };
	struct nl *nl;
	int code;

	/* Parse all of it before the kernel hears of it. */
	for (unsigned int i = 0; i < args->argc; i++) {
		code = put_setting(rule, args->argv[i], given);
		if (code)
			return code;
	}
	nl = nl_open(&code);
	if (!nl)
		return code;
	nlh = nl_begin(nl, FALCON_CMD_PRIORITY_ADD);
	memcpy(mnl_nlmsg_get_payload_tail(nlh), mnl_nlmsg_get_payload(rule),
	       mnl_nlmsg_get_payload_len(rule));
	nlh->nlmsg_len += (uint32_t)mnl_nlmsg_get_payload_len(rule);
	nl_name_attrs(nl, key_of);
	code = nl_do(nl, show_id, NULL);
	nl_close(nl);
	return code ? code : finish();
}

int run_priority_del(const struct args *args)
{
	uint64_t id;
	struct nl *nl;
	int code;

	code = value_parse(&set->attrs[FALCON_A_RULE_ID], args->argv[0], &id);
	if (code)
		return code;
	nl = nl_open(&code);
	if (!nl)
		return code;
	code = put_u32(nl_begin(nl, FALCON_CMD_PRIORITY_DEL), FALCON_A_RULE_ID, id);
	if (!code)
		code = nl_do(nl, NULL, NULL);
	nl_close(nl);
	return code;
}

int run_priority_flush(const struct args *args)
{
	struct nl *nl;
	int code;

	(void)args;
	nl = nl_open(&code);
	if (!nl)
		return code;
	nl_begin(nl, FALCON_CMD_PRIORITY_FLUSH);
	code = nl_do(nl, NULL, NULL);
	nl_close(nl);
	return code;
}

static void print_prefix(const char *key, const char *fmt, const struct nlattr *addr,
			 const struct nlattr *bits)
{
	size_t size = addr ? mnl_attr_get_payload_len(addr) : 0;
	char text[INET6_ADDRSTRLEN + 8], buf[INET6_ADDRSTRLEN];

	if ((size != 4 && size != 16) || !attr_uint(bits))
		return;
	inet_ntop(size == 4 ? AF_INET : AF_INET6, mnl_attr_get_payload(addr), buf, sizeof(buf));
	if (attr_uint(bits) == 8 * size)
		snprintf(text, sizeof(text), "%s", buf);
	else
		snprintf(text, sizeof(text), "%s/%" PRIu64, buf, attr_uint(bits));
	out_string(key, fmt, text);
}

static void print_ports(const char *key, const char *fmt, const struct nlattr *first,
			const struct nlattr *last)
{
	uint64_t from = attr_uint(first), to = attr_uint(last);
	char text[32];

	if (!from && to == 65535)
		return;
	if (from == to)
		snprintf(text, sizeof(text), "%" PRIu64, from);
	else
		snprintf(text, sizeof(text), "%" PRIu64 "-%" PRIu64, from, to);
	out_string(key, fmt, text);
}

/* The text can be passed to 'priority add' as it is. */
static void print_match(const struct nlattr *const *tb)
{
	char buf[32];

	if (tb[FALCON_A_RULE_AUTOMATIC]) {
		out_text(" (priority-auto)");
		out_uint("automatic", NULL, attr_uint(tb[FALCON_A_RULE_AUTOMATIC]));
	}
	if (tb[FALCON_A_RULE_PROTOCOL])
		out_string("protocol", " protocol=%s",
			   protocol_name(attr_uint(tb[FALCON_A_RULE_PROTOCOL]), buf, sizeof(buf)));
	print_prefix("src", " src=%s", tb[FALCON_A_RULE_SADDR], tb[FALCON_A_RULE_SADDR_LEN]);
	print_prefix("dst", " dst=%s", tb[FALCON_A_RULE_DADDR], tb[FALCON_A_RULE_DADDR_LEN]);
	print_ports("sport", " sport=%s", tb[FALCON_A_RULE_SPORT_FIRST],
		    tb[FALCON_A_RULE_SPORT_LAST]);
	print_ports("dport", " dport=%s", tb[FALCON_A_RULE_DPORT_FIRST],
		    tb[FALCON_A_RULE_DPORT_LAST]);
	attr_print(set, tb, FALCON_A_RULE_DSCP, " dscp=%" PRIu64, "");
	attr_print(set, tb, FALCON_A_RULE_OUTER_DSCP, " outer-dscp=%" PRIu64, "");
	attr_print(set, tb, FALCON_A_RULE_VNI, " vni=%" PRIu64, "");
	attr_print(set, tb, FALCON_A_RULE_NETNS, " netns=%" PRIu64, "");
	attr_print(set, tb, FALCON_A_RULE_DEVICE, " device=%s", "");
	attr_print(set, tb, FALCON_A_RULE_CGROUP, " cgroup=%" PRIu64, "");
	attr_print(set, tb, FALCON_A_RULE_LEVEL, " level=%" PRIu64, "");
	attr_print(set, tb, FALCON_A_RULE_MODE, " mode=%s", "");
	attr_print(set, tb, FALCON_A_RULE_RATE, " rate=%" PRIu64, "");
}

int run_priority_list(const struct args *args)
{
	struct records rules = { 0 };
	int code;

	(void)args;
	code = records_read(&rules, FALCON_CMD_PRIORITY_GET, set);
	if (code)
		return code;
	out_object(NULL);
	out_text("%6s %12s %8s %11s %9s  %s\n", "ID", "PACKETS", "FLOWS", "SUSPENSIONS",
		 "SUSPENDED", "RULE");
	out_array("rules");
	for (size_t i = 0; i < rules.count; i++) {
		const struct nlattr *const *tb = rules.list[i].tb;

		out_object(NULL);
		attr_print(set, tb, FALCON_A_RULE_ID, "%6" PRIu64, "     -");
		attr_print(set, tb, FALCON_A_RULE_PACKETS, " %12" PRIu64, "            -");
		attr_print(set, tb, FALCON_A_RULE_FLOWS, " %8" PRIu64, "        -");
		attr_print(set, tb, FALCON_A_RULE_SUSPENSIONS, " %11" PRIu64, "           -");
		attr_print(set, tb, FALCON_A_RULE_SUSPENDED, " %9" PRIu64, "         -");
		out_text(" ");
		print_match(tb);
		out_text("\n");
		out_object_end();
	}
	out_array_end();
	out_object_end();
	records_free(&rules);
	return finish();
}

void help_priority_add(void)
{
	out_text("\nkeys:\n");
	out_array("keys");
	for (size_t i = 0; i < KEYS; i++) {
		out_object(NULL);
		out_string("name", "  %s=", keys[i].name);
		out_string("value", "%s\n", keys[i].value);
		out_wrap(6, keys[i].doc);
		out_string("doc", NULL, keys[i].doc);
		out_object_end();
	}
	out_array_end();
}

void complete_priority_add(unsigned int argc, char **argv)
{
	const char *word = argv[argc - 1];

	if (strchr(word, '=')) {
		candidate_values(word, set->attrs[FALCON_A_RULE_MODE].name,
				 &spec_enum_priority_mode);
		return;
	}
	for (size_t i = 0; i < KEYS; i++)
		candidate_key(argc, argv, keys[i].name);
}
