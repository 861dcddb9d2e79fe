# SPDX-License-Identifier: GPL-2.0
"""The functions that falcon hooks, when it hooks them, and its messages when it cannot."""

import uuid

import pytest

from net import lanes, path, tracer, udp
from net.control import REFUSED, Redirect, hookable
from net.control import control, unloaded  # noqa: F401  pylint: disable=unused-import
from stress.sabotage import Sabotaged
from vm import module

# pylint: disable=redefined-outer-name


@pytest.fixture
def hooked(kernel):
    """The functions that falcon hooks, sorted. With park=0, because otherwise falcon detaches some after a while."""
    return sorted(hookable(kernel))


def test_hooked_functions_are_there_once(overlay, hooked):
    wanted = " || ".join(f'$N == "{symbol}"' for symbol in hooked)
    known = overlay.guest.run(f"awk '{wanted.replace('N', '3')} {{print $3}}' /proc/kallsyms").out.split()
    assert sorted(known) == hooked
    traceable = f"awk '{wanted.replace('N', '1')} {{print $1}}' /sys/kernel/tracing/available_filter_functions"
    assert sorted(overlay.guest.run(traceable).out.split()) == hooked


def test_nothing_is_attached_unless_enabled(unloaded, hooked):
    before = unloaded.traces()
    assert (before.redirected, before.rps_users) == ([], 0)
    unloaded.load()
    assert unloaded.states() == dict.fromkeys(hooked, "detached")
    assert unloaded.traces() == before

    for _ in range(2):
        unloaded.enable(park=0)
        enabled = unloaded.traces()
        assert sorted(set(enabled.functions) - set(before.functions)) == hooked
        assert enabled.redirected == hooked
        assert (enabled.falcons, enabled.rps_users) == (len(hooked), 1)
        assert unloaded.states() == dict.fromkeys(hooked, "attached")
        assert not any("detail" in hook for hook in unloaded.hooks().values() if hook["state"] == "attached")

        unloaded.disable()
        assert unloaded.traces() == before
    assert unloaded.states() == dict.fromkeys(hooked, "detached")


@pytest.mark.soak
def test_mode_lanes_does_not_enable_get_rps_cpu(control, hooked):
    """falcon uses the static key of get_rps_cpu() in mode pipeline only, from the change of mode on."""
    control.enable(park=0, mode="lanes", busy_threshold=100)
    assert (control.traces().redirected, control.traces().rps_users) == (hooked, 0)
    for mode, users in (("pipeline", 1), ("lanes", 0), ("pipeline", 1)):
        control.configure(mode=mode)
        assert (control.traces().redirected, control.traces().rps_users) == (hooked, users)
    control.disable()
    assert control.traces().rps_users == 0


@pytest.mark.thorough
def test_ftrace_cannot_be_switched_off_under_the_hooks(control, hooked):
    control.enable(park=0, busy_threshold=100)
    refused = control.guest.run("sysctl -w kernel.ftrace_enabled=0", check=False)
    assert refused.rc != 0
    assert "busy" in refused.err
    assert control.guest.run("sysctl -n kernel.ftrace_enabled").out == "1\n"
    assert control.traces().redirected == hooked
    assert control.status()["state"] == "enabled"


@pytest.mark.thorough
def test_enable_is_refused_while_ftrace_is_off(control, hooked):
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
    # The whole message: the kernel cuts formatted messages at 80 bytes.
    assert error["message"] == f"get_rps_cpu: {detail}"
    assert "ftrace_enabled" in detail
    control.enable(park=0)
    assert control.traces().redirected == hooked


@pytest.mark.thorough
def test_somebody_else_on_the_required_hook_is_a_conflict(control, kernel, hooked):
    with Redirect(control.guest, kernel, "get_rps_cpu"):
        others = control.traces()
        # Twice, because a refusal must not spoil the next attempt.
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
    control.enable(park=0)
    assert control.traces().redirected == hooked


