# SPDX-License-Identifier: GPL-2.0
"""The receiver's side, inside the guest: NIC, tunnel, bridge or routes, containers."""

from . import hostside, plan
from .steps import Steps

TUNNEL = "overlay0"
BRIDGE = "br0"
CONTAINER_DEVICE = "eth0"

# Sets $nic. The NIC is found by its address, because its name depends on the guest.
FIND_NIC = f"""\
nic=
for dev in /sys/class/net/*; do
	if [ "$(cat "$dev/address")" = {plan.NIC_MAC} ] && [ -e "$dev/device" ]; then nic=${{dev##*/}}; fi
done
[ -n "$nic" ] || {{ echo "no NIC {plan.NIC_MAC} in the guest" >&2; exit 1; }}"""

# Sets $irqs. virtio's interrupts belong to the device above the NIC; a NIC without MSI has one, once it is up.
FIND_IRQS = """\
irqs=$(cd "$(readlink -f "/sys/class/net/$nic/device")" && ls msi_irqs 2>/dev/null || ls ../msi_irqs 2>/dev/null || cat irq)"""

# A guest whose CPU stood still for a moment receives a burst. With the default backlog of 1000 packets, such a burst,
# which the test machine causes, would mean loss on every path, with or without falcon.
BACKLOG = 20000


def container_netns(index):
    return f"c{index}"


def veth(index):
    return f"veth{index}"


BOND = "bond0"
CARRIERS = {"nic": "$nic", "vlan": f"$nic.{plan.VLAN}", "bond": BOND}


def interrupts(cpu):
    """Script that directs the interrupts of $nic to this CPU."""
    return f'{FIND_IRQS}\nfor irq in $irqs; do echo {cpu} >"/proc/irq/$irq/smp_affinity_list"; done'


def link(wire=plan.WIRE):
    """The NIC with both underlay addresses, its interrupts on CPU 0."""
    steps = Steps()
    steps.add(f"modprobe {wire.driver}")
    steps.add(FIND_NIC)
    steps.add('ip link set "$nic" addrgenmode none')
    steps.add(f'ip link set "$nic" up mtu {plan.UNDERLAY_MTU}', f'{FIND_NIC}; ip link set "$nic" down')
    if wire.driver == "igb":
        # one queue for each CPU, unless the number is set
        steps.add(f'ethtool -L "$nic" combined {wire.queues}')
        # QEMU's device computes no checksum inside a tunnel, though the driver leaves it to the NIC.
        steps.add('ethtool -K "$nic" tx off', f'{FIND_NIC}; ethtool -K "$nic" tx on')
    if wire.driver == "e1000":
        # QEMU's device drops a frame that finds no room; it does not leave it to the tap.
        steps.add('ethtool -G "$nic" rx 4096')
    steps.add(interrupts(0))
    if wire.queues > 1:
        steps.add(f'ethtool -L "$nic" combined {wire.queues} && virtio=$(readlink -f "/sys/class/net/$nic/device")')
    for queue in range(1, wire.queues):
        steps.add(f"irq=$(sed -n \"s/^ *\\([0-9]*\\):.* ${{virtio##*/}}-input.{queue}$/\\1/p\" /proc/interrupts) &&"
                  f' echo {queue} >"/proc/irq/$irq/smp_affinity_list"')
    steps.add(f"sysctl -qw net.core.netdev_max_backlog={BACKLOG}")
    _underlay(steps, '"$nic"', f"{FIND_NIC}; ")
    return steps


def _underlay(steps, device, find=""):
    """Addresses and neighbours of the underlay on a device."""
    for command, undo in _underlay_commands(device):
        steps.add(command, undo and find + undo)


def _underlay_commands(device):
    """(command, command that undoes it), which also work on a device that has some of the addresses."""
    for family, network in plan.UNDERLAY.items():
        address = plan.with_length(network, plan.GUEST)
        yield (f"ip addr replace {address} dev {device}{plan.addr_options(family)}",
               f"ip addr del {address} dev {device}")
        yield (f"ip neigh replace {plan.host(network, plan.HOST)} lladdr {plan.TAP_MAC} "
               f"dev {device} nud permanent", None)


