# SPDX-License-Identifier: GPL-2.0
"""Sends hostile packets (test/net/frames) to the guest's NIC and collects the counters and the delivered packets."""

import re

from vm import tools
from vm.paths import BUILD

from . import guestside, hostside, plan, udp, wait

OUT = BUILD / "hostile"
PORT = 6000
SINKS = 4           # must equal FRAME_SINKS
RATE = 3000
CONTAINER = "c0"
LIMIT = 60

# Every tunnel that the packets use, except the topology's own VXLAN.
TUNNELS = (
    ("geneve0", f"geneve id {plan.VNI} remote {{host}} dstport {plan.PORTS['geneve']} noudpcsum", True),
    ("gretap9", "gretap local {guest} remote {host}", True),
    ("gre9", "gre local {guest} remote {host}", False),
    ("ipip9", "ipip local {guest} remote {host}", False),
    ("sit9", "sit local {guest} remote {host}", False),
    ("ip6tnl9", "ip6tnl mode any local {guest6} remote {host6}", False),
)
# No rate limit on ICMP answers; fragments time out early.
SYSCTLS = ("net.ipv4.icmp_ratelimit=0", "net.ipv4.icmp_msgs_per_sec=10000000", "net.ipv4.icmp_msgs_burst=10000000",
           "net.ipv6.icmp.ratelimit=0", "net.ipv4.ipfrag_time=3", "net.ipv6.ip6frag_time=3")
ROUTER = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")


# The guest generates answers and then drops them: how many of them the socket buffer of the kernel's ICMP socket holds
# at a time is chance. The sender's stack does not see the packets that the guest floods either.
MUTE = "table inet mute { chain out { type filter hook output priority -400; drop; }; }"
DEAF = ("table inet deaf { chain in { type filter hook prerouting priority -400; "
        f'iifname "{hostside.TAP}" drop; }}; }}')


def build():
    tools.make("test/net/frames", OUT)


def ends(networks, macs, hosts):
    addresses = [plan.host(networks[family], number) for family in (4, 6) for number in hosts]
    return ",".join([*macs, *addresses])


def prepare(overlay):
    """Set up every tunnel. Tunnels without a bridge are routed to the container. The bridge learns nothing from the
    packets.
    """
    build()
    overlay.net.namespace.run(["nft", DEAF])
    guest = overlay.guest
    names = {f"{who}{suffix}": plan.host(plan.UNDERLAY[family], number) for who, number in
             (("guest", plan.GUEST), ("host", plan.HOST)) for family, suffix in ((4, ""), (6, "6"))}
    lines = ["set -e", f"sysctl -qw {' '.join(SYSCTLS)} {' '.join(ROUTER)}",
             f"ip netns exec {CONTAINER} sysctl -qw {' '.join(SYSCTLS)} 2>/dev/null || true",
             f"bridge link set dev {guestside.TUNNEL} learning off"]
    for name, options, bridged in TUNNELS:
        lines.append(f"ip link add {name} type {options.format(**names)}")
        if bridged:
            lines += [f"ip link set {name} master {guestside.BRIDGE}", f"bridge link set dev {name} learning off"]
        lines += [f"ip link set {name} addrgenmode none", f"ip link set {name} up"]
    # The first packet to a new neighbour is sent at once, later ones are not.
    lines.append("for file in /proc/sys/net/ipv4/conf/*/send_redirects; do echo 0 >$file; done")
    lines += [f"nft '{MUTE}'", f"ip netns exec {CONTAINER} nft '{MUTE}'"]
    mac = plan.container_mac(0)
    for family, network in plan.OVERLAY.items():
        address = plan.host(network, plan.FIRST_CONTAINER)
        lines += [f"ip -{family} route add {address} dev {guestside.BRIDGE}",
                  f"ip neigh replace {address} lladdr {mac} dev {guestside.BRIDGE} nud permanent"]
    guest.run("\n".join(lines))


def clear(overlay):
    guest = overlay.guest
    overlay.net.namespace.run(["nft", "delete table inet deaf"])
    lines = ["nft delete table inet mute", f"ip netns exec {CONTAINER} nft delete table inet mute"]
    lines += [f"ip link del {name}" for name, *_ in TUNNELS]
    lines += [f"ip -{family} route del {plan.host(network, plan.FIRST_CONTAINER)} dev {guestside.BRIDGE}"
              for family, network in plan.OVERLAY.items()]
    lines += [f"bridge link set dev {guestside.TUNNEL} learning on", "sysctl -qw " + " ".join(
        setting.replace("=1", "=0") for setting in ROUTER),
        "for file in /proc/sys/net/ipv4/conf/*/send_redirects; do echo 1 >$file; done"]
    guest.run("\n".join(lines))