@pytest.mark.thorough
def test_somebody_else_on_an_optional_hook_costs_its_capability_alone(control, kernel, hooked):
    control.configure(park=0, busy_threshold=100)
    with Redirect(control.guest, kernel, "gro_cells_receive"):
        status = control.say("enable").json()
        assert status["state"] == "enabled"
        hooks = {hook["symbol"]: hook for hook in status["hooks"]}
        assert hooks["get_rps_cpu"]["state"] == "attached"
        lost = hooks["gro_cells_receive"]
        assert (lost["state"], lost["capability"], lost["required"]) == ("conflict", "nic-split", False)
        assert lost["detail"]
        assert control.traces().falcons == len(hooked) - 1
        control.disable()
        left = control.traces()
        assert (left.redirected, left.falcons) == (["gro_cells_receive"], 0)
        control.enable(park=0)
    # The capability returns with the next enable.
    assert control.hooks()["gro_cells_receive"]["state"] == "conflict"
    control.disable()
    control.enable(park=0)
    assert control.hooks()["gro_cells_receive"]["state"] == "attached"
    assert control.traces().redirected == hooked


@pytest.mark.thorough
@pytest.mark.parametrize("symbol", ["the ingress", *(pytest.param(name, marks=pytest.mark.soak)
                                                   for name in ("enqueue_to_backlog", "gro_cells_receive"))])
def test_somebody_else_on_a_hook_of_lanes_leaves_every_flow_on_the_kernels_path(overlay, control, kernel, symbol):
    """Status tells the reason. The other hooks of the capability are not attached alone."""
    symbol = hookable(kernel)[2] if symbol == "the ingress" else symbol
    control.configure(park=0, mode="lanes", elephant_rate=0, cpus="1-3", busy_threshold=100)
    with Redirect(control.guest, kernel, symbol):
        control.enable(park=0)
        hooks = control.hooks()
        assert hooks[symbol]["state"] == "conflict"
        capability = [hook["state"] for hook in hooks.values() if hook["capability"] == hooks[symbol]["capability"]]
        assert "attached" not in capability
        assert "mode lanes needs is not hooked" in control.status()["reason"]
        path.assert_whole(overlay.udp(count=1000), 1000)
        assert control.counters()["taken"] == 0
        control.disable()
    control.enable(park=0)
    assert "reason" not in control.status()
    path.assert_whole(overlay.udp(count=1000), 1000)
    assert control.counters()["taken"] > 0


@pytest.mark.soak
def test_the_hook_in_module_veth_follows_it(overlay, control, hooked):
    """The module is unloaded and loaded again, while falcon is enabled and while it is not."""
    guest, net = overlay.guest, overlay.net
    without = [symbol for symbol in hooked if symbol != "veth_xmit"]
    log = guest.run("dmesg | wc -l").out
    control.enable(park=0, mode="lanes", elephant_rate=0, cpus="1-3", busy_threshold=100)
    assert control.hooks()["veth_xmit"]["state"] == "attached"
    for enabled in (True, False):
        if not enabled:
            control.disable()
        net.clear_guest(guest)
        guest.run("modprobe -r veth")
        gone = control.hooks()["veth_xmit"]
        assert gone["state"] == "missing"
        assert "not loaded" in gone["detail"]
        assert control.traces().redirected == (without if enabled else [])
        net.setup_guest(guest)      # setup_guest() loads the module
        back = control.hooks()["veth_xmit"]
        assert back["state"] == ("attached" if enabled else "detached")
        assert "detail" not in back
        assert control.traces().redirected == (hooked if enabled else [])
    control.enable(park=0)
    # The only merge point in module veth: a veth receives by NAPI if it does GRO, and its peer has no TSO.
    guest.run(net.in_container("ethtool -K eth0 gro on") + "\nethtool -K veth0 tso off")
    try:
        run = udp.new_run()
        sink, sender = net.sink(guest, cpu=5, run=run), net.send(run=run, rate=2000, seconds=60)
        try:
            assert lanes.reach(control, merge="transmit")["reason"] in ("none", "no-merge")
        finally:
            sent = sender.stop()
        account = udp.balance(sent, sink.wait())
        path.assert_whole(account, account["sent"])
    finally:
        guest.run(net.in_container("ethtool -K eth0 gro off") + "\nethtool -K veth0 tso on")
    said = guest.run(f"dmesg | tail -n +$(({log} + 1)) | grep -E 'falcon|ftrace|veth_xmit'", check=False).out
    assert not said


