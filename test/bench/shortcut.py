# SPDX-License-Identifier: GPL-2.0
"""Paths that BPF programs shorten or move to other CPUs: XDP's cpumap, Cilium's host routing, ONCache.

The programs are ours (test/bench/bpf), with as little in them as the path needs: no policies, no services, no learning.
The bench fills their maps. So the measured cost is the least that such a path can have.
"""

import dataclasses
import ipaddress
import json
import struct

from net import guestside, plan
from vm import tools
from vm.paths import BUILD

from .base import Variant, free_cpus
from .case import BenchError
from .peers import LEAST, Tuned, masks

OBJECTS = "/falcon/build/bench/bpf"     # in the guest
PINS = "/sys/fs/bpf/bench"
OVERLAY = plan.get("vxlan")
COUNTS = ("in", "out", "passed")        # must match the programs' enum count
QUEUE = 16384                           # packets that may wait for a CPU: cpumap's maximum, and guestside.BACKLOG


def attribute(guest, device, name):
    """An attribute of a device in the guest, such as its ifindex."""
    return guest.run(f"{guestside.FIND_NIC}\ncat /sys/class/net/{device}/{name}").out.strip()


def index(guest, device):
    """The device's ifindex as bytes, for a map."""
    return struct.pack("<I", int(attribute(guest, device, "ifindex")))


def address(text):
    return ipaddress.ip_address(text).packed


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


CONTAINER = address(OVERLAY.container(0, 4))
SENDER = address(plan.host(plan.OVERLAY[4], plan.HOST))


def totals(dump):
    """{count: (packets, bytes)} summed over all CPUs, from bpftool's dump of the counters."""
    found = {}
    for entry in dump:
        values = [of_cpu["value"] for of_cpu in entry["formatted"]["values"]]
        found[COUNTS[entry["formatted"]["key"]]] = tuple(sum(value[name] for value in values) for name in ("packets", "bytes"))
    return found


class Programs(Variant):
    """Programs of one object, pinned and attached, with their maps filled."""

    usual = False
    source = None       # the object's name

    def build(self):
        try:
            tools.make("test/bench/bpf", BUILD / "bench/bpf")
        except tools.ToolsFailed as failed:
            raise BenchError(str(failed)) from failed

    def network(self, topology):
        if topology.variant != OVERLAY:
            raise BenchError(f"{self.name}: its programs know {OVERLAY.name} alone, not {topology.variant.name}")
        return topology

    def maps(self, guest):
        """[(map, key, value)], in bytes."""
        raise NotImplementedError

    def attach(self):
        """(commands that attach the programs, commands that detach them)."""
        raise NotImplementedError

    def apply(self, guest, case):
        try:
            guest.run(f"set -e\nmkdir -p {PINS}\nbpftool prog loadall {OBJECTS}/{self.source}.o {PINS} pinmaps {PINS}")
            fill = [f"bpftool map update pinned {PINS}/{name} key hex {key.hex(' ')} value hex {value.hex(' ')}"
                    for name, key, value in self.maps(guest)]
            guest.run("\n".join(["set -e", guestside.FIND_NIC, *fill, *self.attach()[0]]))
        except BaseException:
            self.undo(guest)
            raise

    def undo(self, guest):
        guest.run("\n".join([guestside.FIND_NIC, *self.attach()[1], f"rm -rf {PINS}"]))

    def counts(self, guest):
        """{count: (packets, bytes)} so far."""
        return totals(json.loads(guest.run(f"bpftool -j map dump pinned {PINS}/counts").out))

    def check(self, guest, case, done):
        """Checks that most of the received packets, or bytes of TCP, have taken the path.

        For requests, also the responses.
        """
        counts = self.counts(guest)
        for way in ("in", "out") if case.kind == "rr" else ("in",):
            taken = counts[way][1 if case.kind == "tcp" else 0]
            if taken < LEAST * done.received:
                raise BenchError(f"{self.name}: the programs took {taken} of {done.received}, on their way {way}; "
                                 f"packets and bytes: {counts}")


def tc(device, program):
    """(command that attaches a pinned program to a device's ingress, command that detaches it)."""
    return (f"tc qdisc add dev {device} clsact\n"
            f"tc filter add dev {device} ingress bpf direct-action object-pinned {PINS}/{program}",
            f"tc qdisc del dev {device} clsact 2>/dev/null")


