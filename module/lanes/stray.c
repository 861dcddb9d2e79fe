// SPDX-License-Identifier: GPL-2.0

#include <linux/string.h>

#include "core/stats.h"
#include "lanes/runner.h"
#include "lanes/stray.h"

void falcon_strays_receive(struct falcon_strays *strays, struct falcon_runner *runner)
{
	unsigned int count = strays->packets.count;

	if (likely(!count))
		return;
	falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_PROCESSED, count);
	falcon_count_more(FALCON_STAGE_TUNNEL, FALCON_A_COUNTERS_ELSEWHERE, count);
	falcon_runner_give_back(runner, &strays->packets);
	memset(strays->flows, 0, sizeof(strays->flows));
}
