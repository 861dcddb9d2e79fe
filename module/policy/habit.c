// SPDX-License-Identifier: GPL-2.0

#include <linux/kernel.h>

#include "policy/habit.h"

bool falcon_habit_see(struct falcon_habit *habit, u32 poll, u32 now, u32 window, u32 most)
{
	/* What has none yet begins with its first packet. */
	bool known = habit->count;

	if (!known || now - habit->since >= window) {
		if (known && habit->windows < FALCON_HABIT_WINDOWS)
			habit->windows++;
		habit->since = now;
		habit->count = 0;
	}
	habit->together = known && poll == habit->poll ? habit->together : 0;
	habit->poll = poll;
	/* Neither goes on to count what is too many already. */
	habit->together = min(habit->together + 1, FALCON_HABIT_TOGETHER + 1);
	habit->count = min(habit->count + 1U, 0xffffU);
	if (habit->together > FALCON_HABIT_TOGETHER || habit->count > most)
		habit->windows = 0;
	return habit->windows == FALCON_HABIT_WINDOWS;
}
