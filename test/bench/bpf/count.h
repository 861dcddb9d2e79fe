/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs share: the counters by which the bench tells that a round took their path. */
#ifndef BENCH_BPF_COUNT_H
#define BENCH_BPF_COUNT_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VXLAN_PORT	4789
#define IP_OFFSET_MASK	0x3fff	/* fragments: the offset, and that more follow */
#define PACKET_HOST	0	/* of <linux/if_packet.h> */

/* Indexes of `counts`. */
enum count {
	COUNT_IN,	/* to the container, by the program's path */
	COUNT_OUT,	/* from the container, likewise */
	COUNT_PASSED,	/* left to the kernel's path */
	COUNT_MAX
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNT_MAX);
	__type(key, __u32);
	__type(value, struct counter);
} counts SEC(".maps");

static __always_inline void count(enum count index, __u64 bytes)
{
	__u32 key = index;
	struct counter *counter = bpf_map_lookup_elem(&counts, &key);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
}

#endif
