# SPDX-License-Identifier: GPL-2.0
"""Other work on a host while falcon runs: on containers, modules, devices, probes."""

import random

import pytest

from net import bpf, guestside, lanes, rawnl, tracer, wait
from net.capture import nic
from net.control import hookable
from stress.test_lanes import IDLE, LANES, in_guest
from stress.traffic import SCALE, Traffic, clean_log, record, trouble

BATCH = 20      # containers that are created and deleted per visit to the guest
TURNS = 2 * SCALE
TRACING = "/sys/kernel/tracing"


def ip_batch(lines):
    return "ip -batch - <<'LINES' || exit\n" + "\n".join(lines) + "\nLINES"


@pytest.mark.soak
@pytest.mark.torture
def test_containers_come_and_go_by_the_dozen_under_traffic(overlay, falcon, record_property):
    guest, names = overlay.guest, [f"churn{n}" for n in range(BATCH)]
    come = [line for name in names for line in (
        f"netns add {name}", f"link add {name} type veth peer name eth0 netns {name}",
        f"link set {name} master {guestside.BRIDGE} up")]
    go = [f"link del {name}" for name in names] + [f"netns del {name}" for name in names]
    falcon.enable(**LANES)
    before = falcon.ctl("device list")
    script = "began=$EPOCHREALTIME\n" + in_guest([ip_batch(come), ip_batch(go)], TURNS) + \
        "\necho $(((${EPOCHREALTIME/./} - ${began/./}) / 1000))"
    with clean_log(guest), Traffic(overlay, flows=4, idle=IDLE) as traffic:
        took = int(guest.run(script, timeout=60 + 30 * TURNS).out)
    record(record_property, traffic.account, containers=TURNS * BATCH, per_s=TURNS * BATCH * 1000 // took)
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)
    assert falcon.ctl("device list") == before


@pytest.mark.thorough
def test_the_modules_of_tunnel_bridge_and_veth_leave_and_come_back_under_traffic(overlay, falcon, record_property):
    guest, net, cycles = overlay.guest, overlay.net, 1 + SCALE
    falcon.enable(**LANES)
    with clean_log(guest):
        sender = net.send(rate=2000, seconds=3600, size=200)
        try:
            for _ in range(cycles):
                lanes.reach(falcon, state="several")
                net.clear_guest(guest)
                guest.run("modprobe -r veth && modprobe -r vxlan && modprobe -r bridge")
                net.setup_guest(guest)
        finally:
            sender.stop()
    counters = lanes.assert_conserved(falcon)
    record_property("cycles", cycles)
    record_property("gone", counters["dropped-gone"])
    with Traffic(overlay, idle=IDLE) as traffic:
        lanes.reach(falcon, state="several")
    assert not trouble(traffic.account)


@pytest.mark.soak
def test_flags_and_sizes_of_devices_changed_under_traffic(overlay, falcon, record_property):
    """A new path may mean a new order, even without falcon. But every packet must arrive, once."""
    tunnel, inside = guestside.TUNNEL, f"ip netns exec c0 ethtool -K {guestside.CONTAINER_DEVICE}"
    nic_name = nic(overlay.guest)
    lines = [f"ethtool -K {tunnel} gro {{}}", f"ethtool -K {nic_name} gro {{}}", f"ethtool -K {tunnel} rx-gro-list {{}}",
             f"ethtool -K {tunnel} rx {{}}", f"ethtool -K {guestside.veth(0)} tx {{}}", f"{inside} tx {{}}"]
    changes = [line.format(state) + " || exit" for line in lines for state in ("off", "on")]
    changes += [f"ethtool -K {tunnel} rx-gro-list off || exit"]
    changes += [f"ip link set {tunnel} mtu {mtu} || exit" for mtu in (1300, overlay.net.variant.mtu)]
    falcon.enable(**LANES)
    with clean_log(overlay.guest), Traffic(overlay, flows=4, idle=IDLE) as traffic:
        overlay.guest.run(in_guest(changes, TURNS), timeout=60 + 20 * TURNS)
    record(record_property, traffic.account, changes=TURNS * len(changes))
    lanes.assert_conserved(falcon)
    assert not {key: value for key, value in trouble(traffic.account).items() if key != "reordered"}


@pytest.mark.soak
@pytest.mark.torture
def test_xdp_comes_and_goes_on_the_nic_under_traffic(overlay, falcon, record_property):
    guest, device = overlay.guest, nic(overlay.guest)
    program = bpf.put(guest, "xdp", bpf.let_pass())
    lines = [f"ip link set dev {device} xdpgeneric obj {program} sec xdp || exit", "sleep 0.1",
             f"ip link set dev {device} xdpgeneric off || exit", "sleep 0.1"]
    falcon.enable(**LANES)
    with clean_log(guest), Traffic(overlay, flows=4, idle=IDLE) as traffic:
        guest.run(in_guest(lines, 5 * TURNS), timeout=60 + 20 * TURNS)
    record(record_property, traffic.account, programs=5 * TURNS)
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)


