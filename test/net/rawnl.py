# SPDX-License-Identifier: GPL-2.0
"""Netlink messages to falcon, valid and invalid, built here byte by byte and sent in the guest."""

import errno
import functools
import json
import struct
import uuid
from pathlib import Path

import yaml

SPEC = Path(__file__).resolve().parents[2] / "include/netlink/falcon.yaml"
GUEST_SIDE = "/usr/bin/python3 /falcon/test/net/rawnl_guest.py"

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
TOGETHER = 32       # messages per datagram
HEADER = 16 + 4     # netlink's and generic netlink's headers
NESTED = 0x8000


class Spec:
    """Names and numbers of the netlink interface, from its specification."""

    def __init__(self, path=SPEC):
        self._spec = yaml.safe_load(path.read_text())
        self.commands = {op["name"]: number for number, op in
                         enumerate(self._spec["operations"]["list"], 1)}
        self.requests = {op["name"]: "dump" if "dump" in op else "do"
                         for op in self._spec["operations"]["list"] if "event" not in op}
        self._sets = {entry["name"]: entry["attributes"] for entry in self._spec["attribute-sets"]}

    def attr(self, attr_set, name):
        """Number of an attribute."""
        return [attr["name"] for attr in self._sets[attr_set]].index(name) + 1

    def last(self, attr_set):
        return len(self._sets[attr_set])

    def numbers(self, attr_set):
        """{name: (minimum, maximum)} of its numeric attributes."""
        entries = {entry["name"]: len(entry.get("entries", ())) for entry in self._spec["definitions"]}
        found = {}
        for entry in self._sets[attr_set]:
            checks = entry.get("checks", {})
            most = entries[entry["enum"]] - 1 if "enum" in entry else checks.get("max", 2**32 - 1)
            if entry["type"] == "u32":
                found[entry["name"]] = (checks.get("min", 0), most)
        return found

    def decode(self, attr_set, data):
        """{name: value}; binary and nested attributes stay bytes."""
        found = {}
        while data:
            length, number = struct.unpack_from("=HH", data)
            attr, payload = self._sets[attr_set][(number & 0x3fff) - 1], data[4:length]
            if attr["type"] in ("u32", "u64"):
                payload = int.from_bytes(payload, "little")
            elif attr["type"] == "string":
                payload = payload.rstrip(b"\0").decode()
            found[attr["name"]] = payload
            data = data[(length + 3) & ~3:]
        return found


@functools.lru_cache(maxsize=None)
def spec():
    return Spec()


def attr(number, payload, length=None):
    """An attribute; `length` overrides its true length."""
    head = struct.pack("=HH", 4 + len(payload) if length is None else length, number)
    return head + payload + b"\0" * (-len(payload) % 4)


def of_set(attr_set, name, value, length=None):
    """An attribute of a set: a number, a text with its NUL, or raw bytes."""
    if isinstance(value, int):
        value = struct.pack("=I", value)
    elif isinstance(value, str):
        value = value.encode() + b"\0"
    return attr(spec().attr(attr_set, name), value, length)


def config(name, value, length=None):
    return of_set("config", name, value, length)


def rule(name, value, length=None):
    return of_set("rule", name, value, length)


def message(command, attrs=b"", dump=None, length=None, reserved=0, flags=None):
    """A request, by the command's name or number."""
    number = spec().commands.get(command, command)
    if dump is None:
        dump = spec().requests.get(command) == "dump"
    if flags is None:
        flags = NLM_F_REQUEST | (NLM_F_DUMP if dump else NLM_F_ACK)
    body = struct.pack("=BBH", number, 1, reserved) + attrs
    # the sender fills in type and sequence number
    return struct.pack("=IHHII", 16 + len(body) if length is None else length, 0, flags, 0, 0) + body


def error_name(number):
    # two names with the same number
    return {0: "", errno.EOPNOTSUPP: "EOPNOTSUPP"}.get(number) or errno.errorcode.get(number, "")


class Answer:
    """The kernel's answer: name of errno ("" if there is none), message, offset, replies."""

    def __init__(self, answer):
        self.error = error_name(answer["error"])
        self.message, self.offset = answer["message"], answer["offset"]
        self.replies = [bytes.fromhex(reply)[4:] for reply in answer["replies"]]

    def __repr__(self):
        return f"Answer({self.error or 'ok'}, {self.message!r}, offset={self.offset}, {len(self.replies)} replies)"


def config_of(answer):
    """The configuration in an answer to config-get."""
    assert not answer.error, answer
    return spec().decode("config", answer.replies[0])


class Raw:
    """Sends raw messages in a guest; `wrap` is a command that starts the sender."""

    def __init__(self, guest):
        self.guest = guest

    def _file(self, messages, silent=()):
        name = f"rawnl-{uuid.uuid4().hex[:12]}"
        (self.guest.shared / name).write_text(json.dumps(
            [{"message": entry.hex(), "silent": index in silent} for index, entry in enumerate(messages)]))
        return f"/shared/{name}"

    def _run(self, verb, *words, wrap="", timeout=120):
        command = " ".join([wrap, GUEST_SIDE, verb, *map(str, words)])
        return json.loads(self.guest.run(command, timeout=timeout).out)

    def ask(self, messages, wrap="", silent=()):
        """An Answer per message, None if none came. `silent` has the indices of messages that get no answer."""
        result = self._run("ask", self._file(messages, silent), wrap=wrap)
        assert result["family"], "the family falcon is not there"
        return [answer and Answer(answer) for answer in result["answers"]]

    def turns(self, count, messages, pause=0, timeout=300):
        """Send them in turn, `count` times, with `pause` ms after each. Raises AssertionError if one is refused."""
        refused = self._run("turns", count, pause, self._file(messages), timeout=timeout)
        assert refused is None, refused

    def together(self, messages, count=1, timeout=300):
        """Like turns(), without a pause: as many at once as the socket's buffer can hold answers for."""
        datagrams = [b"".join(messages[first:first + TOGETHER]) for first in range(0, len(messages), TOGETHER)]
        self.turns(count, datagrams, timeout=timeout)

    def beside(self, messages):
        """Number of requests of another family that were answered while each of these was under way."""
        answers = self._run("beside", self._file(messages), timeout=300)
        assert not any(answer["error"] for answer in answers), answers
        return [answer["others"] for answer in answers]

    def interrupt(self, request, command=":"):
        """Start a dump and run the command behind its first part. For each part, True if it says that the list has
        changed.
        """
        return self._run("interrupt", self._file([request]), command)

    def family(self):
        """(number of the family, number of its group); each is None if it does not exist."""
        result = self._run("ask", self._file([]))
        return result["family"], result["group"]

    def config(self):
        """The configuration in the kernel."""
        answer, = self.ask([message("config-get")])
        return config_of(answer)

    def join(self, wrap=""):
        """Name of the error that joining the group of events returned, "" if none."""
        failed = self._run("join", wrap=wrap)
        return error_name(failed)
