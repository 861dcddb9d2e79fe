# SPDX-License-Identifier: GPL-2.0
"""The same traffic without falcon and with it: the same bytes arrive, in the same order.

Flows of datagrams whose sizes and pauses are random, by a seed. A run has PACKETS datagrams in parts of PART, each with
a seed of its own. PACKETS=100000000 makes the long run, which takes more than a day.
"""

import os

import pytest

from stress.traffic import SCALE, Traffic, record, trouble

PART = 10_000 * SCALE
PACKETS = int(os.environ.get("PACKETS", PART))
FLOWS = 5
RATE = 2500
VARIANTS = {
    "pipeline": {"mode": "pipeline", "cpus": "1-4", "load_threshold": 100},
    "lanes": {"mode": "lanes", "cpus": "1-4", "workers": 3, "batch": 4, "elephant_rate": 0},
}


def part(overlay, seed):
    """The account of one part; datagrams have up to three fragments."""
    with Traffic(overlay, flows=FLOWS, rate=RATE, seconds=None, count=PART, size="32-1400,64,3000-4000,32-200", burst=8,
                 pause=3000, seed=seed, digest=True, idle=5000) as traffic:
        traffic.finish(PART)
    return traffic.account


def same(account):
    """The fields that must not depend on falcon."""
    assert not trouble(account), {**account, "flows": None}
    assert account["digests"][0] == account["digests"][1], account["digests"]
    return {key: account[key] for key in ("sent", "received", "bytes", "digests", "flows")}


@pytest.mark.thorough
@pytest.mark.parametrize("variant", [name if name == "lanes" else pytest.param(name, marks=pytest.mark.soak) for name in VARIANTS])
def test_what_arrives_is_what_arrives_without_falcon(variant, overlay, falcon, record_property):
    for seed in range(1, 1 + PACKETS // PART):
        stock = part(overlay, seed)
        falcon.enable(busy_threshold=100, **VARIANTS[variant])
        ours = part(overlay, seed)
        counters = falcon.counters()
        falcon.disable()
        expected = same(stock)
        assert same(ours) == expected
        assert counters["steered"] or counters["taken"]
    for name, account in (("stock", stock), ("falcon", ours)):
        record_property(name, {key: f"{value / 1e6:.1f} ms" for key, value in account["delay"].items()})
    record(record_property, ours, parts=PACKETS // PART)
