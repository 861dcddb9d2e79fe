// SPDX-License-Identifier: GPL-2.0

#include "core/stats.h"

DEFINE_PER_CPU(struct falcon_stats, falcon_stats);
