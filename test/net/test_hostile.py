# SPDX-License-Identifier: GPL-2.0
"""The same hostile packets without falcon and with it: the kernel must treat them in the same way."""

import dataclasses

import pytest

from net import hostile, lanes, rawnl
from net.hostile import Hostile
from stress.traffic import SCALE, clean_log

# Packets per variant, sent once without falcon and once with it; 10^6 with falcon in a soak.
PACKETS = 6250 * SCALE
LANES = {"mode": "lanes", "cpus": "1-4", "workers": 3, "batch": 4, "elephant_rate": 0, "busy_threshold": 100, "park": 0}


@dataclasses.dataclass(frozen=True)
class Variant:
    """falcon's setup. gro: GRO is on, so TCP may be merged, which hides packets from IP's counters."""

    config: dict
    ruled: bool = False     # one rule matches all flows
    gro: bool = False


VARIANTS = {
    "pipeline": Variant({"mode": "pipeline", "cpus": "1-4", "busy_threshold": 100, "load_threshold": 100}),
    "lanes": Variant(LANES),
    "sync": Variant(LANES, ruled=True),
    "lanes-gro": Variant(LANES, gro=True),
}


@pytest.fixture
def variant(request):
    return VARIANTS[request.param]


def switch_gro(guest, wanted):
    state = "on" if wanted else "off"
    guest.run(f"for dev in /sys/class/net/*; do ethtool -K ${{dev##*/}} gro {state} 2>/dev/null; done; true")


@pytest.fixture
def victim(overlay, variant):
    """An overlay with every tunnel."""
    hostile.prepare(overlay)
    switch_gro(overlay.guest, variant.gro)
    yield overlay
    if overlay.guest.alive:
        switch_gro(overlay.guest, True)
        hostile.clear(overlay)


def assert_all_came(result):
    rises, sinks, sent, dropped = result
    assert not dropped and sent["packets"] == PACKETS
    # Otherwise the packets are too broken to reach anything.
    assert sum(count for count, _ in sinks) > PACKETS / 20
    for name in (("host", "Ip:InHdrErrors"), ("host", "Ip:ReasmOKs"), ("c0", "Udp:InErrors"), ("c0", "Udp:NoPorts"),
                 ("c0", "Tcp:OutRsts")):
        assert rises.get(name, 0) > 0, (name, rises)


def compared(variant, name):
    """True if the counter does not depend on which packets arrive close enough together for GRO to merge them."""
    return not variant.gro or name[1].startswith(("Udp", "Icmp", "Ip:Reasm", "Ip6Reasm"))


@pytest.mark.thorough
@pytest.mark.parametrize("variant", [name if name in ("lanes", "sync") else pytest.param(name, marks=pytest.mark.soak)
                                     for name in VARIANTS], indirect=True)
def test_what_becomes_of_hostile_packets_is_the_same(variant, victim, falcon, record_property):
    corpus = Hostile(victim, PACKETS, seed=1 + list(VARIANTS.values()).index(variant))
    with clean_log(victim.guest):
        stock = corpus.run()
        stocks = [stock]
        if variant.gro:
            # GRO accepts some datagrams that UDP rejects (1 of 250,000). Lanes do not pass UDP that GRO cannot merge
            # through GRO. So each of falcon's counters must lie between those with GRO and those without.
            switch_gro(victim.guest, False)
            stocks.append(corpus.run())
            switch_gro(victim.guest, True)
        falcon.enable(**variant.config)
        if variant.ruled:
            answer, = rawnl.Raw(victim.guest).ask([rawnl.message("priority-add", rawnl.rule("rate", 0))])
            assert not answer.error
        ours = corpus.run()
        counters = lanes.assert_conserved(falcon)
        falcon.disable()
    assert_all_came(stock)
    record_property("frames", stock[2]["frames"])
    record_property("delivered", sum(count for count, _ in stock[1]))
    record_property("by falcon", counters["taken"] or counters["steered"])
    assert (counters["taken"] or counters["steered"]) > PACKETS / 5
    rises = {name: [one[0].get(name, 0) for one in (*stocks, ours)] for name in {*stock[0], *ours[0]}
             if compared(variant, name)}
    different = {name: seen for name, seen in rises.items() if not min(seen[:-1]) <= seen[-1] <= max(seen[:-1])}
    assert not different, sorted(different.items())
    assert ours[1:] in [one[1:] for one in stocks]