def _carrier(steps, variant):
    """Sets $carrier: the device that the tunnel runs over."""
    carrier = CARRIERS[variant.carrier]
    steps.add(f"carrier={carrier}")
    if variant.carrier == "nic":
        return
    # The carrier takes over the NIC's addresses.
    restored = "; ".join(command for command, _ in _underlay_commands('"$nic"'))
    steps.add('ip addr flush dev "$nic"', f'{FIND_NIC}; ip link set "$nic" up; {restored}')
    if variant.carrier == "vlan":
        steps.add(f'ip link add link "$nic" name "$carrier" type vlan id {plan.VLAN}',
                  f'{FIND_NIC}; ip link del "{carrier}"')
    else:
        # A NIC must be down to join a bond.
        steps.add(f"modprobe bonding max_bonds=0; ip link add {BOND} type bond mode active-backup",
                  f"ip link del {BOND}")
        steps.add(f'ip link set "$nic" down; ip link set "$nic" master {BOND}')
    steps.add('ip link set "$carrier" addrgenmode none')
    steps.add('ip link set "$carrier" up')
    _underlay(steps, '"$carrier"', f"{FIND_NIC}; carrier={carrier}; ")


def overlay(variant):
    """Tunnel, bridge or routes, and containers."""
    steps = Steps()
    steps.add(FIND_NIC)
    _carrier(steps, variant)
    _tunnel(steps, variant)
    if variant.routed:
        _router(steps, variant)
    elif variant.paired:
        _bridge(steps)
    else:
        steps.add(f"modprobe {variant.device}", f"modprobe -r {variant.device}")
        steps.add(f"ip link set {TUNNEL} up")
    for index in range(variant.containers):
        _container(steps, variant, index)
    return steps


def mtu(variant, inner):
    """Like hostside.mtu(): for NIC, tunnel, and every container's devices."""
    outer = inner + plan.HEADERS[variant.underlay]
    lines = ["set -e", FIND_NIC, f'ip link set "$nic" mtu {outer}', f"ip link set {TUNNEL} mtu {inner}"]
    for index in range(variant.containers):
        if variant.paired:
            lines.append(f"ip link set {veth(index)} mtu {inner}")
        lines.append(f"ip -n {container_netns(index)} link set {CONTAINER_DEVICE} mtu {inner}")
    return "\n".join(lines)


def _tunnel(steps, variant):
    network = plan.UNDERLAY[variant.underlay]
    remote = plan.host(network, plan.HOST)
    if variant.kind == "geneve":
        checksum = "udp6zerocsumtx udp6zerocsumrx" if variant.underlay == 6 else "noudpcsum"
        command = (f"ip link add {TUNNEL} address {plan.GUEST_TUNNEL_MAC} mtu {variant.mtu} "
                   f"type geneve id {plan.VNI} remote {remote} "
                   f"dstport {variant.port} {checksum}")
    elif variant.kind == "gre":
        command = (f"ip link add {TUNNEL} address {plan.GUEST_TUNNEL_MAC} mtu {variant.mtu} type gretap "
                   f"local {plan.host(network, plan.GUEST)} remote {remote} key {plan.VNI}")
    elif variant.kind == "ipip":
        command = (f"ip link add {TUNNEL} mtu {variant.mtu} type ipip "
                   f"local {plan.host(network, plan.GUEST)} remote {remote}")
    else:
        command = hostside.tunnel_command(variant, TUNNEL, plan.GUEST_TUNNEL_MAC, '"$carrier"',
                                          plan.GUEST, plan.HOST)
    steps.add(command, f"ip link del {TUNNEL}")
    steps.add(f"ip link set {TUNNEL} addrgenmode none")
    if variant.kind == "vxlan":
        steps.add(f"bridge fdb replace {plan.HOST_TUNNEL_MAC} dev {TUNNEL} dst {remote} "
                  "self permanent")


def _bridge(steps):
    steps.add(f"ip link add {BRIDGE} type bridge mcast_snooping 0",
              f"ip link del {BRIDGE}")
    steps.add(f"ip link set {TUNNEL} master {BRIDGE} up")
    steps.add(f"bridge fdb replace {plan.HOST_TUNNEL_MAC} dev {TUNNEL} master static")
    steps.add(f"ip link set {BRIDGE} addrgenmode none")
    steps.add(f"ip link set {BRIDGE} up")


