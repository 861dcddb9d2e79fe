/* SPDX-License-Identifier: GPL-2.0 */
/* The administrator's configuration. include/netlink/falcon.yaml explains the attributes. */

#ifndef _FALCON_CONFIG_H
#define _FALCON_CONFIG_H

#include <linux/cpumask.h>
#include <linux/types.h>
#include <uapi/linux/falcon.h>

struct falcon_config {
	u32		mode;			/* enum falcon_mode */
	u32		load_threshold;		/* percent */
	u32		busy_threshold;		/* percent */
	bool		nic_split;
	u32		workers;		/* 0: as many as the flow deserves */
	u32		batch;			/* packets */
	u32		elephant_rate;		/* packets per second */
	u32		delivery;		/* enum falcon_delivery */
	bool		host;
	u32		coalesce;		/* microseconds */
	u32		park;			/* seconds */
	u32		policy;			/* enum falcon_policy */
	bool		priority_auto;
	struct cpumask	cpus;			/* empty: all that are not isolated */
};

/* Copy the configuration. Context: process. */
void falcon_config_get(struct falcon_config *config);

/* The mode alone. Context: process. */
enum falcon_mode falcon_config_mode(void);

/* Seconds without a flow in lanes after which hooks are parked; 0 for never. Context: process. */
u32 falcon_config_park(void);

/* Replace the whole configuration by one that has been checked. Context: process. */
void falcon_config_set(const struct falcon_config *config);

#endif /* _FALCON_CONFIG_H */
