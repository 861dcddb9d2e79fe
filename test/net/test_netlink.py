# SPDX-License-Identifier: GPL-2.0
"""Malformed messages of every kind: each gets a clear refusal, and no part of it is applied."""

import dataclasses

import pytest

from net import rawnl
from net.control import control  # noqa: F401  pylint: disable=unused-import
from net.falcon import CTL
from net.rawnl import HEADER, attr, config, config_of, message, rule, spec

# pylint: disable=redefined-outer-name

GOOD = {"mode": 1, "load-threshold": 71, "busy-threshold": 72, "cpus": "1-2", "nic-split": 0,
        "workers": 8, "batch": 32767, "elephant-rate": 2**32 - 1, "delivery": 1, "host": 1,
        "coalesce": 10000, "park": 3600, "policy": 2, "priority-auto": 1}


@dataclasses.dataclass
class Case:
    """A message and its expected refusal."""

    message: bytes
    error: str                  # names of errno, separated by | if kernels differ
    text: str = None            # part of the refusal's text. None: there must be a text; "": a text is optional
    offset: int = None          # of the offending attribute


def assert_refused(control, cases):
    """Each of {name: Case} is refused. The configuration is the same before and after each of them."""
    get = message("config-get")
    before, *answers = control.raw.ask([get] + [part for case in cases.values() for part in (case.message, get)])
    before = config_of(before)
    for (name, case), answer, after in zip(cases.items(), answers[::2], answers[1::2]):
        assert answer is not None, f"{name}: no answer"
        assert answer.error in case.error.split("|"), f"{name}: {answer}"
        assert not answer.replies, f"{name}: {answer}"
        assert answer.offset == case.offset, f"{name}: {answer}"
        if case.text != "":
            assert answer.message, f"{name}: refused without a word"
            assert (case.text or "") in answer.message, f"{name}: {answer}"
        assert config_of(after) == before, name


def config_set(attrs, **options):
    return message("config-set", attrs, **options)


def one(name, value, error, text=None, **options):
    """config-set with one invalid attribute."""
    return Case(config_set(config(name, value, **options)), error, text, HEADER)


def test_values_out_of_range_are_refused(control):
    assert_refused(control, {
        f"{name}={value}": one(name, value, "ERANGE|EINVAL", "out of range")
        for name, values in {
            "mode": (3, 4, 2**32 - 1),
            "load-threshold": (0, 101, 2**31, 2**32 - 1),
            "busy-threshold": (0, 101, 2**32 - 1),
            "nic-split": (2, 2**32 - 1),
            "workers": (9, 256, 2**32 - 1),
            "batch": (0, 32768, 2**31, 2**32 - 1),
            "delivery": (3, 256, 2**32 - 1),
            "host": (2, 256, 2**32 - 1),
            "coalesce": (10001, 2**32 - 1),
            "park": (3601, 2**32 - 1),
            "policy": (4, 256, 2**32 - 1),
            "priority-auto": (2, 256, 2**32 - 1),
        }.items() for value in values})


@pytest.mark.thorough
def test_cpu_lists_that_make_no_sense_and_cpus_that_do_not_exist_are_refused(control):
    texts = ("1-", "-1", "a", "3-1", "1;2", "1-2-3", "0x1", "1-3:4", "1,a", "%s%n", "\xff", "1,", ",1", "1,,2", ",", "1-2,3,")
    last = int(control.guest.run("cat /sys/devices/system/cpu/possible").out.strip().rpartition("-")[2])
    absent = (last + 1, f"0-{last + 1}", f"0,{last + 1}", 63, 8191, 8192, "0-8191", 99999,
              2**32 - 1, 2**32, 2**64, 10**20)
    assert_refused(control, {
        **{repr(text): one("cpus", text.encode("latin-1") + b"\0", "EINVAL", "not a CPU list") for text in texts},
        **{f"CPU {text}": one("cpus", str(text), "EINVAL", "CPU") for text in absent}})


