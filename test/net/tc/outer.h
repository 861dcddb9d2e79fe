/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Other tunnels from a VXLAN device, as not every host's kernel has them: what is between the outer
 * IPv4 header and the inner packet is replaced as packets leave, and put back as they come.
 */
#ifndef NET_TC_OUTER_H
#define NET_TC_OUTER_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VXLAN_PORT	4789
#define VXLAN_VNI	0x08000000	/* the flag that says that there is one */

struct vxlan {
	struct udphdr udp;
	__be32 flags;
	__be32 vni;		/* in the upper 24 bits */
};

struct outer {
	struct ethhdr eth;
	struct iphdr ip;
} __attribute__((__packed__));

/* The header behind IPv4's, of @size bytes; NULL if the packet is not of this protocol. */
static __always_inline void *header_of(struct __sk_buff *skb, __u32 size, __u8 protocol)
{
	struct outer *outer = (void *)(long)skb->data;

	if ((void *)(outer + 1) + size > (void *)(long)skb->data_end)
		return NULL;
	if (outer->eth.h_proto != bpf_htons(ETH_P_IP) || outer->ip.protocol != protocol)
		return NULL;
	return outer + 1;
}

/* Makes room for the other header, of @size bytes, and tells IPv4's; NULL if there is none. */
static __always_inline void *replace(struct __sk_buff *skb, int grown, __u32 size, __u8 protocol)
{
	struct outer *outer;
	__u32 sum;

	if (bpf_skb_adjust_room(skb, grown, BPF_ADJ_ROOM_NET, 0))
		return NULL;
	outer = (void *)(long)skb->data;
	if ((void *)(outer + 1) + size > (void *)(long)skb->data_end)
		return NULL;
	/* The checksum's complement grows by what the words do; 0xffff changes no such sum. */
	sum = (__u16)~bpf_ntohs(outer->ip.check) + 0xffff + grown + protocol - outer->ip.protocol;
	sum = (sum & 0xffff) + (sum >> 16);
	outer->ip.check = bpf_htons(~(sum + (sum >> 16)));
	outer->ip.tot_len = bpf_htons(bpf_ntohs(outer->ip.tot_len) + grown);
	outer->ip.protocol = protocol;
	return outer + 1;
}

/* VXLAN's header, NULL if the packet has none. */
static __always_inline struct vxlan *vxlan_of(struct __sk_buff *skb, __u32 size)
{
	struct vxlan *vxlan = header_of(skb, size, IPPROTO_UDP);

	if (!vxlan || vxlan->udp.dest != bpf_htons(VXLAN_PORT) ||
	    vxlan->flags != bpf_htonl(VXLAN_VNI))
		return NULL;
	return vxlan;
}

static __always_inline void put_vxlan(struct __sk_buff *skb, struct vxlan *vxlan, __u32 vni)
{
	vxlan->udp.source = bpf_htons(VXLAN_PORT);
	vxlan->udp.dest = bpf_htons(VXLAN_PORT);
	vxlan->udp.len = bpf_htons(skb->len - sizeof(struct outer));
	vxlan->udp.check = 0;
	vxlan->flags = bpf_htonl(VXLAN_VNI);
	vxlan->vni = bpf_htonl(vni << 8);
}

#endif