def _router(steps, variant):
    steps.add(f"ip link set {TUNNEL} up")
    steps.add("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
              "sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0")
    for family, network in plan.OVERLAY.items():
        steps.add(f"ip addr add {plan.with_length(network, plan.GUEST)} dev {TUNNEL}"
                  f"{plan.addr_options(family)}")
        # a device without MAC addresses has no neighbours
        if variant.kind != "ipip":
            steps.add(f"ip neigh replace {plan.host(network, plan.HOST)} "
                      f"lladdr {plan.HOST_TUNNEL_MAC} dev {TUNNEL} nud permanent")


def _container(steps, variant, index):
    netns = container_netns(index)
    steps.add(f"ip netns add {netns}", f"ip netns del {netns}")
    steps.add(f"ip -n {netns} link set lo up")
    _device(steps, variant, index)


def device(variant, index=0):
    """Give a container's device its addresses."""
    steps = Steps()
    _device(steps, variant, index)
    return steps


def _device(steps, variant, index):
    netns = container_netns(index)
    if variant.paired:
        _pair(steps, variant, index)
    else:
        _upper(steps, variant, index)
    steps.add(f"ip -n {netns} link set {CONTAINER_DEVICE} addrgenmode none")
    steps.add(f"ip -n {netns} link set {CONTAINER_DEVICE} up")
    for family in plan.OVERLAY:
        if variant.routed:
            _routed_address(steps, variant, index, family)
        else:
            _bridged_address(steps, variant, index, family)


def _pair(steps, variant, index):
    netns, outside, mac = container_netns(index), veth(index), variant.mac(index)
    mode = " mode l2" if variant.device == "netkit" else ""
    steps.add(f"ip link add {outside} address {plan.veth_mac(index)} mtu {variant.mtu} "
              f"type {variant.device}{mode} peer name {CONTAINER_DEVICE} netns {netns} "
              f"address {mac} mtu {variant.mtu}", f"ip link del {outside}")
    if not variant.routed:
        steps.add(f"ip link set {outside} master {BRIDGE}")
    steps.add(f"ip link set {outside} addrgenmode none")
    steps.add(f"ip link set {outside} up")
    if not variant.routed:
        steps.add(f"bridge fdb replace {mac} dev {outside} master static")


def _upper(steps, variant, index):
    netns, name = container_netns(index), veth(index)
    options = {"macvlan": f"address {variant.mac(index)} type macvlan mode bridge", "ipvlan": "type ipvlan mode l2"}
    # It is created on the host under another name, because the NIC may have the final one.
    steps.add(f"ip link add link {TUNNEL} name {name} {options[variant.device]}")
    steps.add(f"ip link set {name} netns {netns} name {CONTAINER_DEVICE}",
              f"ip -n {netns} link del {CONTAINER_DEVICE}")


def _bridged_address(steps, variant, index, family):
    netns, network = container_netns(index), plan.OVERLAY[family]
    steps.add(f"ip -n {netns} addr add {variant.container(index, family)}/{network.prefixlen} "
              f"dev {CONTAINER_DEVICE}{plan.addr_options(family)}")
    neighbours = {plan.host(network, plan.HOST): plan.HOST_TUNNEL_MAC}
    for other in range(variant.containers):
        if other != index:
            neighbours[variant.container(other, family)] = variant.mac(other)
    for address, mac in neighbours.items():
        steps.add(f"ip -n {netns} neigh replace {address} lladdr {mac} "
                  f"dev {CONTAINER_DEVICE} nud permanent")


def _routed_address(steps, variant, index, family):
    netns, address = container_netns(index), variant.container(index, family)
    gateway, length = plan.GATEWAY[family], 32 if family == 4 else 128
    steps.add(f"ip -n {netns} addr add {address}/{length} "
              f"dev {CONTAINER_DEVICE}{plan.addr_options(family)}")
    steps.add(f"ip -n {netns} neigh replace {gateway} lladdr {plan.veth_mac(index)} "
              f"dev {CONTAINER_DEVICE} nud permanent")
    steps.add(f"ip -n {netns} -{family} route add default via {gateway} "
              f"dev {CONTAINER_DEVICE} onlink")
    steps.add(f"ip route add {address}/{length} dev {veth(index)}")
    steps.add(f"ip neigh replace {address} lladdr {variant.mac(index)} "
              f"dev {veth(index)} nud permanent")
