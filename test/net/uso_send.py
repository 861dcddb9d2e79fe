#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Send VXLAN packets that leave as one large packet of many segments (UDP_SEGMENT), on the sender's side.

	uso_send.py RUN COUNT SIZE PORT     COUNT datagrams of SIZE bytes to the first container's PORT
"""

import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from net import plan, wire  # noqa: E402  pylint: disable=wrong-import-position

SOL_UDP, UDP_SEGMENT = 17, 103
SEGMENTS = 40               # in one packet: as many as other tests send in one burst
PAUSE_SECONDS = 0.01        # 4000 a second


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def frame(variant, run, seq, size, port):
    """VXLAN header and inner packet; the inner UDP has no checksum."""
    payload = wire.HEADER.pack(wire.MAGIC, run, 0, size, seq).ljust(size, b"\0")
    datagram = struct.pack(">HHHH", 40000, port, 8 + size, 0) + payload
    addresses = (socket.inet_aton(plan.host(plan.OVERLAY[4], plan.HOST)), socket.inet_aton(variant.container(0, 4)))
    def header(check):
        return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), seq & 0xffff, 0, 64, socket.IPPROTO_UDP, check,
                           *addresses)
    ethernet = mac(plan.container_mac(0)) + mac(plan.HOST_TUNNEL_MAC) + b"\x08\x00"
    return struct.pack(">II", 0x08000000, plan.VNI << 8) + ethernet + header(checksum(header(0))) + datagram


def main():
    run, count, size, port = map(int, sys.argv[1:])
    variant = plan.get("vxlan")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((plan.host(plan.UNDERLAY[4], plan.GUEST), variant.port))
    frames = [frame(variant, run, seq, size, port) for seq in range(count)]
    sock.setsockopt(SOL_UDP, UDP_SEGMENT, len(frames[0]))
    for begin in range(0, count, SEGMENTS):
        sock.send(b"".join(frames[begin:begin + SEGMENTS]))
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
