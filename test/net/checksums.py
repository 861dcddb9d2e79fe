#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Send datagrams, every other one with a wrong checksum.

	checksums.py TO PORT COUNT
"""

import socket
import struct
import sys
import time

SIZES = (1300, 40, 600, 1001)
PAUSE_S, PAUSE_EVERY = 0.02, 40         # bursts, so that one poll of the NIC takes several
SPORT = 5999


def folded(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def datagram(family, source, to, port, payload, wrong):
    """UDP header and payload."""
    length = 8 + len(payload)
    pseudo = socket.inet_pton(family, source) + socket.inet_pton(family, to) + struct.pack(">HH", socket.IPPROTO_UDP, length)
    plain = struct.pack(">HHHH", SPORT, port, length, 0) + payload
    checksum = folded(pseudo + plain + bytes(len(plain) % 2)) ^ 0xffff
    # A checksum of 0 would mean that there is none.
    checksum = (checksum ^ 0x5555 if wrong else checksum) or 0xffff
    return plain[:6] + struct.pack(">H", checksum) + payload


def send(to, port, count):
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_UDP)
    sock.connect((to, 0))
    source = sock.getsockname()[0]
    for number in range(count):
        payload = bytes((number + at) & 0xff for at in range(SIZES[number // 2 % len(SIZES)]))
        sock.send(datagram(family, source, to, port, payload, wrong=number % 2))
        if number % PAUSE_EVERY == 0:
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    send(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
