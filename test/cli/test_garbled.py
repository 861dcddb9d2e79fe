# SPDX-License-Identifier: GPL-2.0
"""Invalid answers: falconctl reports an error and never crashes or hangs (ASan and UBSan watch)."""

import random
import struct

import pytest

from cli.fake_kernel import FAMILY, NLM_F_MULTI, NLMSG_ERROR, accept, attr, do, dump, encode, message
from cli.test_answers import CONFIG, CPUS, DEVICES, STATUS, UDP4, event, stats_rows

# operation: (command, attributes of a valid answer)
ANSWERS = {
    "status-get": (["status"], do("status", STATUS)),
    "config-get": (["config", "show"], do("config", CONFIG)),
    "device-get": (["device", "list"], dump("device", DEVICES)),
    "cpu-get": (["cpu", "list"], dump("cpu", CPUS)),
    "flow-get": (["flow", "list"], dump("flow", [UDP4] * 3)),
    "stats-get": (["stats", "show", "--explain"], dump("stats", stats_rows())),
}


def told(result):
    """An error about the answer, and no partial document."""
    assert result.code == 6
    assert "makes no sense" in result.error()["message"] or "too long" in result.error()["message"]
    return result.error()


def packet(op, request):
    return ANSWERS[op][1](request)


@pytest.mark.parametrize("op", ANSWERS)
def test_closed(ctl, peer, op):
    peer.handlers[op] = lambda request: [packet(op, request)[0], b""]
    # Receiving from a closed socket returns an empty packet.
    told(ctl(*ANSWERS[op][0], "--json"))


@pytest.mark.parametrize("op", ANSWERS)
@pytest.mark.parametrize("cut", [1, 3, 15, 17, 19, 21, 23, 25])
def test_cut(ctl, peer, op, cut):
    """A packet that ends within a header or an attribute."""
    peer.handlers[op] = lambda request: [packet(op, request)[0][:cut], request.done(), request.ack()]
    told(ctl(*ANSWERS[op][0], "--json"))


@pytest.mark.parametrize("payload", [
    struct.pack("=HH", 3, 1), struct.pack("=HH", 0, 1), struct.pack("=HH", 9000, 2) + b"abcd", b"ab", b"\xff" * 64,
], ids=["short", "zero", "long", "half", "ones"])
@pytest.mark.parametrize("op", ANSWERS)
def test_bad_attribute(ctl, peer, op, payload):
    def handler(request):
        flags = NLM_F_MULTI if request.dump else 0
        return [request.answer(payload, flags) + (request.done() if request.dump else request.ack())]
    peer.handlers[op] = handler
    told(ctl(*ANSWERS[op][0], "--json"))


@pytest.mark.parametrize("set_name,op,number,payload", [
    ("status", "status-get", 1, b""), ("status", "status-get", 1, b"no end"), ("status", "status-get", 1, b"a\0b\0"),
    ("status", "status-get", 2, b"\0"), ("status", "status-get", 2, b"\0" * 8), ("config", "config-get", 3, b""),
    ("device", "device-get", 3, b"\0" * 4), ("flow", "flow-get", 11, b"\0" * 17), ("flow", "flow-get", 7, b""),
])
def test_wrong_size(ctl, peer, set_name, op, number, payload):
    def handler(request):
        return [request.answer(attr(number, payload), NLM_F_MULTI if request.dump else 0),
                request.done() if request.dump else request.ack()]
    peer.handlers[op] = handler
    error = told(ctl(*ANSWERS[op][0], "--json"))
    assert set_name in error["message"] and error["attribute"]


def test_bad_nest(ctl, peer):
    """Also inside a hook and inside the counters."""
    peer.handlers["status-get"] = lambda r: [r.answer(attr(8, attr(3, b"\0"))), r.ack()]
    result = ctl("status", "--json")
    assert result.code == 6 and "makes no sense" in result.err
    peer.handlers["stats-get"] = lambda r: [r.answer(attr(3, attr(1, b"\0"))), r.done()]
    told(ctl("stats", "show", "--json"))


def test_too_long(ctl, peer):
    peer.handlers["flow-get"] = lambda r: [r.answer(b"\0" * 70000, NLM_F_MULTI)]
    told(ctl("flow", "list", "--json"))


