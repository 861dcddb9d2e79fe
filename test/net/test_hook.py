# SPDX-License-Identifier: GPL-2.0
"""What falcon attaches to, when, and what it says when it cannot."""

import uuid

from net.control import HOOKED, REFUSED, Redirect
from net.control import control, unloaded  # noqa: F401  pylint: disable=unused-import
from vm import module

# pylint: disable=redefined-outer-name


def test_hooked_functions_are_there_once(overlay):
    wanted = " || ".join(f'$N == "{symbol}"' for symbol in HOOKED)
    known = overlay.guest.run(f"awk '{wanted.replace('N', '3')} {{print $3}}' /proc/kallsyms").out.split()
    assert sorted(known) == sorted(HOOKED)
    traceable = f"awk '{wanted.replace('N', '1')} {{print $1}}' /sys/kernel/tracing/available_filter_functions"
    assert sorted(overlay.guest.run(traceable).out.split()) == sorted(HOOKED)


def test_nothing_is_attached_unless_enabled(unloaded):
    before = unloaded.traces()
    assert (before.redirected, before.rps_users) == ([], 0)
    unloaded.load()
    assert {hook["state"] for hook in unloaded.hooks().values()} == {"detached"}
    assert unloaded.traces() == before

    for _ in range(2):
        unloaded.enable()
        enabled = unloaded.traces()
        assert sorted(set(enabled.functions) - set(before.functions)) == sorted(HOOKED)
        assert enabled.redirected == sorted(HOOKED)
        assert (enabled.falcons, enabled.rps_users) == (len(HOOKED), 1)
        hooks = unloaded.hooks()
        assert {symbol: hook["state"] for symbol, hook in hooks.items()} == dict.fromkeys(HOOKED, "attached")
        assert not any("detail" in hook for hook in hooks.values())

        unloaded.disable()
        assert unloaded.traces() == before
    assert {hook["state"] for hook in unloaded.hooks().values()} == {"detached"}


def test_ftrace_cannot_be_switched_off_under_the_hooks(control):
    control.enable(busy_threshold=100)
    refused = control.guest.run("sysctl -w kernel.ftrace_enabled=0", check=False)
    assert refused.rc != 0
    assert "busy" in refused.err
    assert control.guest.run("sysctl -n kernel.ftrace_enabled").out == "1\n"
    assert control.traces().redirected == sorted(HOOKED)
    assert control.status()["state"] == "enabled"


def test_enable_is_refused_while_ftrace_is_off(control):
    control.guest.run("sysctl -qw kernel.ftrace_enabled=0")
    try:
        error = control.say("enable").error()
        detail = control.hooks()["get_rps_cpu"]["detail"]
        assert control.status()["state"] == "disabled"
        nothing = control.traces()
    finally:
        control.guest.run("sysctl -qw kernel.ftrace_enabled=1")
    assert (nothing.redirected, nothing.rps_users) == ([], 0)
    assert (error["exit"], error["name"]) == (REFUSED, "EBUSY")
    # The whole message: the kernel cuts formatted ones at 80 bytes.
    assert error["message"] == f"get_rps_cpu: {detail}"
    assert "ftrace_enabled" in detail
    control.enable()
    assert control.traces().redirected == sorted(HOOKED)


def test_somebody_else_on_the_required_hook_is_a_conflict(control, kernel):
    with Redirect(control.guest, kernel, "get_rps_cpu"):
        others = control.traces()
        # And once more, now that a refusal has been before it.
        *refused, status = control.say_all([["enable"], ["enable"], ["status"]])
        error, again = (said.error() for said in refused)
        assert error == again
        assert (error["exit"], error["name"]) == (REFUSED, "EBUSY")
        hooks = {hook["symbol"]: hook for hook in status.json()["hooks"]}
        assert error["message"] == f"get_rps_cpu: {hooks['get_rps_cpu']['detail']}"
        assert hooks["get_rps_cpu"]["state"] == "conflict"
        assert hooks["get_rps_cpu"]["required"] is True
        assert hooks["gro_cells_receive"]["state"] == "detached"
        assert status.json()["state"] == "disabled"
        assert control.traces() == others
        assert (others.redirected, others.falcons, others.rps_users) == (["get_rps_cpu"], 0, 0)
    control.enable()
    assert control.traces().redirected == sorted(HOOKED)


