// SPDX-License-Identifier: GPL-2.0
/* Rules: the flows that they match, the number of their patterns, and which rules meet. */

#include <arpa/inet.h>

#include "rules/rule.h"
#include "unit.h"

/* Matches everything. */
static struct falcon_match any(void)
{
	return (struct falcon_match){
		.dscp = FALCON_NO_DSCP, .outer_dscp = FALCON_NO_DSCP, .vni = FALCON_NO_VNI,
		.sport = { 0, 65535 }, .dport = { 0, 65535 },
	};
}

static struct falcon_subject flow(const char *from, const char *to, u16 sport, u16 dport)
{
	struct falcon_subject subject = {
		.key = { .protocol = 17, .family = strchr(from, ':') ? 6 : 4,
			 .sport = htons(sport), .dport = htons(dport) },
		.vni = 42, .outer_dscp = 0,
	};
	int family = subject.key.family == 4 ? AF_INET : AF_INET6;

	assert_int_equal(inet_pton(family, from, subject.key.saddr), 1);
	assert_int_equal(inet_pton(family, to, subject.key.daddr), 1);
	return subject;
}

/* The number of patterns of the rule that match the flow. */
static unsigned int matches(const struct falcon_match *match, const struct falcon_subject *subject,
			    unsigned int *count)
{
	struct falcon_rule_cursor cursor = { 0 };
	struct falcon_pattern pattern, seen;
	unsigned int found = 0;

	for (*count = 0; falcon_rule_pattern(match, &cursor, &pattern); (*count)++) {
		assert_true(*count < 30 * 30);
		falcon_rule_mask(&pattern.shape, subject, &seen);
		found += !memcmp(&seen, &pattern, sizeof(seen));
	}
	return found;
}

static bool is_matched(const struct falcon_match *match, const struct falcon_subject *subject)
{
	unsigned int count, found = matches(match, subject, &count);

	assert_in_range(found, 0, 1);
	return found;
}

static void assert_wrong(const struct falcon_match *match, enum falcon_rule_field field,
			 const char *text)
{
	enum falcon_rule_field found;
	const char *said = falcon_rule_check(match, &found);

	assert_non_null(said);
	assert_string_equal(said, text);
	assert_int_equal(found, field);
}

static void rule__matches_what_it_says(void **state)
{
	struct falcon_subject subject = flow("10.1.2.3", "10.9.0.1", 4000, 80);
	struct falcon_match match = any();

	assert_true(is_matched(&match, &subject));
	match.family = 4;
	match.saddr[0] = inet_addr("10.1.0.0");
	match.saddr_len = 16;
	assert_true(is_matched(&match, &subject));
	match.saddr[0] = inet_addr("10.0.0.0");
	match.saddr_len = 15;
	assert_true(is_matched(&match, &subject));
	match.saddr[0] = inet_addr("10.1.2.2");
	match.saddr_len = 31;
	assert_true(is_matched(&match, &subject));
	match.saddr_len = 32;
	assert_false(is_matched(&match, &subject));
	match.saddr[0] = inet_addr("10.1.2.3");
	match.protocol = 17;
	match.vni = 42;
	match.dscp = 0;
	match.outer_dscp = 0;
	assert_true(is_matched(&match, &subject));
	match.vni = 43;
	assert_false(is_matched(&match, &subject));
	match.vni = 42;
	match.protocol = 6;
	assert_false(is_matched(&match, &subject));
	match.protocol = 17;
	match.dscp = 46;
	assert_false(is_matched(&match, &subject));
	subject.dscp = 46;
	assert_true(is_matched(&match, &subject));
	subject = flow("fd00::1", "fd00::2", 4000, 80);
	assert_false(is_matched(&match, &subject));
}

