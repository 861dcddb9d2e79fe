# SPDX-License-Identifier: GPL-2.0
"""The bench's requests through the overlay: a rule lets them go ahead, and all are answered."""

import pytest

from bench import rules
from net import lanes, memcached, udp
from net.fixtures import VCPUS

pytestmark = pytest.mark.thorough

PORT, SECONDS = 5001, 4
LANES = {"mode": "lanes", "cpus": "1-4", "busy_threshold": 100, "load_threshold": 100}


def go_ahead(falcon, *words):
    """Add a rule. Returns a function that gives the number of packets that went ahead by it, once all are accounted
    for.
    """
    falcon.enable(**LANES)
    number = falcon.ctl("priority add", *words, "rate=0")["id"]

    def packets():
        lanes.assert_conserved(falcon)
        return next(item["packets"] for item in falcon.ctl("priority list")["rules"] if item["id"] == number)
    return packets


def test_requests_of_sockperf_go_ahead(overlay, falcon):
    packets = go_ahead(falcon, "protocol=udp", f"dport={PORT}")
    server = overlay.net.sockperf_server(overlay.guest, cpu=VCPUS - 1, port=PORT)
    try:
        asked = overlay.net.sockperf_client(200, 64, SECONDS, port=PORT).wait()
    finally:
        server.stop()
    assert asked["answered"] > 0 and asked["duplicated"] == 0
    assert packets() > 0


@pytest.mark.soak
def test_requests_of_memcached_go_ahead(overlay, falcon):
    packets = go_ahead(falcon, "protocol=tcp", f"dport={memcached.PORT}")
    server = overlay.net.memcached_server(overlay.guest, cpu=VCPUS - 1)
    try:
        asked = overlay.net.memcached_client(SECONDS).wait()
    finally:
        server.stop()
    assert asked["answered"] > 0
    assert packets() > 0


@pytest.mark.parametrize("words", [["dport=53"], ["protocol=udp", f"dport={PORT}"]], ids=["stock", "ahead"])
def test_path_from_driver_to_container_is_timed(overlay, falcon, words):
    """On the kernel's path and by a rule, each datagram has a stamp that is older than the kernel's own."""
    packets = go_ahead(falcon, *words)
    run = udp.new_run()
    with overlay.net.stamps(overlay.guest, PORT):
        sink = overlay.net.sink(overlay.guest, port=PORT, run=run, stamps=True)
        sent = overlay.net.send(port=PORT, run=run, count=1000, rate=1000, burst=1, size=64).wait()
        got = sink.wait()
    account = udp.balance(sent, got)
    assert (account["received"], account["duplicated"], account["reordered"], account["damaged"]) == (1000, 0, 0, 0)
    assert 0 < got["way_min_ns"] <= got["way_p50_ns"] <= got["way_p99_ns"] <= got["way_max_ns"] < got["duration_ns"]
    assert (packets() > 0) is (words != ["dport=53"])


@pytest.mark.soak
def test_rules_of_the_bench_are_taken_and_about_others(overlay, falcon):
    """No two rules match the same flow, or falcon would refuse one. None matches this test's traffic."""
    falcon.enable(**LANES)
    rules.add(overlay.guest, 600)
    account = overlay.udp(count=300, flows=300, rate=1000, size=64)
    assert account["lost"] == 0
    found = falcon.ctl("priority list")["rules"]
    assert (len(found), sum(item["flows"] for item in found)) == (600, 0)
