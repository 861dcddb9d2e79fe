# SPDX-License-Identifier: GPL-2.0
"""The test network: a native sender in a network namespace of the host, a guest behind a tap, and a container in it
that is reached through an overlay.

	with Topology("vxlan") as t, t.guest(kernel="6.12") as g:
	    t.setup_guest(g)
	    print(t.udp(g, rate=10000, seconds=5))

 host's namespace                         guest
 udp-send ─ overlay0 (VXLAN) ─ tap0 ════ NIC ─ overlay0 ─ br0 ─ veth0 ─ eth0 (namespace c0) ─ udp-sink
"""

import contextlib
import signal

from vm.guest import CommandFailed, Guest, Nic

from . import bpf, guestside, hostside, memcached, plan, sockperf, tcp, udp
from .netns import Namespace

# Frames arrive in the guest as on a wire: not merged, with checksums to verify.
NIC_PROPS = {
    "guest_csum": "off", "guest_tso4": "off", "guest_tso6": "off", "guest_ufo": "off",
    "guest_ecn": "off", "guest_uso4": "off", "guest_uso6": "off",
    "rx_queue_size": "1024",
}
# A wire that brings merged packets. The NIC has QEMU's defaults, and the offloads are switched on at the tap.
MERGED_PROPS = {"rx_queue_size": "1024"}
MUST_BE_ON = ("tx-checksumming", "tcp-segmentation-offload")
# Offloads that must be off on the sender's devices; QEMU's driver for taps could switch them on.
MUST_BE_OFF = ("tx-checksumming", "tcp-segmentation-offload", "generic-segmentation-offload")


class TopologyError(Exception):
    """The network is not in the expected state."""


