# SPDX-License-Identifier: GPL-2.0
"""Peers: a round that did not take its variant's path is refused."""

import json
import re
import struct
from types import SimpleNamespace

import pytest

from bench import peers, shortcut
from bench.base import REPO
from bench.case import CASES, BenchError
from bench.variant import VARIANTS
from net import guestside, plan
from net.topology import Topology

UDP, TCP, RR, PRIORITY = (CASES[name] for name in ("udp-1400-1flow", "tcp-mtu-1flow", "udp-rr", "priority-udp-background"))
FRAMES = 10000
VCPUS = 6


class Guest:
    """Answers a variant's commands: the first time with the values before the round, then with those after it."""

    def __init__(self, packets=VCPUS * [0], settings=(), threads="", tunnelled=0, counts=None):
        self._softnet = [VCPUS * [0], packets]
        self._tunnelled = [0, tunnelled]
        self._threads = [re.sub(r"^(\d+ \S+) \d+", r"\1 500000", threads, flags=re.M), threads]
        self._settings, self._counts = settings, counts
        self.scripts = []

    def run(self, script, check=True):
        self.scripts.append(script)
        return SimpleNamespace(out=self._answer(script), rc=0)

    @staticmethod
    def _next(answers):
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _answer(self, script):
        if "softnet_stat" in script:
            packets = self._next(self._softnet)
            return "".join(f"{count:08x} " + 11 * "00000000 " + f"{cpu:08x} 00000000 00000000\n"
                           for cpu, count in enumerate(packets))
        if "rx_packets" in script:
            return f"{self._next(self._tunnelled)}\n"
        if "map dump" in script:
            return json.dumps(self._counts)
        if "pgrep" in script:
            return self._next(self._threads)
        if "/mtu" in script:
            return "1450\n"
        return "7\n" if "ifindex" in script else "\n".join(self._settings)


