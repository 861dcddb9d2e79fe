#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Print how many users a static key of the running kernel has: statickey.py ADDRESS (of kallsyms)"""

import struct
import sys

PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
PT_LOAD = 1


def read(address, size):
    """The kernel's memory, from /proc/kcore, an ELF file."""
    with open("/proc/kcore", "rb", buffering=0) as core:
        head = core.read(64)
        offset, = struct.unpack_from("<Q", head, 32)
        entry, count = struct.unpack_from("<HH", head, 54)
        for index in range(count):
            core.seek(offset + index * entry)
            kind, _, where, start, _, length, _, _ = PROGRAM_HEADER.unpack(core.read(PROGRAM_HEADER.size))
            if kind == PT_LOAD and start <= address and address + size <= start + length:
                core.seek(where + address - start)
                return core.read(size)
    sys.exit(f"{address:#x} is not in /proc/kcore")


if __name__ == "__main__":
    # struct static_key begins with the counter.
    print(struct.unpack("<i", read(int(sys.argv[1], 16), 4))[0])
