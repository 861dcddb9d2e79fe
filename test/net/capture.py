# SPDX-License-Identifier: GPL-2.0
"""tcpdump in the guest: the sender's datagrams that it captured, in order."""

import re
import struct

from net import plan, udp, wait
from net.wire import HEADER, MAGIC

# Room for two IPv6 headers, the tunnel's header, a VLAN tag, and the sender's header behind them.
SNAP = 192
PCAP_HEADER, PACKET_HEADER = 24, struct.Struct("<IIII")
BUFFER_KIB = 16384


class CaptureError(Exception):
    """tcpdump missed packets or does not work."""


def parse(data):
    """(captured bytes, length on the wire) of each packet in a pcap file."""
    if data[:4] != b"\xd4\xc3\xb2\xa1":
        raise CaptureError(f"no pcap file: {data[:16]!r}")
    offset = PCAP_HEADER
    while offset < len(data):
        _, _, captured, length = PACKET_HEADER.unpack_from(data, offset)
        offset += PACKET_HEADER.size
        yield data[offset:offset + captured], length
        offset += captured


def datagram(frame):
    """(flow, seq) of the sender's datagram at the start of this frame, or None."""
    at = frame.find(MAGIC)
    if at < 0 or at + HEADER.size > len(frame):
        return None
    _, _, flow, _, seq = HEADER.unpack_from(frame, at)
    return flow, seq


class Capture:
    """tcpdump on a device; it listens when the constructor returns. container: a number, or None for the host.

    ring=True uses a TPACKET_V3 ring, libpcap's default, which hands over a block when it is full or old. Otherwise each
    packet is handed over at once.
    """

    def __init__(self, guest, device, what, container=None, ring=False, promiscuous=True):
        self.guest, self.device = guest, device
        self._name = f"capture-{udp.new_run()}"
        self._path = f"/tmp/{self._name}"
        command = (f"tcpdump -i {device} -n -U -Z root -B {BUFFER_KIB} -s {SNAP} -w {self._path}"
                   f"{'' if ring else ' --immediate-mode'}{'' if promiscuous else ' -p'} '{what}'")
        if container is not None:
            command = f"ip netns exec c{container} {command}"
        self.process = guest.spawn(f"exec {command}")
        wait.until(lambda: "listening on" in self.process.output()[1] or not self.process.running,
                   20, f"tcpdump on {device}")
        if not self.process.running:
            raise CaptureError(self.process.wait(5).err)

    def stop(self, packets):
        """End tcpdump once it has written so many packets; [(bytes, length)] of all packets."""
        size = PCAP_HEADER + packets * (PACKET_HEADER.size + SNAP)
        self.guest.run(f"for ((n = 0; n < 400; n++)); do\n"
                       f"\tif (($(stat -c %s {self._path}) >= {size})); then exit 0; fi\n"
                       f"\tsleep 0.05\n"
                       f"done", timeout=120)
        said = self.process.stop("INT").err
        self.guest.run(f"cp {self._path} /shared/{self._name}; rm {self._path}")
        path = self.guest.shared / self._name
        found = list(parse(path.read_bytes()))
        path.unlink()
        seen = {what: int(number) for number, what in re.findall(r"(\d+) packets (captured|received|dropped)", said)}
        if set(seen) != {"captured", "received", "dropped"}:
            raise CaptureError(f"tcpdump on {self.device}: {said}")
        # A packet that was dropped between kernel and tcpdump tells nothing about the path.
        if seen["dropped"] or seen["captured"] != len(found) or seen["received"] != len(found):
            raise CaptureError(f"tcpdump on {self.device}: {len(found)} in the file, but {said}")
        return found

    def kill(self):
        if self.guest.alive:
            self.process.stop("KILL")
            self.guest.run(f"rm -f {self._path}")


class Captures:
    """Several captures at a time, by name: a context manager.

	with Captures(guest) as captures:
	    captures.add("veth", "veth0", "udp dst port 5000")
	    ...
	    seen = captures.datagrams(3000)
    """

    def __init__(self, guest):
        self.guest = guest
        self._open = {}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for capture in self._open.values():
            capture.kill()

    def add(self, name, device, what, **options):
        self._open[name] = Capture(self.guest, device, what, **options)
        return self._open[name]

    def stop(self, packets):
        """{name: [(bytes, length)]} once each capture has so many packets."""
        found = {name: self._open[name].stop(packets) for name in list(self._open)}
        self._open.clear()
        return found

    def datagrams(self, packets):
        """{name: [(flow, seq)]}"""
        return {name: [datagram(frame) for frame, _ in frames] for name, frames in self.stop(packets).items()}


def outer_filter(variant, longer_than=900):
    """A filter for the tunnel's packets that are long enough to be the test's datagrams."""
    return f"udp dst port {variant.port} and greater {longer_than}"


def inner_filter(port=udp.DEFAULT_PORT):
    return f"udp dst port {port}"


def nic(guest):
    """The name of the guest's NIC."""
    return guest.run(f"grep -l {plan.NIC_MAC} /sys/class/net/*/address").out.split("/")[4]
