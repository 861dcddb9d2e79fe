# SPDX-License-Identifier: GPL-2.0
"""What each fuzzer begins with, made by code: the tree has no corpus."""

import random
import struct
import subprocess

from cli.fake_kernel import ENUMS, FAMILY, NLM_F_MULTI, SETS, encode, message
from cli.test_answers import CONFIG, CPUS, DEVICES, STATUS, UDP4, stats_rows

GENERIC = b"\1\1\0\0"       # header of generic netlink
RULE = {"id": 3, "dport-first": 80, "dport-last": 80, "saddr": b"\x0a\0\0\0", "saddr-len": 8, "level": 7,
        "mode": 0, "rate": 5, "packets": 9, "flows": 1, "suspensions": 0, "suspended": 0}
# As fuzz_answers.c has them: what each command is answered, the messages of a list one by one.
ANSWERS = [
    [("status", STATUS)],
    [("config", CONFIG)],
    [],
    [("device", entry) for entry in DEVICES],
    [("cpu", entry) for entry in CPUS],
    [("flow", UDP4)] * 3,
    [("stats", row) for row in stats_rows()],
    [("rule", RULE)],
    [("rule", {"id": 3})],
    [("event", {"event": "device-add", "ifindex": 5, "ifname": "vx0", "stage": "tunnel"})],
    [("flow", UDP4)],
    [("status", STATUS)],
    [],
]
COMMANDS = ("status", "enable", "disable", "config show", "device list", "cpu list", "flow list --top 3",
            "priority list", "priority del 3", "priority flush", "stats show --all --explain", "top --count 1 --interval 2",
            "monitor --count 1", "check", "help", "help config set", "version", "complete -- config set mo", "--help",
            "complete -- priority add sa", "--version", "config set -- mode=lanes")


def lines():
    """Command lines, with every key of what can be set."""
    yield from (line.split() for line in COMMANDS)
    for command, attrs in (("config set", SETS["config"]), ("priority add", SETS["rule"])):
        for attr in attrs:
            for value in ENUMS.get(attr.get("enum"), ["0", "7", "1-3", "10.0.0.0/8", "fd00::/16"]):
                yield [*command.split(), f"{attr['name']}={value}"]
    yield "priority add src=10.0.0.0/8 dst=10.0.0.1 sport=1-99 dport=80 protocol=TCP dscp=af11 outer-dscp=EF rate=0 --json".split()


def packets(directory, build):
    subprocess.run([build / "seeds", directory], check=True)


def noise(directory, size):
    rng = random.Random(20261126)
    for number in range(100):
        (directory / f"noise-{number}").write_bytes(rng.randbytes(size))


def args(directory):
    for number, words in enumerate(lines()):
        (directory / f"line-{number}").write_bytes(b"".join(word.encode() + b"\0" for word in words))


def answers(directory):
    """One packet for each message, one for all, and the end."""
    end = message(3, NLM_F_MULTI, 0, struct.pack("=i", 0))
    acknowledgement = message(2, 0x100, 0, struct.pack("=i", 0) + bytes(16))
    for which, records in enumerate(ANSWERS):
        said = [message(FAMILY, NLM_F_MULTI, 0, GENERIC + encode(*record)) for record in records]
        for how in (0, 1):
            for name, parts in (("each", [*said, end]), ("all", [b"".join(said) + end]),
                                ("one", [*said[:1], acknowledgement])):
                data = b"".join(struct.pack("=H", len(part)) + part for part in parts if part)
                (directory / f"answer-{which}-{how}-{name}").write_bytes(bytes([which, how]) + data * 3)


def make(fuzzer, directory, build):
    {"fuzz_packet": lambda: packets(directory, build), "fuzz_fragment": lambda: noise(directory, 300),
     "fuzz_rule": lambda: noise(directory, 500), "fuzz_args": lambda: args(directory),
     "fuzz_answers": lambda: answers(directory)}[fuzzer]()
