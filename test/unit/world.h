/* SPDX-License-Identifier: GPL-2.0 */
/* The world of the model checker: the ring, its workers and packets, and what must hold of them. */

#ifndef _WORLD_H
#define _WORLD_H

#include "lanes/reorder.h"
#include "seen.h"
#include "unit.h"

_Static_assert(FALCON_RUNS == 4 && FALCON_RUN_MAX == 2, "this is not the small ring");

#define PACKETS_MAX 8
#define WORKERS 3
#define HOME WORKERS		/* the NIC's CPU, like a worker without a lane */

/* The sets of workers that a flow may have. */
#define SETS 3
extern const struct set {
	unsigned int count;
	u8 workers[WORKERS];
} world_sets[SETS];

/* The parameters of a search. Larger values mean more states. */
struct scenario {
	unsigned int packets, burst, batch;
	unsigned int outcomes;		/* allowed ones, of enum outcome */
	unsigned int changes, leaves, forgets, homes;
	bool gated;
	u32 first;			/* number of the first run */
};

struct packet {
	struct sk_buff skb;
	u8 covers;			/* itself and the packets merged into it, a bit each */
};

enum stage { IDLE, POPPED, STARTED };

struct worker {
	struct list_head lane;
	u8 stage;
	u32 first;			/* run */
	unsigned int count;
	struct falcon_chain packets;
};

/* The whole state that a step can see. It is restored in place before the next step is tried. */
extern struct world {
	struct falcon_reorder reorder;
	struct packet packets[PACKETS_MAX];
	struct worker workers[WORKERS + 1];
	struct falcon_chain waiting;
	unsigned int given[FALCON_RUNS], gave[FALCON_RUNS];
	unsigned int arrived;
	u8 gone;			/* delivered or dropped, a bit each */
	bool open, left[WORKERS];
	u8 heir, set, turn;
	u32 batch, in_batch;
	unsigned int changes, leaves, forgets, homes;
} world;

extern const struct scenario *scenario;
extern const char *violation;	/* the first one, or NULL */

static inline struct packet *world_packet(const struct sk_buff *skb)
{
	return container_of(skb, struct packet, skb);
}

static inline struct falcon_run *world_run(u32 number)
{
	return &world.reorder.runs[number % FALCON_RUNS];
}

/* Nothing has arrived yet. */
void world_begin(const struct scenario *which);

/* Unless it @is so, it is a violation. */
void must(bool is, const char *what);

/* The packets of a chain, which must be consecutive. */
u8 world_covered(const struct falcon_chain *chain);

/* Every packet that arrived is in one place, and the ring's counters are correct. */
void world_check(void);

/*
 * All state on which the future depends. Of the micro-flow's number that is only whether a run can
 * still grow.
 */
struct seen_key world_key(void);

#endif
