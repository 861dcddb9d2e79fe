/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FALCON_TRAFFIC_WIRE_H
#define FALCON_TRAFFIC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_MAGIC	0x66616c63	/* "falc" */
#define WIRE_SIZE_MAX	65507		/* largest UDP payload over IPv4 */

/*
 * Start of every datagram, in network order. What follows up to the end is a
 * pattern made from @flow and @seq, so that a datagram put together from the
 * fragments of two is recognised.
 */
struct wire_header {
	uint32_t magic;
	uint32_t run;		/* tells this run's datagrams from a former run's stragglers */
	uint32_t flow;
	uint32_t size;		/* of the payload, this header included */
	uint64_t seq;		/* from 0, without holes, for each flow */
	uint64_t sent_ns;	/* by the sender's clock */
};

struct wire_info {
	uint32_t run;
	uint32_t flow;
	uint64_t seq;
	int64_t sent_ns;
};

#define WIRE_SIZE_MIN	sizeof(struct wire_header)

/* Behind the header, by a program in the way's first driver: its CLOCK_MONOTONIC, as it has it. */
#define WIRE_STAMP	WIRE_SIZE_MIN

void wire_build(void *buf, size_t size, const struct wire_info *info);

enum wire_verdict {
	WIRE_GOOD,
	WIRE_FOREIGN,		/* not ours, or of another run */
	WIRE_DAMAGED,		/* ours, but not as it was sent */
};

enum wire_verdict wire_parse(const void *buf, size_t size, uint32_t run, bool verify,
			     struct wire_info *info);

/*
 * A number for what a datagram holds, but for run and time if it is one of ours: the sum of all is
 * the same when the same datagrams came, in whatever order.
 */
uint64_t wire_digest(const void *buf, size_t size);

#endif