static void rule__of_an_endpoint_matches_what_comes_there(void **state)
{
	struct falcon_subject subject = flow("10.1.2.3", "10.9.0.1", 4000, 80);
	struct falcon_match match = any();

	match.endpoint.netns = 1ULL << 40;
	assert_false(is_matched(&match, &subject));
	subject.endpoint.netns = 1ULL << 40;
	subject.endpoint.ifindex = 2;
	assert_true(is_matched(&match, &subject));
	match.endpoint.ifindex = 3;
	assert_false(is_matched(&match, &subject));
	subject.endpoint.ifindex = 3;
	assert_true(is_matched(&match, &subject));
	subject.endpoint.netns = 2ULL << 40;
	assert_false(is_matched(&match, &subject));
}

static void rule__of_a_cgroup_matches_it_and_those_below(void **state)
{
	struct falcon_subject subject = flow("10.1.2.3", "10.9.0.1", 4000, 80);
	struct falcon_match match = any();
	unsigned int i;

	for (i = 0; i < FALCON_CGROUP_LEVELS; i++) {
		match.endpoint.cgroup[i] = i + 1;
		assert_false(is_matched(&match, &subject));
		subject.endpoint.cgroup[i] = i + 1;
		assert_true(is_matched(&match, &subject));
	}
	/* Only the rule's own cgroup counts. */
	subject.endpoint.cgroup[i - 1] = 99;
	assert_false(is_matched(&match, &subject));
	match.endpoint.cgroup[i - 1] = 0;
	assert_true(is_matched(&match, &subject));
	match.endpoint.netns = 7;
	assert_false(is_matched(&match, &subject));
	subject.endpoint.netns = 7;
	assert_true(is_matched(&match, &subject));
}

/* A position in a tree of cgroups in which each has two children. */
static void random_cgroups(u64 *cgroup, unsigned int levels, u32 *seed)
{
	unsigned int i;
	u64 id = 1;

	for (i = 0; i < levels; i++, id = 2 * id + unit_random(seed) % 2)
		cgroup[i] = id;
}

static void rule__matches_prefixes_of_ipv6(void **state)
{
	struct falcon_subject subject = flow("fd00:1:2:3::4", "fd00::2", 1, 2);
	struct falcon_match match = any();
	unsigned int bits;

	match.family = 6;
	for (bits = 0; bits <= 128; bits++) {
		struct falcon_shape shape = { .saddr_len = bits };
		struct falcon_pattern pattern;

		falcon_rule_mask(&shape, &subject, &pattern);
		memcpy(match.saddr, pattern.subject.key.saddr, sizeof(match.saddr));
		match.saddr_len = bits;
		assert_true(is_matched(&match, &subject));
		if (bits) {
			((u8 *)match.saddr)[(bits - 1) / 8] ^= 0x80 >> (bits - 1) % 8;
			assert_false(is_matched(&match, &subject));
		}
	}
}

static void range__is_all_its_ports_and_no_other(void **state)
{
	static const u16 ranges[][2] = {
		{ 0, 65535 }, { 80, 80 }, { 0, 0 }, { 65535, 65535 }, { 1, 65534 }, { 1024, 65535 },
		{ 5000, 5001 }, { 5001, 5002 }, { 32768, 60999 }, { 0, 65534 },
	};
	static const unsigned int patterns[] = { 1, 1, 1, 1, 30, 6, 1, 2, 0, 16 };
	unsigned int i, port, count;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct falcon_match match = any();

		match.dport[0] = ranges[i][0];
		match.dport[1] = ranges[i][1];
		for (port = 0; port < 65536; port += port < 70 || port > 65460 ? 1 : 7) {
			struct falcon_subject subject = flow("1.2.3.4", "5.6.7.8", 9, port);
			bool within = port >= ranges[i][0] && port <= ranges[i][1];

			assert_int_equal(matches(&match, &subject, &count), within);
		}
		if (patterns[i])
			assert_int_equal(count, patterns[i]);
	}
}

static void range__of_both_ports_is_matched_once(void **state)
{
	struct falcon_match match = any();
	unsigned int i, count;
	u32 seed = 3;

	match.sport[0] = match.dport[0] = 1;
	match.sport[1] = match.dport[1] = 65534;
	for (i = 0; i < 2000; i++) {
		u16 sport = unit_random(&seed), dport = unit_random(&seed);
		struct falcon_subject subject = flow("1.2.3.4", "5.6.7.8", sport, dport);
		bool within = sport && sport < 65535 && dport && dport < 65535;

		assert_int_equal(matches(&match, &subject, &count), within);
		assert_int_equal(count, 900);
	}
}

