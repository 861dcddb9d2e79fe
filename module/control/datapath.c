// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>
#include <linux/smp.h>

#include "control/datapath.h"
#include "lanes/census.h"
#include "lanes/elephant.h"
#include "lanes/inbox.h"
#include "lanes/intake.h"
#include "lanes/ladder.h"
#include "lanes/lane.h"
#include "lanes/review.h"
#include "lanes/roster.h"
#include "lanes/table.h"
#include "pipeline/cell.h"

static struct net_device *dummy;

static const struct falcon_lane_ops flow_ops = {
	.process	= falcon_elephant_process,
	.deliver	= falcon_elephant_deliver,
};

bool falcon_datapath_settled(void)
{
	falcon_review_now();
	return !falcon_census_flows() && falcon_cells_settled();
}

bool falcon_datapath_has_left(u16 cpu)
{
	bool left = !falcon_table_hold() || falcon_lane_is_idle(cpu);

	falcon_table_release();
	return left;
}

int falcon_datapath_alloc(void (*wake)(void))
{
	int err = -ENOMEM;

	falcon_ladder_start(wake);
	dummy = alloc_netdev_dummy(0);
	if (!dummy)
		return err;
	err = falcon_lanes_alloc(dummy, &flow_ops);
	if (err)
		goto free_dummy;
	err = falcon_intakes_alloc(dummy);
	if (err)
		goto free_lanes;
	err = falcon_cells_alloc(dummy);
	if (err)
		goto free_intakes;
	err = falcon_table_alloc();
	if (err)
		goto free_cells;
	return 0;

free_cells:
	falcon_cells_free();
free_intakes:
	falcon_intakes_stop();
	falcon_intakes_free();
free_lanes:
	falcon_lanes_stop();
	falcon_lanes_free();
free_dummy:
	falcon_dummy_free(dummy);
	return err;
}

/* Nobody uses the flows any more, who are brought down the hard way. Returns packets. */
static unsigned int drop_flows(void)
{
	struct falcon_elephant *elephant = NULL;
	unsigned int dropped = 0;

	while ((elephant = falcon_roster_next(elephant))) {
		/* One that has left is in the hands of falcon_intakes_free(). */
		if (elephant->dead)
			continue;
		list_del_init(&elephant->gate_node);
		local_bh_disable();
		falcon_roster_leave(elephant);
		local_bh_enable();
		dropped += falcon_inbox_drop(elephant);
	}
	return dropped;
}

/* Who brings packets first, then who processes them; wake-ups that are under way, then memory. */
void falcon_datapath_free(void)
{
	unsigned int dropped;

	falcon_review_stop();
	falcon_intakes_stop();
	falcon_lanes_stop();
	/* Wake-ups that are under way: those that have arrived, and those on their way here. */
	kick_all_cpus_sync();
	synchronize_net();

	/* Who waits for it under RTNL waits for no packet, and no softirq. */
	falcon_table_hold();
	dropped = drop_flows();
	if (dropped)
		pr_warn("%u packets of flows that did not come down in time are dropped\n",
			dropped);
	falcon_table_free();
	falcon_table_release();
	falcon_intakes_free();
	falcon_lanes_free();
	falcon_cells_free();
	falcon_dummy_free(dummy);
}
