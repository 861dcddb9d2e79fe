# SPDX-License-Identifier: GPL-2.0
"""Devices that falcon knows: the stage of each, in every namespace. falcon never delays their removal."""

import uuid

import pytest

from net import guestside, plan, wait
from net.control import control  # noqa: F401  pylint: disable=unused-import

# pylint: disable=redefined-outer-name


def inode(guest, netns=None):
    where = f"/run/netns/{netns}" if netns else "/proc/self/ns/net"
    return int(guest.run(f"stat -L -c %i {where}").out)


@pytest.mark.thorough
def test_devices_of_the_overlay_are_listed_with_their_stage(overlay, control):
    here, container = inode(control.guest), inode(control.guest, guestside.container_netns(0))
    devices = control.devices()
    seen = {key: (device["stage"], device["kind"], device.get("port")) for key, device in devices.items()}
    nics = [key for key, device in devices.items() if device["kind"] == "physical"]
    assert len(nics) == 1
    address = control.guest.run(f"cat /sys/class/net/{nics[0][1]}/address").out.strip()
    assert address == plan.NIC_MAC
    assert seen == {
        nics[0]: ("nic", "physical", None),
        (here, guestside.TUNNEL): ("tunnel", "vxlan", overlay.net.variant.port),
        (here, guestside.BRIDGE): ("tunnel", "bridge", None),
        (here, guestside.veth(0)): ("container", "veth", None),
        (container, guestside.CONTAINER_DEVICE): ("container", "veth", None),
    }
    assert control.status()["devices"] == len(devices)


# name -> command that creates it, kind, stage, port; None: falcon ignores this device
KINDS = {
    "dvx": ("type vxlan dstport 8472 external", "vxlan", "tunnel", 8472),
    "dgnv": ("type geneve id 6 remote 192.0.2.9 dstport 6082", "geneve", "tunnel", 6082),
    "dgre": ("type gre local 192.0.2.2 remote 192.0.2.9", "gre", "tunnel", None),
    "dgretap": ("type gretap local 192.0.2.2 remote 192.0.2.9", "gretap", "tunnel", None),
    "dgre6": ("type ip6gre local 2001:db8:1::2 remote 2001:db8:1::9", "ip6gre", "tunnel", None),
    "dgretap6": ("type ip6gretap local 2001:db8:1::2 remote 2001:db8:1::9", "ip6gretap", "tunnel", None),
    "dipip": ("type ipip local 192.0.2.2 remote 192.0.2.9", "ipip", "tunnel", None),
    "dsit": ("type sit local 192.0.2.2 remote 192.0.2.9", "sit", "tunnel", None),
    "dtnl6": ("type ip6tnl local 2001:db8:1::2 remote 2001:db8:1::9", "ip6tnl", "tunnel", None),
    "dbr": ("type bridge", "bridge", "tunnel", None),
    "dmacvlan": ("link ddummy type macvlan", "macvlan", "container", None),
    "dipvlan": ("link ddummy2 type ipvlan", "ipvlan", "container", None),
    "dveth": ("type veth peer name dveth2", "veth", "container", None),
}
OTHERS = {"ddummy": "type dummy", "ddummy2": "type dummy", "dvlan": "link ddummy type vlan id 7", "difb": "type ifb"}


@pytest.mark.thorough
def test_every_kind_of_device_has_its_stage(control):
    guest, netns = control.guest, f"falcon-{uuid.uuid4().hex[:8]}"
    before = control.devices()
    # netkit came with 6.7
    has_netkit = guest.run("grep -qw netkit_xmit /proc/kallsyms", check=False).rc == 0
    made = {name: f"ip -n {netns} link add {name} {how}" for name, how in OTHERS.items()}
    made.update((name, f"ip -n {netns} link add {name} {kind[0]}") for name, kind in KINDS.items())
    wanted = {name: kind[1:] for name, kind in KINDS.items()}
    wanted["dveth2"] = wanted["dveth"]
    if has_netkit:
        made["dnk"] = f"ip -n {netns} link add dnk type netkit peer name dnk2"
        wanted["dnk"] = wanted["dnk2"] = ("netkit", "container", None)
    guest.run(f"ip netns add {netns}")
    try:
        inside = inode(guest, netns)
        guest.run("\n".join(["set -e", *made.values()]))
        found = {name: (device["kind"], device["stage"], device.get("port"))
                 for (where, name), device in control.devices().items() if where == inside}
        # Modules create devices of their own, such as gre0 and tunl0.
        assert {name: kind for name, kind in found.items() if name.startswith("d")} == wanted
        assert all(stage == "tunnel" for name, (_, stage, _) in found.items() if not name.startswith("d"))
    finally:
        guest.run(f"ip netns del {netns}")
    # A namespace ends asynchronously; falcon delays no device.
    wait.until(lambda: not [key for key in control.devices() if key[0] == inside], 30, "devices gone")
    # Fallback devices of tunnel modules stay in the initial namespace.
    left = {name: device["kind"] for (_, name), device in control.devices().items()
            if name not in {old for _, old in before}}
    assert set(left.values()) <= {"gre", "gretap", "ip6gre", "ip6gretap", "ipip", "sit", "ip6tnl"}, left
    modules = "ip_gre ip6_gre gre ipip sit ip6_tunnel tunnel4 tunnel6 ip_tunnel macvlan ipvlan"
    guest.run(f"for round in 1 2; do for name in {modules}; do rmmod $name 2>/dev/null || true; done; done")


@pytest.mark.thorough
def test_device_list_follows_moves_and_names(control):
    guest, netns = control.guest, f"falcon-{uuid.uuid4().hex[:8]}"
    here = inode(guest)
    guest.run(f"ip netns add {netns}; ip link add fv0 type veth peer name fv1")
    try:
        there = inode(guest, netns)
        index = control.devices()[here, "fv1"]["ifindex"]
        guest.run(f"ip link set fv1 netns {netns} name moved; ip link set fv0 name renamed")
        devices = control.devices()
        assert {key for key in devices if key[1] in ("fv0", "fv1", "moved", "renamed")} == {
            (there, "moved"), (here, "renamed")}
        assert devices[here, "renamed"]["ifindex"] != index
    finally:
        guest.run(f"ip link del fv0 2>/dev/null || ip link del renamed; ip netns del {netns}")
    assert {"moved", "renamed"}.isdisjoint(name for _, name in control.devices())


@pytest.mark.parametrize("enabled", [False, True], ids=["disabled", "enabled"])
def test_devices_and_namespaces_can_go_while_loaded(control, enabled):
    """falcon holds no reference, so the deletions complete at once."""
    guest, netns = control.guest, f"falcon-{uuid.uuid4().hex[:8]}"
    if enabled:
        control.enable()
    guest.run(f"ip netns add {netns}\n"
              f"ip link add gone0 type veth peer name gone1 netns {netns}\n"
              f"ip -n {netns} link add gone2 type vxlan dstport 8473 external\n"
              f"ip link set gone0 up; ip -n {netns} link set gone1 up; ip -n {netns} link set gone2 up")
    names = {"gone0", "gone1", "gone2"}
    assert names <= {name for _, name in control.devices()}
    # Ends when the devices are freed; a reference would delay it for ever.
    guest.run("timeout 20 ip link del gone0")
    guest.run(f"ip netns del {netns}")
    wait.until(lambda: names.isdisjoint(name for _, name in control.devices()), 20, "devices gone")
    assert "unregister_netdevice" not in guest.run("dmesg").out
