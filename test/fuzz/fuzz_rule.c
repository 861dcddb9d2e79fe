// SPDX-License-Identifier: GPL-2.0
/*
 * Rules: a flow matches exactly one pattern of a rule if a plain comparison says that the rule
 * matches it, and none otherwise. Two rules meet if and only if a flow matches both.
 */

#include <arpa/inet.h>
#include <string.h>

#include "fuzz.h"
#include "rules/rule.h"

#define FLOWS 8		/* of each input */
#define PATTERNS (30 * 30)

static bool has_bit(const __be32 *address, unsigned int bit)
{
	return ntohl(address[bit / 32]) >> (31 - bit % 32) & 1;
}

static void clear_bit(__be32 *address, unsigned int bit)
{
	address[bit / 32] &= ~htonl(1U << (31 - bit % 32));
}

static bool begins_with(const __be32 *address, const __be32 *prefix, unsigned int bits)
{
	unsigned int bit;

	for (bit = 0; bit < bits; bit++)
		if (has_bit(address, bit) != has_bit(prefix, bit))
			return false;
	return true;
}

static bool is_in(__be16 port, const u16 *range)
{
	return ntohs(port) >= range[0] && ntohs(port) <= range[1];
}

/* A cgroup has one id on each level, which identifies its ancestors. */
static void take_cgroup(u64 *cgroup)
{
	u64 levels = cgroup[0] % (FALCON_CGROUP_LEVELS + 1), path = cgroup[1];
	unsigned int i;

	for (i = 0; i < FALCON_CGROUP_LEVELS; i++)
		cgroup[i] = i < levels ? 2ULL << i | (path & ((2ULL << i) - 1)) : 0;
}

static bool is_within(const u64 *cgroup, const u64 *other)
{
	unsigned int i = FALCON_CGROUP_LEVELS;

	while (i && !other[i - 1])
		i--;
	return !i || cgroup[i - 1] == other[i - 1];
}

/* The meaning of a rule, field by field. */
static bool says(const struct falcon_match *match, const struct falcon_subject *flow)
{
	const struct falcon_key *key = &flow->key;

	return (!match->family || match->family == key->family) &&
	       (!match->protocol || match->protocol == key->protocol) &&
	       (match->dscp == FALCON_NO_DSCP || match->dscp == flow->dscp) &&
	       (match->outer_dscp == FALCON_NO_DSCP || match->outer_dscp == flow->outer_dscp) &&
	       (match->vni == FALCON_NO_VNI || match->vni == flow->vni) &&
	       (!match->endpoint.netns || match->endpoint.netns == flow->endpoint.netns) &&
	       (!match->endpoint.ifindex || match->endpoint.ifindex == flow->endpoint.ifindex) &&
	       is_within(flow->endpoint.cgroup, match->endpoint.cgroup) &&
	       begins_with(key->saddr, match->saddr, match->saddr_len) &&
	       begins_with(key->daddr, match->daddr, match->daddr_len) &&
	       is_in(key->sport, match->sport) && is_in(key->dport, match->dport);
}

/* Any bytes, adjusted so that most make a valid rule. */
static void take_match(const uint8_t **data, size_t *size, struct falcon_match *match)
{
	static const u16 all[] = { 0, 65535 };
	static const u8 families[] = { 0, 4, 6 };
	unsigned int bit;
	u8 how;

	fuzz_take(data, size, match, sizeof(*match));
	fuzz_take(data, size, &how, sizeof(how));
	match->family = families[match->family % 3];
	if (how & 1)
		match->dscp = FALCON_NO_DSCP;
	if (how & 2)
		match->outer_dscp = FALCON_NO_DSCP;
	match->vni = how & 4 ? FALCON_NO_VNI : match->vni & 0x1ffffff;
	if (how & 8)
		memcpy(match->sport, all, sizeof(all));
	if (how & 16)
		memcpy(match->dport, all, sizeof(all));
	match->endpoint.pad = 0;
	take_cgroup(match->endpoint.cgroup);
	if (how & 64)
		match->endpoint.netns = 0;
	if (how & 128)
		match->endpoint.ifindex = 0;
	if (how & 32)
		return;
	for (bit = match->saddr_len; bit < 128; bit++)
		clear_bit(match->saddr, bit);
	for (bit = match->daddr_len; bit < 128; bit++)
		clear_bit(match->daddr, bit);
}

