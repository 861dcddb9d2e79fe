# SPDX-License-Identifier: GPL-2.0
"""falconctl prints the module's answers, in text and in JSON alike."""

import datetime
import json
import os
import select
import signal

import pytest

from cli.fake_kernel import (ENUMS, FAMILY, NLM_F_DUMP_INTR, NLM_F_MULTI, OPS, SETS, accept, attr, do,
                             dump, encode, message, refuse)

STATUS = {"version": "1.2.3", "state": "enabled", "mode": "pipeline", "cpus": "1-3", "devices": 4, "host-load": 37,
          "hook": [{"symbol": "get_rps_cpu", "capability": "steering", "state": "attached", "required": 1},
                   {"symbol": "gro_cells_receive", "capability": "nic-split", "state": "conflict", "required": 0,
                    "detail": "redirected by somebody else"}],
          "flows": 415, "in-lanes": 3, "several": 2, "not-promoted": 0, "ahead": 0}
CPUS = [{"cpu": 0, "load": 61, "loaded": 0, "used": 0}, {"cpu": 1, "load": 12, "loaded": 0, "used": 1},
        {"cpu": 17, "load": 87, "loaded": 1, "used": 1}]
CONFIG = {"mode": "pipeline", "cpus": "", "load-threshold": 80, "busy-threshold": 90, "nic-split": 1,
          "workers": 0, "batch": 256, "elephant-rate": 10000, "delivery": "auto", "host": 0, "coalesce": 250,
          "park": 2, "policy": "auto", "priority-auto": "off"}
DEVICES = [{"ifindex": 2, "ifname": "eth0", "netns": 4026531840, "kind": "physical", "stage": "nic"},
           {"ifindex": 7, "ifname": "vx0", "netns": 4026531840, "kind": "vxlan", "stage": "tunnel", "port": 4789},
           {"ifindex": 3, "ifname": "eth0", "netns": 2 ** 63, "kind": "veth", "stage": "container"}]
FLOW = {"hash": 0xdeadbeef, "stage": "container", "ifindex": 3, "ifname": "veth9", "netns": 4026531840, "cpu": 2,
        "packets": 2 ** 40 + 1, "moves": 5, "idle": 12}
UDP4 = {**FLOW, "protocol": 17, "saddr": bytes([10, 0, 0, 1]), "daddr": bytes([10, 0, 0, 2]), "sport": 4242, "dport": 5201}
TCP6 = {**FLOW, "stage": "tunnel", "packets": 7, "protocol": 6, "saddr": bytes.fromhex("fd" + "00" * 14 + "01"),
        "daddr": bytes.fromhex("fd" + "00" * 14 + "02"), "sport": 1, "dport": 65535}
MOUSE = {**UDP4, "stage": "nic", "sport": 99, "state": "kernel", "reason": "rate"}
ELEPHANT = {**UDP4, "stage": "nic", "packets": 2 ** 41, "state": "several", "reason": "none", "workers": "1,3",
            "batches": 2 ** 35, "in-flight": 131, "held": 17, "merge": "transmit", "app": 7, "rule": 12,
            "in-flight-bytes": 131 * 2304}
COUNTERS = [a["name"] for a in SETS["counters"]]


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for v in value for leaf in leaves(v)]
    return [value]


def both(ctl, *args, text_has_not=()):
    """The JSON output. Asserts that the text has every value, except those of the keys in text_has_not."""
    text, as_json = ctl(*args), ctl("--json", *args)
    assert (text.code, text.err, as_json.code, as_json.err) == (0, "", 0, "")
    found = as_json.json()

    def drop(value):
        if isinstance(value, list):
            return [drop(v) for v in value]
        if isinstance(value, dict):
            return {k: drop(v) for k, v in value.items() if k not in text_has_not}
        return value
    for leaf in leaves(drop(found)):
        if not isinstance(leaf, bool):
            assert str(leaf) in text.out
    return found


