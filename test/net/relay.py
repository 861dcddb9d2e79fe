# SPDX-License-Identifier: GPL-2.0
"""A UDP relay that loses, repeats, delays and damages the datagrams given by its options, and no others.

	relay.py --listen PORT --to PORT --count COUNT [--drop N]... [--repeat N]... [--delay N:BY]... [--damage N]...

N counts the datagrams by their arrival, from 0. A delayed one goes out after BY later ones. The relay prints "ready"
once it listens and ends after COUNT datagrams. It receives and forwards in order, so the result does not depend on
timing.
"""

import argparse
import socket

RCVBUF = 64 << 20


def delay(text):
    number, _, by = text.partition(":")
    return int(number), int(by)


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", type=int, required=True)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--drop", type=int, action="append", default=[])
    parser.add_argument("--repeat", type=int, action="append", default=[])
    parser.add_argument("--damage", type=int, action="append", default=[])
    parser.add_argument("--delay", type=delay, action="append", default=[])
    return parser.parse_args()


def relay(receive, send, args):
    """Pass on the datagrams that receive() returns."""
    drop, repeat, damage, late = set(args.drop), set(args.repeat), set(args.damage), dict(args.delay)
    held = {}       # number of the datagram that must go out first -> held ones
    for number in range(args.count):
        data = receive()
        if number in damage:
            data = data[:-1] + bytes([data[-1] ^ 1])
        if number in late:
            held.setdefault(number + late[number], []).append(data)
        elif number not in drop:
            send(data)
            if number in repeat:
                send(data)
        for waiting in held.pop(number, ()):
            send(waiting)


def main():
    args = options()
    inward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # SO_RCVBUFFORCE goes beyond net.core.rmem_max: the relay must not lose any datagram by itself
    inward.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_RCVBUFFORCE", 33), RCVBUF)
    inward.bind(("127.0.0.1", args.listen))
    outward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outward.connect(("127.0.0.1", args.to))
    print("ready", flush=True)
    relay(lambda: inward.recv(65535), outward.send, args)


if __name__ == "__main__":
    main()
