// SPDX-License-Identifier: GPL-2.0

#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/byteorder.h>

#include "rules/rule.h"

#define PORTS 65536

static unsigned int bits_of(u8 family)
{
	return family == 4 ? 32 : family == 6 ? 128 : 0;
}

/* A mask of the bits that a prefix of @len bits has in a word of the address. */
static __be32 word_mask(unsigned int word, unsigned int len)
{
	unsigned int bits = len > 32 * word ? len - 32 * word : 0;

	return bits >= 32 ? cpu_to_be32(~0U) : cpu_to_be32(~(~0U >> bits));
}

static void mask_address(__be32 *to, const __be32 *from, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		to[i] = from[i] & word_mask(i, len);
}

static bool is_masked(const __be32 *address, unsigned int len)
{
	__be32 masked[4];

	mask_address(masked, address, len);
	return !memcmp(masked, address, sizeof(masked));
}

static const char *check_prefix(const struct falcon_match *match, const __be32 *address, u8 len)
{
	if (len > bits_of(match->family))
		return "the prefix is longer than the address";
	if (!is_masked(address, len))
		return "the address has bits behind its prefix";
	return NULL;
}

static bool is_any(const u16 *ports)
{
	return !ports[0] && ports[1] == PORTS - 1;
}

static bool can_have_ports(u8 protocol)
{
	return !protocol || falcon_packet_has_ports(protocol);
}

static const char *check_ports(const struct falcon_match *match, const u16 *ports)
{
	if (ports[0] > ports[1])
		return "the range of ports is empty";
	if (!is_any(ports) && !can_have_ports(match->protocol))
		return "this protocol has no ports";
	return NULL;
}

static const char *check_dscp(u8 dscp)
{
	return dscp < 64 || dscp == FALCON_NO_DSCP ? NULL : "a DSCP is 0 to 63";
}

const char *falcon_rule_check(const struct falcon_match *match, enum falcon_rule_field *field)
{
	const char *wrong;

	*field = FALCON_RULE_SADDR;
	wrong = check_prefix(match, match->saddr, match->saddr_len);
	if (wrong)
		return wrong;
	*field = FALCON_RULE_DADDR;
	wrong = check_prefix(match, match->daddr, match->daddr_len);
	if (wrong)
		return wrong;
	*field = FALCON_RULE_SPORT;
	wrong = check_ports(match, match->sport);
	if (wrong)
		return wrong;
	*field = FALCON_RULE_DPORT;
	wrong = check_ports(match, match->dport);
	if (wrong)
		return wrong;
	*field = FALCON_RULE_DSCP;
	wrong = check_dscp(match->dscp);
	if (wrong)
		return wrong;
	*field = FALCON_RULE_OUTER_DSCP;
	wrong = check_dscp(match->outer_dscp);
	if (wrong)
		return wrong;
	*field = FALCON_RULE_VNI;
	return match->vni < 1 << 24 || match->vni == FALCON_NO_VNI ? NULL :
								    "a VNI has 24 bits";
}

/* True if two values meet: they are equal, or one of them is @any. */
static bool meet(u64 a, u64 b, u64 any)
{
	return a == b || a == any || b == any;
}

static bool prefixes_meet(const __be32 *a, unsigned int a_len, const __be32 *b,
			  unsigned int b_len)
{
	unsigned int len = min(a_len, b_len);
	__be32 x[4], y[4];

	mask_address(x, a, len);
	mask_address(y, b, len);
	return !memcmp(x, y, sizeof(x));
}

/* A protocol without ports has 0 for them. */
static bool ranges_meet(u8 protocol, const u16 *a, const u16 *b)
{
	if (!can_have_ports(protocol))
		return !a[0] && !b[0];
	return a[0] <= b[1] && b[0] <= a[1];
}

/* Two cgroups meet if one contains the other. */
static bool endpoints_meet(const struct falcon_endpoint *a, const struct falcon_endpoint *b)
{
	unsigned int i;

	for (i = 0; i < FALCON_CGROUP_LEVELS; i++)
		if (!meet(a->cgroup[i], b->cgroup[i], 0))
			return false;
	return meet(a->netns, b->netns, 0) && meet(a->ifindex, b->ifindex, 0);
}

bool falcon_rules_meet(const struct falcon_match *a, const struct falcon_match *b)
{
	u8 protocol = a->protocol ?: b->protocol;

	return meet(a->family, b->family, 0) && meet(a->protocol, b->protocol, 0) &&
	       meet(a->dscp, b->dscp, FALCON_NO_DSCP) &&
	       meet(a->outer_dscp, b->outer_dscp, FALCON_NO_DSCP) &&
	       meet(a->vni, b->vni, FALCON_NO_VNI) && endpoints_meet(&a->endpoint, &b->endpoint) &&
	       ranges_meet(protocol, a->sport, b->sport) &&
	       ranges_meet(protocol, a->dport, b->dport) &&
	       prefixes_meet(a->saddr, a->saddr_len, b->saddr, b->saddr_len) &&
	       prefixes_meet(a->daddr, a->daddr_len, b->daddr, b->daddr_len);
}

