# SPDX-License-Identifier: GPL-2.0
"""Rules by a packet's endpoint, which falcon learns when the packet gets there: the container's network namespace and
device, and the cgroup of the socket.
"""

import pytest

from net import guestside, lanes, path, plan
from net.falcon import CTL
from net.test_priority import IDLE, LANES, add, go_on, rule
from net.wait import until
from stress.traffic import Traffic, trouble

INIT = "netns=/proc/1/ns/net"
FIELDS = {"netns": (f"netns={guestside.container_netns(0)}", INIT),
          "device": (f"device={guestside.veth(0)}", "device=spare0")}


TOP = "/sys/fs/cgroup"
CGROUPS = ["app/inner", "app2"]
DEEPEST = "app/" + "/".join(f"level{level}" for level in range(2, 8))


@pytest.fixture(name="cgroups")
def _cgroups(overlay):
    made = " ".join(f"{TOP}/{name}" for name in (*CGROUPS, f"{DEEPEST}/level8"))
    mount = f"if ! mountpoint -q {TOP}; then mount -t cgroup2 none {TOP}; fi"
    with path.commands(overlay.guest, f"{mount}\nmkdir -p {made}",
                       f"find {TOP}/app {TOP}/app2 -depth -type d -exec rmdir '{{}}' +"):
        yield


@pytest.fixture(name="spare")
def _spare(overlay):
    """A pair of devices that leads to no container with traffic."""
    with path.commands(overlay.guest, "ip link add spare0 type veth peer name spare1", "ip link del spare0"):
        yield


def assert_told_apart(overlay, falcon, right, wrong, traffic=None, **expected):
    """A flow matches the first rule and not the second, from its beginning, and also when rules change meanwhile."""
    numbers = [add(falcon, wrong), add(falcon, right)]
    with Traffic(overlay, rate=1000, idle=IDLE, **(traffic or {})) as traffic:
        lanes.reach(falcon, state="inline", rule=numbers[1])
        falcon.ctl("priority flush")
        lanes.reach(falcon, state="kernel")
        numbers = [add(falcon, wrong), add(falcon, right)]
        lanes.reach(falcon, state="inline", rule=numbers[1], **expected)
        assert rule(falcon, numbers[0])["flows"] == 0
    falcon.ctl("priority flush")
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)


@pytest.mark.thorough
@pytest.mark.usefixtures("spare")
@pytest.mark.parametrize("key", FIELDS)
def test_flows_of_a_container_go_ahead_and_others_do_not(overlay, falcon, key):
    falcon.enable(**LANES)
    assert_told_apart(overlay, falcon, *FIELDS[key], merge="backlog")


@pytest.mark.thorough
@pytest.mark.usefixtures("cgroups")
@pytest.mark.parametrize("family", [4, pytest.param(6, marks=pytest.mark.soak)])
def test_flows_of_a_cgroup_go_ahead_and_others_do_not(overlay, falcon, family):
    """The socket's cgroup is below the rule's."""
    falcon.enable(**LANES)
    assert_told_apart(overlay, falcon, "cgroup=app", "cgroup=app2", {"cgroup": "app/inner", "family": family})


@pytest.mark.thorough
@pytest.mark.usefixtures("cgroups")
@pytest.mark.parametrize("family", [4, pytest.param(6, marks=pytest.mark.soak)])
def test_a_connection_matches_the_listeners_cgroup(overlay, falcon, family):
    """The connection is established after falcon has seen the flow's first packet."""
    falcon.enable(**LANES)
    number, other = add(falcon, "cgroup=app"), add(falcon, f"cgroup={TOP}/app2")
    server = overlay.net.rr_server(overlay.guest, family=family, tcp=True, cgroup="app")
    client = overlay.net.rr_client(family=family, tcp=True, seconds=60, interval=5000)
    try:
        lanes.reach(falcon, protocol="tcp", state="inline", rule=number)
    finally:
        client.stop()
        server.stop()
    assert rule(falcon, other)["flows"] == 0


@pytest.mark.thorough
@pytest.mark.usefixtures("cgroups")
def test_a_process_that_moves_leaves_its_sockets_where_they_are(overlay, falcon):
    falcon.enable(**LANES)
    first, second = add(falcon, "cgroup=app"), add(falcon, "cgroup=app2")
    move = f"for pid in $(<{TOP}/app/cgroup.procs); do echo $pid >{TOP}/app2/cgroup.procs; done"
    with Traffic(overlay, rate=1000, idle=IDLE, cgroup="app") as traffic:
        lanes.reach(falcon, state="inline", rule=first)
        overlay.guest.run(f"{move}; [[ ! $(<{TOP}/app/cgroup.procs) ]]")
        go_on(falcon, first, 2000)
    assert rule(falcon, second)["flows"] == 0
    with Traffic(overlay, rate=1000, idle=IDLE, cgroup="app2") as again:
        lanes.reach(falcon, state="inline", rule=second)
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account) and not trouble(again.account)


