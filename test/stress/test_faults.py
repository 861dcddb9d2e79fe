# SPDX-License-Identifier: GPL-2.0
"""Out of memory: each allocation of each operation fails once, and falcon must be as it was before."""

import errno
import json
import uuid

import pytest

from net import rawnl
from net.control import Control
from net.falcon import MODULE
from net.test_load import shown_in
from vm import kernel

# One kernel is enough: the result does not depend on it, and these tests take long.
pytestmark = [pytest.mark.detector("kasan", only=kernel.TORTURED), pytest.mark.waits]

GUEST_SIDE = "/usr/bin/python3 /falcon/test/stress/failnth_guest.py"
PORTS = b"".join(rawnl.rule(name, value) for name, value in
                 {"dport-first": 1000, "dport-last": 1999, "protocol": 17}.items())
OPERATIONS = {
    "enable": (["enable"], ["disable"]),
    "config-set": ([("config-set", rawnl.config("cpus", "1-2") + rawnl.config("mode", 1))],
                   [("config-set", rawnl.config("cpus", "") + rawnl.config("mode", 0))]),
    "priority-add": ([("priority-add", PORTS)], ["priority-flush"]),
    "status-get": (["status-get"], []),
    "config-get": (["config-get"], []),
    "cpu-get": (["cpu-get"], []),
}
CHANGES = ("config-set", "priority-add")
WATCH = ["config-get", "priority-get"]


def messages(guest, entries):
    """Write these messages to a file in the guest."""
    name = f"messages-{uuid.uuid4().hex[:12]}"
    made = [rawnl.message(*((entry,) if isinstance(entry, str) else entry)) for entry in entries]
    (guest.shared / name).write_text(json.dumps([message.hex() for message in made]))
    return f"/shared/{name}"


def fail_each(guest, *words):
    """Fail each allocation once, and check that nothing was left behind; the errors that they caused."""
    found = json.loads(guest.run(" ".join([GUEST_SIDE, *words]), timeout=600).out)
    assert found, "no allocation failed"
    assert not [number for number, (_, left) in enumerate(found, 1) if left], found
    errors = [error for error, _ in found]
    assert set(errors) <= {0, errno.ENOMEM}, errors
    return errors


def suspects(guest):
    """kmemleak's unreferenced objects that are older than five seconds."""
    leak = "/sys/kernel/debug/kmemleak"
    return guest.run(f"echo scan >{leak}; sleep 5.1; echo scan >{leak}; cat {leak}", timeout=60).out


def fail_each_of(overlay, operation, record_property):
    guest = overlay.guest
    with Control(guest) as control:
        before = control.traces()
        files = [messages(guest, entries) for entries in (*OPERATIONS[operation], WATCH)]
        errors = fail_each(guest, "ask", *files)
        record_property("allocations", len(errors))
        record_property("refused", sum(error != 0 for error in errors))
        assert control.traces() == before
        control.enable()
    assert suspects(guest) == ""


# The longest one comes first, so that neither worker waits for the other.
@pytest.mark.torture
def test_each_allocation_of_enabling_fails_once(overlay, record_property):
    fail_each_of(overlay, "enable", record_property)


@pytest.mark.torture
def test_each_allocation_of_loading_fails_once(overlay, falconctl, record_property):  # pylint: disable=unused-argument
    guest = overlay.guest
    errors = fail_each(guest, "load", MODULE)
    record_property("allocations", len(errors))
    assert errno.ENOMEM in errors
    assert shown_in(guest) == []
    assert suspects(guest) == ""


@pytest.mark.torture(check=True)
@pytest.mark.parametrize("operation", CHANGES)
def test_each_allocation_of_a_change_fails_once(overlay, operation, record_property):
    fail_each_of(overlay, operation, record_property)


@pytest.mark.torture
@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name.endswith("-get")])
def test_each_allocation_of_a_question_fails_once(overlay, operation, record_property):
    fail_each_of(overlay, operation, record_property)
