/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A header template: the bits of a packet by which the parser found its flow. Whatever has the
 * same bits is of the same flow, so neither parser nor keyed hash need see it.
 *
 * What the flow does not depend on is not compared: lengths, checksums, TTL, DSCP, MAC addresses,
 * the tunnel's own addresses and its source port.
 *
 * Pure; compiled into the unit tests as it is.
 */

#ifndef _FALCON_TEMPLATE_H
#define _FALCON_TEMPLATE_H

#include <linux/types.h>

#include "flow/packet.h"

/* Compared in one go, without a branch. */
#define FALCON_TEMPLATE_GO 4

/* Without the tail, and made up to whole goes. */
#define FALCON_TEMPLATE_WORDS 16

struct falcon_template_word {
	u64	mask;
	u64	value;
	u32	at;	/* bytes from the network header */
};

/* The tail is the last bytes that count, all of them the flow's: addresses and ports. */
struct falcon_template {
	u64	tail;
	u16	tail_at;	/* bytes from the network header; the packet must have them */
	__be16	protocol;	/* ETH_P_ of the network header */
	u32	goes;		/* of words, one at least */
	struct falcon_template_word words[FALCON_TEMPLATE_WORDS];
};

/**
 * falcon_template_make() - of a packet of some flow
 * @template: result
 * @data: packet from its network header on
 * @len: bytes there
 * @protocol: ETH_P_ of that header
 * @tunnels: as for falcon_packet_parse()
 *
 * Context: any. Return: false when it is none, or none that a template is made of: a fragment, or
 * one whose ports do not follow its addresses (options, extension headers) or are too far behind.
 */
bool falcon_template_make(struct falcon_template *template, const u8 *data, unsigned int len,
			  __be16 protocol, const struct falcon_tunnels *tunnels);

static __always_inline u64 falcon_template_differs(const struct falcon_template_word *word,
						   const u8 *data)
{
	return (*(const u64 *)(data + word->at) & word->mask) ^ word->value;
}

/**
 * falcon_template_fits() - whether a packet is as the template says, but for its tail and protocol
 * @template: a template
 * @data: packet from its network header on, which has its tail
 *
 * Context: any.
 */
static __always_inline bool falcon_template_fits(const struct falcon_template *template,
						 const u8 *data)
{
	const struct falcon_template_word *word = template->words;
	u32 goes = template->goes;

	/* Most packets fit, so that to stop at the first difference would save nothing. */
	do {
		if (falcon_template_differs(word, data) | falcon_template_differs(word + 1, data) |
		    falcon_template_differs(word + 2, data) |
		    falcon_template_differs(word + 3, data))
			return false;
		word += FALCON_TEMPLATE_GO;
	} while (--goes);
	return true;
}

#endif /* _FALCON_TEMPLATE_H */