@pytest.mark.thorough
def test_cpu_that_is_offline_is_refused(control):
    online = "/sys/devices/system/cpu/cpu4/online"
    control.guest.run(f"echo 0 >{online}")
    try:
        assert_refused(control, {"4": one("cpus", "4", "EINVAL", "CPU 4 is offline"),
                                 "1-5": one("cpus", "1-5", "EINVAL", "CPU 4 is offline")})
    finally:
        control.guest.run(f"echo 1 >{online}")
    control.configure(cpus="4")


@pytest.mark.thorough
def test_malformed_attributes_are_refused(control):
    good, last, number = config("load-threshold", 50), spec().last("config"), b"\x32\0\0\0"
    assert_refused(control, {
        "empty number": one("load-threshold", b"", "EINVAL|ERANGE"),
        "short number": one("load-threshold", number[:3], "EINVAL|ERANGE"),
        "u8": one("load-threshold", number[:1], "EINVAL|ERANGE"),
        "u64": one("load-threshold", number * 2, "EINVAL|ERANGE"),
        "u64 of a rate": one("elephant-rate", b"\0\0\0\0\1\0\0\0", "EINVAL|ERANGE"),
        "a text for a number": one("nic-split", "yes please", "EINVAL|ERANGE"),
        "no end of the text": one("cpus", b"1-2", "EINVAL"),
        "empty text without an end": one("cpus", b"", "EINVAL|ERANGE"),
        "1024 bytes and an end": one("cpus", "1," * 512, "EINVAL|ERANGE"),
        "5000 bytes": one("cpus", "1," * 2500, "EINVAL|ERANGE"),
        "5000 bytes without an end": one("cpus", b"1" * 5000, "EINVAL|ERANGE"),
        "a nest": Case(config_set(attr(spec().attr("config", "load-threshold") | rawnl.NESTED, number)),
                       "EINVAL", None, HEADER),
        "longer than the message": Case(config_set(config("load-threshold", 50, length=100)), "EINVAL", ""),
        "the second is": Case(config_set(good + config("cpus", "1", length=2000)), "EINVAL", ""),
        "shorter than its header": Case(config_set(config("load-threshold", 50, length=3)), "EINVAL", ""),
        "length 0": Case(config_set(config("load-threshold", 50, length=0)), "EINVAL", ""),
        "half a header": Case(config_set(good + b"\5\0"), "EINVAL", ""),
        "bytes behind the last": Case(config_set(good + b"\0\0\0"), "EINVAL", ""),
        **{f"unknown attribute {number}": Case(config_set(attr(number, b"\1\0\0\0")), "EINVAL", None, HEADER)
           for number in (0, last + 1, 100, 0x3fff)},
    })


@pytest.mark.thorough
def test_requests_that_no_operation_takes_are_refused(control):
    event, last = spec().commands["event-ntf"], max(spec().commands.values())
    bare = [name for name in spec().requests if name not in ("config-set", "priority-add", "priority-del")]
    assert len(bare) == 10
    assert_refused(control, {
        **{f"{name}, attribute {number}": Case(message(name, attr(number, b"\1\0\0\0")), "EINVAL", None, HEADER)
           for name in bare for number in (1, 2, 200)},
        **{f"{name}, reserved": Case(message(name, reserved=1), "EINVAL", "reserved") for name in spec().requests},
        **{f"command {number}": Case(message(number), "EOPNOTSUPP", "") for number in (0, event, last + 1, 255)},
        "one entry of a list": Case(message("device-get", dump=False), "EOPNOTSUPP", ""),
        "a list of configurations": Case(message("config-get", dump=True), "EOPNOTSUPP", ""),
        "a list of enables": Case(message("enable", dump=True), "EOPNOTSUPP", ""),
    })
    assert control.status()["state"] == "disabled"