# Packets that the NIC sends are left out: the kernel sends ARP again for neighbours that were not found.
READ = r"""
for netns in host c0; do
	run=; if [[ $netns != host ]]; then run="ip netns exec $netns"; fi
	$run cat /proc/net/snmp /proc/net/netstat | sed "s/^/pair $netns /"
	$run cat /proc/net/snmp6 | sed "s/^/one $netns /"
	$run bash -c 'for dev in /sys/class/net/*; do for file in $dev/statistics/*; do
		if [[ -e $dev/device && $file = */tx_* ]]; then continue; fi
		echo ${dev##*/}-${file##*/} $(<$file); done; done' | sed "s/^/one $netns /"
done
awk '{ print "one host backlog-dropped-" NR, "0x" $2 }' /proc/net/softnet_stat
"""


def counters(guest):
    """{(namespace, name): value} of all packet counters of the kernel."""
    found, names = {}, None
    for line in guest.run(READ).out.splitlines():
        kind, netns, *words = line.split()
        if kind == "one":
            found[netns, re.sub(r"(backlog-dropped)-\d+", r"\1", words[0])] = \
                found.get((netns, re.sub(r"(backlog-dropped)-\d+", r"\1", words[0])), 0) + int(words[1], 0)
        elif names is None:
            names = words
        else:
            found.update({(netns, names[0] + name): int(value) for name, value in zip(names[1:], words[1:])})
            names = None
    # The first reader counts a wrong checksum: recvmsg() by the family, poll() always as IPv4's.
    for netns, name in [key for key in found if re.fullmatch(r"Udp6In(Csum)?Errors", key[1])]:
        found[netns, name.replace("Udp6", "Udp:")] += found.pop((netns, name))
    return found


class Hostile:
    """A corpus of hostile packets that is sent to the guest, and its effects there."""

    def __init__(self, overlay, count, seed):
        self.overlay, self.count, self.seed = overlay, count, seed

    def _send(self):
        words = udp.options(
            device=hostside.TAP, count=self.count, seed=self.seed, rate=RATE, port=PORT,
            outer=ends(plan.UNDERLAY, (plan.TAP_MAC, plan.NIC_MAC), (plan.HOST, plan.GUEST)),
            inner=ends(plan.OVERLAY, (plan.HOST_TUNNEL_MAC, plan.container_mac(0)), (plan.HOST, plan.FIRST_CONTAINER)))
        return udp.Sender(self.overlay.net.namespace.popen([OUT / "hostile", *words]), tool="hostile")

    def _sinks(self):
        # None of the packets has the sinks' run number. The sinks count packets and bytes as foreign.
        return [self.overlay.net.sink(self.overlay.guest, family=family, port=PORT, flows=SINKS, digest=True, cpu=5,
                                      idle=3_600_000, wait=3_600_000) for family in (4, 6)]

    def _settle(self):
        """Wait until counters stand still and no fragment waits for reassembly."""
        seen = []

        def quiet():
            seen.append((counters(self.overlay.guest), self._fragments()))
            return len(seen) > 1 and seen[-1] == seen[-2] and not seen[-1][1]
        wait.until(quiet, LIMIT, "counters to stand still")
        return seen[-1][0]

    def _fragments(self):
        lines = self.overlay.guest.run("cat /proc/net/sockstat /proc/net/sockstat6; ip netns exec c0 "
                                       "cat /proc/net/sockstat /proc/net/sockstat6").out
        return sum(int(number) for number in re.findall(r"^FRAG6?: inuse (\d+)", lines, re.M))

    def run(self):
        """({counter: increase}, (count, digest) of each sink, frames sent, frames lost before the guest)."""
        before, dropped = counters(self.overlay.guest), self.overlay.net.tap_dropped()
        sinks = self._sinks()
        try:
            sent = self._send().wait(LIMIT + 4 * self.count / RATE)
            after = self._settle()
        finally:
            got = [sink.stop() for sink in sinks]
        rises = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
        return rises, [(one["foreign"], one["digest"]) for one in got], sent, self.overlay.net.tap_dropped() - dropped
