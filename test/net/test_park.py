# SPDX-License-Identifier: GPL-2.0
"""Hooks that only flows in lanes need are detached (parked) while no such flow exists."""

import pytest

from net import lanes, path
from net.control import Redirect, hookable
from net.control import control, unloaded  # noqa: F401  pylint: disable=unused-import
from net.wait import until
from stress.sabotage import Sabotaged
from stress.traffic import Traffic, trouble

# pylint: disable=redefined-outer-name

LANES = {"mode": "lanes", "cpus": "1-3", "workers": 2, "batch": 16, "elephant_rate": 2000, "busy_threshold": 100,
         "load_threshold": 100, "park": 1}
NEVER = 4_000_000_000       # packets per second: no flow has so many
# The hooks that are parked in each mode.
OF_LANES = {"gro_cells_receive", "enqueue_to_backlog", "veth_xmit"}


@pytest.fixture
def hooked(kernel):
    return set(hookable(kernel))


def parked(control):
    return {symbol for symbol, hook in control.hooks().items() if hook["state"] == "parked"}


def until_parked(control, wanted):
    until(lambda: parked(control) == wanted, 20, f"{wanted} to be parked")


def test_hooks_of_lanes_are_parked_until_a_flow_is_promoted(overlay, control, hooked):
    control.enable(**LANES)
    for _ in range(2):
        until_parked(control, OF_LANES)
        assert set(control.traces().redirected) == hooked - OF_LANES
        assert "reason" not in control.status()
        with Traffic(overlay, rate=3000, idle=1500) as traffic:
            lanes.reach(control, state="several", reason="none", merge="backlog")
            assert set(control.traces().redirected) == hooked
            assert not parked(control)
        assert not trouble(traffic.account), traffic.account
        lanes.assert_conserved(control)


@pytest.mark.thorough
def test_each_mode_has_the_hooks_that_it_needs(overlay, control, hooked):
    control.enable(**{**LANES, "mode": "pipeline"})
    until_parked(control, hooked - {"get_rps_cpu", "gro_cells_receive"})
    assert control.traces().redirected == ["get_rps_cpu", "gro_cells_receive"]
    with Traffic(overlay, rate=3000, idle=1500) as traffic:
        control.configure(mode="lanes")
        lanes.reach(control, state="several", reason="none")
        control.configure(mode="pipeline")
        until_parked(control, hooked - {"get_rps_cpu", "gro_cells_receive"})
        control.configure(park=0)
        assert set(control.traces().redirected) == hooked
    assert not trouble(traffic.account), traffic.account


@pytest.mark.soak
def test_a_flow_that_comes_and_goes_stays_in_order(overlay, control):
    """Hooks are attached, and later detached, while packets are on the kernel's path."""
    control.enable(**LANES)
    with Traffic(overlay, rate=3000, idle=1500) as traffic:
        for _ in range(3):
            lanes.reach(control, state="several", reason="none")
            control.configure(elephant_rate=NEVER)
            until_parked(control, OF_LANES)
            control.configure(elephant_rate=2000)
    assert not trouble(traffic.account), traffic.account
    lanes.assert_conserved(control)


@pytest.mark.soak
def test_small_flows_attach_no_parked_hook(overlay, control):
    control.enable(**{**LANES, "elephant_rate": 200_000})
    until_parked(control, OF_LANES)
    path.assert_whole(overlay.udp(count=3000, rate=1000), 3000)
    assert parked(control) == OF_LANES
    assert control.counters()["taken"] == 0


@pytest.mark.thorough
def test_packets_are_sampled_while_hooks_are_parked(overlay, control):
    """Falcon samples the packets of small flows, so it knows these flows at no cost. It counts every packet of a flow
    only while hooks are attached.
    """
    def looked_at():
        """The most packets of the flow that falcon saw in a window of 20 ms."""
        return max(lanes.flow(control).get("packets", 0) for _ in range(20))

    control.enable(**{**LANES, "elephant_rate": 10_000})
    with Traffic(overlay, rate=2000, idle=1500) as traffic:
        until_parked(control, OF_LANES)
        assert 0 < looked_at() <= 2 * 4
        control.configure(park=0)
        until_parked(control, set())
        assert looked_at() > 2 * 4
    assert not trouble(traffic.account), traffic.account


@pytest.mark.soak
def test_another_user_of_a_parked_function_keeps_it_and_flows_stay_on_the_kernels_path(overlay, control, kernel, hooked):
    control.enable(**LANES)
    until_parked(control, OF_LANES)
    with Redirect(control.guest, kernel, "enqueue_to_backlog"):
        with Traffic(overlay, rate=3000, idle=1500) as traffic:
            until(lambda: control.hooks()["enqueue_to_backlog"]["state"] == "conflict", 20, "a conflict")
            # The plan is published after the hooks.
            until(lambda: "mode lanes needs is not hooked" in control.status().get("reason", ""), 20, "the reason")
        assert not trouble(traffic.account), traffic.account
        assert control.counters()["taken"] == 0
    control.disable()
    control.enable(park=0)
    assert set(control.traces().redirected) == hooked


@pytest.mark.soak
def test_a_parked_hook_without_memory_is_reported_and_flows_stay_on_the_kernels_path(overlay, tmp_path):
    with Sabotaged(overlay.guest, overlay.kernel, tmp_path, "no memory") as falcon:
        falcon.enable(**LANES)
        until_parked(falcon, OF_LANES)
        with Traffic(overlay, rate=3000, idle=1500) as traffic:
            until(lambda: "mode lanes needs is not hooked" in falcon.status().get("reason", ""), 20, "the reason")
        hooks = falcon.hooks()
        assert falcon.counters()["taken"] == 0
    assert not trouble(traffic.account), traffic.account
    log = overlay.guest.run("dmesg").out
    for symbol in OF_LANES:
        assert (hooks[symbol]["state"], hooks[symbol]["detail"]) == ("failed", "no memory to hook it")
        assert f"{symbol}: no memory to hook it; going without {hooks[symbol]['capability']}" in log


@pytest.mark.soak
def test_a_module_loaded_while_its_hook_is_parked_is_left_alone(overlay, control, hooked):
    guest, net = overlay.guest, overlay.net
    control.enable(**LANES)
    until_parked(control, OF_LANES)
    net.clear_guest(guest)
    guest.run("modprobe -r veth")
    assert control.hooks()["veth_xmit"]["state"] == "missing"
    net.setup_guest(guest)
    assert parked(control) == OF_LANES
    with Traffic(overlay, rate=3000, idle=1500) as traffic:
        lanes.reach(control, state="several", reason="none")
        assert set(control.traces().redirected) == hooked
    assert not trouble(traffic.account), traffic.account


@pytest.mark.thorough
@pytest.mark.parametrize("end", [pytest.param("disable", marks=pytest.mark.soak), "unload"])
def test_nothing_is_left_when_falcon_ends_with_parked_hooks(overlay, control, hooked, end):
    # The kernel itself does not give the static key back for a device that goes while it has an RPS mask.
    users = control.traces().rps_users
    control.enable(**LANES)
    until_parked(control, OF_LANES)
    getattr(control, end)()
    assert (control.traces().redirected, control.traces().rps_users) == ([], users)
    if end == "unload":
        control.load()
    assert control.states() == dict.fromkeys(hooked, "detached")
    path.assert_whole(overlay.udp(count=500), 500)
