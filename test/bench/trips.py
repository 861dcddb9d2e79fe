# SPDX-License-Identifier: GPL-2.0
"""Round trips of requests one at a time, from the log of rr's client: the time of each request and its round trip, in
ns.
"""

import bisect
import math

from .case import BenchError

# {metric: so many of a thousand round trips are at least as fast}
PER_MILLE = {"median_rtt_us": 500, "rtt_p90_us": 900, "rtt_p99_us": 990, "rtt_p999_us": 999}


def read(path):
    """[(sent, time)]"""
    return [tuple(int(word) for word in line.split()) for line in path.read_text(encoding="ascii").splitlines()]


def within(log, first, last):
    """Round trips of the requests that were sent between two Samples."""
    begin, end = (bisect.bisect(log, (sample.at * 1e9,)) for sample in (first, last))
    return [time for _, time in log[begin:end]]


def percentiles(times):
    """{metric: us}; each is a measured time, as in rr's own output."""
    if not times:
        raise BenchError("nothing was answered in the window")
    ordered = sorted(times)
    return {metric: ordered[max(0, math.ceil(len(ordered) * part / 1000) - 1)] / 1e3 for metric, part in PER_MILLE.items()}
