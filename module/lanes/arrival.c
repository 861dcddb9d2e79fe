// SPDX-License-Identifier: GPL-2.0

#include <linux/etherdevice.h>
#include <linux/netdevice.h>

#include "flow/hash.h"
#include "flow/key.h"
#include "lanes/arrival.h"
#include "lanes/budget.h"

bool falcon_arrival_identify(struct falcon_arrival *arrival, const struct sk_buff *skb)
{
	const struct falcon_plan *plan = arrival->plan;
	enum falcon_packet_kind kind = FALCON_PACKET_UNKNOWN;
	unsigned int len;
	const u8 *data;

	arrival->known = false;
	arrival->host = false;
	if (likely(falcon_key_headers(skb, arrival->frags, &data, &len) &&
		   falcon_key_protocol(skb, arrival->frags, data) == htons(ETH_P_IP)))
		kind = falcon_packet_quick(data, len, &plan->tunnels, &arrival->tuple);
	arrival->quick = kind == FALCON_PACKET_FLOW;
	if (arrival->quick) {
		arrival->whole = true;
		arrival->hash = falcon_hash_tuple(&arrival->tuple);
		return true;
	}

	/* For a packet that the quick look has found to be plain: nothing else sets these. */
	arrival->packet.firsts = 0;
	arrival->hash = 0;
	if (kind == FALCON_PACKET_UNKNOWN)
		kind = falcon_identify(skb, arrival->frags, &plan->tunnels, &arrival->packet, true,
				       &arrival->hash);
	/* Host flows that are in lanes must be recognised until they have left. */
	if (kind == FALCON_PACKET_PLAIN && (plan->host || falcon_budget_has_hosts())) {
		arrival->host = true;
		kind = falcon_identify(skb, arrival->frags, NULL, &arrival->packet, true,
				       &arrival->hash);
	}
	arrival->whole = kind == FALCON_PACKET_FLOW;
	/* With hash 0, too: an older datagram may have had the same identification. */
	falcon_identify_datagrams(&arrival->packet, arrival->hash);
	return arrival->hash;
}

void falcon_arrival_key(const struct falcon_arrival *arrival, struct falcon_key *key)
{
	if (!arrival->quick) {
		*key = arrival->packet.key;
		return;
	}
	*key = (struct falcon_key){
		.saddr		= { arrival->tuple.saddr },
		.daddr		= { arrival->tuple.daddr },
		.sport		= arrival->tuple.sport,
		.dport		= arrival->tuple.dport,
		.protocol	= arrival->tuple.protocol,
		.family		= 4,
	};
}

void falcon_arrival_subject(struct falcon_arrival *arrival, const struct sk_buff *skb,
			    struct falcon_subject *flow, struct falcon_encap *encap)
{
	unsigned int len;
	const u8 *data;

	*flow = (struct falcon_subject){ .vni = FALCON_NO_VNI, .outer_dscp = FALCON_NO_DSCP };
	falcon_arrival_key(arrival, &flow->key);
	if (arrival->quick && falcon_key_headers(skb, arrival->frags, &data, &len))
		falcon_packet_parse(data, len, htons(ETH_P_IP), &arrival->plan->tunnels,
				    &arrival->packet);
	flow->vni = arrival->packet.vni;
	flow->dscp = arrival->packet.dscp;
	flow->outer_dscp = arrival->packet.outer_dscp;
	*encap = arrival->packet.encap;
	flow->port = encap->port;
}

bool falcon_arrival_learn(const struct falcon_arrival *arrival, const struct sk_buff *skb,
			  struct falcon_flow_cache *cache)
{
	unsigned int len;
	const u8 *data;

	/* Headers alone do not tell that a flow is the host's own. */
	if (arrival->host)
		return false;
	return falcon_key_headers(skb, arrival->frags, &data, &len) &&
	       falcon_flow_cache_learn(cache, data, len,
				       falcon_key_protocol(skb, arrival->frags, data),
				       &arrival->plan->tunnels, arrival->hash);
}

bool falcon_arrival_finish_frags(struct napi_struct *napi, struct sk_buff *skb)
{
	/*
	 * This needs no memory: all bytes are in fragments, and napi_get_frags() has left room for
	 * the header. So it fails only for a shorter packet, which napi_gro_frags() drops.
	 */
	if (!pskb_may_pull(skb, ETH_HLEN))
		return false;
	napi->skb = NULL;
	skb->protocol = eth_type_trans(skb, skb->dev);
	return true;
}
