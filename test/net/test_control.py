# SPDX-License-Identifier: GPL-2.0
"""falconctl and the module together: states, configuration, text and JSON, and `check`."""

import json
import re

import pytest

from net import guestside, udp, wait
from net.control import DEFAULT, NOT_LOADED, OK, REFUSED, UNFIT, USAGE, Redirect, hookable
from net.control import control, unloaded  # noqa: F401  pylint: disable=unused-import
from net.falcon import CTL
from vm import kernel as kernels

# pylint: disable=redefined-outer-name

# These tests run with one kernel. All other tests use falconctl, too, and run it with each kernel.
pytestmark = pytest.mark.thorough


def test_without_the_module_every_operation_says_so(unloaded):
    lines = (["status"], ["enable"], ["disable"], ["config", "show"], ["config", "set", "nic-split=0"],
             ["device", "list"], ["flow", "list"], ["stats", "show"], ["monitor"])
    for words, said in zip(lines, unloaded.say_all(lines)):
        error = said.error()
        assert (error["exit"], error["name"]) == (NOT_LOADED, "ENOENT"), words
        assert "modprobe falcon" in error["message"], words


def test_enable_and_disable_twice_are_refused(control):
    said = control.say_all([["status"], ["disable"], ["enable"], ["enable"], ["status"], ["disable"], ["disable"]])
    assert [line.code for line in said] == [OK, REFUSED, OK, REFUSED, OK, OK, REFUSED]
    assert [line.json()["state"] for line in said if line.code == OK] == ["disabled", "enabled", "enabled", "disabled"]
    refused = [(line.error()["name"], line.error()["message"]) for line in said if line.code == REFUSED]
    assert refused == [("EALREADY", "falcon is disabled already"), ("EALREADY", "falcon is enabled already"),
                       ("EALREADY", "falcon is disabled already")]


def pairs(text):
    """The "name: value" lines of a text."""
    return dict(re.findall(r"^([\w-]+): +(.+)$", text, re.MULTILINE))


def rows(text):
    """The words of each line of a table, without its heading."""
    return [line.split() for line in text.splitlines()[1:]]


def numbers(text):
    """{heading: {counter: number}} of `stats show`."""
    found, heading = {}, None
    for line in text.splitlines():
        if line.startswith(" "):
            name, value = line.split()
            found[heading][name] = int(value)
        else:
            heading = line
            found[heading] = {}
    return found


def test_text_and_json_say_the_same(overlay, control):
    control.enable(cpus="1-3", busy_threshold=100, park=0)
    overlay.udp(count=300)
    lines = [["status"], ["config", "show"], ["device", "list"], ["flow", "list"], ["check"], ["version"],
             ["help"], ["help", "config", "set"]]
    texts = control.say_all(lines, options=())
    assert all((said.code, said.err) == (OK, "") and said.out for said in texts), texts
    status, config, devices, flows, check, version, _, _ = (said.out for said in texts)
    values = [said.json() for said in control.say_all(lines)]

    value = values[0]
    shown = pairs(status)
    assert {name: shown[name] for name in ("state", "mode", "cpus", "devices", "version")} == {
        name: str(value[name]) for name in ("state", "mode", "cpus", "devices", "version")}
    hooks = status.partition("hooks:\n")[2].splitlines()
    details = [line for line in hooks if line.startswith("    ")]
    assert [line.split()[:2] for line in hooks if line not in details] == [
        [hook["symbol"], hook["state"]] for hook in value["hooks"]]
    assert [line.strip() for line in details] == [hook["detail"] for hook in value["hooks"] if "detail" in hook]
    assert dict(line.split("=", 1) for line in config.splitlines()) == {
        name: str(entry) for name, entry in values[1].items()}
    names = ("stage", "netns", "ifindex", "ifname", "kind", "port")
    assert rows(devices) == [[str(device.get(name, "-")) for name in names] for device in values[2]["devices"]]
    # Other users' entries may come and go meanwhile.
    ours = [flow for flow in values[3]["flows"] if flow.get("dport") == 5000]
    names = ("stage", "cpu", "packets", "moves")
    assert sorted(row[:4] for row in rows(flows) if row[-1].endswith(":5000")) == sorted(
        [str(flow[name]) for name in names] for flow in ours)
    assert sorted(flow["stage"] for flow in ours) == ["container", "nic", "tunnel"]
    assert re.findall(r"^(ok|warn|fail|unknown) +(\S+) +(.*)$", check, re.MULTILINE) == [
        (found["result"], found["name"], found["message"]) for found in values[4]["findings"]]
    assert version == "falconctl {falconctl}\nfalcon (kernel module) {module}\n".format(**values[5])

    # Counters stand still when falcon steers nothing any more.
    control.disable()
    (stats,), (value,) = control.say_all([["stats", "show"]], options=()), control.say_all([["stats", "show"]])
    value = value.json()
    assert numbers(stats.out) == {
        "total": value["total"],
        **{f"stage {stage}": counters for stage, counters in value["stages"].items()},
        **{f"cpu {entry['cpu']} stage {entry['stage']}": entry["counters"] for entry in value["cpus"]}}
    assert value["total"]["steered"] >= 600


