#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A small Open vSwitch in the guest: the kernel's datapath, and a thread per CPU that answers misses.

ovs_guest.py TUNNEL DEVICE READY: forwards between TUNNEL and DEVICE. SIGUSR1 deletes every flow.
"""

import os
import signal
import socket
import struct
import sys
import threading

REQUEST, ACK, ECHO, GENERIC = 1, 4, 8, 16
NEW, DELETE, MISS, EXECUTE = 1, 2, 1, 3
PER_CPU = 8             # OVS_DP_F_DISPATCH_UPCALL_PER_CPU
NETDEV = 1              # OVS_VPORT_TYPE_NETDEV
VERSIONS = {"ovs_datapath": 2, "ovs_vport": 1, "ovs_flow": 1, "ovs_packet": 1, "nlctrl": 1}


def attr(number, payload):
    if isinstance(payload, int):
        payload = struct.pack("=I", payload)
    return struct.pack("=HH", 4 + len(payload), number) + payload + bytes(-len(payload) % 4)


def attributes(data):
    """{number: payload}"""
    found = {}
    while len(data) >= 4:
        length, number = struct.unpack_from("=HH", data)
        found[number & 0x3fff] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


class Netlink:
    """A netlink socket. It reads the answer to a request before anything else."""

    ids = {"nlctrl": GENERIC}

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, GENERIC)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)      # SO_RCVBUFFORCE
        self.socket.bind((0, 0))
        self.pid = self.socket.getsockname()[0]

    def send(self, family, command, body, flags=0):
        """Send a request. `body` begins with the family's own header, if the family has one."""
        message = struct.pack("=BBH", command, VERSIONS[family], 0) + body
        self.socket.send(struct.pack("=IHHII", 16 + len(message), self.ids[family], REQUEST | flags, 1, 0) + message)

    def ask(self, family, command, body):
        """The payload of the answer behind the generic netlink header, if there is one."""
        self.send(family, command, body, ACK | ECHO)
        answer = b""
        while True:
            data = self.socket.recv(1 << 16)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind == 2:       # NLMSG_ERROR
                    error, = struct.unpack_from("=i", data, 16)
                    if error:
                        raise OSError(-error, f"{family} {command}: {os.strerror(-error)}")
                    return answer
                answer, data = data[20:length], data[(length + 3) & ~3:]

    def resolve(self):
        for family in VERSIONS:
            if family not in self.ids:
                found = attributes(self.ask("nlctrl", 3, attr(2, family.encode() + b"\0")))
                self.ids[family], = struct.unpack("=H", found[1])


class Switch:
    """A datapath with two ports."""

    def __init__(self, tunnel, device):
        self.control = Netlink()
        self.control.resolve()
        self.handlers = [Netlink() for _ in range(os.cpu_count())]
        pids = b"".join(struct.pack("=I", handler.pid) for handler in self.handlers)
        answer = self.control.ask("ovs_datapath", NEW, struct.pack("=i", 0) + attr(1, b"dp9\0") +
                                  attr(2, self.handlers[0].pid) + attr(5, PER_CPU) + attr(8, pids))
        self.header = answer[:4]
        self.ports = [self._port(name) for name in (tunnel, device)]

    def _port(self, name):
        answer = self.control.ask("ovs_vport", NEW, self.header + attr(2, NETDEV) + attr(3, name.encode() + b"\0") +
                                  attr(5, self.handlers[0].pid))
        return struct.unpack("=I", attributes(answer[4:])[1])[0]

    def flush(self):
        self.control.ask("ovs_flow", DELETE, self.header)

    def serve(self, cpu):
        """Answer the misses of a CPU, on that CPU."""
        os.sched_setaffinity(0, {cpu})
        handler = self.handlers[cpu]
        while True:
            data = handler.socket.recv(1 << 16)
            length, kind = struct.unpack_from("=IH", data)
            if kind != handler.ids["ovs_packet"] or data[16] != MISS:
                continue
            found = attributes(data[24:length])
            came, = struct.unpack("=I", attributes(found[2])[3])
            to = attr(1, self.ports[1 - self.ports.index(came)])
            ethernet = bytes(12)
            match = attr(3, came) + attr(4, ethernet)
            mask = attr(3, 0xffffffff) + attr(4, ethernet)
            handler.send("ovs_flow", NEW, self.header + attr(1, match) + attr(7, mask) + attr(2, to))
            handler.send("ovs_packet", EXECUTE, self.header + attr(1, found[1]) + attr(2, found[2]) + attr(3, to))


def main():
    switch = Switch(*sys.argv[1:3])
    for cpu in range(os.cpu_count()):
        threading.Thread(target=switch.serve, args=(cpu,), daemon=True).start()
    signal.signal(signal.SIGUSR1, lambda *_: switch.flush())
    with open(sys.argv[3], "w", encoding="ascii") as ready:
        ready.write(str(os.getpid()))
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