@pytest.mark.soak
def test_rules_added_while_hooks_are_parked_apply(overlay, falcon):
    falcon.enable(**LANES, park=1)
    with Traffic(overlay, rate=1000, idle=IDLE) as traffic:
        until(lambda: not any("enqueue_to_backlog" in line for line in falcon.attached()), 20, "hooks to be parked")
        number = add(falcon, FIELDS["netns"][0])
        lanes.reach(falcon, state="inline", rule=number)
    assert not trouble(traffic.account)


@pytest.mark.soak
def test_flows_of_a_container_that_are_in_lanes_are_known_there(overlay, falcon):
    falcon.enable(**{**LANES, "elephant_rate": 500, "workers": 2})
    with Traffic(overlay, rate=3000, size=64, idle=IDLE) as traffic:
        lanes.reach(falcon, state="several")
        number = add(falcon, FIELDS["device"][0], "mode=batch", "rate=0")
        lanes.reach(falcon, state="several", rule=number)
        falcon.ctl("priority flush")
        until(lambda: "rule" not in lanes.flow(falcon), 20, "the flow to have no rule")
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)


@pytest.mark.soak
def test_a_veth_that_receives_by_napi_is_known(overlay, falcon):
    veth, inside = guestside.veth(0), f"ip netns exec c0 ethtool -K {guestside.CONTAINER_DEVICE}"
    falcon.enable(**LANES)
    with path.commands(overlay.guest, f"{inside} gro on; ethtool -K {veth} tso off",
                       f"ethtool -K {veth} tso on; {inside} gro off"):
        assert_told_apart(overlay, falcon, FIELDS["netns"][0], INIT, merge="transmit")


@pytest.mark.soak
@pytest.mark.parametrize("device, merge", [("macvlan", "rx-handler"),
                                           pytest.param("ipvlan", "rx-handler", marks=pytest.mark.soak),
                                           pytest.param("netkit", "backlog", marks=pytest.mark.soak)])
def test_a_container_with_a_device_of_another_kind_is_known(overlay, falcon, kernel, device, merge):
    if device == "netkit" and kernel == "6.1":
        pytest.skip("netkit came with 6.7")
    with path.variant(overlay, plan.Variant(device, device=device)):
        falcon.enable(**LANES)
        assert_told_apart(overlay, falcon, FIELDS["netns"][0], INIT, merge=merge)
        if device == "netkit":
            assert_told_apart(overlay, falcon, FIELDS["device"][0], INIT)


@pytest.mark.thorough
@pytest.mark.usefixtures("spare", "cgroups")
def test_endpoints_that_do_not_exist_are_refused_by_name(falcon):
    for words, message in {
            "netns=nobody": "netns: there is no network namespace '/run/netns/nobody'",
            "netns=/proc/1/ns/uts": "netns: there is no such network namespace",
            "netns=1": "netns: there is no such network namespace",
            "cgroup=nobody": f"cgroup: there is no cgroup '{TOP}/nobody'",
            "cgroup=/sys": "cgroup: there is no cgroup",
            f"cgroup={TOP}/..": "is not a cgroup of version 2",
            "cgroup=99999999": "cgroup: there is no such cgroup",
            f"cgroup={DEEPEST}/level8": "cgroup: the cgroup is more than 7 levels below the root",
            "device=nobody0": "device: there is no such device",
            "device=lo": "device: the device leads to no container",
            f"device={guestside.TUNNEL}": "device: the device leads to no container",
            f"{INIT} {FIELDS['device'][0]}": "device: the device's container is in another network namespace",
    }.items():
        said = falcon.guest.run(f"{CTL} priority add {words}", check=False)
        assert said.rc and message in said.err, f"{words}: {said.err}"
    assert falcon.ctl("priority list")["rules"] == []
    # Two cgroup rules conflict if one cgroup contains the other.
    first = add(falcon, "cgroup=app/inner")
    for name, rc in {"app": 1, "app/inner": 1, "app2": 0, DEEPEST: 0}.items():
        said = falcon.guest.run(f"{CTL} priority add cgroup={name}", check=False)
        assert said.rc == rc and (not rc or f"rule {first} is about some of these flows" in said.err)
    falcon.ctl("priority flush")
    # Two rules for one container, by namespace and by device, conflict. The two ends of a pair do not: each leads to
    # the other's namespace.
    first = add(falcon, FIELDS["netns"][0])
    said = falcon.guest.run(f"{CTL} priority add {FIELDS['device'][0]}", check=False)
    assert said.rc and f"rule {first} is about some of these flows" in said.err
    listed = [rule(falcon, add(falcon, f"device=spare{end}"))["device"] for end in (0, 1)]
    assert listed == ["spare0", "spare1"]
