# SPDX-License-Identifier: GPL-2.0
"""memcached, and libmemcached's load generator memaslap (memcaslap in Debian): nine gets per set, some connections."""

import re

PORT = 11211
CONNECTIONS = 1     # One request outstanding. More would keep the machine busy and leave no room for the flood.
VALUE = 100         # bytes; keys have 64
BEGIN_S = 2         # from its start until it certainly sends requests
END_S = 30          # at most, after its end, until it has printed its results

_NUMBERS = {
    "answered": r"Ops: (\d+)",
    "per_s": r"TPS: (\d+)",
    "mean_us": r"Total Statistics \(\d+ events\)\n.*\n.*\n +Avg: +(\d+)",
    "missed": r"get_misses: (\d+)",
}


class LoadError(Exception):
    """memaslap failed."""


def server():
    """The server's command line."""
    return f"memcached -u nobody -l 0.0.0.0 -p {PORT} -U 0 -t 1"


def client(address, seconds):
    """The load's command line. memaslap prints a mean only if it also prints interim results; the interval is an hour.
    """
    return ["memcaslap", "-s", f"{address}:{PORT}", "-T", 1, "-c", CONNECTIONS, "-t", f"{seconds}s", "-X", VALUE,
            "-w", "1k", "-S", "1h"]


def parse(text):
    """The results of the whole load."""
    found = {name: re.search(pattern, text) for name, pattern in _NUMBERS.items()}
    if not all(found.values()):
        raise LoadError(f"memaslap has no figures: {text.strip()[-500:]}")
    numbers = {name: int(match[1]) for name, match in found.items()}
    if numbers["missed"]:
        raise LoadError(f"memaslap did not get back {numbers['missed']} of the values that it had set")
    return numbers