@pytest.mark.parametrize("size", [0, 15, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])
def test_length_that_lies(ctl, peer, size):
    """A wrong length of a message must not lead beyond the received data."""
    def handler(request):
        return [struct.pack("=I", size) + request.answer(encode("cpu", CPUS[0]), NLM_F_MULTI)[4:] + request.done()]
    peer.handlers["cpu-get"] = handler
    told(ctl("cpu", "list", "--json"))


def test_answer_twice(ctl, peer):
    peer.handlers["config-set"] = accept
    peer.handlers["config-get"] = lambda r: [r.answer(encode("config", CONFIG)) * 2 + r.ack()]
    result = ctl("config", "show", "--json")
    assert result.code == 6 and "two answers" in result.err


@pytest.mark.parametrize("op", ["status-get", "config-get"])
def test_no_answer_but_ack(ctl, peer, op):
    peer.handlers[op] = accept
    assert "without the answer" in told(ctl(*ANSWERS[op][0], "--json"))["message"]


def test_answer_where_none_is_due(ctl, peer):
    peer.handlers["enable"] = do("status", STATUS)
    told(ctl("enable", "--json"))


@pytest.mark.parametrize("errno_bytes", [b"", b"\1\0", struct.pack("=i", 5), struct.pack("=i", -2 ** 31)])
def test_bad_errno(ctl, peer, errno_bytes):
    payload = errno_bytes if len(errno_bytes) < 4 else errno_bytes + b"\0" * 16
    peer.handlers["enable"] = lambda r: [message(NLMSG_ERROR, 0, r.seq, payload)]
    told(ctl("enable", "--json"))


@pytest.mark.parametrize("ext", [b"\xff" * 12, attr(1, b"no end"), attr(2, b"\0"), attr(2, struct.pack("=I", 2 ** 31)),
                                 attr(5, struct.pack("=I", 999)), struct.pack("=HH", 400, 1)])
def test_bad_extended_ack(ctl, peer, ext):
    """falconctl prints the refusal nevertheless."""
    peer.handlers["config-set"] = lambda r: [r.ack(22, ext)]
    result = ctl("config", "set", "cpus=1", "--json")
    assert result.code == 1 and result.error()["name"] == "EINVAL" and "attribute" not in result.error()


def test_answers_of_others(ctl, peer):
    """falconctl ignores another sequence number. Another family with our sequence number is an error."""
    stray = message(FAMILY, 0, 99, b"\1\1\0\0" + encode("status", {"state": 2}))
    peer.handlers["status-get"] = lambda r: [stray, *do("status", STATUS)(r)]
    assert ctl("status", "--json").json()["state"] == "enabled"
    peer.handlers["status-get"] = lambda r: [r.answer(encode("status", STATUS), kind=FAMILY + 1), r.ack()]
    told(ctl("status", "--json"))


@pytest.mark.parametrize("bad", [b"", attr(1, b"\0"), attr(1, b"\0\0"), attr(7, attr(1, attr(2, b"\0"))), attr(3, b"")])
def test_bad_family(ctl, peer, bad):
    peer.handlers["getfamily"] = lambda r: [r.answer(bad), r.ack()]
    told(ctl("monitor", "--json"))


@pytest.mark.parametrize("seed", range(40))
def test_noise(ctl, peer, seed):
    """Valid packets with some bytes changed, lengths included: any outcome except a crash or a hang."""
    noise = random.Random(seed)
    op = noise.choice(list(ANSWERS))

    def damage(data):
        data = bytearray(data)
        for _ in range(noise.randint(1, 12)):
            data[noise.randrange(len(data))] = noise.choice([0, 1, 4, 0xff, noise.randrange(256)])
        return bytes(data[:noise.randint(1, len(data))] if noise.random() < 0.3 else data)

    def handler(request):
        # The empty packet at the end prevents falconctl from waiting for a lost end.
        return [damage(p) for p in packet(op, request)] + [b""]
    peer.handlers[op] = handler
    result = ctl(*ANSWERS[op][0], "--json")
    if result.code == 0:
        assert result.json()
    else:
        assert result.code in (1, 4, 6) and "error" in result.err


@pytest.mark.parametrize("seed", range(10))
def test_noisy_events(ctl, peer, seed):
    noise = random.Random(seed)
    data = bytearray(event({"event": "device-add", "ifindex": 5, "ifname": "vx0", "stage": "tunnel"}))
    data[noise.randrange(16, len(data))] = noise.randrange(256)
    peer.events = [bytes(data), event({"event": "enabled"}), b""]
    assert ctl("monitor", "--count", "2").code in (0, 6)
