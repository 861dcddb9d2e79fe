# SPDX-License-Identifier: GPL-2.0
"""falconctl and the module together: states, configuration, devices, check, loading and unloading."""

import json
import re
import uuid

import pytest

from net import guestside, plan
from net.control import DEFAULT, NOT_LOADED, OK, REFUSED, USAGE
from net.control import control, unloaded  # noqa: F401  pylint: disable=unused-import
from net.falcon import CTL

# pylint: disable=redefined-outer-name

QUESTIONS = (["status"], ["config", "show"], ["device", "list"], ["flow", "list"], ["stats", "show"],
             ["stats", "show", "--all"], ["stats", "show", "--explain"], ["check"], ["version"], ["help"],
             ["help", "config", "set"], ["help", "stats", "show"], ["help", "monitor"])
CYCLES = 20


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


def test_json_is_valid_and_says_what_the_text_says(overlay, control):
    control.enable(cpus="1-3")
    overlay.udp(count=300)
    # What changes from one look to the next.
    moving = re.compile(r'("?host-load"?: +)\d+|("idle": )\d+|(\b\d+ ms\b)')
    for words, data, text in zip(QUESTIONS, control.say_all(QUESTIONS), control.say_all(QUESTIONS, options=())):
        assert (data.code, text.code, data.err, text.err) == (OK, OK, "", ""), (words, data, text)
        for value in leaves(json.loads(moving.sub("", data.out) if False else data.out)):
            if value not in (True, False) and not moving.search(str(value)):
                assert_in_text(words, value, text.out)
    assert control.guest.run(f"{CTL} --json status | jq -r .state").out == "enabled\n"


def leaves(value, key=None):
    """Every name and text of a JSON value, but for what may change meanwhile."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from leaves(entry, name)
    elif isinstance(value, list):
        for entry in value:
            yield from leaves(entry, key)
    elif isinstance(value, str):
        yield value


def assert_in_text(words, value, text):
    def flat(string):
        return " ".join(string.split())
    assert flat(value) in flat(text), f"{words}: the text has no {value!r}"