def test_configuration_is_set_shown_and_given_back(control):
    wanted = {"mode": "lanes", "cpus": "0,2-3", "load-threshold": 1, "busy-threshold": 100, "nic-split": 0,
              "workers": 8, "batch": 32767, "elephant-rate": 2**32 - 1, "delivery": "worker", "host": 1,
              "coalesce": 10000, "park": 3600, "policy": "two-choice", "priority-auto": "on"}
    said = control.say_all([
        ["config", "show"],
        ["config", "set", *(f"{name}={value}" for name, value in wanted.items())],
        ["config", "set", "cpus=3,2,2,0"],
        ["config", "set", "load-threshold=55"],
        ["config", "show"],
    ])
    assert [line.json() for line in said] == [DEFAULT, wanted, wanted, {**wanted, "load-threshold": 55},
                                              {**wanted, "load-threshold": 55}]
    # As the manual says: `set` accepts the output of `show`, and enable and disable keep the configuration.
    assert control.guest.run(
        f"{CTL} config show >/tmp/falcon.conf\n"
        f"{CTL} config set cpus= nic-split=1 busy-threshold=9 load-threshold=9 mode=pipeline workers=1 batch=1"
        " elephant-rate=0 delivery=own host=0 >/dev/null\n"
        f"{CTL} enable >/dev/null; {CTL} disable >/dev/null\n"
        f"xargs {CTL} config set </tmp/falcon.conf >/dev/null; {CTL} config show | diff - /tmp/falcon.conf\n"
        "rm /tmp/falcon.conf", check=False).rc == 0
    assert control.config() == {**wanted, "load-threshold": 55}


def test_refused_settings_name_the_attribute_and_change_nothing(control):
    lines = (["cpus=99999"], ["nic-split=0", "cpus=1-"], ["cpus=0-6"], ["load-threshold=50", "cpus=a"])
    said = control.say_all([["config", "set", *words] for words in lines])
    for words, line in zip(lines, said):
        error = line.error()
        assert (error["exit"], error["name"], error["attribute"]) == (REFUSED, "EINVAL", "cpus"), words
        assert "CPU" in error["message"], words
    usage = control.say_all([["config", "set", *words] for words in
                             (["mode=lane"], ["load-threshold=0"], ["load-threshold=101"], ["nic-split=2"],
                              ["workers=-1"], ["workers=9"], ["batch=0"], ["batch=32768"],
                              ["elephant-rate=4294967296"], ["delivery=all"], ["host=2"], ["policy=any"], ["priority-auto=1"],
                              ["nosuch=1"], ["nic-split=0", "cpus=" + "1," * 512])])
    assert [line.error()["exit"] for line in usage] == [USAGE] * 15
    assert control.config() == DEFAULT


def test_status_says_which_cpus_are_used_and_why_nothing_is_steered(control):
    said = control.say_all([["status"], ["config", "set", "cpus=2", "busy-threshold=100"], ["status"], ["enable"],
                            ["config", "set", "cpus=1-2,4"], ["status"], ["config", "set", "cpus="], ["status"]])
    disabled, _, configured, one, _, three, _, every = (line.json() for line in said)
    for status in (disabled, configured):
        assert (status["state"], status["cpus"], status["host-load"]) == ("disabled", "", 0)
    assert (one["state"], one["cpus"]) == ("enabled", "2")
    assert "one CPU" in one["reason"]
    for status, cpus in ((three, "1-2,4"), (every, "0-5")):
        assert (status["state"], status["cpus"]) == ("enabled", cpus)
        assert "reason" not in status


def findings(said, name):
    return [(found["result"], found["message"]) for found in said.json()["findings"] if found["name"] == name]


