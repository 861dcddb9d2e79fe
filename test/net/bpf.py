# SPDX-License-Identifier: GPL-2.0
"""BPF programs of a few instructions, written as object files that ip and tc load. No compiler is needed."""

import itertools
import os
import socket
import struct

from .wire import HEADER, MAGIC, SIZE

# Offset of the sender's header in a frame: behind Ethernet, IPv4 and UDP, and behind the tunnel's headers too.
INNER = 14 + 20 + 8
OUTER = INNER + 8 + INNER

R0, R1, R2, R3, R4, R5, R6 = range(7)
XDP_DROP, XDP_PASS = 1, 2
XDP_DATA, XDP_DATA_END = 0, 4           # struct xdp_md
PACKET_HOST = 0
TC_ACT_OK = 0
ETH_P_8021Q = 0x8100
BPF_KTIME_GET_NS = 5
BPF_SKB_VLAN_PUSH, BPF_SKB_VLAN_POP, BPF_SKB_CHANGE_TYPE, BPF_REDIRECT_PEER = 18, 19, 32, 155
# XDP drops the datagrams whose number has these low bits: one in DROP_EVERY.
DROP_EVERY, DROP_REMAINDER = 8, 3

_serial = itertools.count(1)


def _insn(code, dst=0, src=0, offset=0, immediate=0):
    return struct.pack("<BBhi", code, src << 4 | dst, offset, immediate)


def mov(dst, src):
    return _insn(0xbf, dst, src)


def mov_imm(dst, value):
    return _insn(0xb7, dst, immediate=value)


def add_imm(dst, value):
    return _insn(0x07, dst, immediate=value)


def and_imm(dst, value):
    return _insn(0x57, dst, immediate=value)


def load32(dst, src, offset):
    return _insn(0x61, dst, src, offset)


def load16(dst, src, offset):
    return _insn(0x69, dst, src, offset)


def load8(dst, src, offset):
    return _insn(0x71, dst, src, offset)


def store64(dst, offset, src):
    return _insn(0x7b, dst, src, offset)


def store16_imm(dst, offset, value):
    return _insn(0x6a, dst, offset=offset, immediate=value)


def jump_greater(dst, src, over):
    """Skips `over` instructions if dst is greater than src."""
    return _insn(0x2d, dst, src, over)


def jump_other_imm(dst, value, over):
    """Skips `over` instructions if the lower 32 bits of dst differ from the value."""
    return _insn(0x56, dst, offset=over, immediate=value)


def call(helper):
    return _insn(0x85, immediate=helper)


def leave():
    return _insn(0x95)


def drop_some(at):
    """XDP: drops one in DROP_EVERY of the sender's datagrams, whose header is at offset `at`."""
    magic = struct.unpack("<i", MAGIC)[0]
    return [
        load32(R2, R1, XDP_DATA),
        load32(R3, R1, XDP_DATA_END),
        mov(R4, R2),
        add_imm(R4, at + HEADER.size),
        jump_greater(R4, R3, 7),
        load32(R5, R2, at),
        jump_other_imm(R5, magic, 5),
        load8(R5, R2, at + HEADER.size - 1),
        and_imm(R5, DROP_EVERY - 1),
        jump_other_imm(R5, DROP_REMAINDER, 2),
        mov_imm(R0, XDP_DROP),
        leave(),
        mov_imm(R0, XDP_PASS),
        leave(),
    ]


def stamp(at, port):
    """XDP: writes the time behind the header of each datagram to this port and clears the UDP checksum."""
    magic = struct.unpack("<i", MAGIC)[0]
    return [
        load32(R6, R1, XDP_DATA),
        load32(R3, R1, XDP_DATA_END),
        mov(R4, R6),
        add_imm(R4, at + SIZE + 8),
        jump_greater(R4, R3, 7),
        load32(R5, R6, at),
        jump_other_imm(R5, magic, 5),
        # UDP's header: source, destination, length, checksum
        load16(R5, R6, at - 6),
        jump_other_imm(R5, socket.htons(port), 3),
        store16_imm(R6, at - 2, 0),
        call(BPF_KTIME_GET_NS),
        store64(R6, at + SIZE, R0),
        mov_imm(R0, XDP_PASS),
        leave(),
    ]


def let_pass():
    """XDP: passes every packet."""
    return [mov_imm(R0, XDP_PASS), leave()]


def redirect_peer(ifindex):
    """tc, ingress: redirects packets into the container that has the peer of this device."""
    return [
        mov(R6, R1),
        mov_imm(R2, PACKET_HOST),
        call(BPF_SKB_CHANGE_TYPE),
        mov_imm(R1, ifindex),
        mov_imm(R2, 0),
        call(BPF_REDIRECT_PEER),
        leave(),
    ]


def push_vlan(tag):
    """tc: adds a VLAN tag."""
    return [
        mov_imm(R2, socket.htons(ETH_P_8021Q)),
        mov_imm(R3, tag),
        call(BPF_SKB_VLAN_PUSH),
        mov_imm(R0, TC_ACT_OK),
        leave(),
    ]


def pop_vlan():
    """tc: removes the VLAN tag, whichever it has."""
    return [
        call(BPF_SKB_VLAN_POP),
        mov_imm(R0, TC_ACT_OK),
        leave(),
    ]


def elf(section, program):
    """A relocatable object with the program in a section of this name."""
    names, offsets = b"\0", {}
    for name in (section, "license", ".symtab", ".strtab", "program"):
        offsets[name] = len(names)
        names += name.encode() + b"\0"
    code = b"".join(program)
    # value 0 in section 1: a function, global
    symbols = bytes(24) + struct.pack("<IBBHQQ", offsets["program"], 1 << 4 | 2, 0, 1, 0, len(code))
    # name, type, flags, data, link, info, alignment, size of an entry
    sections = [(section, 1, 2 | 4, code, 0, 0, 8, 0), ("license", 1, 2, b"GPL\0", 0, 0, 1, 0),
                (".symtab", 2, 0, symbols, 4, 1, 8, 24), (".strtab", 3, 0, names, 0, 0, 1, 0)]
    body, headers = b"", bytes(64)
    for name, kind, flags, data, link, info, alignment, entry in sections:
        body += bytes(-len(body) % 8)
        headers += struct.pack("<IIQQQQIIQQ", offsets[name], kind, flags, 0, 64 + len(body), len(data), link, info,
                               alignment, entry)
        body += data
    body += bytes(-len(body) % 8)
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 1, 247, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64,
                       len(sections) + 1, len(sections))
    return head + body + headers


def write(path, section, program):
    """Write the object and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_bytes(elf(section, program))
    new.rename(path)        # another process may write it at the same time
    return path


def put(guest, section, program):
    """Write the object into the guest's share and return its path there."""
    path = write(guest.shared / f"program-{next(_serial)}.o", section, program)
    return f"/shared/{path.name}"
