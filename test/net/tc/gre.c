// SPDX-License-Identifier: GPL-2.0
/* GRE of Ethernet frames, whose key is the VNI. */
#include "outer.h"

#define GRE_KEY		0x2000	/* the flag that says that there is one */
#define GRE_ETHERNET	0x6558	/* the protocol of Ethernet frames */

struct gre {
	__be16 flags;
	__be16 protocol;
	__be32 key;
};

/* How much longer a packet with VXLAN is. */
#define GROWN		((int)(sizeof(struct vxlan) - sizeof(struct gre)))

/* Egress of the tap. */
SEC("egress")
int gre_of_vxlan(struct __sk_buff *skb)
{
	struct vxlan *vxlan = vxlan_of(skb, sizeof(*vxlan));
	struct gre *gre;
	__u32 vni;

	if (!vxlan)
		return TC_ACT_OK;
	vni = bpf_ntohl(vxlan->vni) >> 8;
	gre = replace(skb, -GROWN, sizeof(*gre), IPPROTO_GRE);
	if (!gre)
		return TC_ACT_SHOT;
	gre->flags = bpf_htons(GRE_KEY);
	gre->protocol = bpf_htons(GRE_ETHERNET);
	gre->key = bpf_htonl(vni);
	return TC_ACT_OK;
}

/* Ingress of the tap. */
SEC("ingress")
int vxlan_of_gre(struct __sk_buff *skb)
{
	struct gre *gre = header_of(skb, sizeof(*gre), IPPROTO_GRE);
	struct vxlan *vxlan;
	__u32 vni;

	if (!gre || gre->flags != bpf_htons(GRE_KEY) ||
	    gre->protocol != bpf_htons(GRE_ETHERNET))
		return TC_ACT_OK;
	vni = bpf_ntohl(gre->key);
	vxlan = replace(skb, GROWN, sizeof(*vxlan), IPPROTO_UDP);
	if (!vxlan)
		return TC_ACT_SHOT;
	put_vxlan(skb, vxlan, vni);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
