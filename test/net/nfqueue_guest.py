#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Accept every packet of a netfilter queue, in order of arrival, in the guest.

	nfqueue_guest.py QUEUE READY    create the file READY once it listens; SIGTERM ends it and it prints the number
	                                of packets accepted
"""

import select
import signal
import socket
import struct
import sys

NETLINK_NETFILTER = 12
SUBSYSTEM = 3 << 8                      # NFNL_SUBSYS_QUEUE
PACKET, CONFIG, VERDICT_BATCH = 0, 2, 3
CFG_CMD, CFG_PARAMS, CFG_QUEUE_MAXLEN = 1, 2, 3
CMD_BIND, COPY_META = 1, 1
PACKET_HDR, VERDICT_HDR = 1, 2
NLMSG_ERROR = 2
REQUEST, ACK = 1, 4
NF_ACCEPT = 1
QUEUE_LENGTH = 16384
HEADER = struct.Struct("=IHHII")
SO_RCVBUFFORCE = 33


def attribute(kind, payload):
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


class Queue:
    """A netlink socket that is bound to the queue's number."""

    def __init__(self, number):
        self._number = number
        self._sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self._sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self._sock.bind((0, 0))
        self.accepted = 0
        self._configure(attribute(CFG_CMD, struct.pack(">BxH", CMD_BIND, socket.AF_UNSPEC)))
        self._configure(attribute(CFG_PARAMS, struct.pack(">IB", 0, COPY_META))
                        + attribute(CFG_QUEUE_MAXLEN, struct.pack(">I", QUEUE_LENGTH)))

    def _send(self, message, flags, attributes):
        payload = struct.pack(">BBH", socket.AF_UNSPEC, 0, self._number) + attributes
        self._sock.send(HEADER.pack(HEADER.size + len(payload), SUBSYSTEM | message, REQUEST | flags, 0, 0) + payload)

    def _configure(self, attributes):
        self._send(CONFIG, ACK, attributes)
        answer = self._sock.recv(65536)
        _, kind, _, _, _ = HEADER.unpack_from(answer)
        error = struct.unpack_from("=i", answer, HEADER.size)[0] if kind == NLMSG_ERROR else 0
        if kind != NLMSG_ERROR or error:
            raise OSError(-error, f"the queue was not configured, answer of type {kind}")

    def _ids(self):
        """The ids of the packets that have arrived by now."""
        while select.select([self._sock], [], [], 0)[0]:
            data = self._sock.recv(65536)
            while len(data) >= HEADER.size:
                length, kind, _, _, _ = HEADER.unpack_from(data)
                if kind == SUBSYSTEM | PACKET:
                    yield self._packet_id(data[HEADER.size + 4:length])
                data = data[(length + 3) & ~3:]

    @staticmethod
    def _packet_id(attributes):
        while attributes:
            length, kind = struct.unpack_from("=HH", attributes)
            if kind == PACKET_HDR:
                return struct.unpack_from(">I", attributes, 4)[0]
            attributes = attributes[(length + 3) & ~3:]
        raise ValueError("a packet without a number")

    def serve(self):
        while True:
            select.select([self._sock], [], [])
            ids = list(self._ids())
            if ids != sorted(ids):
                raise ValueError(f"numbers out of order: {ids}")
            if ids:
                # One verdict for this packet and all earlier ones.
                self._send(VERDICT_BATCH, 0, attribute(VERDICT_HDR, struct.pack(">II", NF_ACCEPT, ids[-1])))
                self.accepted += len(ids)


def main():
    queue = Queue(int(sys.argv[1]))

    def end(*_):
        print(queue.accepted)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    with open(sys.argv[2], "w", encoding="ascii"):
        pass
    queue.serve()


if __name__ == "__main__":
    main()