def test_check_finds_this_host_fit_and_what_spreads_packets_already(overlay, unloaded, kernel):
    guest = unloaded.guest
    suite = kernels.get(kernel).suite
    # The guests' tree belongs to another suite, whose /boot lacks this kernel's options.
    guest.run(f"cp /falcon/build/trees/{suite}/boot/config-$(uname -r) /boot/")
    nic = guest.run(f"{guestside.FIND_NIC}\necho $nic").out.strip()
    rps = f"/sys/class/net/{guestside.veth(0)}/queues/rx-0/rps_cpus"
    threaded = f"/sys/class/net/{nic}/threaded"
    try:
        fit, = unloaded.say_all([["check"]])
        guest.run(f"echo 6 >{rps}; echo 1 >{threaded}")
        warned, = unloaded.say_all([["check"]])
    finally:
        guest.run(f"echo 0 >{rps}; echo 0 >{threaded}; rm -f /boot/config-$(uname -r)")
    assert (fit.code, fit.json()["result"]) == (OK, "ok"), fit
    assert len(findings(fit, "kernel-options")) == 6
    # The kernel prints this when it starts: "mem auto-init: stack:..., heap alloc:on, heap free:off".
    clears = guest.run("dmesg | sed -n 's/.*mem auto-init:.*heap alloc:\\([a-z]*\\),.*/\\1/p'").out.strip()
    (clearing_result, clearing_text), = findings(fit, "init-on-alloc")
    assert (clearing_result, clearing_text.startswith(f"init_on_alloc is {clears}")) == ("ok", True), clearing_text
    assert findings(fit, "tunnels") == [("ok", f"tunnel devices: {guestside.TUNNEL}")]
    assert findings(fit, "symbols") == [("ok", f"{symbol} is there") for symbol in hookable(kernel)] + [
        ("ok", f"the module {name}, which has {name}_handle_frame, is not loaded") for name in ("macvlan", "ipvlan")]
    assert (warned.code, warned.json()["result"]) == (OK, "warn"), warned
    (rps_result, rps_text), = findings(warned, "rps")
    (threads_result, threads_text), = findings(warned, "threaded-napi")
    assert (rps_result, guestside.veth(0) in rps_text) == ("warn", True)
    assert (threads_result, nic in threads_text) == ("warn", True)
    assert (warned.json()["warn"], warned.json()["fail"]) == (2, 0)


@pytest.mark.soak
def test_check_names_who_redirects_a_function_already(unloaded, kernel):
    for symbol, code, result in (("get_rps_cpu", UNFIT, "fail"), ("gro_cells_receive", OK, "warn")):
        with Redirect(unloaded.guest, kernel, symbol):
            said = unloaded.say_all([["check"]])[0]
        assert said.code == code, symbol
        conflicts = [found for found in json.loads(said.out)["findings"] if found["name"] == "conflicts"]
        assert [(found["result"], symbol in found["message"]) for found in conflicts if found["result"] != "ok"] == [
            (result, True)]


def test_status_says_why_no_flow_goes_into_lanes(control, kernel):
    control.configure(mode="lanes", busy_threshold=100)
    with Redirect(control.guest, kernel, "enqueue_to_backlog"):
        control.enable()
        without = control.status()
        control.disable()
    control.enable()
    said = control.say_all([["status"], ["config", "set", "cpus=2"], ["status"], ["config", "set", "mode=pipeline"],
                            ["status"]])
    fit, _, one, _, pipeline = (line.json() for line in said)
    assert (without["state"], without["mode"]) == ("enabled", "lanes")
    assert "see the hooks" in without["reason"]
    assert [(hook["symbol"], hook["state"]) for hook in without["hooks"] if hook["capability"] == "lanes"
            and hook["state"] != "detached"] == [("enqueue_to_backlog", "conflict")]
    assert (fit["state"], fit["mode"], "reason" in fit) == ("enabled", "lanes", False)
    assert "one CPU, flows" in one["reason"]
    assert (pipeline["mode"], "one CPU, stages" in pipeline["reason"]) == ("pipeline", True)


def test_standby_is_told_with_the_load_and_the_threshold(control):
    control.configure(busy_threshold=1)
    monitor = control.spawn_monitor()
    control.enable()
    # Any host that answers this request has a load of more than 1 percent.
    spin = control.guest.spawn("exec timeout 60 sh -c 'while :; do :; done'")
    try:
        events = monitor.until("standby")
    finally:
        spin.stop()
        monitor.stop()
    standby = next(entry for entry in events if entry["event"] == "standby")
    load, threshold = re.fullmatch(r"host-load of (\d+) %, busy-threshold is (\d+) %", standby["reason"]).groups()
    assert 1 <= int(load) <= 100
    assert threshold == "1"


def test_flow_list_of_lanes_has_each_flow_once_and_its_path(overlay, control):
    def on_the_way():
        ours = [flow for flow in control.flows() if flow.get("dport") == 5000]
        assert len(ours) <= 1, ours
        return next((flow for flow in ours if flow["state"] == "several" and flow["packets"] >= 1000), None)

    control.enable(mode="lanes", cpus="1-4", workers=2, batch=32, elephant_rate=0, busy_threshold=100,
                   delivery="own")
    run = udp.new_run()
    sink = overlay.net.sink(overlay.guest, cpu=5, run=run)
    sender = overlay.net.send(run=run, rate=3000, seconds=60)
    try:
        flow = wait.until(on_the_way, 50, "a flow on several CPUs")
    finally:
        sender.stop()
        sink.stop()
    assert (flow["stage"], flow["protocol"]) == ("nic", "udp")
    workers = [int(cpu) for cpu in flow["workers"].split(",")]
    assert len(workers) == len(set(workers)) == 2
    assert set(workers) < {1, 2, 3, 4}
    assert flow["cpu"] in {1, 2, 3, 4} - set(workers), "a CPU of its own"
    assert 1 < flow["batches"] <= flow["packets"] / 32 + 1, flow
    assert flow["merge"] in ("backlog", "transmit")
    # The flows of one mode are not in the list of the other.
    control.configure(mode="pipeline")
    assert all("state" not in flow for flow in control.flows())
