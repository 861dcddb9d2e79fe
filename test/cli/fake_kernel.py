# SPDX-License-Identifier: GPL-2.0
"""A simulated kernel: answers generic netlink on a unix socket as the test wishes."""

import socket
import struct
import threading
from pathlib import Path

import yaml

SPEC = yaml.safe_load((Path(__file__).resolve().parents[2] / "include/netlink/falcon.yaml").read_text())
SETS = {s["name"]: s["attributes"] for s in SPEC["attribute-sets"]}
ENUMS = {d["name"]: [e["name"] for e in d["entries"]] for d in SPEC["definitions"] if d["type"] == "enum"}
OPS = [op["name"] for op in SPEC["operations"]["list"]]

FAMILY, GROUP = 0x1d, 7
NLMSG_ERROR, NLMSG_DONE, GENL_ID_CTRL = 2, 3, 0x10
NLM_F_MULTI, NLM_F_DUMP_INTR, NLM_F_DUMP = 0x2, 0x10, 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
EXT_MSG, EXT_OFFS, EXT_MISS_TYPE = 1, 2, 5


def attr(number, payload):
    return struct.pack("=HH", len(payload) + 4, number) + payload + b"\0" * (-len(payload) % 4)


def number_of(set_name, name):
    return 1 + [a["name"] for a in SETS[set_name]].index(name)


def encode(set_name, values):
    """Attributes of a set from a dict; a list of dicts for attributes that occur several times."""
    out = b""
    for name, value in values.items():
        number = number_of(set_name, name)
        spec = SETS[set_name][number - 1]
        if isinstance(value, str) and "enum" in spec:
            value = ENUMS[spec["enum"]].index(value)
        for one in value if isinstance(value, list) else [value]:
            if spec["type"] == "nest":
                payload = encode(spec["nested-attributes"], one)
            elif spec["type"] == "string":
                payload = one.encode("utf-8", "surrogateescape") + b"\0"
            elif spec["type"] == "binary":
                payload = one
            else:
                payload = struct.pack("=I" if spec["type"] == "u32" else "=Q", one)
            out += attr(number, payload)
    return out


def decode(set_name, data):
    """The attributes of a request, {name: value}."""
    out = {}
    while data:
        size, number = struct.unpack_from("=HH", data)
        spec, payload = SETS[set_name][number - 1], data[4:size]
        assert spec["name"] not in out
        out[spec["name"]] = (int.from_bytes(payload, "little") if spec["type"] in ("u32", "u64") else
                             payload if spec["type"] == "binary" else payload[:-1].decode())
        data = data[(size + 3) & ~3:]
    return out


def message(kind, flags, seq, payload):
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, seq, 0) + payload + b"\0" * (-len(payload) % 4)


class Request:
    """One message of falconctl."""

    def __init__(self, data):
        _, self.type, self.flags, self.seq, _ = struct.unpack_from("=IHHII", data)
        self.cmd, self.version = struct.unpack_from("=BB", data, 16)
        self.attrs, self.data = data[20:], data
        self.op = OPS[self.cmd - 1] if self.type == FAMILY else "getfamily"

    @property
    def dump(self):
        return self.flags & NLM_F_DUMP == NLM_F_DUMP

    def answer(self, attrs, flags=0, kind=None):
        return message(kind or self.type, flags, self.seq, struct.pack("=BBH", self.cmd, 1, 0) + attrs)

    def ack(self, errno=0, ext=b"", kind=NLMSG_ERROR):
        flags = NLM_F_ACK_TLVS if ext else 0
        payload = struct.pack("=i", -errno)
        if kind == NLMSG_ERROR:
            payload += self.data[:16]
            flags |= NLM_F_CAPPED
        return message(kind, flags, self.seq, payload + ext)

    def done(self, errno=0, ext=b""):
        return self.ack(errno, ext, NLMSG_DONE)

    def offset_of(self, set_name, name):
        """Offset of the attribute in this request."""
        offset = 20
        while offset < len(self.data):
            size, number = struct.unpack_from("=HH", self.data, offset)
            if number == number_of(set_name, name):
                return offset
            offset += (size + 3) & ~3
        raise AssertionError(f"the request has no {name}")

    def values(self, set_name):
        return decode(set_name, self.attrs)


def family(request):
    """The controller's answer about falcon."""
    group = attr(1, attr(2, struct.pack("=I", GROUP)) + attr(1, b"events\0"))
    return [request.answer(attr(2, b"falcon\0") + attr(1, struct.pack("=H", FAMILY)) +
                           attr(3, struct.pack("=I", 1)) + attr(7, group)) + request.ack()]


def do(set_name, values):
    """A handler that returns one answer."""
    return lambda request: [request.answer(encode(set_name, values)), request.ack()]


def dump(set_name, records):
    """A handler that returns a list, several messages in a packet."""
    def handler(request):
        assert request.dump
        messages = [request.answer(encode(set_name, r), NLM_F_MULTI) for r in records]
        return [b"".join(messages[i:i + 10]) for i in range(0, len(messages), 10)] + [request.done()]
    return handler


def accept(request):
    return [request.ack()]


def refuse(errno, text=None, offset=None, missing=None):
    """A handler that refuses as the kernel does; offset: (set, attribute) to blame."""
    def handler(request):
        ext = attr(EXT_MSG, text.encode() + b"\0") if text else b""
        if offset:
            ext += attr(EXT_OFFS, struct.pack("=I", request.offset_of(*offset)))
        if missing:
            ext += attr(EXT_MISS_TYPE, struct.pack("=I", missing))
        return [(request.done if request.dump else request.ack)(errno, ext)]
    return handler


class FakeKernel:
    """handlers: {operation: request -> packets}. It keeps all requests in .requests."""

    def __init__(self, path):
        self.path, self.requests, self.failure = path, [], None
        self.handlers = {"getfamily": family, "status-get": do("status", {"state": "enabled"}),
                         "cpu-get": dump("cpu", [])}
        self.events = []        # packets that follow the answer to status-get
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(path)
        self.listener.listen()
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)
        assert not self.thread.is_alive()
        if self.failure:
            raise self.failure

    def ops(self):
        return [r.op for r in self.requests if r.op != "getfamily"]

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            # A command with two sockets uses them in turn.
            threading.Thread(target=self._serve_one, args=(client,), daemon=True).start()

    def _serve_one(self, client):
        with client:
            try:
                self._talk(client)
            except (BrokenPipeError, ConnectionResetError):
                pass        # falconctl had read enough
            except Exception as error:  # pylint: disable=broad-except
                self.failure = error

    def _talk(self, client):
        while data := client.recv(1 << 16):
            request = Request(data)
            self.requests.append(request)
            for packet in self.handlers[request.op](request):
                client.send(packet)
            # monitor asks for the status before it waits
            if request.op == "status-get":
                for packet in self.events:
                    client.send(packet)
