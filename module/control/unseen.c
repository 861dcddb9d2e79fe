// SPDX-License-Identifier: GPL-2.0
/*
 * What tunnels have received is compared with what was seen at the NICs, once a second. No packet
 * is counted for that: tunnels count theirs anyway, and the ingress notes the time of what it sees.
 */

#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include "control/planner.h"
#include "control/unseen.h"
#include "host/cpu.h"
#include "host/device.h"
#include "lanes/ingress.h"

#define LOOK_INTERVAL HZ

/*
 * Looks in a row that must find the same, every packet being looked at meanwhile: what the first
 * one finds may have passed the NIC before that.
 */
#define SURE 2

/* After so many looks it is made sure of again. */
#define AGAIN 16

static void look(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look);

/* The work's own, and what it left at the last look. */
static u64 received;		/* packets, by all tunnels */
static bool known;		/* that is of the last look */
static u32 since;		/* jiffies */
static bool closely;		/* every packet is looked at */
static unsigned int found;	/* looks in a row, closely */
static unsigned int looks;	/* since that was over */
static bool unseen;

/* Every packet is looked at when this returns. */
static void look_closely(bool wanted)
{
	found = 0;
	looks = 0;
	if (closely == wanted)
		return;
	closely = wanted;
	falcon_planner_watch_all(wanted);
}

/* Whether tunnels have received packets since the last look, and none was seen. */
static bool finds(void)
{
	u32 before = since;
	u64 now;
	bool grown;

	since = jiffies;
	/* As long as flows are seen tunnels are not asked. */
	if (falcon_planner_mode() != FALCON_MODE_LANES || falcon_load_busy() ||
	    falcon_ingress_saw(before)) {
		known = false;
		return false;
	}
	/* Less than before when a tunnel has gone. */
	now = falcon_devices_received();
	grown = known && now > received;
	received = now;
	known = true;
	return grown;
}

static void look(struct work_struct *work)
{
	if (!finds()) {
		WRITE_ONCE(unseen, false);
		look_closely(false);
	} else if (closely) {
		if (++found >= SURE) {
			WRITE_ONCE(unseen, true);
			look_closely(false);
		}
	} else if (!unseen || ++looks >= AGAIN) {
		look_closely(true);
	}
	schedule_delayed_work(&look_work, LOOK_INTERVAL);
}

void falcon_unseen_start(void)
{
	known = false;
	since = jiffies;
	schedule_delayed_work(&look_work, LOOK_INTERVAL);
}

void falcon_unseen_stop(void)
{
	cancel_delayed_work_sync(&look_work);
	look_closely(false);
	WRITE_ONCE(unseen, false);
}

bool falcon_unseen(void)
{
	return READ_ONCE(unseen);
}
