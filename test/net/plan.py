# SPDX-License-Identifier: GPL-2.0
"""Addresses in the topology, and the variants of the topology."""

import dataclasses
import ipaddress

# Address ranges reserved for documentation: no real host has them.
UNDERLAY = {4: ipaddress.ip_network("192.0.2.0/24"), 6: ipaddress.ip_network("2001:db8:1::/64")}
OVERLAY = {4: ipaddress.ip_network("198.51.100.0/24"), 6: ipaddress.ip_network("2001:db8:2::/64")}
PODS = {4: ipaddress.ip_network("203.0.113.0/24"), 6: ipaddress.ip_network("2001:db8:3::/64")}

HOST, GUEST, FIRST_CONTAINER = 1, 2, 11

TAP_MAC = "02:fa:1c:00:00:01"
NIC_MAC = "02:fa:1c:00:00:02"
HOST_TUNNEL_MAC = "02:fa:1c:00:01:01"
GUEST_TUNNEL_MAC = "02:fa:1c:00:01:02"

VNI = 77
UNDERLAY_MTU = 1500
HEADERS = {4: 20 + 8 + 8 + 14, 6: 40 + 8 + 8 + 14}     # outer IP, UDP, VXLAN or GENEVE, inner Ethernet
PORTS = {"vxlan": 4789, "geneve": 6081}

VLAN = 5

# The gateway of a routed container, as Calico sets it: an address that no host has.
GATEWAY = {4: "169.254.1.1", 6: "fe80::1"}


@dataclasses.dataclass(frozen=True)
class Variant:
    """A variant of the overlay."""

    name: str
    kind: str = "vxlan"
    underlay: int = 4       # IP version
    routed: bool = False    # a route to each container instead of a bridge
    families: tuple = (4, 6)    # IP versions inside the tunnel
    containers: int = 1
    carrier: str = "nic"    # device below the tunnel: the NIC, or a "vlan" or a "bond" on it
    device: str = "veth"    # the containers': "veth" or "netkit" (pairs), "macvlan" or "ipvlan" (on the tunnel)

    @property
    def port(self):
        """UDP port of the tunnel. For a tunnel without ports it is the port of the sender's VXLAN device."""
        return PORTS.get(self.kind, PORTS["vxlan"])

    @property
    def mtu(self):
        return UNDERLAY_MTU - HEADERS[self.underlay]

    @property
    def paired(self):
        """True if one end of each container's device stays on the host."""
        return self.device in ("veth", "netkit")

    def mac(self, index):
        """MAC address of a container."""
        return GUEST_TUNNEL_MAC if self.device == "ipvlan" else container_mac(index)

    def container(self, index, family):
        """Inner address of a container."""
        if not 0 <= index < self.containers:
            raise ValueError(f"{self.name} has {self.containers} container(s), no number {index}")
        return host((PODS if self.routed else OVERLAY)[family], FIRST_CONTAINER + index)


VARIANTS = {variant.name: variant for variant in (
    Variant("vxlan"),
    Variant("vxlan6", underlay=6),
    Variant("geneve", kind="geneve"),
    Variant("gre", kind="gre"),
    Variant("ipip", kind="ipip", routed=True, families=(4,)),
    Variant("routed", routed=True),
    Variant("two", containers=2),
)}


def get(name):
    """A variant by its name; a Variant is returned as it is."""
    if isinstance(name, Variant):
        return name
    if name not in VARIANTS:
        raise ValueError(f"no topology variant '{name}'; known are {', '.join(VARIANTS)}")
    return VARIANTS[name]


@dataclasses.dataclass(frozen=True)
class Wire:
    """How frames reach the guest: QEMU's NIC model, and the offloads of the sender's devices."""

    model: str = "virtio-net-pci"
    driver: str = "virtio_net"
    merged: bool = False    # frames above the MTU, checksums not computed, as from another guest of the same host
    queues: int = 1         # of the NIC; the interrupts of each go to a CPU of its own


WIRE = Wire()
MERGED = Wire(merged=True)
QUEUES = Wire(queues=2)
E1000 = Wire(model="e1000", driver="e1000")
# Of QEMU's NICs the one most like a server's: its driver recycles pages, and it verifies checksums.
IGB = Wire(model="igb", driver="igb")
WIRES = {"virtio": WIRE, "igb": IGB}    # the wires that the bench measures with


def host(network, number):
    return str(network[number])


def with_length(network, number):
    return f"{network[number]}/{network.prefixlen}"


def container_mac(index):
    return f"02:fa:1c:00:02:{index + 1:02x}"


def veth_mac(index):
    """MAC address of the end of the container's pair that stays on the host."""
    return f"02:fa:1c:00:03:{index + 1:02x}"


def addr_options(family):
    """No duplicate address detection: it would hold back the packets of the first seconds."""
    return " nodad" if family == 6 else ""
