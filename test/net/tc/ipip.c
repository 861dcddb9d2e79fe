// SPDX-License-Identifier: GPL-2.0
/* IPv4 in IPv4. The Makefile has VNI and MAC of the sender's VXLAN device. */
#include "outer.h"

/* How much longer a packet with VXLAN is. */
#define GROWN		((int)(sizeof(struct vxlan) + ETH_HLEN))

/* Egress of the tap. */
SEC("egress")
int ipip_of_vxlan(struct __sk_buff *skb)
{
	struct vxlan *vxlan = vxlan_of(skb, GROWN);
	struct ethhdr *eth = (void *)(vxlan + 1);

	if (!vxlan)
		return TC_ACT_OK;
	/* IPIP carries nothing else. */
	if (eth->h_proto != bpf_htons(ETH_P_IP) || !replace(skb, -GROWN, 0, IPPROTO_IPIP))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

/* Ingress of the tap. */
SEC("ingress")
int vxlan_of_ipip(struct __sk_buff *skb)
{
	static const __u8 mac[ETH_ALEN] = { MAC };
	struct vxlan *vxlan;
	struct ethhdr *eth;

	if (!header_of(skb, sizeof(struct iphdr), IPPROTO_IPIP))
		return TC_ACT_OK;
	vxlan = replace(skb, GROWN, GROWN, IPPROTO_UDP);
	if (!vxlan)
		return TC_ACT_SHOT;
	put_vxlan(skb, vxlan, VNI);
	eth = (void *)(vxlan + 1);
	__builtin_memcpy(eth->h_dest, mac, ETH_ALEN);
	__builtin_memset(eth->h_source, 0, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
