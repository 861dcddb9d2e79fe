# SPDX-License-Identifier: GPL-2.0
"""Round trips of requests one at a time, from the log that rr's client writes: when each was sent, and its time, in ns."""

import bisect
import math

from .case import BenchError

# {metric: of a thousand round trips, so many are as fast}
PER_MILLE = {"median_rtt_us": 500, "rtt_p90_us": 900, "rtt_p99_us": 990, "rtt_p999_us": 999}


def read(path):
    """[(sent, time)]"""
    return [tuple(int(word) for word in line.split()) for line in path.read_text(encoding="ascii").splitlines()]


def within(log, first, last):
    """Times of the requests that were sent between two Samples."""
    begin, end = (bisect.bisect(log, (sample.at * 1e9,)) for sample in (first, last))
    return [time for _, time in log[begin:end]]


def percentiles(times):
    """{metric: us}; each is a time that was measured, as rr's own are."""
    if not times:
        raise BenchError("nothing was answered in the window")
    ordered = sorted(times)
    return {metric: ordered[max(0, math.ceil(len(ordered) * part / 1000) - 1)] / 1e3 for metric, part in PER_MILLE.items()}