class Cpumap(Programs, Tuned):
    """XDP on the NIC hands frames to another CPU before they have an skb.

    That CPU allocates the skb and does all further work, including GRO where cpumap has it (from 6.15 on).
    """

    name, source = "cpumap", "cpumap"

    def __init__(self, vcpus):
        super().__init__(vcpus)
        self.map_cpu = free_cpus(vcpus)[0]

    def settings(self):
        return []

    def stages(self, case):
        return [[self.map_cpu]]

    def maps(self, guest):
        cpu = struct.pack("<I", self.map_cpu)
        return [("target", bytes(4), cpu), ("cpus", cpu, struct.pack("<II", QUEUE, 0))]

    def attach(self):
        # virtio polls its ring on the CPU that sets this
        on_nics_cpu = "taskset -c 0 ip link set dev $nic xdpdrv"
        return [f"{on_nics_cpu} pinned {PINS}/to_cpu"], [f"{on_nics_cpu} off"]

    def apply(self, guest, case):
        if case.kind == "priority":
            raise BenchError(f"{self.name}: {case.name} has an XDP program of its own on the NIC")
        Tuned.apply(self, guest, case)
        Programs.apply(self, guest, case)

    def undo(self, guest):
        Programs.undo(self, guest)
        Tuned.undo(self, guest)

    def check(self, guest, case, done):
        counts = self.counts(guest)
        # these are frames on the wire, before GRO
        if counts["in"][0] < LEAST * done.frames:
            raise BenchError(f"{self.name}: XDP redirected {counts['in'][0]} of {done.frames} frames; "
                             f"packets and bytes: {counts}")
        Tuned.check(self, guest, case, done)


class CpumapRps(Cpumap):
    """cpumap with disjoint RPS masks behind it: four stages on CPUs of their own, the most that stock can do."""

    name, min_vcpus = "cpumap-rps", 6

    def __init__(self, vcpus):
        super().__init__(vcpus)
        self.cpus = free_cpus(vcpus)[1:4]

    def settings(self):
        return masks([[cpu] for cpu in self.cpus])

    def stages(self, case):
        return [[cpu] for cpu in self.cpus]


class RedirectPeer(Programs):
    """Cilium's host routing: from the tunnel directly into the container, past the bridge and the veth's queue."""

    name, source = "redirect-peer", "redirect"

    def maps(self, guest):
        return [("containers", CONTAINER, index(guest, guestside.veth(0))), ("remotes", SENDER, index(guest, guestside.TUNNEL))]

    def attach(self):
        ingress, egress = tc(guestside.TUNNEL, "to_container"), tc(guestside.veth(0), "from_container")
        return [ingress[0], egress[0]], [ingress[1], egress[1]]


class Netkit(RedirectPeer):
    """Host routing with a netkit pair for the container instead of a veth pair: packets that it sends skip the queue,
    too.
    """

    name = "netkit"

    def _swap(self, guest, old, new):
        """Replace the container's device by one of another kind, with the same MTU."""
        mtu = int(attribute(guest, guestside.TUNNEL, "mtu"))
        failed = guest.run(guestside.device(old).undo_script()).out.strip()
        if failed:
            raise BenchError(f"{self.name}: could not undo: {failed}")
        guest.run(guestside.device(new).script())
        guest.run(guestside.mtu(new, mtu))

    def apply(self, guest, case):
        probe = "ip link add netkit-probe type netkit && ip link del netkit-probe"
        if guest.run(probe, check=False).rc:
            raise BenchError(f"{self.name}: this kernel has no netkit, which came with 6.7")
        self._swap(guest, OVERLAY, dataclasses.replace(OVERLAY, device="netkit"))
        super().apply(guest, case)

    def undo(self, guest):
        super().undo(guest)
        self._swap(guest, dataclasses.replace(OVERLAY, device="netkit"), OVERLAY)

    def attach(self):
        ingress = tc(guestside.TUNNEL, "to_container")
        return ([ingress[0], f"{OBJECTS}/netkit-attach {PINS}/from_container {guestside.veth(0)} {PINS}/link"],
                [ingress[1]])


def outer_header(sender, receiver):
    """Ethernet to VXLAN, without lengths and the source port. IP's header checksum is right for a length of 0."""
    network = plan.UNDERLAY[4]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, 0, 0x4000, 64, 17, 0, address(plan.host(network, sender)),
                     address(plan.host(network, receiver)))
    total = sum(struct.unpack(">10H", ip))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack(">H", ~total & 0xffff) + ip[12:]
    return (mac(plan.TAP_MAC) + mac(plan.NIC_MAC) + b"\x08\0" + ip + struct.pack(">HHHH", 0, OVERLAY.port, 0, 0)
            + struct.pack(">II", 0x08 << 24, plan.VNI << 8))


class ShortTc(Programs):
    """ONCache's method: the outer headers are cut off at the NIC and added at the veth, according to maps."""

    name, source = "short-tc", "short"

    def maps(self, guest):
        inside, outside = mac(plan.container_mac(0)), mac(plan.HOST_TUNNEL_MAC)
        key = address(plan.host(plan.UNDERLAY[4], plan.HOST)) + struct.pack(">I", plan.VNI << 8) + CONTAINER
        return [("restore_map", key, index(guest, guestside.veth(0)) + inside + outside),
                ("encap_map", SENDER, index(guest, "$nic") + outer_header(plan.GUEST, plan.HOST)
                 + outside + inside + b"\x08\0")]

    def attach(self):
        ingress, egress = tc("$nic", "restore"), tc(guestside.veth(0), "encap")
        return [ingress[0], egress[0]], [ingress[1], egress[1]]


VARIANTS = (Cpumap, CpumapRps, RedirectPeer, Netkit, ShortTc)