def test_status(ctl, peer):
    peer.handlers.update({"status-get": do("status", STATUS), "cpu-get": dump("cpu", CPUS)})
    found = both(ctl, "status")
    hooks = [{**h, "required": bool(h["required"])} for h in STATUS["hook"]]
    assert found == {**{k: v for k, v in STATUS.items() if k != "hook"}, "hooks": hooks,
                     "summary": "415 flows in the pipeline; CPU 17 is the busiest at 87 %"}
    assert all(not r.dump and r.version == 1 and r.attrs == b"" for r in peer.requests if r.op == "status-get")
    assert "(required)" in ctl("status").out and "(optional)" in ctl("status").out
    assert ctl("status").out.splitlines()[0] == found["summary"]


@pytest.mark.parametrize("more, cpus, summary", [
    ({"mode": "lanes"}, CPUS[:2], "3 flows in lanes, 2 of them on several CPUs at once; 412 mice on the kernel's path; "
                                  "CPU 0 is the busiest at 61 %"),
    ({"mode": "lanes", "in-lanes": 1, "several": 0}, [], "1 flow in lanes; 414 mice on the kernel's path"),
    ({"mode": "lanes", "ahead": 5}, [],
     "3 flows in lanes, 2 of them on several CPUs at once; 5 ahead by a rule; 407 mice on the kernel's path"),
    ({"mode": "lanes", "in-lanes": 0, "several": 0, "not-promoted": 15, "not-promoted-reason": "rps"}, [],
     "0 flows in lanes; 15 above elephant-rate not promoted (rps); 400 mice on the kernel's path"),
    ({"mode": "lanes", "in-lanes": 0, "several": 0, "flows": 0}, [],
     "0 flows in lanes; 0 mice on the kernel's path; no packet of a tunnel was seen in the last second"),
    ({"flows": 0}, [], "0 flows in the pipeline; no packet of a tunnel was seen in the last second"),
    ({"mode": "lanes", "in-lanes": 0, "several": 0, "flows": 0, "reason": "none of them is seen at a NIC"}, [],
     "0 flows in lanes; 0 mice on the kernel's path"),
    ({"state": "standby"}, CPUS, "the host is busy, every flow takes the kernel's own path; CPU 17 is the busiest at 87 %"),
    ({"state": "disabled"}, [{**CPUS[0], "load": 0}], "disabled, every flow takes the kernel's own path"),
])
def test_status_in_one_line(ctl, peer, more, cpus, summary):
    peer.handlers.update({"status-get": do("status", {**STATUS, **more}), "cpu-get": dump("cpu", cpus)})
    assert both(ctl, "status")["summary"] == summary


def test_cpus(ctl, peer):
    peer.handlers["cpu-get"] = dump("cpu", CPUS)
    assert both(ctl, "cpu", "list") == {"cpus": CPUS}


def test_status_reason(ctl, peer):
    peer.handlers["status-get"] = do("status", {**STATUS, "state": "standby", "reason": "the host is busy"})
    assert both(ctl, "status")["reason"] == "the host is busy"


def test_status_of_a_newer_module(ctl, peer):
    """Values and attributes of later versions are shown as numbers, or left out."""
    more = encode("status", {"state": 77}) + attr(200, b"whatever")
    peer.handlers["status-get"] = lambda r: [r.answer(more), r.ack()]
    assert both(ctl, "status") == {"state": "77", "hooks": [], "summary": "0 flows in the pipeline"}


@pytest.mark.parametrize("command", ["enable", "disable"])
def test_switch(ctl, peer, command):
    peer.handlers.update({command: accept, "status-get": do("status", STATUS)})
    assert both(ctl, command)["state"] == "enabled"
    assert peer.ops() == [command, "status-get", "cpu-get"] * 2


def test_config_show(ctl, peer):
    peer.handlers["config-get"] = do("config", CONFIG)
    assert both(ctl, "config", "show") == CONFIG


def test_config_set(ctl, peer):
    """All keys go in one message, with the values typed, and the result is shown."""
    peer.handlers.update({"config-set": accept, "config-get": do("config", CONFIG)})
    result = ctl("config", "set", "nic-split=0", "cpus=1-3,6", "load-threshold=100", "mode=pipeline", "--json")
    assert (result.code, result.json()) == (0, CONFIG)
    assert peer.ops() == ["config-set", "config-get"]
    sent = next(r for r in peer.requests if r.op == "config-set").values("config")
    assert sent == {"mode": 0, "cpus": "1-3,6", "load-threshold": 100, "nic-split": 0}