@pytest.mark.soak
@pytest.mark.torture
def test_others_trace_and_probe_the_hooked_functions_under_traffic(overlay, falcon, kernel, record_property):
    """The function tracer and kprobes, which do not redirect functions, attach and detach beside falcon's hooks."""
    guest, functions = overlay.guest, hookable(kernel)
    probes = [f"p:hooked/p{n} {name}" for n, name in enumerate(functions)]
    lines = [f"echo '{' '.join(functions)}' >{TRACING}/set_ftrace_filter || exit",
             f"echo function >{TRACING}/current_tracer || exit",
             *(f"echo '{probe}' >>{TRACING}/kprobe_events || exit" for probe in probes),
             f"echo 1 >{TRACING}/events/hooked/enable || exit", "sleep 0.2",
             f"echo 0 >{TRACING}/events/hooked/enable || exit", f"echo >{TRACING}/kprobe_events || exit",
             f"echo nop >{TRACING}/current_tracer || exit", f"echo >{TRACING}/set_ftrace_filter || exit"]
    falcon.enable(**{**LANES, "park": 0})
    attached = [line.split()[0] for line in falcon.attached()]
    with clean_log(guest), Traffic(overlay, flows=4, rate=2000, idle=IDLE) as traffic:
        guest.run(in_guest(lines, TURNS), timeout=60 + 30 * TURNS)
    record(record_property, traffic.account, probes=TURNS * len(probes))
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)
    assert [line.split()[0] for line in falcon.attached()] == attached


@pytest.mark.soak
@pytest.mark.parametrize("first", ["falcon", "bpf"])
def test_bpf_programs_at_entry_and_exit_of_the_hooked_functions_under_traffic(overlay, falcon, kernel, first, record_property):
    """BPF programs and falcon share a function, whichever attaches first: the program sees the call, then falcon
    handles it.
    """
    guest = overlay.guest
    functions = tracer.traceable(guest, hookable(kernel))
    programs, config = tracer.counting(guest, functions), {**LANES, "park": 0}
    with clean_log(guest), Traffic(overlay, flows=4, rate=2000, idle=IDLE) as traffic:
        if first == "falcon":
            falcon.enable(**config)
            lanes.reach(falcon, state="several")
        with programs:
            if first == "bpf":
                falcon.enable(**config)
            lanes.reach(falcon, state="several")
            hooked = {hook["symbol"] for hook in falcon.ctl("status")["hooks"] if hook["state"] == "attached"}
            assert hooked >= set(functions)
            taken = falcon.counters()["taken"]
            wait.until(lambda: falcon.counters()["taken"] > taken + 1000, 60, "packets in lanes")
        lanes.reach(falcon, state="several")
    record(record_property, traffic.account, programs=len(programs.said))
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)
    for kind in tracer.KINDS:
        assert programs.said.get((kind, "enqueue_to_backlog"), 0) > 1000, programs.said


# Allocates memory until there is hardly any left, then frees it, again and again.
HOG = """\
import time

def available():
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemAvailable"))

while True:
    kept = []
    while (more := available() - {least}) > 0:
        kept.append(b"x" * max(more << 9, 1 << 20))
    print(available(), flush=True)
    time.sleep(0.2)
"""
LEAST = 32 << 10    # KiB


@pytest.mark.soak
@pytest.mark.torture
def test_memory_is_short_under_traffic(overlay, falcon, record_property):
    guest = overlay.guest
    (guest.shared / "hog.py").write_text(HOG.format(least=LEAST))
    falcon.enable(**LANES)
    with clean_log(guest), Traffic(overlay, flows=4, idle=IDLE) as traffic:
        hog = guest.spawn("exec python3 /shared/hog.py")
        try:
            wait.until(lambda: len(hog.output()[0].splitlines()) >= 3 * TURNS, 120 * TURNS, "memory taken and given back")
            lanes.reach(falcon, state="several")
        finally:
            least = hog.stop("KILL").out.split()
    record(record_property, traffic.account, least_kib=min(map(int, least)), times=len(least))
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)


def random_change(rng):
    """One to three keys, each with a valid value; small values are as frequent as large ones."""
    numbers = rawnl.spec().numbers("config")
    values = {"cpus": rng.choice(["1-4", "2", "1,3", "0-4", ""])}
    for name, (least, most) in numbers.items():
        values[name] = min(most, least + int(2 ** rng.uniform(0, 32)) - 1)
    chosen = rng.sample(sorted(values), rng.randint(1, 3))
    return rawnl.message("config-set", b"".join(rawnl.config(name, values[name]) for name in chosen))


@pytest.mark.thorough
@pytest.mark.torture(check=True)
def test_every_key_of_the_configuration_changed_at_random_under_traffic(overlay, falcon, record_property):
    seed, changes = random.randrange(2**32), 200 * SCALE
    record_property("seed", seed)
    rng = random.Random(seed)
    falcon.enable(**LANES)
    with clean_log(overlay.guest), Traffic(overlay, flows=4, idle=IDLE) as traffic:
        rawnl.Raw(overlay.guest).turns(1, [random_change(rng) for _ in range(changes)], pause=20)
    record(record_property, traffic.account, changes=changes)
    lanes.assert_conserved(falcon)
    assert not trouble(traffic.account)