def test_somebody_else_on_an_optional_hook_costs_its_capability_alone(control, kernel):
    control.configure(busy_threshold=100)
    with Redirect(control.guest, kernel, "gro_cells_receive"):
        status = control.say("enable").json()
        assert status["state"] == "enabled"
        hooks = {hook["symbol"]: hook for hook in status["hooks"]}
        assert hooks["get_rps_cpu"]["state"] == "attached"
        lost = hooks["gro_cells_receive"]
        assert (lost["state"], lost["capability"], lost["required"]) == ("conflict", "nic-split", False)
        assert lost["detail"]
        assert control.traces().falcons == 1
        control.disable()
        left = control.traces()
        assert (left.redirected, left.falcons) == (["gro_cells_receive"], 0)
        control.enable()
    # The capability comes back with the next enable.
    assert control.hooks()["gro_cells_receive"]["state"] == "conflict"
    control.disable()
    control.enable()
    assert control.hooks()["gro_cells_receive"]["state"] == "attached"
    assert control.traces().redirected == sorted(HOOKED)


def test_who_comes_after_falcon_is_refused_and_falcon_stays(control, kernel):
    control.enable()
    before = control.traces()
    for symbol in HOOKED:
        late = Redirect(control.guest, kernel, symbol)
        refused = late.load(check=False)
        if refused.rc == 0:
            late.unload()
        assert refused.rc != 0, symbol
        assert "busy" in refused.err, symbol
    assert control.traces() == before


class Without:
    """The built module, but it looks for another name than a function's, as on a kernel without it."""

    def __init__(self, guest, kernel, symbol):
        self.absent = symbol[:-3] + "_no"
        built = module.build(kernel).path.read_bytes()
        name, other = (f"\0{text}\0".encode() for text in (symbol, self.absent))
        # The symbol table has names of this length, too, but none that is just this.
        assert built.count(name) == 1, f"{symbol} is {built.count(name)} times in the module"
        self._name = f"falcon-{uuid.uuid4().hex[:8]}.ko"
        self._guest = guest
        (guest.shared / self._name).write_bytes(built.replace(name, other))

    def load(self):
        self._guest.run(f"insmod /shared/{self._name}")


def test_missing_required_function_is_named(overlay, unloaded, kernel):
    without = Without(overlay.guest, kernel, "get_rps_cpu")
    without.load()
    error = unloaded.say("enable").error()
    assert (error["exit"], error["name"]) == (REFUSED, "ENOENT")
    hook = unloaded.hooks()[without.absent]
    assert hook["state"] == "missing"
    assert error["message"] == f"{without.absent}: {hook['detail']}"
    assert unloaded.status()["state"] == "disabled"
    nothing = unloaded.traces()
    assert (nothing.redirected, nothing.rps_users) == ([], 0)


def test_missing_optional_function_costs_its_capability_alone(overlay, unloaded, kernel):
    without = Without(overlay.guest, kernel, "gro_cells_receive")
    without.load()
    unloaded.enable(busy_threshold=100)
    hook = unloaded.hooks()[without.absent]
    assert (hook["state"], hook["capability"]) == ("missing", "nic-split")
    assert unloaded.traces().redirected == ["get_rps_cpu"]
    account = overlay.udp(count=500)
    assert (account["sent"], account["lost"]) == (500, 0)
    counters = unloaded.counters()
    assert counters["steered"] > 0
    assert counters["cell-bypass"] == 0
    # What the nic's stage is asked for stays where it is: there is no way past the cell.
    assert unloaded.counters("nic")["steered"] == 0
    unloaded.disable()
    assert unloaded.traces().redirected == []


def test_probe_tells_of_a_missing_function_before_enable(overlay, unloaded, kernel):
    without = Without(overlay.guest, kernel, "get_rps_cpu")
    without.load()
    assert unloaded.hooks()[without.absent]["state"] == "missing"
