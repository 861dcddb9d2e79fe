// SPDX-License-Identifier: GPL-2.0

#include "rules/meter.h"

enum falcon_meter_news falcon_meter_look(struct falcon_meter *meter)
{
	switch (READ_ONCE(meter->bar)) {
	case FALCON_METER_SUSPENDED_NOW:
		meter->barred_at = jiffies;
		meter->suspensions++;
		WRITE_ONCE(meter->bar, FALCON_METER_SUSPENDED);
		return FALCON_METER_BEGINS;
	case FALCON_METER_SUSPENDED:
		if (time_before(jiffies, meter->barred_at + FALCON_METER_SUSPENDED_FOR))
			return FALCON_METER_LASTS;
		WRITE_ONCE(meter->bar, FALCON_METER_FREE);
		return FALCON_METER_ENDS;
	}
	return FALCON_METER_QUIET;
}
