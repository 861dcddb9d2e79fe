// SPDX-License-Identifier: GPL-2.0
/*
 * XDP on the NIC: VXLAN's packets go to another CPU before they have an skb. The bench gives that
 * CPU a queue in `cpus` and its number in `target`.
 */
#include "count.h"

#define CPUS_MAX	64

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, CPUS_MAX);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

struct headers {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((__packed__));

SEC("xdp.frags")
int to_cpu(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct headers *headers = data;
	__u32 key = 0, *cpu = bpf_map_lookup_elem(&target, &key);

	if (!cpu || (void *)(headers + 1) > end)
		return XDP_PASS;
	if (headers->eth.h_proto != bpf_htons(ETH_P_IP) || headers->ip.protocol != IPPROTO_UDP ||
	    headers->ip.ihl != sizeof(headers->ip) / 4 ||
	    headers->udp.dest != bpf_htons(VXLAN_PORT)) {
		count(COUNT_PASSED, end - data);
		return XDP_PASS;
	}
	count(COUNT_IN, bpf_xdp_get_buff_len(ctx));
	return bpf_redirect_map(&cpus, *cpu, XDP_PASS);
}

char _license[] SEC("license") = "GPL";
