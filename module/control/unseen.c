// SPDX-License-Identifier: GPL-2.0
/*
 * Once a second this compares the packets that tunnels have received with those that the ingress
 * has seen at the NICs. That costs nothing per packet: tunnels have counters anyway, and the
 * ingress notes the time at which it sees a tunnel's packet.
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
 * Findings in a row that it takes, while the ingress looks at every packet. One is not enough: the
 * packets that it finds may have passed the NIC before the ingress began to look at all of them.
 */
#define SURE 2

/* After this number of looks the finding is verified again. */
#define AGAIN 16

static void look(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look);

/* Written by the work alone, or while it is not queued. */
static u64 received;		/* packets that all tunnels had received at the last look */
static bool known;		/* received is valid */
static u32 since;		/* jiffies of the last look */
static bool closely;		/* the ingress looks at every packet */
static unsigned int found;	/* findings in a row while closely is set */
static unsigned int looks;	/* looks since unseen was verified */
static bool unseen;

/* On return the ingress looks at every packet, or no longer does. */
static void look_closely(bool wanted)
{
	found = 0;
	looks = 0;
	if (closely == wanted)
		return;
	closely = wanted;
	falcon_planner_watch_all(wanted);
}

/* True if tunnels have received packets since the last look, and the ingress has seen none. */
static bool finds(void)
{
	u32 before = since;
	u64 now;
	bool grown;

	since = jiffies;
	/* Tunnels are not asked as long as the ingress sees flows. */
	if (falcon_planner_mode() != FALCON_MODE_LANES || falcon_load_busy() ||
	    falcon_ingress_saw(before)) {
		known = false;
		return false;
	}
	/* This may be less than before, if a tunnel has gone. */
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
