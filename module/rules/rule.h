/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a rule says of a flow. It is made into patterns, each of a shape: the fields that it
 * looks at, and how much of each. The patterns of a shape can be in one hash table, so that
 * finding a flow's rule costs a look for each shape and not for each rule (tuple space search:
 * Srinivasan et al., SIGCOMM '99; Open vSwitch does the same).
 *
 * Pure: no kernel state; compiled into the unit tests as it is.
 */

#ifndef _FALCON_RULE_H
#define _FALCON_RULE_H

#include <linux/types.h>

#include "flow/packet.h"

/* From the root on. */
#define FALCON_CGROUP_LEVELS 8

/* Where packets of a flow come to, 0 as long as that is not known. */
struct falcon_endpoint {
	u64			netns;		/* cookie of its container's namespace */
	u64			cgroup[FALCON_CGROUP_LEVELS];	/* ids: the socket's, those above */
	u32			ifindex;	/* of the container's device there */
	u32			pad;
};

/* What is known of a flow by its packets. Compared as a whole, so cleared first. */
struct falcon_subject {
	struct falcon_key	key;
	u32			vni;		/* of its tunnel, or FALCON_NO_VNI */
	u8			dscp;
	u8			outer_dscp;	/* or FALCON_NO_DSCP */
	__be16			port;		/* of its tunnel, 0 for none; no rule looks at it */
	struct falcon_endpoint	endpoint;
};

/* Flows that a rule is about. */
struct falcon_match {
	u8	family;			/* 4, 6, or 0 for either, then without prefixes */
	u8	protocol;		/* IPPROTO_, or 0 for any */
	u8	saddr_len, daddr_len;	/* bits of the prefixes */
	u8	dscp, outer_dscp;	/* or FALCON_NO_DSCP for any */
	u32	vni;			/* or FALCON_NO_VNI for any */
	__be32	saddr[4], daddr[4];
	u16	sport[2], dport[2];	/* first and last; 0 to 65535 for any */
	struct falcon_endpoint endpoint;	/* 0 for any */
};

/* How much of a subject a pattern looks at. Compared as a whole, so cleared first. */
struct falcon_shape {
	u8	family, protocol, dscp, outer_dscp, vni;	/* whether */
	u8	netns, ifindex;
	u8	cgroup_levels;			/* of which the last is looked at */
	u8	saddr_len, daddr_len, sport_len, dport_len;	/* bits */
	u8	pad[4];
};

struct falcon_pattern {
	struct falcon_shape	shape;
	struct falcon_subject	subject;	/* 0 where the shape does not look */
};

/* Fields of a match, to say which is wrong. */
enum falcon_rule_field {
	FALCON_RULE_SADDR,
	FALCON_RULE_DADDR,
	FALCON_RULE_SPORT,
	FALCON_RULE_DPORT,
	FALCON_RULE_DSCP,
	FALCON_RULE_OUTER_DSCP,
	FALCON_RULE_VNI,
};

/**
 * falcon_rule_check() - whether a match makes sense
 * @match: the match
 * @field: result: the field that is wrong
 *
 * Context: any. Return: what is wrong with it, or NULL.
 */
const char *falcon_rule_check(const struct falcon_match *match, enum falcon_rule_field *field);

/* Whether some flow is matched by both. Context: any. */
bool falcon_rules_meet(const struct falcon_match *a, const struct falcon_match *b);

/* How far falcon_rule_pattern() is; zero at first. */
struct falcon_rule_cursor {
	u32	sport, dport;	/* that the next pattern begins with */
};

/**
 * falcon_rule_pattern() - the next pattern of a match that makes sense
 * @match: the match
 * @cursor: how far it is
 * @pattern: result
 *
 * A range of ports is several prefixes, 30 at most. A flow matches when it matches one pattern, and
 * never does two of the same match.
 *
 * Context: any. Return: whether there was another one.
 */
bool falcon_rule_pattern(const struct falcon_match *match, struct falcon_rule_cursor *cursor,
			 struct falcon_pattern *pattern);

/**
 * falcon_rule_mask() - what patterns of a shape see of a flow
 * @shape: the shape
 * @subject: the flow
 * @pattern: result: the one that the flow matches, if there is any of that shape
 *
 * Context: any.
 */
void falcon_rule_mask(const struct falcon_shape *shape, const struct falcon_subject *subject,
		      struct falcon_pattern *pattern);

/**
 * falcon_shape_is_of() - whether a shape looks at nothing that another does not look at
 * @shape: the shape
 * @other: the other
 *
 * Then what falcon_rule_mask() makes of a rule, by @shape, is the only pattern of that shape which
 * meets the rule's pattern of shape @other.
 *
 * Context: any.
 */
bool falcon_shape_is_of(const struct falcon_shape *shape, const struct falcon_shape *other);

#endif /* _FALCON_RULE_H */
