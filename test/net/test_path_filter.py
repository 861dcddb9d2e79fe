# SPDX-License-Identifier: GPL-2.0
"""Netfilter on the path: rules count, drop, translate and queue the same packets as without falcon."""

import contextlib
import json

import pytest

from net import path, plan, udp, wait
from net.path import same  # noqa: F401  pylint: disable=unused-import

# pylint: disable=redefined-outer-name

pytestmark = pytest.mark.thorough

COUNT = 3000
QUEUE = 7
SNMP = ("UdpInDatagrams", "UdpInErrors", "UdpInCsumErrors", "UdpNoPorts", "UdpRcvbufErrors")


@pytest.fixture
def bridge_netfilter(overlay):
    """The bridge's packets pass IP's hooks, and conntrack counts them."""
    overlay.guest.run("modprobe -a br_netfilter nf_conntrack nf_conntrack_netlink\n"
                      "sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.netfilter.nf_conntrack_acct=1")
    yield
    overlay.guest.run("sysctl -qw net.bridge.bridge-nf-call-iptables=0")


@contextlib.contextmanager
def rules(guest, family, *lines):
    guest.run(f"nft -f - <<'RULES'\ntable {family} path {{\n" + "\n".join(lines) + "\n}\nRULES")
    try:
        yield
    finally:
        guest.run(f"nft delete table {family} path")


def take_counters(guest):
    """{name: packets} of the named counters, which are reset."""
    listed = json.loads(guest.run("nft -j reset counters").out)["nftables"]
    return {entry["counter"]["name"]: entry["counter"]["packets"] for entry in listed if "counter" in entry}


def take_connections(guest, protocol, port):
    """Conntrack's entries for connections to a port of the container, without source port and times."""
    listed = guest.run(f"conntrack -L -p {protocol} --dport {port}; conntrack -D -p {protocol} --dport {port} >&2 || true")
    found = []
    for line in listed.out.splitlines():
        words = line.split()
        state = [word for word in words if word.isupper() and not word.startswith("[")]
        flags = [word for word in words if word.startswith("[")]
        packets = [word for word in words if word.startswith("packets=")]
        found.append((state, flags, packets[0] if protocol == "udp" else ""))
    return sorted(found)


def snmp(overlay, traffic):
    """Observations of traffic(), and the increase of the container's counters."""
    before = overlay.net.tcp_counters(overlay.guest)[1]
    seen = traffic()
    after = overlay.net.tcp_counters(overlay.guest)[1]
    return {**seen, "snmp": {name: after[name] - before[name] for name in SNMP}}


STATES = [
    "counter new {}", "counter established {}", "counter invalid {}", "counter other {}",
    "chain forward {", "type filter hook forward priority 0",
]


@pytest.mark.soak
def test_bridged_packets_pass_conntrack_and_its_rules_the_same(overlay, same, bridge_netfilter):
    guest = overlay.guest
    lines = STATES + [
        f"udp dport {udp.DEFAULT_PORT} ct state new counter name new accept",
        f"udp dport {udp.DEFAULT_PORT} ct state established counter name established accept",
        f"udp dport {udp.DEFAULT_PORT} ct state invalid counter name invalid drop",
        f"udp dport {udp.DEFAULT_PORT} counter name other",
        "}"]

    def traffic():
        return {"udp": path.counts(overlay.udp(count=COUNT, size=1000, **path.TRAFFIC)),
                "verdicts": take_counters(guest), "connections": take_connections(guest, "udp", udp.DEFAULT_PORT)}

    def expect(seen):
        path.assert_whole(seen["udp"], COUNT)
        assert seen["verdicts"] == {"new": COUNT, "established": 0, "invalid": 0, "other": 0}
        assert seen["connections"] == [([], ["[UNREPLIED]"], f"packets={COUNT}")]
        assert seen["snmp"]["UdpInDatagrams"] == COUNT

    with rules(guest, "ip", *lines):
        same(lambda: snmp(overlay, traffic), expect, merge="backlog")


def test_bridged_tcp_passes_conntrack_and_its_rules_the_same(overlay, same, bridge_netfilter):
    guest, port = overlay.guest, path.STREAM_PORT
    # A packet that neither belongs to a known connection nor opens one was reordered or damaged.
    lines = STATES + [
        f"tcp dport {port} ct state established counter name established accept",
        f"tcp dport {port} ct state new counter name new accept",
        f"tcp dport {port} ct state invalid counter name invalid drop",
        f"tcp dport {port} counter name other",
        "}"]

    def traffic():
        stream = path.stream(overlay, megabytes=16)
        verdicts = take_counters(guest)
        # their number depends on GRO's merging
        assert verdicts.pop("established") > 50, verdicts
        return {"tcp": stream, "verdicts": verdicts,
                "connections": take_connections(guest, "tcp", port)}

    def expect(seen):
        assert seen["tcp"] == path.STREAM_WHOLE
        assert seen["verdicts"] == {"new": 1, "invalid": 0, "other": 0}
        assert seen["connections"] == [(["TIME_WAIT"], ["[ASSURED]"], "")]

    with rules(guest, "ip", *lines):
        same(traffic, expect, merge="backlog")


