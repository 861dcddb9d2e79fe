#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A TCP connection on which both sides send all the time and read everything that arrives.

	both_ways.py listen PORT READY CPUS     create the file READY once it listens; wait for the file CPUS ("2,5"),
	                                        then start a thread on each of these CPUs that sends as fast as it can
	both_ways.py connect ADDRESS PORT SECONDS RATE
	                                        send RATE bytes a second; print the number of bytes received
"""

import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path

BLOCK = 16384
RESET = struct.pack("ii", 1, 0)     # SO_LINGER: close() discards unsent data and does not wait


def read(connection, came):
    try:
        while data := connection.recv(BLOCK):
            came[0] += len(data)
    except OSError:
        pass


def write(connection, cpu):
    # sets the affinity of this thread only
    os.sched_setaffinity(0, {cpu})
    try:
        while True:
            connection.sendall(bytes(BLOCK))
    except OSError:
        pass


def listen(port, ready, cpus):
    with socket.create_server(("", int(port))) as server:
        Path(ready).touch()
        connection, _ = server.accept()
    threading.Thread(target=read, args=(connection, [0]), daemon=True).start()
    while not Path(cpus).exists():
        time.sleep(0.05)
    threads = [threading.Thread(target=write, args=(connection, int(cpu)))
               for cpu in Path(cpus).read_text(encoding="ascii").split(",")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def connect(address, port, seconds, rate):
    came = [0]
    with socket.create_connection((address, int(port))) as connection:
        threading.Thread(target=read, args=(connection, came), daemon=True).start()
        block, began = int(rate) // 100, time.monotonic()
        for turn in range(int(float(seconds) * 100)):
            time.sleep(max(0, began + turn / 100 - time.monotonic()))
            connection.sendall(bytes(block))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    print(came[0])


if __name__ == "__main__":
    {"listen": listen, "connect": connect}[sys.argv[1]](*sys.argv[2:])