def test_config_set_of_lanes(ctl, peer):
    peer.handlers.update({"config-set": accept, "config-get": do("config", {**CONFIG, "mode": "lanes", "delivery": "worker"})})
    found = ctl("config", "set", "mode=lanes", "workers=8", "batch=32767", "elephant-rate=0", "delivery=worker", "host=1", "--json")
    assert (found.json()["mode"], found.json()["delivery"]) == ("lanes", "worker")
    sent = next(r for r in peer.requests if r.op == "config-set").values("config")
    assert sent == {"mode": 1, "workers": 8, "batch": 32767, "elephant-rate": 0, "delivery": 1, "host": 1}


@pytest.mark.parametrize("word,message", [
    ("workers=-1", "not a number"), ("workers=9", "out of range, 0 to 8"), ("batch=0", "1 to 32767"),
    ("batch=32768", "1 to 32767"), ("elephant-rate=4294967296", "0 to 4294967295"), ("elephant-rate=-1", "not a number"),
    ("delivery=any", "known: own, worker, auto"), ("mode=lane", "known: pipeline, lanes"),
    ("policy=load", "known: hash, two-choice, least-loaded, auto"), ("host=2", "0 to 1"), ("priority-auto=yes", "known: off, on")])
def test_values_of_lanes_that_are_wrong(ctl, peer, word, message):
    result = ctl("config", "set", "cpus=1", word, "--json")
    assert result.code == 2 and message in result.error()["message"]
    assert result.error()["attribute"] == word.partition("=")[0]
    assert not peer.requests


def test_config_round_trip(ctl, peer):
    peer.handlers.update({"config-set": accept, "config-get": do("config", CONFIG)})
    shown = ctl("config", "show").out.split()
    assert ctl("config", "set", *shown).code == 0
    assert next(r for r in peer.requests if r.op == "config-set").values("config") == {**CONFIG, "mode": 0, "delivery": 2, "policy": 3, "priority-auto": 0}


RULES = [{"id": 1, "protocol": 17, "saddr": bytes([10, 1, 0, 0]), "saddr-len": 16, "daddr": bytes([10, 9, 0, 1]),
          "daddr-len": 32, "sport-first": 0, "sport-last": 65535, "dport-first": 53, "dport-last": 53, "level": 7,
          "mode": "sync", "rate": 10000, "packets": 2 ** 40, "flows": 9, "suspensions": 2, "suspended": 1},
         {"id": 70000, "daddr": bytes.fromhex("fd" + "00" * 15), "daddr-len": 8, "sport-first": 1024, "sport-last": 65535,
          "dport-first": 0, "dport-last": 65535, "dscp": 46, "outer-dscp": 0, "vni": 77, "level": 0, "mode": "batch", "rate": 0,
          "packets": 0, "flows": 0, "suspensions": 0, "suspended": 0, "netns": 4026532200, "device": "veth-of-a-pod-1", "cgroup": 2 ** 40}]


def test_rules(ctl, peer):
    peer.handlers["priority-get"] = dump("rule", RULES)
    first, second = both(ctl, "priority", "list")["rules"]
    assert first == {"id": 1, "protocol": "udp", "src": "10.1.0.0/16", "dst": "10.9.0.1", "dport": "53", "level": 7,
                     "mode": "sync", "rate": 10000, "packets": 2 ** 40, "flows": 9, "suspensions": 2, "suspended": 1}
    assert second == {"id": 70000, "dst": "fd00::/8", "sport": "1024-65535", "dscp": 46, "outer-dscp": 0, "vni": 77,
                      "level": 0, "mode": "batch", "rate": 0, "packets": 0, "flows": 0, "suspensions": 0, "suspended": 0,
                      "netns": 4026532200, "device": "veth-of-a-pod-1", "cgroup": 2 ** 40}


