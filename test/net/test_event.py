# SPDX-License-Identifier: GPL-2.0
"""falconctl monitor reports every event, in order."""

import uuid

import pytest

from net.control import REFUSED
from net.control import control  # noqa: F401  pylint: disable=unused-import

# pylint: disable=redefined-outer-name

VETH = ("ev0", "ev1")


def told(events):
    """(event, the object that it is about)"""
    return [(entry["event"], entry.get("ifname", entry.get("cpu"))) for entry in events]


@pytest.mark.thorough
def test_enable_config_and_disable_are_told_in_order(control):
    # no standby in between, however busy this machine is
    control.configure(busy_threshold=100)
    monitor = control.spawn_monitor("--count", "4")
    said = control.say_all([["enable"], ["enable"], ["config", "set", "cpus=1-3"], ["config", "set", "cpus=999"],
                            ["config", "set", "cpus="], ["disable"], ["disable"]])
    assert [line.code for line in said] == [0, REFUSED, 0, REFUSED, 0, 0, REFUSED]
    events = monitor.finish()
    # A refused request is no event, and --count ends the monitor by itself.
    assert told(events) == [("enabled", None), ("config", None), ("config", None), ("disabled", None)]
    assert all(set(entry) == {"time", "event"} for entry in events)
    assert [entry["time"] for entry in events] == sorted(entry["time"] for entry in events)


def test_devices_are_told_as_they_come_move_and_go(control):
    netns = f"falcon-{uuid.uuid4().hex[:8]}"
    monitor = control.spawn_monitor()
    control.guest.run("ip link add evbr type bridge\n"
                      f"ip link add {VETH[0]} type veth peer name {VETH[1]}\n"
                      f"ip netns add {netns}\n"
                      f"ip link set {VETH[1]} netns {netns}\n"
                      "ip link add evdummy type dummy\n"
                      "ip link del evdummy\n"
                      f"ip link del {VETH[0]}\n"
                      "ip link del evbr\n"
                      f"ip netns del {netns}")
    events = [entry for entry in monitor.until("device-del", ifname="evbr") if entry.get("ifname", "").startswith("ev")]
    monitor.stop()
    names = told(events)
    pair = [("device-add", VETH[1]), ("device-add", VETH[0])]
    assert names[0] == ("device-add", "evbr")
    # the driver decides the order in which both ends of a pair come and go
    assert sorted(names[1:3]) == sorted(pair)
    assert names[3:5] == [("device-del", VETH[1]), ("device-add", VETH[1])]
    assert sorted(names[5:7]) == sorted([("device-del", VETH[0]), ("device-del", VETH[1])])
    assert names[7:] == [("device-del", "evbr")]
    here, gone, there = events[0]["netns"], events[3]["netns"], events[4]["netns"]
    assert here == gone != there
    assert [entry["netns"] for entry in events if entry["ifname"] == VETH[1]] == [here, here, there, there]
    assert {entry["stage"] for entry in events if entry["ifname"] == "evbr"} == {"tunnel"}
    assert {entry["stage"] for entry in events if entry["ifname"] in VETH} == {"container"}
    assert all(entry["ifindex"] > 0 for entry in events)


@pytest.mark.thorough
def test_cpus_of_the_set_are_told_as_they_go_and_come(control):
    control.enable(cpus="2-4", busy_threshold=100)
    monitor = control.spawn_monitor()
    try:
        control.guest.run("cd /sys/devices/system/cpu\nfor cpu in 5 4; do echo 0 >cpu$cpu/online; done")
        without = control.status()["cpus"]
    finally:
        control.guest.run("cd /sys/devices/system/cpu\nfor cpu in 5 4; do echo 1 >cpu$cpu/online; done", timeout=120)
    monitor.until("cpu-online", cpu=4)
    # CPU 5 is not in the set, so there is no event about it.
    assert told(monitor.stop()) == [("cpu-offline", 4), ("cpu-online", 4)]
    assert without == "2-3"
    status, config = (said.json() for said in control.say_all([["status"], ["config", "show"]]))
    assert (status["cpus"], config["cpus"]) == ("2-4", "2-4")


@pytest.mark.thorough
def test_busy_host_stands_by_and_resumes(control):
    control.configure(busy_threshold=1)
    monitor = control.spawn_monitor()
    control.enable()
    # Any host that answers this request has a load of more than 1 percent. At 100, the other end, none stands by.
    spin = control.guest.spawn("exec timeout 60 sh -c 'while :; do :; done'")
    try:
        monitor.until("standby")
        status = control.status()
    finally:
        spin.stop()
    assert (status["state"], "busy-threshold" in status["reason"]) == ("standby", True)
    assert status["host-load"] >= 1
    control.configure(busy_threshold=100)
    monitor.until("resume")
    assert control.status()["state"] == "enabled"
    assert [event for event, _ in told(monitor.stop()) if event != "config"] == ["enabled", "standby", "resume"]