/* Bits of the prefix that stands for the largest block of ports which begins the range. */
static unsigned int port_bits(u32 first, u32 last)
{
	unsigned int bits = 16;

	while (bits && !(first & (1 << (16 - bits))) &&
	       first + (2 << (16 - bits)) - 1 <= last)
		bits--;
	return bits;
}

static u16 mask_port(u16 port, unsigned int bits)
{
	return port & ~(0xffffU >> bits);
}

static unsigned int cgroup_levels(const struct falcon_endpoint *endpoint)
{
	unsigned int levels = FALCON_CGROUP_LEVELS;

	while (levels && !endpoint->cgroup[levels - 1])
		levels--;
	return levels;
}

static void mask_endpoint(const struct falcon_shape *shape, const struct falcon_endpoint *endpoint,
			  struct falcon_endpoint *seen)
{
	unsigned int levels = shape->cgroup_levels;

	seen->netns = shape->netns ? endpoint->netns : 0;
	seen->ifindex = shape->ifindex ? endpoint->ifindex : 0;
	if (levels)
		seen->cgroup[levels - 1] = endpoint->cgroup[levels - 1];
}

bool falcon_rule_pattern(const struct falcon_match *match, struct falcon_rule_cursor *cursor,
			 struct falcon_pattern *pattern)
{
	struct falcon_shape *shape = &pattern->shape;
	struct falcon_subject *subject = &pattern->subject;
	u32 sport = match->sport[0] + cursor->sport, dport = match->dport[0] + cursor->dport;

	if (sport > match->sport[1])
		return false;
	*pattern = (struct falcon_pattern){};
	shape->family = !!match->family;
	shape->protocol = !!match->protocol;
	shape->dscp = match->dscp != FALCON_NO_DSCP;
	shape->outer_dscp = match->outer_dscp != FALCON_NO_DSCP;
	shape->vni = match->vni != FALCON_NO_VNI;
	shape->netns = !!match->endpoint.netns;
	shape->ifindex = !!match->endpoint.ifindex;
	shape->cgroup_levels = cgroup_levels(&match->endpoint);
	shape->saddr_len = match->saddr_len;
	shape->daddr_len = match->daddr_len;
	shape->sport_len = port_bits(sport, match->sport[1]);
	shape->dport_len = port_bits(dport, match->dport[1]);

	subject->key.family = match->family;
	subject->key.protocol = match->protocol;
	subject->dscp = shape->dscp ? match->dscp : 0;
	subject->outer_dscp = shape->outer_dscp ? match->outer_dscp : 0;
	subject->vni = shape->vni ? match->vni : 0;
	mask_endpoint(shape, &match->endpoint, &subject->endpoint);
	memcpy(subject->key.saddr, match->saddr, sizeof(match->saddr));
	memcpy(subject->key.daddr, match->daddr, sizeof(match->daddr));
	subject->key.sport = cpu_to_be16(sport);
	subject->key.dport = cpu_to_be16(dport);

	/* The next pattern: through all destination ports, then on to the next source ports. */
	cursor->dport += 1 << (16 - shape->dport_len);
	if (match->dport[0] + cursor->dport > match->dport[1]) {
		cursor->dport = 0;
		cursor->sport += 1 << (16 - shape->sport_len);
	}
	return true;
}

void falcon_rule_mask(const struct falcon_shape *shape, const struct falcon_subject *subject,
		      struct falcon_pattern *pattern)
{
	const struct falcon_key *key = &subject->key;
	struct falcon_subject *seen = &pattern->subject;

	*pattern = (struct falcon_pattern){ .shape = *shape };
	seen->key.family = shape->family ? key->family : 0;
	seen->key.protocol = shape->protocol ? key->protocol : 0;
	seen->dscp = shape->dscp ? subject->dscp : 0;
	seen->outer_dscp = shape->outer_dscp ? subject->outer_dscp : 0;
	seen->vni = shape->vni ? subject->vni : 0;
	mask_endpoint(shape, &subject->endpoint, &seen->endpoint);
	mask_address(seen->key.saddr, key->saddr, shape->saddr_len);
	mask_address(seen->key.daddr, key->daddr, shape->daddr_len);
	seen->key.sport = cpu_to_be16(mask_port(be16_to_cpu(key->sport), shape->sport_len));
	seen->key.dport = cpu_to_be16(mask_port(be16_to_cpu(key->dport), shape->dport_len));
}

bool falcon_shape_is_of(const struct falcon_shape *shape, const struct falcon_shape *other)
{
	const u8 *a = (const u8 *)shape, *b = (const u8 *)other;
	unsigned int i;

	/* In each field a larger value is finer. */
	for (i = 0; i < sizeof(*shape); i++)
		if (a[i] > b[i])
			return false;
	return true;
}