@pytest.mark.thorough
def test_malformed_rules_are_refused(control):
    def add(*attrs):
        return message("priority-add", b"".join(rule(name, value) for name, value in attrs))

    v4, v6, first = b"\x0a\0\0\0", b"\xfd" + bytes(15), ("dport-first", 80)
    assert_refused(control, {
        "address of 3 bytes": Case(add(("saddr", v4[:3])), "EINVAL", "4 or 16 bytes", HEADER),
        "address of 17 bytes": Case(add(("saddr", v6 + b"\0")), "EINVAL|ERANGE", None, HEADER),
        "empty address": Case(add(("daddr", b"")), "EINVAL", "4 or 16 bytes", HEADER),
        "of two families": Case(add(("saddr", v4), ("daddr", v6)), "EINVAL", "different families", HEADER + 8),
        "33 bits": Case(add(("saddr", v4), ("saddr-len", 33)), "EINVAL", "longer than the address", HEADER),
        "129 bits": Case(add(("saddr", v6), ("saddr-len", 129)), "EINVAL|ERANGE", None, HEADER + 20),
        "length alone": Case(add(("daddr-len", 8)), "EINVAL", "without its address", HEADER),
        "bits behind": Case(add(("daddr", b"\x0a\0\0\1"), ("daddr-len", 8)), "EINVAL", "bits behind its prefix", HEADER),
        "port 65536": Case(add(("sport-last", 65536)), "EINVAL", "1 to 65535", HEADER),
        "port 0": Case(add(("dport-first", 0), ("dport-last", 0)), "EINVAL", "1 to 65535", HEADER + 8),
        "empty range": Case(add(("dport-first", 81), ("dport-last", 80)), "EINVAL", "empty", HEADER),
        "ports of ICMP": Case(add(("protocol", 1), first), "EINVAL", "no ports", HEADER + 8),
        "protocol 256": Case(add(("protocol", 256)), "EINVAL|ERANGE", None, HEADER),
        "DSCP 64": Case(add(("dscp", 64)), "EINVAL|ERANGE", None, HEADER),
        "VNI of 25 bits": Case(add(("vni", 1 << 24)), "EINVAL", "24 bits", HEADER),
        "VNI that stands for none": Case(add(("vni", 2 ** 32 - 1)), "EINVAL", "24 bits", HEADER),
        "level 8": Case(add(("level", 8)), "EINVAL|ERANGE", None, HEADER),
        "mode 2": Case(add(("mode", 2)), "EINVAL|ERANGE", None, HEADER),
        "netns of 4 bytes": Case(add(("netns", 1)), "EINVAL|ERANGE", None, HEADER),
        "netns that is none": Case(add(("netns", bytes(8))), "EINVAL", "no such network namespace", HEADER),
        "netns of all bits": Case(add(("netns", b"\xff" * 8)), "EINVAL", "no such network namespace", HEADER),
        "device without an end": Case(add(("device", b"lo")), "EINVAL", None, HEADER),
        "device of 16 bytes": Case(add(("device", "sixteen-letters-")), "EINVAL|ERANGE", None, HEADER),
        "device without a name": Case(add(("device", "")), "EINVAL", "no such device", HEADER),
        "device that leads nowhere": Case(add(("protocol", 6), ("device", "lo")), "EINVAL", "leads to no container",
                                          HEADER + 8),
        "cgroup of 4 bytes": Case(add(("cgroup", 1)), "EINVAL|ERANGE", None, HEADER),
        "cgroup that is none": Case(add(("cgroup", bytes(8))), "EINVAL", "no such cgroup", HEADER),
        "cgroup of all bits": Case(add(("cgroup", b"\xff" * 8)), "EINVAL", "no such cgroup", HEADER),
        "an id of its own": Case(add(("id", 5)), "EINVAL", None, HEADER),
        "packets": Case(message("priority-add", attr(spec().attr("rule", "packets"), bytes(8))), "EINVAL", None, HEADER),
        "none to take away": Case(message("priority-del"), "EINVAL", "number of the rule is missing", None),
        "one that is not there": Case(message("priority-del", rule("id", 1)), "ENOENT", "no rule of this number", HEADER),
        "another's field": Case(message("priority-del", rule("protocol", 6)), "EINVAL", None, HEADER),
    })
    assert control.raw.ask([message("priority-get")])[0].replies == []