def test_rule_round_trip(ctl, peer):
    """A rule that `list` printed can be added unchanged."""
    peer.handlers.update({"priority-get": dump("rule", RULES), "priority-add": do("rule", {"id": 5})})
    modes = {"sync": 0, "batch": 1}
    for wanted, line in zip(RULES, ctl("priority", "list").out.splitlines()[1:]):
        peer.requests.clear()
        done = ctl("priority", "add", *line.split()[5:])
        assert (done.code, done.out) == (0, "rule 5\n")
        sent = next(r for r in peer.requests if r.op == "priority-add").values("rule")
        for side in ("saddr", "daddr"):
            if side in sent:
                sent.setdefault(f"{side}-len", 8 * len(sent[side]))
        full = {"sport-first": 0, "sport-last": 65535, "dport-first": 0, "dport-last": 65535, **sent}
        assert full == {**{key: value for key, value in wanted.items()
                           if key not in ("id", "packets", "flows", "suspensions", "suspended")}, "mode": modes[wanted["mode"]]}


def test_rule_of_priority_auto(ctl, peer):
    peer.handlers["priority-get"] = dump("rule", [{"id": 3, "sport-first": 0, "sport-last": 65535, "dport-first": 0,
                                                   "dport-last": 65535, "level": 0, "mode": "sync", "rate": 10000,
                                                   "packets": 5, "flows": 1, "suspensions": 0, "suspended": 0, "automatic": 1}])
    listed, = both(ctl, "priority", "list")["rules"]
    assert listed == {"id": 3, "level": 0, "mode": "sync", "rate": 10000, "packets": 5, "flows": 1, "suspensions": 0,
                      "suspended": 0, "automatic": 1}
    assert ctl("priority", "list").out.splitlines()[1].endswith("  (priority-auto) level=0 mode=sync rate=10000")


def test_network_namespace_is_named_by_a_file(ctl, peer):
    peer.handlers["priority-add"] = do("rule", {"id": 5})
    assert ctl("priority", "add", "netns=/proc/self/ns/net").code == 0
    sent = next(r for r in peer.requests if r.op == "priority-add").values("rule")
    assert sent == {"netns": os.stat("/proc/self/ns/net").st_ino}


