/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A header template: the bits of a packet by which the parser found its flow. A packet with the
 * same bits is of the same flow, without the parser and the keyed hash.
 *
 * The flow does not depend on lengths, checksums, TTL, DSCP, MAC addresses, the tunnel's own
 * addresses and its source port, so these are not compared.
 *
 * Pure: compiled into the unit tests as it is.
 */

#ifndef _FALCON_TEMPLATE_H
#define _FALCON_TEMPLATE_H

#include <linux/types.h>

#include "flow/packet.h"

/* Words that are compared in one go, without a branch. */
#define FALCON_TEMPLATE_GO 4

/* Words without the tail, rounded up to whole goes. */
#define FALCON_TEMPLATE_WORDS 16

struct falcon_template_word {
	u64	mask;
	u64	value;
	u32	at;	/* bytes from the network header */
};

/* The tail is the last eight bytes that the flow depends on, all of them addresses and ports. */
struct falcon_template {
	u64	tail;
	u16	tail_at;	/* bytes from the network header; the packet must have them */
	__be16	protocol;	/* ETH_P_ of the network header */
	u32	goes;		/* goes that have words, at least one */
	struct falcon_template_word words[FALCON_TEMPLATE_WORDS];
};

/**
 * falcon_template_make() - make a template of a packet
 * @template: result
 * @data: packet from its network header on
 * @len: bytes there
 * @protocol: ETH_P_ of that header
 * @tunnels: as for falcon_packet_parse()
 *
 * Context: any. Return: true if there is a template now. False for a packet of no flow, a fragment,
 * and a packet whose ports do not directly follow its addresses (options, extension headers) or are
 * too far behind.
 */
bool falcon_template_make(struct falcon_template *template, const u8 *data, unsigned int len,
			  __be16 protocol, const struct falcon_tunnels *tunnels);

static __always_inline u64 falcon_template_differs(const struct falcon_template_word *word,
						   const u8 *data)
{
	return (*(const u64 *)(data + word->at) & word->mask) ^ word->value;
}

/**
 * falcon_template_fits() - compare a packet with a template, except for the tail and the protocol
 * @template: the template
 * @data: packet from its network header on, long enough to have the tail
 *
 * Context: any. Return: true if it fits.
 */
static __always_inline bool falcon_template_fits(const struct falcon_template *template,
						 const u8 *data)
{
	const struct falcon_template_word *word = template->words;
	u32 goes = template->goes;

	/* Most packets fit, so stopping at the first difference would save nothing. */
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
