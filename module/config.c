// SPDX-License-Identifier: GPL-2.0

#include <linux/mutex.h>
#include <uapi/linux/falcon.h>

#include "config.h"

static DEFINE_MUTEX(lock);	/* innermost: nothing is taken under it */

static struct falcon_config current_config = {
	.mode		= FALCON_MODE_PIPELINE,
	.load_threshold	= 80,
	.busy_threshold	= 90,
	.nic_split	= true,
};

void falcon_config_get(struct falcon_config *config)
{
	mutex_lock(&lock);
	*config = current_config;
	mutex_unlock(&lock);
}

void falcon_config_set(const struct falcon_config *config)
{
	mutex_lock(&lock);
	current_config = *config;
	mutex_unlock(&lock);
}