def test_a_rule_that_drops_by_port_drops_the_same(overlay, same):
    guest, dropped_port = overlay.guest, 5900
    lines = ["counter dropped {}", "chain forward {", "type filter hook forward priority 0",
             f"udp dport {dropped_port} counter name dropped drop", "}"]

    def traffic():
        run = udp.new_run()
        dropped = overlay.net.sink(guest, port=dropped_port, run=run, wait=30000)
        other = overlay.net.send(port=dropped_port, run=run, rate=2000, burst=20, count=1000)
        account = overlay.udp(count=COUNT, size=1000, **path.TRAFFIC)
        other.wait()
        return {"udp": path.counts(account), "dropped": take_counters(guest),
                "received of the dropped": dropped.stop()["received"]}

    def expect(seen):
        path.assert_whole(seen["udp"], COUNT)
        assert seen["dropped"] == {"dropped": 1000}
        assert seen["received of the dropped"] == 0

    with rules(guest, "bridge", *lines):
        same(traffic, expect, merge="backlog")


@pytest.mark.soak
def test_a_rule_that_drops_every_tenth_drops_as_many(overlay, same):
    guest = overlay.guest
    lines = ["counter dropped {}", "counter passed {}", "chain forward {", "type filter hook forward priority 0",
             f"udp dport {udp.DEFAULT_PORT} numgen inc mod 10 == 3 counter name dropped drop",
             f"udp dport {udp.DEFAULT_PORT} counter name passed", "}"]

    def traffic():
        return {"udp": path.counts(overlay.udp(count=COUNT, size=1000, **path.TRAFFIC)),
                "rules": take_counters(guest)}

    def expect(seen):
        assert seen["rules"] == {"dropped": COUNT // 10, "passed": COUNT - COUNT // 10}
        assert (seen["udp"]["lost"], seen["udp"]["reordered"]) == (COUNT // 10, 0)

    with rules(guest, "bridge", *lines):
        same(traffic, expect, merge="backlog")


def test_packets_queued_to_user_space_come_back_in_order(overlay, same, bridge_netfilter):
    guest, count = overlay.guest, 1500
    lines = ["chain forward {", "type filter hook forward priority 0",
             f"udp dport {udp.DEFAULT_PORT} queue num {QUEUE}", "}"]

    def traffic():
        ready = f"queue-{udp.new_run()}"
        reader = guest.spawn(f"exec /falcon/test/net/nfqueue_guest.py {QUEUE} /shared/{ready}")
        try:
            wait.until(lambda: (guest.shared / ready).exists() or not reader.running, 20, "reader of the queue")
            account = overlay.udp(count=count, size=1000, rate=1500, burst=30, verify=True)
        finally:
            said = reader.stop()
        assert not said.rc, said
        return {"udp": path.counts(account), "accepted": int(said.out)}

    def expect(seen):
        path.assert_whole(seen["udp"], count)
        assert seen["accepted"] == count

    with rules(guest, "ip", *lines):
        same(traffic, expect, reason="no-merge")


@pytest.mark.soak
def test_a_port_forwarded_to_a_container_gets_the_same(overlay, same):
    guest, forwarded = overlay.guest, 7000
    with path.variant(overlay, "routed"):
        address = overlay.net.address()
        lines = ["chain prerouting {", "type nat hook prerouting priority dstnat",
                 f"udp dport {forwarded} dnat to {address}:{udp.DEFAULT_PORT}",
                 f"tcp dport {forwarded} dnat to {address}:{path.STREAM_PORT}", "}"]

        def traffic():
            to = plan.host(plan.OVERLAY[4], plan.GUEST)
            run = udp.new_run()
            sink = overlay.net.sink(guest, cpu=5, run=run, verify=True)
            sent = path.sender(overlay, to, port=forwarded, run=run, count=COUNT, size=1000, rate=4000, burst=40)
            account = udp.balance(sent.wait(), sink.wait())
            return {"udp": path.counts(account), "connections": take_connections(guest, "udp", forwarded),
                    "tcp": path.stream(overlay, to=(to, forwarded)),
                    "tcp connections": take_connections(guest, "tcp", forwarded)}

        def expect(seen):
            path.assert_whole(seen["udp"], COUNT)
            assert seen["connections"] == [([], ["[UNREPLIED]"], f"packets={COUNT}")]
            assert seen["tcp"] == path.STREAM_WHOLE
            assert seen["tcp connections"] == [(["TIME_WAIT"], ["[ASSURED]"], "")]

        guest.run("modprobe -a nf_conntrack nf_conntrack_netlink")
        with rules(guest, "ip", *lines):
            same(lambda: snmp(overlay, traffic), expect, merge="backlog")


@pytest.mark.soak
def test_a_rule_in_the_container_counts_the_same(overlay, same):
    guest = overlay.guest
    inside = "ip netns exec c0"
    guest.run(f"{inside} nft -f - <<'RULES'\ntable inet path {{\ncounter small {{}}\ncounter large {{}}\n"
              "chain input {\ntype filter hook input priority 0\n"
              f"udp dport {udp.DEFAULT_PORT} udp length < 600 counter name small drop\n"
              f"udp dport {udp.DEFAULT_PORT} counter name large\n}}\n}}\nRULES")

    def traffic():
        account = overlay.udp(count=COUNT, size="64,1000", **path.TRAFFIC)
        listed = json.loads(guest.run(f"{inside} nft -j reset counters").out)["nftables"]
        return {"udp": path.counts(account),
                "rules": {entry["counter"]["name"]: entry["counter"]["packets"] for entry in listed
                          if "counter" in entry}}

    def expect(seen):
        assert seen["rules"] == {"small": COUNT // 2, "large": COUNT // 2}
        assert (seen["udp"]["lost"], seen["udp"]["reordered"]) == (COUNT // 2, 0)

    try:
        same(traffic, expect, merge="backlog")
    finally:
        guest.run(f"{inside} nft delete table inet path")