static void check__names_what_is_wrong(void **state)
{
	enum falcon_rule_field field;
	struct falcon_match match = any();

	assert_null(falcon_rule_check(&match, &field));
	match.saddr_len = 1;
	assert_wrong(&match, FALCON_RULE_SADDR, "the prefix is longer than the address");
	match.family = 4;
	match.saddr_len = 33;
	assert_wrong(&match, FALCON_RULE_SADDR, "the prefix is longer than the address");
	match.saddr_len = 8;
	match.saddr[0] = inet_addr("10.0.0.1");
	assert_wrong(&match, FALCON_RULE_SADDR, "the address has bits behind its prefix");
	match.saddr[0] = inet_addr("10.0.0.0");
	assert_null(falcon_rule_check(&match, &field));
	match.daddr[1] = 1;
	assert_wrong(&match, FALCON_RULE_DADDR, "the address has bits behind its prefix");
	match.daddr[1] = 0;
	match.dport[0] = 81;
	match.dport[1] = 80;
	assert_wrong(&match, FALCON_RULE_DPORT, "the range of ports is empty");
	match.dport[1] = 81;
	match.protocol = 1;
	assert_wrong(&match, FALCON_RULE_DPORT, "this protocol has no ports");
	match.protocol = 132;
	assert_null(falcon_rule_check(&match, &field));
	match.dscp = 64;
	assert_wrong(&match, FALCON_RULE_DSCP, "a DSCP is 0 to 63");
	match.dscp = 63;
	match.outer_dscp = 64;
	assert_wrong(&match, FALCON_RULE_OUTER_DSCP, "a DSCP is 0 to 63");
	match.outer_dscp = 0;
	match.vni = 1 << 24;
	assert_wrong(&match, FALCON_RULE_VNI, "a VNI has 24 bits");
}

static void random_match(struct falcon_match *match, u32 *seed)
{
	struct falcon_shape shape = { 0 };
	struct falcon_subject subject = { 0 };
	struct falcon_pattern pattern;
	u16 a, b;

	*match = any();
	match->family = unit_random(seed) % 4 ? 4 : 0;
	match->protocol = unit_random(seed) % 2 ? 17 : 0;
	match->vni = unit_random(seed) % 2 ? 42 : FALCON_NO_VNI;
	match->dscp = unit_random(seed) % 4 ? FALCON_NO_DSCP : unit_random(seed) % 2;
	match->endpoint.netns = unit_random(seed) % 4 ? 0 : 1 + unit_random(seed) % 2;
	if (match->endpoint.netns)
		match->endpoint.ifindex = unit_random(seed) % 3;
	if (unit_random(seed) % 2)
		random_cgroups(match->endpoint.cgroup, unit_random(seed) % 4, seed);
	if (match->family) {
		match->saddr_len = unit_random(seed) % 6;
		match->daddr_len = unit_random(seed) % 33;
		shape.saddr_len = match->saddr_len;
		shape.daddr_len = match->daddr_len;
	}
	subject.key.saddr[0] = htonl(unit_random(seed) << 28);
	subject.key.daddr[0] = htonl(0x0a000000 | unit_random(seed) % 4);
	falcon_rule_mask(&shape, &subject, &pattern);
	match->saddr[0] = pattern.subject.key.saddr[0];
	match->daddr[0] = pattern.subject.key.daddr[0];
	if (unit_random(seed) % 2) {
		a = unit_random(seed) % 8;
		b = unit_random(seed) % 8;
		match->dport[0] = a < b ? a : b;
		match->dport[1] = a < b ? b : a;
	}
}

