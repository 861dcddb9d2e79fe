// SPDX-License-Identifier: GPL-2.0

#include <linux/mutex.h>

#include "core/config.h"

static DEFINE_MUTEX(lock);	/* innermost: nothing is taken under it */

static struct falcon_config current_config = {
	.mode		= FALCON_MODE_AUTO,
	.load_threshold	= 80,
	.busy_threshold	= 90,
	.nic_split	= true,
	.batch		= 256,
	.elephant_rate	= 10000,
	.delivery	= FALCON_DELIVERY_AUTO,
	.coalesce	= 250,
	.park		= 2,
	.policy		= FALCON_POLICY_AUTO,
};

void falcon_config_get(struct falcon_config *config)
{
	mutex_lock(&lock);
	*config = current_config;
	mutex_unlock(&lock);
}

enum falcon_mode falcon_config_mode(void)
{
	enum falcon_mode mode;

	mutex_lock(&lock);
	mode = current_config.mode;
	mutex_unlock(&lock);
	return mode;
}

u32 falcon_config_park(void)
{
	u32 park;

	mutex_lock(&lock);
	park = current_config.park;
	mutex_unlock(&lock);
	return park;
}

void falcon_config_set(const struct falcon_config *config)
{
	mutex_lock(&lock);
	current_config = *config;
	mutex_unlock(&lock);
}