/* A flow that the parser could have found. */
static void make_possible(struct falcon_subject *flow)
{
	struct falcon_key *key = &flow->key;

	key->family = key->family == 6 ? 6 : 4;
	key->pad = 0;
	flow->port = 0;
	flow->endpoint.pad = 0;
	flow->dscp %= 64;
	if (flow->outer_dscp != FALCON_NO_DSCP)
		flow->outer_dscp %= 64;
	if (flow->vni != FALCON_NO_VNI)
		flow->vni &= 0xffffff;
	if (!falcon_packet_has_ports(key->protocol)) {
		key->sport = 0;
		key->dport = 0;
	}
	if (key->family == 4) {
		memset(key->saddr + 1, 0, 12);
		memset(key->daddr + 1, 0, 12);
	}
}

static void copy_prefix(__be32 *address, const __be32 *prefix, unsigned int bits)
{
	unsigned int bit;

	for (bit = 0; bit < bits; bit++) {
		clear_bit(address, bit);
		if (has_bit(prefix, bit))
			address[bit / 32] |= htonl(1U << (31 - bit % 32));
	}
}

/* Set as many fields as possible to values of both rules. */
static void make_common(const struct falcon_match *a, const struct falcon_match *b,
			struct falcon_subject *flow)
{
	struct falcon_key *key = &flow->key;

	key->family = a->family ?: b->family ?: 4;
	key->protocol = a->protocol ?: b->protocol ?: 17;
	if (a->dscp != FALCON_NO_DSCP || b->dscp != FALCON_NO_DSCP)
		flow->dscp = a->dscp != FALCON_NO_DSCP ? a->dscp : b->dscp;
	if (a->outer_dscp != FALCON_NO_DSCP || b->outer_dscp != FALCON_NO_DSCP)
		flow->outer_dscp = a->outer_dscp != FALCON_NO_DSCP ? a->outer_dscp : b->outer_dscp;
	if (a->vni != FALCON_NO_VNI || b->vni != FALCON_NO_VNI)
		flow->vni = a->vni != FALCON_NO_VNI ? a->vni : b->vni;
	flow->endpoint.netns = a->endpoint.netns ?: b->endpoint.netns;
	flow->endpoint.ifindex = a->endpoint.ifindex ?: b->endpoint.ifindex;
	memcpy(flow->endpoint.cgroup,
	       is_within(a->endpoint.cgroup,
			 b->endpoint.cgroup) ? a->endpoint.cgroup : b->endpoint.cgroup,
	       sizeof(flow->endpoint.cgroup));
	copy_prefix(key->saddr, a->saddr, a->saddr_len);
	copy_prefix(key->daddr, a->daddr, a->daddr_len);
	if (b->saddr_len > a->saddr_len)
		copy_prefix(key->saddr, b->saddr, b->saddr_len);
	if (b->daddr_len > a->daddr_len)
		copy_prefix(key->daddr, b->daddr, b->daddr_len);
	key->sport = htons(a->sport[0] > b->sport[0] ? a->sport[0] : b->sport[0]);
	key->dport = htons(a->dport[0] > b->dport[0] ? a->dport[0] : b->dport[0]);
	make_possible(flow);
}

static void expect_found(const struct falcon_match *match, const struct falcon_subject *flow)
{
	struct falcon_rule_cursor cursor = { 0 };
	struct falcon_pattern pattern, seen;
	unsigned int count = 0, found = 0;

	while (falcon_rule_pattern(match, &cursor, &pattern)) {
		must(++count <= PATTERNS);
		falcon_rule_mask(&pattern.shape, flow, &seen);
		found += !memcmp(&seen, &pattern, sizeof(seen));
	}
	must(count);
	must(found == says(match, flow));
}

static bool makes_sense(const struct falcon_match *match)
{
	enum falcon_rule_field field = ~0;
	const char *wrong = falcon_rule_check(match, &field);

	must(!wrong || (*wrong && field <= FALCON_RULE_VNI));
	return !wrong;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct falcon_match a, b;
	struct falcon_subject flow;
	unsigned int i;
	bool meet;

	take_match(&data, &size, &a);
	take_match(&data, &size, &b);
	if (!makes_sense(&a) || !makes_sense(&b))
		return 0;
	meet = falcon_rules_meet(&a, &b);
	must(meet == falcon_rules_meet(&b, &a));
	must(falcon_rules_meet(&a, &a));
	for (i = 0; i < FLOWS; i++) {
		fuzz_take(&data, &size, &flow, sizeof(flow));
		take_cgroup(flow.endpoint.cgroup);
		make_possible(&flow);
		expect_found(&a, &flow);
		expect_found(&b, &flow);
		must(meet || !says(&a, &flow) || !says(&b, &flow));
		/* The same flow, with the values that the rules require. */
		make_common(&a, i ? &b : &a, &flow);
		expect_found(&a, &flow);
		if (i)
			must(meet == (says(&a, &flow) && says(&b, &flow)));
		else
			must(says(&a, &flow));
	}
	return 0;
}