@pytest.mark.thorough
@pytest.mark.parametrize("module", ["macvlan", pytest.param("ipvlan", marks=pytest.mark.soak)])
def test_the_hook_in_a_module_that_is_not_always_needed_follows_it(control, hooked, module):
    guest, symbol = control.guest, f"{module}_handle_frame"
    log = guest.run("dmesg | wc -l").out
    control.enable(park=0)
    for _ in range(2):
        assert control.hooks()[symbol]["state"] == "missing"
        assert "not loaded" in control.hooks()[symbol]["detail"]
        assert symbol not in control.traces().redirected
        guest.run(f"modprobe {module}")
        assert control.hooks()[symbol]["state"] == "attached"
        assert set(control.traces().redirected) == {symbol, *hooked}
        guest.run(f"modprobe -r {module}")
    # An optional module that is not loaded is no error.
    assert not guest.run(f"dmesg | tail -n +$(({log} + 1)) | grep {symbol}", check=False).out


@pytest.mark.soak
def test_a_later_user_of_a_hooked_function_is_refused(control, kernel, hooked):
    control.enable(park=0)
    before = control.traces()
    for symbol in hooked:
        late = Redirect(control.guest, kernel, symbol)
        refused = late.load(check=False)
        if refused.rc == 0:
            late.unload()
        assert refused.rc != 0, symbol
        assert "busy" in refused.err, symbol
    assert control.traces() == before


# For each function, a tracer's expression that is 1 if the first argument is the kernel's own. For gro_cells_receive it
# is the argument itself.
ARGUMENTS = {
    "get_rps_cpu": "args->dev->ifindex == args->skb->dev->ifindex",
    "gro_cells_receive": "(int64)args->gcells",     # must be the same before and with falcon
    "napi_gro_receive": "(int64)args->napi < 0",
    "gro_receive_skb": "(int64)args->gro < 0",
    "enqueue_to_backlog": "(int64)args->skb < 0 && args->cpu < 6",
}


@pytest.mark.thorough
def test_a_tracer_reads_the_arguments_that_the_kernel_gave(overlay, control, kernel):
    """At entry and exit, even when falcon answers instead of the function. The tracer's trampoline must call the
    function.
    """
    guest, rps = overlay.guest, "/sys/class/net/lo/queues/rx-0/rps_cpus"
    functions = [name for name in tracer.traceable(guest, hookable(kernel)) if name in ARGUMENTS]
    programs = tracer.Programs(guest, functions, [f'{kind}:{name} {{ @["{kind}", "{name}", {ARGUMENTS[name]}] = count(); }}'
                                                  for name in functions for kind in tracer.KINDS])
    control.configure(park=0, cpus="1-3", elephant_rate=0, busy_threshold=100)
    guest.run(f"echo 1 >{rps}")     # without this the kernel does not call get_rps_cpu() while no mode needs it
    try:
        with programs:
            overlay.udp(count=500)
            control.enable(mode="lanes")
            for counter in ("taken", "gro-bypass"):
                overlay.udp(count=1000)
                assert control.counters()[counter] > 0
                control.configure(mode="pipeline")
    finally:
        guest.run(f"echo 0 >{rps}")
    for name in functions:
        for kind in tracer.KINDS:
            seen = {int(words[2]): count for words, count in programs.said.items() if words[:2] == (kind, name)}
            assert sum(seen.values()) > 500, (kind, name, programs.said)
            cells = {int(words[2]) for words in programs.said if words[1] == "gro_cells_receive"}
            assert set(seen) == (cells if name == "gro_cells_receive" else {1}), (kind, name, seen)
            assert len(cells) == 1 and max(cells) < 0, programs.said