@pytest.mark.thorough
def test_truncated_message_is_refused_or_ignored(control):
    whole = config_set(config("load-threshold", 51))
    # Netlink does not answer a message that is shorter than its length field claims.
    cases = [message("config-get", length=1000), whole[:16] + whole[16:17],
             config_set(config("load-threshold", 51), length=15), whole[:20]]
    before, *answers, header, after = control.raw.ask(
        [message("config-get"), *cases, message("config-get", length=16)[:16], message("config-get")],
        silent=(1, 2, 3, 4))
    assert answers == [None] * 4
    assert header.error == "EINVAL", "no header of generic netlink"
    assert config_of(after) == config_of(before)


@pytest.mark.thorough
def test_good_attributes_beside_a_bad_one_are_not_applied(control):
    good = b"".join(config(name, value) for name, value in GOOD.items())
    bad = {
        "mode=9": config("mode", 9),
        "load-threshold=101": config("load-threshold", 101),
        "cpus=99999": config("cpus", "99999"),
        "cpus=1-": config("cpus", "1-"),
        "unknown": attr(77, b"\0\0\0\0"),
        "nic-split of a byte": config("nic-split", b"\1"),
        "workers=9": config("workers", 9),
        "delivery=3": config("delivery", 3),
    }
    assert_refused(control, {
        **{f"last {name}": Case(config_set(good + wrong), "EINVAL|ERANGE", None, HEADER + len(good))
           for name, wrong in bad.items()},
        **{f"first {name}": Case(config_set(wrong + good), "EINVAL|ERANGE", None, HEADER)
           for name, wrong in bad.items() if name in ("mode=9", "unknown", "workers=9", "delivery=3")},
    })


@pytest.mark.thorough
def test_good_attributes_are_applied_together(control):
    good, longest = b"".join(config(name, value) for name, value in GOOD.items()), "1," * 511 + "2"
    answers = control.raw.ask([part for attrs in (good, b"", config("cpus", longest), config("cpus", ""))
                               for part in (config_set(attrs), message("config-get"))])
    assert [answer.error for answer in answers[::2]] == [""] * 4, answers
    taken, empty, listed, cleared = map(config_of, answers[1::2])
    assert taken == GOOD
    assert empty == taken
    assert listed == taken, "the longest list, 1023 bytes"
    assert cleared == {**taken, "cpus": ""}


@pytest.mark.thorough
def test_other_families_are_answered_while_falcon_changes(control, record_property):
    """Requests of other families begin and end while enable, a change of mode and disable are under way. The test
    counts events, not time.

    If falcon held the mutex that families share, at most one request that began just before could end in that time.
    """
    requests = [message("enable"), config_set(config("mode", 1)), config_set(config("mode", 0)), message("disable")]
    answered = control.raw.beside(requests)
    record_property("answered", answered)
    assert min(answered) > 4, answered


def assert_interrupted(control, name, command):
    """The dump reports a change if there was one, and only then."""
    still = control.raw.interrupt(message(name))
    assert len(still) > 2 and not any(still), still
    changed = control.raw.interrupt(message(name), command)
    assert any(changed) and not changed[0], changed


@pytest.mark.thorough
def test_list_that_changes_while_it_is_read_says_so(overlay, control):
    """Rules, devices and flows. A dump during which nothing changes reports no change."""
    control.raw.together([message("priority-add", rule("dport-first", port) + rule("dport-last", port))
                          for port in range(1000, 1200)])
    assert_interrupted(control, "priority-get", f"{CTL} priority del 100")
    assert_interrupted(control, "priority-get", f"{CTL} priority add dport=53")
    control.say("priority", "flush")

    control.guest.run("ip netns add many; seq -f 'link add many%g type bridge' 100 | ip -n many -batch -")
    try:
        assert_interrupted(control, "device-get", "ip -n many link del many1")
        assert_interrupted(control, "device-get", "ip -n many link add many1 type bridge")
    finally:
        control.guest.run("ip netns del many")

    control.enable(mode="lanes", busy_threshold=100, park=0)
    overlay.udp(count=200, flows=200, rate=2000, size=64)
    assert_interrupted(control, "flow-get", f"{CTL} config set mode=pipeline")
    control.configure(mode="lanes")
    overlay.udp(count=200, flows=200, rate=2000, size=64)
    assert_interrupted(control, "flow-get", f"{CTL} disable")
