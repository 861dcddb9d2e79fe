# SPDX-License-Identifier: GPL-2.0
"""The sender's side: a tap into the guest, and the overlay above it."""

from vm import tools
from vm.paths import BUILD

from . import bpf, plan
from .steps import Steps

OBJECTS = BUILD / "test/bpf"
PROGRAMS = BUILD / "tc"
TAP = "tap0"
TUNNEL = "overlay0"

# Offloads that exist between a host and its guests, but not on a wire. They are off, so frames of the MTU arrive one by
# one, with the checksums that a wire carries.
OFFLOADS = "tx off sg off tso off gso off gro off"
# Offloads of a sender that leaves this work to the receiving NIC.
OFFLOADS_MERGED = "tx on sg on tso on gso on tx-udp-segmentation on"

# A guest that stalls must not lose packets here: the tap's queue holds them.
TAP_QUEUE = 20000


def link(wire=plan.WIRE):
    """The tap with the underlay addresses of both families."""
    steps = Steps()
    steps.add(f"ip tuntap add dev {TAP} mode tap{' multi_queue' if wire.queues > 1 else ''}", f"ip link del {TAP}")
    steps.add(f"ip link set {TAP} address {plan.TAP_MAC} mtu {plan.UNDERLAY_MTU} "
              f"txqueuelen {TAP_QUEUE} addrgenmode none")
    steps.add(f"ethtool -K {TAP} {OFFLOADS_MERGED if wire.merged else OFFLOADS}")
    steps.add(f"ip link set {TAP} up")
    for family, network in plan.UNDERLAY.items():
        steps.add(f"ip addr add {plan.with_length(network, plan.HOST)} dev {TAP}"
                  f"{plan.addr_options(family)}")
        steps.add(f"ip neigh replace {plan.host(network, plan.GUEST)} lladdr {plan.NIC_MAC} "
                  f"dev {TAP} nud permanent")
    return steps


def overlay(variant):
    """The tunnel device by which the sender sends."""
    steps = Steps()
    if variant.carrier == "vlan":
        _tag(steps)
    remote = plan.host(plan.UNDERLAY[variant.underlay], plan.GUEST)
    steps.add(tunnel_command(variant, TUNNEL, plan.HOST_TUNNEL_MAC, TAP, plan.HOST, plan.GUEST),
              f"ip link del {TUNNEL}")
    steps.add(f"ethtool -K {TUNNEL} {OFFLOADS}")
    # Not in one command: a device that comes up first solicits routers now and then, during the tests.
    steps.add(f"ip link set {TUNNEL} addrgenmode none")
    steps.add(f"ip link set {TUNNEL} up")
    if variant.kind == "geneve":
        _geneve_by_vxlan(steps)
    elif variant.kind in ("gre", "ipip"):
        _other_by_vxlan(steps, variant.kind)
    for family, network in plan.OVERLAY.items():
        steps.add(f"ip addr add {plan.with_length(network, plan.HOST)} dev {TUNNEL}"
                  f"{plan.addr_options(family)}")
        if variant.routed:
            gateway = plan.host(network, plan.GUEST)
            _neighbour(steps, gateway, plan.GUEST_TUNNEL_MAC, remote)
            steps.add(f"ip route add {plan.PODS[family]} via {gateway} dev {TUNNEL}")
            continue
        for index in range(variant.containers):
            _neighbour(steps, variant.container(index, family), variant.mac(index), remote)
    return steps


def mtu(variant, inner):
    """Script that gives the overlay the MTU `inner`. The underlay's MTU limits the tunnel's."""
    outer = inner + plan.HEADERS[variant.underlay]
    return f"set -e\nip link set {TAP} mtu {outer}\nip link set {TUNNEL} mtu {inner}"


def _neighbour(steps, address, mac, remote):
    steps.add(f"ip neigh replace {address} lladdr {mac} dev {TUNNEL} nud permanent")
    steps.add(f"bridge fdb replace {mac} dev {TUNNEL} dst {remote} self permanent")


def tunnel_command(variant, name, mac, dev, local, remote):
    """A VXLAN device without outer checksums, as is usual in overlays."""
    network = plan.UNDERLAY[variant.underlay]
    checksum = "udp6zerocsumtx udp6zerocsumrx" if variant.underlay == 6 else "noudpcsum"
    return (f"ip link add {name} address {mac} mtu {variant.mtu} type vxlan "
            f"id {plan.VNI} dstport {variant.port} local {plan.host(network, local)} "
            f"remote {plan.host(network, remote)} dev {dev} nolearning {checksum}")


def _tag(steps):
    """All frames of the tap are in a VLAN. BPF does it, because not every host's kernel has VLAN devices."""
    programs = {"egress": bpf.push_vlan(plan.VLAN), "ingress": bpf.pop_vlan()}
    _at_tap(steps, {direction: f"{bpf.write(OBJECTS / f'vlan-{direction}.o', 'tc', program)} sec tc"
                    for direction, program in programs.items()})


def _other_by_vxlan(steps, kind):
    """Turn a VXLAN device's packets into GRE or IPIP by BPF: see tc/outer.h."""
    tools.make("test/net/tc", PROGRAMS, f"VNI={plan.VNI}", f"MAC={plan.HOST_TUNNEL_MAC}")
    _at_tap(steps, {direction: f"{PROGRAMS}/{kind}.o sec {direction}" for direction in ("egress", "ingress")})


def _at_tap(steps, objects):
    """Attach a program for each direction of the tap."""
    steps.add(f"tc qdisc add dev {TAP} clsact", f"tc qdisc del dev {TAP} clsact")
    for direction, found in objects.items():
        steps.add(f"tc filter add dev {TAP} {direction} bpf direct-action obj {found}")


def _geneve_by_vxlan(steps):
    """Turn a VXLAN device's packets into GENEVE, because not every host's kernel has GENEVE.

    Without options both headers have 8 bytes and the VNI at the same offset. They differ in the first 4 bytes: VXLAN
    has flags; GENEVE has option length, flags and the protocol 0x6558 (Ethernet). No outer checksum covers these bytes.
    """
    rules = (
        "table inet geneve {\n"
        "chain out {\n"
        "type filter hook postrouting priority 0\n"
        f"udp dport {plan.PORTS['geneve']} @th,64,32 0x08000000 @th,64,32 set 0x00006558\n"
        "}\n"
        "chain in {\n"
        "type filter hook prerouting priority -300\n"
        f"udp dport {plan.PORTS['geneve']} @th,64,32 0x00006558 @th,64,32 set 0x08000000\n"
        "}\n"
        "}")
    steps.add(f"nft -f - <<'RULES'\n{rules}\nRULES", "nft delete table inet geneve")