@pytest.mark.thorough
def test_a_bpf_program_that_is_being_attached_is_waited_for(overlay, kernel, hooked, tmp_path):
    """ftrace returns -EAGAIN meanwhile."""
    with Sabotaged(overlay.guest, kernel, tmp_path, "busy for a moment") as falcon:
        falcon.enable(park=0)
        assert falcon.states() == dict.fromkeys(hooked, "attached")
        assert falcon.traces().redirected == hooked


@pytest.mark.thorough
def test_bpf_programs_that_are_attached_all_the_time_are_told_of(overlay, kernel, tmp_path):
    with Sabotaged(overlay.guest, kernel, tmp_path, "busy for ever") as falcon:
        error, hook = falcon.say("enable").error(), falcon.hooks()["get_rps_cpu"]
        assert (error["exit"], error["name"]) == (REFUSED, "EAGAIN")
        assert hook["state"] == "failed"
        assert error["message"] == f"get_rps_cpu: {hook['detail']}"
        assert "BPF" in hook["detail"]
        assert falcon.traces().redirected == []


@pytest.mark.thorough
def test_a_refusal_for_want_of_memory_names_the_hook_that_got_none(overlay, kernel, tmp_path):
    """The message does not name the first hook of the capability, which was attached and is detached again."""
    last = hookable(kernel)[2]
    with Sabotaged(overlay.guest, kernel, tmp_path, "no memory for the last") as falcon:
        # Twice, because a refusal must not spoil the next attempt.
        for _ in range(2):
            said, status = falcon.say_all([["enable"], ["status"]])
            error, status = said.error(), status.json()
            assert (error["exit"], error["name"]) == (REFUSED, "ENOMEM")
            assert error["message"] == f"{last}: no memory to hook it"
            assert status["state"] == "disabled"
            states = {hook["symbol"]: hook["state"] for hook in status["hooks"] if hook["state"] != "missing"}
            assert states == {**dict.fromkeys(hookable(kernel), "detached"), last: "failed"}
            nothing = falcon.traces()
            assert (nothing.redirected, nothing.falcons, nothing.rps_users) == ([], 0, 0)


class Without:
    """The built module, but with another name instead of a function's, as on a kernel without that function."""

    def __init__(self, guest, kernel, symbol):
        self.absent = symbol[:-3] + "_no"
        built = module.build(kernel).path.read_bytes()
        name, other = (f"\0{text}\0".encode() for text in (symbol, self.absent))
        # The kernel's symbol table has names that contain this name, but none that equals it.
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


def test_missing_optional_function_costs_its_capability_alone(overlay, unloaded, kernel, hooked):
    without = Without(overlay.guest, kernel, "gro_cells_receive")
    without.load()
    unloaded.enable(park=0, busy_threshold=100)
    hook = unloaded.hooks()[without.absent]
    assert (hook["state"], hook["capability"]) == ("missing", "nic-split")
    # The mode after loading is auto, which is lanes if all functions exist.
    assert (unloaded.config()["mode"], unloaded.status()["mode"]) == ("auto", "pipeline")
    assert unloaded.traces().redirected == [symbol for symbol in hooked if symbol != "gro_cells_receive"]
    account = overlay.udp(count=500)
    assert (account["sent"], account["lost"]) == (500, 0)
    counters = unloaded.counters()
    assert counters["steered"] > 0
    assert counters["gro-bypass"] == 0
    # The nic stage does not steer in this case: there is no way past the GRO cell.
    assert unloaded.counters("nic")["steered"] == 0
    unloaded.disable()
    assert unloaded.traces().redirected == []


def test_probe_tells_of_a_missing_function_before_enable(overlay, unloaded, kernel):
    without = Without(overlay.guest, kernel, "get_rps_cpu")
    without.load()
    assert unloaded.hooks()[without.absent]["state"] == "missing"
