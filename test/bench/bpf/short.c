// SPDX-License-Identifier: GPL-2.0
/*
 * The short path of an overlay's packets, as ONCache (NSDI '25) has it: what the overlay would do
 * to a packet is known beforehand, so it is done at once. The bench fills the maps; which flows
 * may take the path is not asked.
 */
#include <stddef.h>

#include "count.h"

#define ENTRIES_MAX	64
#define VXLAN_VNI	0x08	/* the flag that says that there is one */
#define SOURCE_PORTS	0x8000	/* and as many: the flow's hash chooses one */

struct vxlan {
	__u8 flags;
	__u8 reserved[3];
	__be32 vni;		/* in the upper 24 bits */
};

struct outer {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	struct vxlan vxlan;
} __attribute__((__packed__));

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
} __attribute__((__packed__));

struct headers {
	struct outer outer;
	struct frame frame;
} __attribute__((__packed__));

/* What goes and comes: behind the frame's MAC header, which stays. */
#define ROOM	((int)sizeof(struct outer))

/* restore() looks a packet up by this. */
struct in_key {
	__be32 tunnel_source;
	__be32 vni;
	__be32 container;
};

struct in_entry {
	__u32 device;		/* whose peer the container has */
	__u8 dest[ETH_ALEN];
	__u8 source[ETH_ALEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES_MAX);
	__type(key, struct in_key);
	__type(value, struct in_entry);
} restore_map SEC(".maps");

/* encap() puts these headers in front of a packet, and fills in length and source port. */
struct out_entry {
	__u32 device;		/* the NIC */
	struct outer outer;
	struct ethhdr eth;
} __attribute__((__packed__));

/* By the address behind the tunnel. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES_MAX);
	__type(key, __be32);
	__type(value, struct out_entry);
} encap_map SEC(".maps");

static __always_inline int pass(struct __sk_buff *skb)
{
	count(COUNT_PASSED, skb->len);
	return TC_ACT_OK;
}

/* The first bytes of the packet, readable; NULL when it has less. */
static __always_inline void *begin(struct __sk_buff *skb, __u32 size)
{
	if ((void *)(long)skb->data + size > (void *)(long)skb->data_end &&
	    bpf_skb_pull_data(skb, size))
		return NULL;
	if ((void *)(long)skb->data + size > (void *)(long)skb->data_end)
		return NULL;
	return (void *)(long)skb->data;
}

static __always_inline int is_vxlan(const struct headers *headers)
{
	const struct outer *outer = &headers->outer;

	return outer->eth.h_proto == bpf_htons(ETH_P_IP) && outer->ip.version == 4 &&
	       outer->ip.ihl == sizeof(outer->ip) / 4 && outer->ip.protocol == IPPROTO_UDP &&
	       !(outer->ip.frag_off & bpf_htons(IP_OFFSET_MASK)) &&
	       outer->udp.dest == bpf_htons(VXLAN_PORT) && outer->vxlan.flags == VXLAN_VNI &&
	       headers->frame.eth.h_proto == bpf_htons(ETH_P_IP);
}

/* tc, ingress of the NIC: the outer headers are cut, and the rest is in the container. */
SEC("tc")
int restore(struct __sk_buff *skb)
{
	struct headers *headers = begin(skb, sizeof(*headers));
	struct in_entry *entry;
	struct in_key key;
	struct ethhdr *eth;

	if (!headers || !is_vxlan(headers))
		return pass(skb);
	key.tunnel_source = headers->outer.ip.saddr;
	key.vni = headers->outer.vxlan.vni;
	key.container = headers->frame.ip.daddr;
	entry = bpf_map_lookup_elem(&restore_map, &key);
	if (!entry)
		return pass(skb);
	/*
	 * What GRO found of checksums counts the tunnel's as one level. TCP's segment size is the
	 * inner one already.
	 */
	if (bpf_skb_adjust_room(skb, -ROOM, BPF_ADJ_ROOM_MAC,
				BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		return pass(skb);
	bpf_csum_level(skb, BPF_CSUM_LEVEL_DEC);
	eth = begin(skb, sizeof(*eth));
	if (!eth)
		return TC_ACT_SHOT;
	__builtin_memcpy(eth->h_dest, entry->dest, ETH_ALEN);
	__builtin_memcpy(eth->h_source, entry->source, ETH_ALEN);
	count(COUNT_IN, skb->len);
	return bpf_redirect_peer(entry->device, 0);
}

/* With the length, as the stored sum is without. */
static __always_inline void set_length(struct outer *outer, __u16 length)
{
	__u32 sum = (__u16)~outer->ip.check + bpf_htons(length);

	outer->ip.tot_len = bpf_htons(length);
	outer->ip.check = ~(__u16)((sum & 0xffff) + (sum >> 16));
}

/* tc, ingress of the host's end of the container's veth: outer headers in front, and to the NIC. */
SEC("tc")
int encap(struct __sk_buff *skb)
{
	struct frame *inner = begin(skb, sizeof(*inner));
	struct out_entry *entry;
	struct headers *headers;
	__u32 length = skb->len, hash = bpf_get_hash_recalc(skb);
	__be32 address;

	if (!inner || inner->eth.h_proto != bpf_htons(ETH_P_IP))
		return pass(skb);
	address = inner->ip.daddr;
	entry = bpf_map_lookup_elem(&encap_map, &address);
	if (!entry)
		return pass(skb);
	if (bpf_skb_adjust_room(skb, ROOM, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO |
				BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP |
				BPF_F_ADJ_ROOM_ENCAP_L2_ETH |
				BPF_F_ADJ_ROOM_ENCAP_L2(sizeof(struct ethhdr))))
		return pass(skb);
	headers = begin(skb, sizeof(*headers));
	if (!headers)
		return TC_ACT_SHOT;
	__builtin_memcpy(headers, &entry->outer, sizeof(entry->outer) + sizeof(entry->eth));
	length += sizeof(struct udphdr) + sizeof(struct vxlan);
	headers->outer.udp.len = bpf_htons(length);
	headers->outer.udp.source = bpf_htons(SOURCE_PORTS | hash >> 17);
	set_length(&headers->outer, length + sizeof(struct iphdr));
	count(COUNT_OUT, skb->len);
	return bpf_redirect(entry->device, 0);
}

char _license[] SEC("license") = "GPL";