class Topology:
    """Everything that it creates is removed when its block ends."""

    def __init__(self, variant="vxlan", wire=plan.WIRE):
        self.variant = plan.get(variant)
        self.wire = wire
        self.namespace = Namespace()
        self._stack = None
        self._overlay = None        # the sender's overlay steps in force
        self._guest_link = None     # the guest's steps, which also undo it
        self._guest_overlay = None

    # -- the sender's side

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            udp.build()
            stack.enter_context(self.namespace)
            # devices, addresses and rules disappear with the namespace
            self._shell(hostside.link(self.wire).script())
            self._set_overlay()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc):
        return self._stack.__exit__(*exc)

    def _shell(self, script):
        return self.namespace.run(["bash"], text=script)

    def _set_overlay(self):
        self._overlay = hostside.overlay(self.variant)
        self._shell(self._overlay.script())

    # -- the guest

    def guest(self, kernel="6.12", vcpus=4, **options):
        """A Guest, not yet started, whose NIC is our tap; a context manager."""
        return Guest(kernel=kernel, vcpus=vcpus, netns=self.namespace.name,
                     nics=[Nic(tap=hostside.TAP, mac=plan.NIC_MAC, queues=self.wire.queues, model=self.wire.model,
                               props=self._nic_props())],
                     **options)

    def _nic_props(self):
        if self.wire.driver != "virtio_net":
            return {}
        return MERGED_PROPS if self.wire.merged else NIC_PROPS

    def setup_guest(self, guest):
        """Create tunnel, bridge and containers in the guest, and check that a packet gets through."""
        self._guest_link, self._guest_overlay = guestside.link(self.wire), guestside.overlay(self.variant)
        try:
            guest.run(self._guest_link.script())
            guest.run(self._guest_overlay.script())
            self.check(guest)
        except CommandFailed:
            for steps in (self._guest_overlay, self._guest_link):
                guest.run(steps.undo_script(), check=False)
            self._guest_link = self._guest_overlay = None
            raise

    def clear_guest(self, guest):
        """Undo setup_guest()."""
        for steps in (self._guest_overlay, self._guest_link):
            if steps:
                failed = guest.run(steps.undo_script()).out.strip()
                if failed:
                    raise TopologyError(f"could not undo in the guest: {failed}")
        self._guest_link = self._guest_overlay = None

    @contextlib.contextmanager
    def without_nic(self, guest):
        """Unbind the NIC's driver, whatever it is doing; devices above it disappear. The block's end restores
        everything.
        """
        driver = guest.run(f"set -e\n{guestside.FIND_NIC}\n"
                           "device=$(readlink -f /sys/class/net/$nic/device); driver=$(readlink -f $device/driver)\n"
                           "echo ${device##*/} >$driver/unbind; echo $driver ${device##*/}").out.split()
        try:
            yield
        finally:
            # Some of it is gone already.
            guest.run(self._guest_overlay.undo_script())
            self._guest_link = self._guest_overlay = None
            guest.run(f"echo {driver[1]} >{driver[0]}/bind")
            self.setup_guest(guest)

    def switch(self, variant, guest):
        """Switch to another variant, with the same guest."""
        new = plan.get(variant)
        self.clear_guest(guest)
        failed = self._shell(self._overlay.undo_script()).strip()
        if failed:
            raise TopologyError(f"could not undo: {failed}")
        self.variant = new
        self._set_overlay()
        self.setup_guest(guest)

    def check(self, guest):
        """Check that offloads are off, and that every container reaches the sender by each family."""
        self._check_offloads()
        for index in range(self.variant.containers):
            for family in self.variant.families:
                # ping to the sender's address tests both directions. -w: it ends with the first answer and fails
                # without one in 10 s
                sender = plan.host(plan.OVERLAY[family], plan.HOST)
                guest.run(self.in_container(f"ping -q -c 1 -w 10 {sender}", index))
        guest.check()

    def _check_offloads(self):
        if self.wire.merged:
            wanted = {hostside.TAP: {name: "on" for name in MUST_BE_ON}}
        else:
            wanted = {device: {name: "off" for name in MUST_BE_OFF} for device in (hostside.TAP, hostside.TUNNEL)}
        for device, features in wanted.items():
            found = self.namespace.run(["ethtool", "-k", device])
            for name, value in features.items():
                if f"\n{name}: {value}" not in found:
                    raise TopologyError(f"{device} has {name} not {value}")

    def set_mtu(self, guest, mtu=None):
        """Set another MTU for the overlay and for the devices below it; None: the variant's own."""
        mtu = mtu or self.variant.mtu
        self._shell(hostside.mtu(self.variant, mtu))
        guest.run(guestside.mtu(self.variant, mtu))

    @staticmethod
    def merge_udp(guest, merges):
        """Switch GRO's merging of UDP from the NIC on or off; it is off by default."""
        guest.run(f"set -e\n{guestside.FIND_NIC}\nethtool -K $nic rx-udp-gro-forwarding {'on' if merges else 'off'}")

    # -- names

    def address(self, container=0, family=4):
        """Inner address of a container. None: the guest's own address on the underlay."""
        if container is None:
            return plan.host(plan.UNDERLAY[family], plan.GUEST)
        return self.variant.container(container, family)

    @staticmethod
    def in_container(command, container=0, cpu=None):
        """The command line that runs a command inside the container, for a script in the guest. None: on the host.

        It enters the network namespace only and keeps the host's /sys. "ip netns exec" mounts another /sys, which takes
        an emulated CPU 200 ms.
        """
        inside = "" if container is None else f"nsenter --net=/run/netns/{guestside.container_netns(container)} "
        pin = "" if cpu is None else f"taskset -c {cpu} "
        return f"{inside}{pin}{command}"

    @staticmethod
    def in_cgroup(cgroup):
        """Prefix of a script in the guest that joins a cgroup. None: it stays where it is."""
        return f"echo $$ >/sys/fs/cgroup/{cgroup}/cgroup.procs && " if cgroup else ""

    def tap_dropped(self):
        """Frames that the host lost before the guest could receive them."""
        path = f"/sys/class/net/{hostside.TAP}/statistics/tx_dropped"
        return int(self.namespace.run(["cat", path]))

    def _server(self, guest, command, container, cpu, port, over="tcp"):
        """A server process in the container, once it listens."""
        process = guest.spawn("exec " + self.in_container(command, container, cpu))
        listening = self.in_container(f"ss -Hln{over[0]} sport = :{port}", container)
        guest.run(f"for ((n = 0; n < 400; n++)); do\n"
                  f"\tif [[ $({listening}) ]]; then exit 0; fi\n"
                  f"\tsleep 0.05\n"
                  f"done\n"
                  f"echo '{command} does not listen' >&2; exit 1")
        return process

    # -- request and response

    def rr_server(self, guest, container=0, family=4, cpu=None, port=udp.DEFAULT_PORT, cgroup=None, **opts):
        """rr's server in the container, ready. Options are rr's."""
        name = f"rr-{udp.new_run()}-{container}-{port}"
        words = udp.options(server=True, port=port, bind=self.address(container, family),
                            ready=f"/shared/{name}", **opts)
        command = self.in_container(f"{udp.GUEST_TOOLS}/rr {' '.join(words)}", container, cpu)
        return udp.Sink(guest, f"{self.in_cgroup(cgroup)}exec {command}", guest.shared / name, tool="rr")

    def rr_client(self, container=0, family=4, port=udp.DEFAULT_PORT, **opts):
        """rr's client to the container, running. Options are rr's."""
        words = udp.options(to=self.address(container, family), port=port, **opts)
        return udp.Sender(self.namespace.popen([udp.TOOLS / "rr", *words]), tool="rr")

    def sockperf_server(self, guest, container=0, cpu=None, port=udp.DEFAULT_PORT):
        """sockperf's server in the container, listening."""
        return self._server(guest, sockperf.server(port), container, cpu, port, over="udp")

    def sockperf_client(self, rate, size, seconds, container=0, port=udp.DEFAULT_PORT):
        """sockperf's client to the container, running."""
        argv = sockperf.client(self.address(container), port, rate, size, seconds)
        return udp.Sender(self.namespace.popen(argv), "sockperf", sockperf.parse, signal.SIGINT)

    def memcached_server(self, guest, container=0, cpu=None):
        """memcached in the container, listening."""
        return self._server(guest, memcached.server(), container, cpu, memcached.PORT)

    def memcached_client(self, seconds, container=0):
        """memaslap, running against the container's memcached."""
        argv = memcached.client(self.address(container), seconds)
        return udp.Sender(self.namespace.popen(argv), "memcaslap", memcached.parse)

    # -- UDP

    @contextlib.contextmanager
    def stamps(self, guest, port):
        """Stamp packets to this port twice: by XDP where the NIC's driver takes them from the ring, and by the kernel
        where the container's own stage begins, behind every queue. For a sink with the option stamps.
        """
        # virtio polls its ring on the CPU that sets this, and so ahead of packets in the queues of the interrupts' CPU
        xdp = f"{guestside.FIND_NIC}\ntaskset -c 0 ip link set dev $nic xdpdrv"
        prequeue = "sysctl -qw net.core.netdev_tstamp_prequeue"
        program = bpf.put(guest, "xdp", bpf.stamp(bpf.OUTER, port))
        guest.run(f"set -e\n{xdp} obj {program} sec xdp\n{prequeue}=0")
        try:
            yield
        finally:
            guest.run(f"{xdp} off\n{prequeue}=1")

    def sink(self, guest, container=0, family=4, cpu=None, port=udp.DEFAULT_PORT, cgroup=None, **opts):
        """A Sink in the container, ready. Options are udp-sink's."""
        run = opts.setdefault("run", udp.new_run())
        opts.setdefault("idle", udp.IDLE_MS)
        name = f"sink-{run}-{container}-{port}"
        words = udp.options(port=port, bind=self.address(container, family), ready=f"/shared/{name}",
                            sent=f"/shared/{name}.sent", **opts)
        command = self.in_container(f"{udp.GUEST_TOOLS}/udp-sink {' '.join(words)}", container, cpu)
        return udp.Sink(guest, f"{self.in_cgroup(cgroup)}exec {command}", guest.shared / name)

    def send(self, container=0, family=4, port=udp.DEFAULT_PORT, **opts):
        """A Sender to the container, running. Options are udp-send's."""
        words = udp.options(to=self.address(container, family), port=port, **opts)
        return udp.Sender(self.namespace.popen([udp.TOOLS / "udp-send", *words]))

    def udp(self, guest, container=0, family=4, cpu=None, port=udp.DEFAULT_PORT, flows=1, verify=False,
            timeout=300, **opts):
        """Send to a container and wait for the end; udp.balance() of both sides."""
        run = udp.new_run()
        sink = self.sink(guest, container, family, cpu, port, flows=flows, run=run, verify=verify)
        try:
            sent = self.send(container, family, port, flows=flows, run=run, **opts).wait(timeout)
        except udp.TrafficError:
            sink.stop()
            raise
        return udp.balance(sent, sink.wait(timeout, sent["sent"]))

    # -- TCP

    def tcp_server(self, guest, container=0, cpu=None, port=tcp.DEFAULT_PORT):
        """iperf3 in the container, listening, for one client."""
        return self._server(guest, f"iperf3 -s -1 -p {port}", container, cpu, port)

    def tcp_counters(self, guest, container=0):
        """The kernel's counters on both sides, for tcp.account()."""
        inside = self.in_container(" ".join(tcp.COUNTER_FILES), container)
        return (tcp.parse_counters(self.namespace.run(tcp.COUNTER_FILES)),
                tcp.parse_counters(guest.run(inside).out))

    def tcp_client(self, guest, seconds, container=0, family=4, port=tcp.DEFAULT_PORT, bitrate=None,
                   streams=1):
        """iperf3 to the container's server, running. bitrate in bit/s, the sum of all streams."""
        argv = ["iperf3", "-J", "-c", self.address(container, family), "-p", port, "-t", seconds,
                "-l", tcp.BLOCK, "-P", streams]
        if bitrate:
            argv += ["-b", max(1, int(bitrate) // streams)]
        def counters():
            return self.tcp_counters(guest, container)

        before = counters()
        return tcp.Client(self.namespace.popen(argv), before, counters)

    def iperf(self, guest, seconds, container=0, family=4, cpu=None, bitrate=None, streams=1):
        """Send TCP to a container; the account of tcp.Client.wait()."""
        server = self.tcp_server(guest, container, cpu)
        try:
            client = self.tcp_client(guest, seconds, container, family, bitrate=bitrate,
                                     streams=streams)
            return client.wait(seconds + 60)
        finally:
            server.stop()
