// SPDX-License-Identifier: GPL-2.0

#include "rules/meter.h"

enum falcon_meter_news falcon_meter_look(struct falcon_meter *meter)
{
	switch (READ_ONCE(meter->state)) {
	case FALCON_METER_SUSPENDED_NOW:
		meter->suspended_at = jiffies;
		meter->suspensions++;
		WRITE_ONCE(meter->state, FALCON_METER_SUSPENDED);
		return FALCON_METER_BEGINS;
	case FALCON_METER_SUSPENDED:
		if (time_before(jiffies, meter->suspended_at + FALCON_METER_SUSPENDED_FOR))
			return FALCON_METER_LASTS;
		WRITE_ONCE(meter->state, FALCON_METER_FREE);
		return FALCON_METER_ENDS;
	}
	return FALCON_METER_QUIET;
}
