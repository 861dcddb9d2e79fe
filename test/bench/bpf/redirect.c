// SPDX-License-Identifier: GPL-2.0
/*
 * What Cilium's host routing does with a packet, without its policies and services: from the
 * tunnel's device straight into the container's, past bridge and backlog, and back likewise.
 */
#include "count.h"

#define CONTAINERS_MAX	64

/* Container's address -> index of the device whose peer it has. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONTAINERS_MAX);
	__type(key, __be32);
	__type(value, __u32);
} containers SEC(".maps");

/* Address behind the tunnel -> index of the tunnel's device. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONTAINERS_MAX);
	__type(key, __be32);
	__type(value, __u32);
} remotes SEC(".maps");

struct headers {
	struct ethhdr eth;
	struct iphdr ip;
} __attribute__((__packed__));

/* The device that a map has for the packet's destination. */
static __always_inline __u32 *look_up(struct __sk_buff *skb, void *map)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct headers *headers = data;
	__be32 address;

	if ((void *)(headers + 1) > end || headers->eth.h_proto != bpf_htons(ETH_P_IP))
		return NULL;
	address = headers->ip.daddr;
	return bpf_map_lookup_elem(map, &address);
}

/* Likewise; NULL for none, as the packet is left to the kernel's path. */
static __always_inline __u32 *device_of(struct __sk_buff *skb, void *map)
{
	__u32 *device = look_up(skb, map);

	if (!device)
		count(COUNT_PASSED, skb->len);
	return device;
}

/* tc, ingress of the tunnel's device. */
SEC("tc")
int to_container(struct __sk_buff *skb)
{
	__u32 *device = device_of(skb, &containers);

	if (!device)
		return TC_ACT_OK;
	/* The frame was for the container's address, not for the tunnel's. */
	bpf_skb_change_type(skb, PACKET_HOST);
	count(COUNT_IN, skb->len);
	return bpf_redirect_peer(*device, 0);
}

/* tc, ingress of the veth's end on the host; of a netkit pair, the container's end. */
SEC("tc")
int from_container(struct __sk_buff *skb)
{
	__u32 *device = device_of(skb, &remotes);

	if (!device)
		return TC_ACT_UNSPEC;
	count(COUNT_OUT, skb->len);
	return bpf_redirect(*device, 0);
}

char _license[] SEC("license") = "GPL";
