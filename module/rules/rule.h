/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The match of a rule, and the patterns that it is made into. A pattern has a shape: the fields
 * that it looks at, and how many bits of each. All patterns of a shape are found by one lookup in a
 * hash table. So to find a flow's rule costs a lookup for each shape, not for each rule (tuple
 * space search: Srinivasan et al., SIGCOMM '99; Open vSwitch does the same).
 *
 * Pure: no kernel state; compiled into the unit tests as it is.
 */

#ifndef _FALCON_RULE_H
#define _FALCON_RULE_H

#include <linux/types.h>

#include "flow/packet.h"

/* Levels of the hierarchy, from the root on. */
#define FALCON_CGROUP_LEVELS 8

/* The endpoint that a flow's packets come to; 0 as long as it is unknown. */
struct falcon_endpoint {
	u64			netns;		/* cookie of its container's namespace */
	u64			cgroup[FALCON_CGROUP_LEVELS];	/* ids, from the root on down */
	u32			ifindex;	/* of the container's device there */
	u32			pad;
};

/* A flow, as far as its packets tell. Compared as a whole, so cleared first. */
struct falcon_subject {
	struct falcon_key	key;
	u32			vni;		/* of its tunnel, or FALCON_NO_VNI */
	u8			dscp;
	u8			outer_dscp;	/* or FALCON_NO_DSCP */
	__be16			port;		/* of its tunnel, 0 for none; no rule looks at it */
	struct falcon_endpoint	endpoint;
};

/* The flows that a rule is about. */
struct falcon_match {
	u8	family;			/* 4 or 6; or 0 for both, without prefixes */
	u8	protocol;		/* IPPROTO_, or 0 for any */
	u8	saddr_len, daddr_len;	/* bits of the prefixes */
	u8	dscp, outer_dscp;	/* or FALCON_NO_DSCP for any */
	u32	vni;			/* or FALCON_NO_VNI for any */
	__be32	saddr[4], daddr[4];
	u16	sport[2], dport[2];	/* first and last; 0 to 65535 for any */
	struct falcon_endpoint endpoint;	/* 0 for any */
};

/*
 * The fields and bits of a subject that a pattern looks at. Compared as a whole, so cleared first.
 */
struct falcon_shape {
	u8	family, protocol, dscp, outer_dscp, vni;	/* 1: is looked at */
	u8	netns, ifindex;
	u8	cgroup_levels;			/* level that is looked at; 0: none */
	u8	saddr_len, daddr_len, sport_len, dport_len;	/* bits */
	u8	pad[4];
};

struct falcon_pattern {
	struct falcon_shape	shape;
	struct falcon_subject	subject;	/* 0 where the shape does not look */
};

/* Fields of a match, to tell which one is wrong. */
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
 * falcon_rule_check() - check whether a match is valid
 * @match: the match
 * @field: result: the field that is wrong
 *
 * Context: any. Return: an error message, or NULL if it is valid.
 */
const char *falcon_rule_check(const struct falcon_match *match, enum falcon_rule_field *field);

/* True if some flow fits both matches. Context: any. */
bool falcon_rules_meet(const struct falcon_match *a, const struct falcon_match *b);

/* Position of falcon_rule_pattern(); zero at first. */
struct falcon_rule_cursor {
	u32	sport, dport;	/* of the next pattern, from the first port on */
};

/**
 * falcon_rule_pattern() - get the next pattern of a match
 * @match: a valid match
 * @cursor: position
 * @pattern: result
 *
 * A range of ports becomes several prefixes, 30 at most. A flow fits a match if it fits one of its
 * patterns, and never fits two of them.
 *
 * Context: any. Return: true if there was another one.
 */
bool falcon_rule_pattern(const struct falcon_match *match, struct falcon_rule_cursor *cursor,
			 struct falcon_pattern *pattern);

/**
 * falcon_rule_mask() - reduce a flow to what patterns of a shape look at
 * @shape: the shape
 * @subject: the flow
 * @pattern: result: the only pattern of that shape that the flow can fit
 *
 * Context: any.
 */
void falcon_rule_mask(const struct falcon_shape *shape, const struct falcon_subject *subject,
		      struct falcon_pattern *pattern);

/**
 * falcon_shape_is_of() - check that a shape looks at nothing that another one ignores
 * @shape: the shape
 * @other: the other shape
 *
 * In that case, falcon_rule_mask() by @shape turns a rule's pattern of shape @other into the only
 * pattern of shape @shape that meets it.
 *
 * Context: any. Return: true if so.
 */
bool falcon_shape_is_of(const struct falcon_shape *shape, const struct falcon_shape *other);

#endif /* _FALCON_RULE_H */