/* Rules that do not meet have no flow in common. If two rules match one flow, they meet. */
static void rules__meet_when_a_flow_is_of_both(void **state)
{
	unsigned int i, j, met = 0, common = 0;
	u32 seed = 11;

	for (i = 0; i < 3000; i++) {
		struct falcon_match a, b;
		bool meet;

		random_match(&a, &seed);
		random_match(&b, &seed);
		meet = falcon_rules_meet(&a, &b);
		assert_int_equal(meet, falcon_rules_meet(&b, &a));
		assert_true(falcon_rules_meet(&a, &a));
		met += meet;
		for (j = 0; j < 40; j++) {
			struct falcon_subject subject = flow("0.0.0.0", "10.0.0.0", 7,
							     unit_random(&seed) % 8);

			subject.key.saddr[0] = htonl(unit_random(&seed) << 28);
			subject.key.daddr[0] = htonl(0x0a000000 | unit_random(&seed) % 4);
			subject.dscp = unit_random(&seed) % 2;
			subject.endpoint.netns = 1 + unit_random(&seed) % 2;
			subject.endpoint.ifindex = 1 + unit_random(&seed) % 2;
			random_cgroups(subject.endpoint.cgroup, 3, &seed);
			if (!is_matched(&a, &subject) || !is_matched(&b, &subject))
				continue;
			assert_true(meet);
			common++;
		}
	}
	assert_true(met > 300 && met < 2500 && common > 300);
}

/* Found by fuzz_rule: a flow without ports matches no rule that names ports. */
static void rules__of_ports_and_of_a_protocol_without_do_not_meet(void **state)
{
	struct falcon_match icmp = any(), web = any();

	icmp.protocol = 1;
	web.dport[0] = web.dport[1] = 80;
	assert_false(falcon_rules_meet(&icmp, &web));
	assert_false(falcon_rules_meet(&web, &icmp));
	web.dport[0] = 0;
	assert_true(falcon_rules_meet(&icmp, &web));
	web.protocol = 17;
	assert_false(falcon_rules_meet(&icmp, &web));
}

static bool has_met(const struct falcon_match *match, const struct falcon_match *other, bool *sure)
{
	struct falcon_rule_cursor cursor = { 0 }, at;
	struct falcon_pattern pattern, theirs, seen;

	*sure = true;
	while (falcon_rule_pattern(match, &cursor, &pattern)) {
		pattern.subject.endpoint = match->endpoint;
		at = (struct falcon_rule_cursor){ 0 };
		while (falcon_rule_pattern(other, &at, &theirs)) {
			if (!falcon_shape_is_of(&theirs.shape, &pattern.shape)) {
				*sure = false;
				continue;
			}
			falcon_rule_mask(&theirs.shape, &pattern.subject, &seen);
			if (!memcmp(&seen, &theirs, sizeof(seen)))
				return true;
		}
	}
	return false;
}

/* The patterns agree with the rules, as far as they can decide. */
static void rules__meet_by_their_patterns_when_these_are_coarser(void **state)
{
	unsigned int i, met = 0, told = 0;
	u32 seed = 5;

	for (i = 0; i < 20000; i++) {
		struct falcon_match a, b;
		bool found, sure;

		random_match(&a, &seed);
		random_match(&b, &seed);
		found = has_met(&a, &b, &sure);
		if (!found && !sure)
			continue;
		assert_int_equal(found, falcon_rules_meet(&a, &b));
		met += found;
		told++;
	}
	assert_true(told > 1000 && met > 100 && met < told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule__matches_what_it_says),
		cmocka_unit_test(rule__of_an_endpoint_matches_what_comes_there),
		cmocka_unit_test(rule__of_a_cgroup_matches_it_and_those_below),
		cmocka_unit_test(rule__matches_prefixes_of_ipv6),
		cmocka_unit_test(range__is_all_its_ports_and_no_other),
		cmocka_unit_test(range__of_both_ports_is_matched_once),
		cmocka_unit_test(check__names_what_is_wrong),
		cmocka_unit_test(rules__meet_when_a_flow_is_of_both),
		cmocka_unit_test(rules__of_ports_and_of_a_protocol_without_do_not_meet),
		cmocka_unit_test(rules__meet_by_their_patterns_when_these_are_coarser),
	};

	return unit_run(tests);
}