def dump(into=(0, 0), out=(0, 0), passed=(0, 0)):
    """bpftool's dump of the counters, with values for two CPUs."""
    return [{"key": ["0x00"], "formatted": {"key": key, "values": [
        {"cpu": cpu, "value": {"packets": packets - packets // 2 if cpu else packets // 2, "bytes": size if cpu else 0}}
        for cpu in range(2)]}} for key, (packets, size) in enumerate((into, out, passed))]


def check(name, guest, case=UDP, received=FRAMES, frames=FRAMES):
    """Calls the variant as the engine does around a round."""
    variant = VARIANTS[name](VCPUS)
    variant.apply(guest, case)
    variant.check(guest, case, SimpleNamespace(frames=frames, received=received))
    return variant


MASKS = ["02", "00000000,00000004", "08"]
BEHIND = ["1", "04", "08", "10"]
ON_ALL = ["32768"] * 4 + ["0e"] * 3
THREADS = "12 1 2000000 3 4\n13 1 500000 0 0\n"


def test_masks_are_written_where_they_belong_and_taken_back():
    guest, variant = Guest(), VARIANTS["rps-disjoint"](VCPUS)
    variant.apply(guest, UDP)
    assert [line.split(" | ") for line in guest.scripts[-1].splitlines() if "echo " in line and "tee" in line] == [
        ["echo 2", 'tee "/sys/class/net/$nic/queues/rx-0/rps_cpus" >/dev/null'],
        ["echo 4", f"tee /sys/class/net/{guestside.TUNNEL}/queues/rx-0/rps_cpus >/dev/null"],
        ["echo 8", f"ip netns exec c0 tee /sys/class/net/{guestside.CONTAINER_DEVICE}/queues/rx-0/rps_cpus >/dev/null"]]
    variant.undo(guest)
    assert len(re.findall(r"^echo 0 \|", guest.scripts[-1], re.M)) == 3


def test_stages_on_cpus_of_their_own_are_believed():
    check("rps-disjoint", Guest([5, FRAMES, FRAMES, FRAMES, 9, 0], MASKS))
    # GRO merges many segments into few packets
    check("rps-disjoint", Guest([5, 300, 250, 250, 9, 0], MASKS), TCP)
    check("rfs", Guest([5, 0, 3 * FRAMES, 0, 0, 0], ON_ALL))
    check("rfs", Guest([5, 0, 0, 0, 0, 900], ON_ALL), TCP)
    check("threaded-rps", Guest([0, 0, FRAMES, FRAMES, FRAMES, 0], BEHIND, THREADS))


@pytest.mark.parametrize("name, guest, case, message", [
    ("rps-disjoint", Guest(settings=["02", "04", "00"]), UDP, r"settings are \[2, 4, 0\], not \[2, 4, 8\]"),
    ("rps-disjoint", Guest([0, FRAMES, 6999, FRAMES, 0, 0], MASKS), UDP, r"CPUs \[2\] received 6999 packets"),
    ("rps-disjoint", Guest([20000, FRAMES, FRAMES, FRAMES, 0, 0], MASKS), UDP, "received only 30000 packets of 50000"),
    ("rfs", Guest([3 * FRAMES, 0, 0, 0, 0, 0], ON_ALL), UDP, r"CPUs \[1, 2, 3\] received 0 packets"),
    ("rfs", Guest([5, 900, 0, 0, 0, 0], ON_ALL), TCP, r"CPUs \[5\] received 0 packets"),
    ("rfs", Guest([5, 0, 0, 0, 0, 900], ["0"] + ON_ALL[1:]), TCP, "settings are"),
    ("threaded-rps", Guest([0, 0, FRAMES, FRAMES, FRAMES, 0], BEHIND), UDP, "the NIC has no thread"),
    ("threaded-rps", Guest([0, 0, FRAMES, FRAMES, FRAMES, 0], ["0", *BEHIND[1:]], THREADS), UDP, "settings are"),
    ("threaded-rps", Guest([0, 0, FRAMES, FRAMES, FRAMES, 0], BEHIND, THREADS.replace("12 1", "12 0-5")), UDP, "not on CPU 1"),
    ("threaded-rps", Guest([0, 0, FRAMES, FRAMES, FRAMES, 0], BEHIND, "12 1 1499999 3 4"), UDP, "it did not poll"),
    ("host", Guest(tunnelled=FRAMES), UDP, f"{FRAMES} packets of {FRAMES} frames came by the tunnel"),
    ("host", Guest(), PRIORITY, "requests of priority-udp-background go to the container only"),
    ("cpumap", Guest([0, 9 * FRAMES, 0, 0, 0, 0], counts=dump(into=(6999, 0))), UDP, "redirected 6999 of 10000 frames"),
    ("cpumap", Guest([3 * FRAMES, 0, 0, 0, 0, 0], counts=dump(into=(FRAMES, 0))), UDP, r"CPUs \[1\] received 0 packets"),
    ("cpumap", Guest(), PRIORITY, "has an XDP program of its own"),
    ("cpumap-rps", Guest([0, FRAMES, FRAMES, FRAMES, 0, 0], BEHIND[1:], counts=dump(into=(FRAMES, 0))), UDP,
     r"CPUs \[4\] received 0 packets"),
    ("redirect-peer", Guest(counts=dump(into=(6999, 10 ** 9), passed=(3001, 0))), UDP, "took 6999 of 10000, on their way in"),
    ("netkit", Guest(counts=dump(passed=(FRAMES, 0))), UDP, "took 0 of 10000, on their way in"),
    ("short-tc", Guest(counts=dump(into=(FRAMES, 0), out=(6999, 0))), RR, "took 6999 of 10000, on their way out"),
    ("short-tc", Guest(counts=dump(into=(10 ** 9, 6999))), TCP, "took 6999 of 10000, on their way in"),
])
def test_round_of_something_else_is_refused(name, guest, case, message):
    with pytest.raises(BenchError, match=f"^{name}: .*{message}"):
        check(name, guest, case)


def test_paths_by_programs_are_believed():
    check("cpumap", Guest([0, 3 * FRAMES, 0, 0, 0, 0], counts=dump(into=(FRAMES, 0))))
    check("cpumap-rps", Guest([0, 0, FRAMES, FRAMES, FRAMES, 0], BEHIND[1:], counts=dump(into=(FRAMES, 0))))
    for name in ("redirect-peer", "netkit", "short-tc"):
        check(name, Guest(counts=dump(into=(FRAMES, 0), out=(FRAMES, 0))), RR)
        check(name, Guest(counts=dump(into=(20, FRAMES))), TCP)


def test_counters_of_all_cpus_are_added():
    assert shortcut.totals(dump((9, 70), (3, 5), (2, 1))) == {"in": (9, 70), "out": (3, 5), "passed": (2, 1)}
    names = re.findall(r"COUNT_(\w+),", (REPO / "test/bench/bpf/count.h").read_text())
    assert tuple(name.lower() for name in names) == shortcut.COUNTS


def test_what_fails_on_its_way_is_taken_back():
    class Failing(Guest):
        def run(self, script, check=True):
            super().run(script, check)
            if "filter add" in script:
                raise RuntimeError("no such program")
            return SimpleNamespace(out=self._answer(script), rc=0)

    guest = Failing()
    with pytest.raises(RuntimeError):
        VARIANTS["short-tc"](VCPUS).apply(guest, UDP)
    assert "tc qdisc del dev $nic clsact" in guest.scripts[-1] and f"rm -rf {shortcut.PINS}" in guest.scripts[-1]


def test_programs_for_another_overlay_are_refused():
    assert VARIANTS["short-tc"](VCPUS).network(Topology()).variant.name == "vxlan"
    with pytest.raises(BenchError, match="cpumap: its programs know vxlan alone, not geneve"):
        VARIANTS["cpumap"](VCPUS).network(Topology("geneve"))


def test_a_kernel_without_netkit_is_told():
    guest = Guest()
    guest.run = lambda script, check=True: SimpleNamespace(out="", rc=1)
    with pytest.raises(BenchError, match="this kernel has no netkit"):
        VARIANTS["netkit"](VCPUS).apply(guest, UDP)


def test_entries_have_the_sizes_of_the_programs_structures():
    (_, key, restore), (_, sender, encap) = VARIANTS["short-tc"](VCPUS).maps(Guest())
    outer = 14 + 20 + 8 + 8
    assert (len(key), len(restore), len(sender), len(encap)) == (12, 16, 4, 4 + outer + 14)
    assert key[4:8] == bytes([0, 0, plan.VNI, 0]) and key[8:] == bytes(map(int, plan.host(plan.OVERLAY[4], 11).split(".")))


def test_the_stored_sum_is_right_for_no_length():
    header = shortcut.outer_header(plan.GUEST, plan.HOST)
    assert len(header) == 50 and header[:6] == shortcut.mac(plan.TAP_MAC)
    total = sum(struct.unpack(">10H", header[14:34]))
    assert (total & 0xffff) + (total >> 16) == 0xffff


def test_traffic_to_the_host_goes_over_the_underlay():
    network = VARIANTS["host"](VCPUS).network(Topology())
    assert network.address() == plan.host(plan.UNDERLAY[4], plan.GUEST)
    assert network.in_container("sink", cpu=5) == "taskset -c 5 sink"
    assert set(peers.OnHost.TRAFFIC) <= set(dir(Topology)), "names of its methods"
    inside = VARIANTS["stock"](VCPUS).network(Topology())
    assert inside.address() == plan.host(plan.OVERLAY[4], plan.FIRST_CONTAINER)
    assert inside.in_container("sink") == "nsenter --net=/run/netns/c0 sink"
