# SPDX-License-Identifier: GPL-2.0
"""sockperf's requests, one at a time, and its results.

sockperf waits for an answer until it is ended, so the first lost request is its last one. It busy-waits between
requests that it sends at a rate.
"""

import re

BEGIN_S = 2.4       # from its start until the first request that counts
END_S = 0.05        # before its end: these requests do not count either
STILL_S = 1         # without an answer for so long, the request is lost

_NUMBERS = {
    "ran_s": r"\[Total Run\] RunTime=([\d.]+) sec",
    "valid_s": r"\[Valid Duration\] RunTime=([\d.]+) sec",
    "answered": r"\[Valid Duration\].*ReceivedMessages=(\d+)",
    "duplicated": r"duplicated messages = (\d+)",
    "p50_us": r"percentile 50\.000 = +([\d.]+)",
    "p99_us": r"percentile 99\.000 = +([\d.]+)",
}


class Stalled(Exception):
    """A request got no answer."""


def server(port):
    """The server's command line."""
    return f"sockperf server -i 0.0.0.0 -p {port}"


def client(address, port, rate, size, seconds):
    """The client's command line: `rate` requests a second, or as many as are answered one after the other.

    By default sockperf prints half of the round trip.
    """
    return ["sockperf", "ping-pong", "-i", address, "-p", port, "--mps", rate, "-m", size, "-t", seconds, "--full-rtt"]


def parse(text):
    """Results of the requests that count. The percentiles are of round trips."""
    found = {name: re.search(pattern, text) for name, pattern in _NUMBERS.items()}
    if not all(found.values()) or "Round trip is" not in text:
        raise Stalled(f"sockperf has no figures: {text.strip()[-500:]}")
    numbers = {name: float(match[1]) for name, match in found.items()}
    still = numbers["ran_s"] - numbers["valid_s"] - (BEGIN_S - 2) - END_S
    if still > STILL_S:
        raise Stalled(f"sockperf had no answer in its last {still:.1f} s")
    return numbers