@pytest.mark.parametrize("words,wanted", [
    *((["dscp=" + text], {"dscp": number}) for text, number in (
        ("ef", 46), ("EF", 46), ("af11", 10), ("Af43", 38), ("AF32", 28), ("cs0", 0), ("CS7", 56), ("va", 44), ("le", 1), ("df", 0),
        ("46", 46))),
    (["outer-dscp=cs5", "protocol=TCP"], {"outer-dscp": 40, "protocol": 6}),
    (["protocol=IcmpV6"], {"protocol": 58})], ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_names_of_a_rule_are_taken_in_either_case(ctl, peer, words, wanted):
    peer.handlers["priority-add"] = do("rule", {"id": 5})
    assert ctl("priority", "add", *words).code == 0
    assert next(r for r in peer.requests if r.op == "priority-add").values("rule") == wanted


@pytest.mark.parametrize("word,attribute", [
    ("src=10.0.0.0/8", "saddr"), ("src=10.0.0.0/8", "saddr-len"), ("dst=fd00::/8", "daddr"), ("dst=fd00::/8", "daddr-len"),
    ("sport=5-9", "sport-first"), ("sport=5-9", "sport-last"), ("dport=53", "dport-first"), ("dport=53", "dport-last"),
    ("vni=7", "vni"), ("device=veth0", "device")])
def test_refusal_of_a_rule_names_the_key_that_was_typed(ctl, peer, word, attribute):
    peer.handlers["priority-add"] = refuse(22, "that cannot be", ("rule", attribute))
    error = ctl("priority", "add", "level=3", word, "--json").error()
    assert (error["attribute"], error["message"], error["exit"]) == (word.partition("=")[0], "that cannot be", 1)


def test_rule_is_taken_away(ctl, peer):
    peer.handlers.update({"priority-del": accept, "priority-flush": accept})
    assert ctl("priority", "del", "12").code == 0
    assert next(r for r in peer.requests if r.op == "priority-del").values("rule") == {"id": 12}
    assert ctl("priority", "flush").code == 0
    assert peer.ops() == ["priority-del", "priority-flush"]


def test_wrong_key_sends_nothing(ctl, peer):
    assert ctl("config", "set", "cpus=1", "load-threshold=0").code == 2
    assert not peer.requests


def test_devices(ctl, peer):
    peer.handlers["device-get"] = dump("device", DEVICES)
    assert both(ctl, "device", "list") == {"devices": DEVICES}


def test_no_devices(ctl, peer):
    peer.handlers["device-get"] = dump("device", [])
    assert both(ctl, "device", "list") == {"devices": []}


def test_flows(ctl, peer):
    peer.handlers["flow-get"] = dump("flow", [TCP6, UDP4])
    found = both(ctl, "flow", "list", text_has_not=("ifindex", "netns", "hash"))
    assert found == {"total": 2, "flows": [
        {**UDP4, "protocol": "udp", "saddr": "10.0.0.1", "daddr": "10.0.0.2"},
        {**TCP6, "protocol": "tcp", "saddr": "fd00::1", "daddr": "fd00::2"}]}
    text = ctl("flow", "list").out
    assert "udp 10.0.0.1:4242 > 10.0.0.2:5201" in text and "tcp fd00::1:1 > fd00::2:65535" in text


def test_flow_without_addresses(ctl, peer):
    peer.handlers["flow-get"] = dump("flow", [FLOW, {**FLOW, "saddr": b"abc", "protocol": 99}])
    found = both(ctl, "flow", "list", text_has_not=("ifindex", "netns", "hash"))
    assert found["flows"] == [FLOW, {**FLOW, "protocol": "99"}]
    assert ctl("flow", "list").out.count("hash deadbeef") == 2


def test_flows_in_lanes(ctl, peer):
    peer.handlers["flow-get"] = dump("flow", [MOUSE, TCP6, ELEPHANT])
    found = both(ctl, "flow", "list", text_has_not=("ifindex", "netns", "hash"))
    names = {"protocol": "udp", "saddr": "10.0.0.1", "daddr": "10.0.0.2"}
    assert found["flows"] == [{**ELEPHANT, **names}, {**MOUSE, **names},
                              {**TCP6, "protocol": "tcp", "saddr": "fd00::1", "daddr": "fd00::2"}]
    heading, *lines = [line.split() for line in ctl("flow", "list").out.splitlines()]
    columns = heading[5:15]
    assert columns == ["STATE", "REASON", "WORKERS", "APP", "BATCHES", "IN-FLIGHT", "BYTES", "HELD", "RULE", "MERGE"]
    assert [line[5:15] for line in lines] == [
        ["several", "none", "1,3", "7", str(2 ** 35), "131", str(131 * 2304), "17", "12", "transmit"],
        ["kernel", "rate", "-", "-", "-", "-", "-", "-", "-", "-"], ["-"] * 10]
    assert {line[15] for line in lines} == {"veth9"}


def test_flows_of_the_pipeline_have_no_columns_of_lanes(ctl, peer):
    peer.handlers["flow-get"] = dump("flow", [TCP6, UDP4])
    assert ctl("flow", "list").out.split("\n")[0].split() == ["STAGE", "CPU", "PACKETS", "MOVES", "IDLE-MS", "DEVICE", "FLOW"]


def test_equal_flows_of_two_networks_are_told_apart(ctl, peer):
    peer.handlers["flow-get"] = dump("flow", [{**MOUSE, "vni": 7, "twin": 1}, {**ELEPHANT, "vni": 2 ** 24 - 1, "twin": 1}, MOUSE])
    found = both(ctl, "flow", "list", text_has_not=("ifindex", "netns", "hash", "twin"))["flows"]
    assert [(flow.get("vni"), flow.get("twin")) for flow in found] == [(2 ** 24 - 1, 1), (7, 1), (None, None)]
    first, second, third = ctl("flow", "list").out.splitlines()[1:]
    assert first.endswith("10.0.0.2:5201 vni 16777215 (one of two networks)")
    assert second.endswith("10.0.0.2:5201 vni 7 (one of two networks)") and third.endswith("10.0.0.2:5201")


@pytest.mark.parametrize("args,shown", [([], 20), (["--top", "3"], 3), (["--top=0"], 50), (["--top", "99"], 50)])
def test_top_flows(ctl, peer, args, shown):
    counts = [(i * 37) % 50 for i in range(50)]
    peer.handlers["flow-get"] = dump("flow", [{**FLOW, "packets": n} for n in counts])
    found = ctl("flow", "list", "--json", *args).json()
    assert [f["packets"] for f in found["flows"]] == sorted(counts, reverse=True)[:shown]
    assert found["total"] == 50
    assert ("... of 50 entries" in ctl("flow", "list", *args).out) == (shown < 50)


def stats_rows():
    return [{"cpu": cpu, "stage": stage, "counters": {"asked": cpu + 1, "steered": 10 * s}}
            for cpu in range(3) for s, stage in enumerate(ENUMS["stage"])]


def test_stats(ctl, peer):
    peer.handlers["stats-get"] = dump("stats", stats_rows() + [{"cpu": 9, "stage": "nic", "counters": {"asked": 0}}])
    found = both(ctl, "stats", "show")
    assert found["total"] == {"asked": 18, "steered": 90}
    assert found["stages"] == {"nic": {"asked": 6}, "tunnel": {"asked": 6, "steered": 30},
                               "container": {"asked": 6, "steered": 60}}
    expected = [{**r, "counters": {k: v for k, v in r["counters"].items() if v}} for r in stats_rows()]
    assert found["cpus"] == expected
    assert "explain" not in found


def test_stats_before_any_packet(ctl, peer):
    peer.handlers["stats-get"] = dump("stats", [{"cpu": 0, "stage": "nic", "counters": {"asked": 0}}])
    assert ctl("stats", "show", "--json").json() == {"total": {}, "stages": {}, "cpus": []}
    assert "nothing counted yet" in ctl("stats", "show").out


def test_stats_all(ctl, peer):
    peer.handlers["stats-get"] = dump("stats", [{"cpu": 0, "stage": "nic", "counters": {"asked": 1}}])
    found = both(ctl, "stats", "show", "--all")
    assert found["total"] == {name: int(name == "asked") for name in COUNTERS}
    assert list(found["stages"]) == ENUMS["stage"] and list(found["cpus"][0]["counters"]) == COUNTERS


def test_stats_explain(ctl, peer):
    peer.handlers["stats-get"] = dump("stats", stats_rows())
    found = ctl("stats", "show", "--explain", "--json").json()
    assert found["explain"] == {a["name"]: " ".join(a["doc"].split()) for a in SETS["counters"]}
    text = " ".join(ctl("stats", "show", "--explain").out.split())
    assert all(doc in text for doc in found["explain"].values())


def test_list_that_changes(ctl, peer):
    """An interrupted dump is requested again, and its first part is discarded."""
    def handler(request):
        flags = NLM_F_DUMP_INTR if peer.ops().count("device-get") == 1 else 0
        return [request.answer(encode("device", DEVICES[0]), NLM_F_MULTI | flags), request.done()]
    peer.handlers["device-get"] = handler
    assert ctl("device", "list", "--json").json() == {"devices": DEVICES[:1]}
    assert peer.ops() == ["device-get"] * 2


def test_list_that_keeps_changing(ctl, peer):
    peer.handlers["device-get"] = lambda r: [r.answer(b"", NLM_F_MULTI | NLM_F_DUMP_INTR), r.done()]
    result = ctl("device", "list", "--json")
    assert result.code == 6 and "changes faster" in result.error()["message"]


def test_names_cannot_harm(ctl, peer):
    """A device may have almost any name: no escape sequence reaches the terminal, and the JSON stays valid."""
    name = "\x1b[2J\"\\\x07\udcff\u00fc\u009b"
    peer.handlers["device-get"] = dump("device", [{**DEVICES[0], "ifname": name}])
    text, found = ctl("device", "list").out, ctl("device", "list", "--json").json()
    assert not {"\x1b", "\x07", "\x9b", "\udcff"} & set(text) and "\u00fc" in text
    assert found["devices"][0]["ifname"] == "\x1b[2J\"\\\x07\ufffd\u00fc\u009b"


# ---- events ------------------------------------------------------------------------------------

def event(values):
    return message(FAMILY, 0, 0, bytes([OPS.index("event-ntf") + 1, 1, 0, 0]) + encode("event", values))


EVENTS = [{"event": "enabled"}, {"event": "cpu-offline", "cpu": 3, "reason": "hotplug"},
          {"event": "device-add", "ifindex": 5, "ifname": "vx0", "netns": 4026531840, "stage": "tunnel"}]


def test_monitor(ctl, peer):
    peer.events = [event(EVENTS[0]), event(EVENTS[1]) + event(EVENTS[2])]
    found = [json.loads(line) for line in ctl("monitor", "--count", "3", "--json").out.splitlines()]
    assert [{k: v for k, v in e.items() if k != "time"} for e in found] == EVENTS
    times = [datetime.datetime.fromisoformat(e["time"]) for e in found]
    assert times == sorted(times) and all(t.utcoffset() is not None for t in times)
    lines = ctl("monitor", "--count=3").out.splitlines()
    assert len(lines) == 3
    for line, expected in zip(lines, EVENTS):
        assert all(str(v) in line for v in expected.values())


def test_monitor_ends_after_count(ctl, peer):
    peer.events = [event(e) for e in EVENTS]
    assert len(ctl("monitor", "--count", "2").out.splitlines()) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_monitor_until_interrupted(ctl, peer, number):
    peer.events = [event(EVENTS[0])]
    with ctl.start("monitor", "--json") as run:
        assert json.loads(run.stderr.readline()) == {"info": "listening"}
        # The line must come at once, not when a buffer is full.
        assert select.select([run.stdout], [], [], 30)[0]
        assert json.loads(run.stdout.readline())["event"] == "enabled"
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
    assert (run.returncode, out, err) == (0, "", "")


def test_monitor_without_group(ctl, peer):
    def family_alone(request):
        return [request.answer(attr(1, FAMILY.to_bytes(2, "little"))), request.ack()]
    peer.handlers["getfamily"] = family_alone
    result = ctl("monitor", "--json")
    assert result.code == 6 and "no group 'events'" in result.error()["message"]


def test_monitor_not_permitted(ctl, peer):
    """root in a container could join its own group, and would wait for ever."""
    peer.handlers["status-get"] = refuse(1, "falcon answers in the initial network namespace only")
    result = ctl("monitor", "--json")
    assert result.code == 4 and "initial network namespace" in result.error()["message"]


# ---- refusals ----------------------------------------------------------------------------------

def test_refused_with_attribute(ctl, peer):
    peer.handlers["config-set"] = refuse(22, "CPU 9 is not online", ("config", "cpus"))
    args = ("config", "set", "mode=pipeline", "cpus=9", "nic-split=1")
    assert ctl(*args, "--json").error() == {"attribute": "cpus", "message": "CPU 9 is not online",
                                            "errno": 22, "name": "EINVAL", "exit": 1}
    text = ctl(*args)
    assert (text.code, text.err) == (1, "falconctl: cpus: CPU 9 is not online (EINVAL)\n")
    assert peer.ops() == ["config-set"] * 2


def test_refused_for_what_is_missing(ctl, peer):
    peer.handlers["config-set"] = refuse(22, "an attribute is missing", missing=3)
    assert ctl("config", "set", "cpus=", "--json").error()["attribute"] == "load-threshold"


def test_refused_without_a_word(ctl, peer):
    peer.handlers["enable"] = refuse(114)
    result = ctl("enable", "--json")
    assert (result.code, result.error()["name"]) == (1, "EALREADY")
    assert peer.ops() == ["enable"]


@pytest.mark.parametrize("text", [None, "only in the initial user namespace"])
def test_not_permitted(ctl, peer, text):
    peer.handlers["status-get"] = refuse(1, text)
    result = ctl("status", "--json")
    assert result.code == 4 and (text or "CAP_NET_ADMIN") in result.error()["message"]


def test_dump_refused(ctl, peer):
    peer.handlers["flow-get"] = refuse(12, "no memory for the list")
    assert ctl("flow", "list", "--json").error()["message"] == "no memory for the list"


def test_dump_that_ends_in_failure(ctl, peer):
    """falconctl prints no part of the list."""
    peer.handlers["flow-get"] = lambda r: [r.answer(encode("flow", FLOW), NLM_F_MULTI), r.done(105)]
    result = ctl("flow", "list", "--json")
    assert result.code == 1 and result.error()["name"] == "ENOBUFS"


def test_other_protocol(ctl, peer):
    peer.handlers["getfamily"] = lambda r: [r.answer(
        attr(1, FAMILY.to_bytes(2, "little")) + attr(3, (9).to_bytes(4, "little"))), r.ack()]
    result = ctl("status", "--json")
    assert result.code == 6 and "version 9" in result.error()["message"]
