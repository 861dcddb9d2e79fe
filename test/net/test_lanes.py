# SPDX-License-Identifier: GPL-2.0
"""Mode lanes as seen in the flow list, counters and tracepoints: the state of a flow, and the reason for it."""

import contextlib
import re

import pytest

from net import guestside, lanes, plan, tcp, udp
from net.capture import nic
from net.lanes import reach
from net.path import assert_whole
from net.wait import until
from stress.traffic import Traffic, trouble

# MANY packets/s make an elephant. A guest that stood still for a moment receives more at once, but never ABOVE.
LANES = {"mode": "lanes", "workers": 2, "batch": 16, "elephant_rate": 2000}
FEW, MANY, ABOVE = 1000, 3000, 200_000
NEVER = 4_000_000_000       # packets per second: no flow has so many


@contextlib.contextmanager
def flowing(overlay, falcon, rate=MANY, **options):
    """A flow to the sink. When it is over, it must be whole and falcon's counters must add up."""
    with Traffic(overlay, rate=rate, idle=1500, **options) as traffic:
        yield
    assert traffic.account["sent"] > 0
    assert not trouble(traffic.account), traffic.account
    lanes.assert_conserved(falcon)


@contextlib.contextmanager
def written(guest, value, file):
    """Write a value to a file of the kernel while the block runs, and then restore the old one."""
    before = guest.run(f"cat {file}; echo {value} >{file}").out.strip()
    try:
        yield
    finally:
        guest.run(f"echo {before} >{file}")


def workers_of(entry):
    return [int(cpu) for cpu in entry["workers"].split(",")]


def datagrams(overlay):
    """Datagrams that the container has received."""
    return overlay.net.tcp_counters(overlay.guest)[1]["UdpInDatagrams"]


@pytest.mark.thorough
def test_a_flow_below_the_rate_stays_on_the_kernels_path(overlay, falcon):
    falcon.enable(**{**LANES, "elephant_rate": ABOVE})
    with flowing(overlay, falcon, rate=FEW):
        reach(falcon, state="kernel", reason="rate")
        # Long enough for several windows of the rate.
        before = datagrams(overlay)
        until(lambda: datagrams(overlay) > before + 2 * FEW, 20, "packets")
        entry = lanes.flow(falcon)
    assert (entry["state"], entry["reason"]) == ("kernel", "rate")
    assert "workers" not in entry and "in-flight" not in entry
    counters = falcon.counters()
    assert (counters["taken"], counters["promotions"]) == (0, 0)


def test_a_flow_above_the_rate_is_promoted_step_by_step_and_demoted_below_it(overlay, falcon):
    falcon.enable(**LANES)
    with flowing(overlay, falcon):
        entry = reach(falcon, state="several", reason="none", merge="backlog")
        assert len(set(workers_of(entry))) == 2
        assert set(workers_of(entry)) <= {1, 2, 3}
        assert entry["ifname"] == nic(overlay.guest)
        assert entry["stage"] == "nic"
        # kernel -> one, once its gate has opened, -> several
        assert falcon.counters()["promotions"] >= 2
        assert falcon.counters()["gated"] > 0
        more = reach(falcon, state="several")
        until(lambda: lanes.flow(falcon)["batches"] > more["batches"], 20, "the next micro-flow")
    reach(falcon, state="kernel", reason="rate")
    counters = lanes.assert_conserved(falcon)
    assert counters["demotions"] >= 1
    # All packets except those that waited at a gate when the flow was demoted.
    assert counters["merged"] == counters["taken"] - counters["elsewhere"]


@pytest.mark.soak
def test_a_new_rate_demotes_and_promotes_a_flow(overlay, falcon):
    falcon.enable(**LANES)
    with flowing(overlay, falcon):
        for _ in range(2):
            reach(falcon, state="several")
            falcon.configure(elephant_rate=NEVER)
            reach(falcon, state="kernel", reason="rate")
            taken = falcon.counters()["taken"]
            falcon.configure(elephant_rate=NEVER - 1)
            assert falcon.counters()["taken"] == taken
            falcon.configure(elephant_rate=0)
        reach(falcon, state="several")
    assert falcon.counters()["promotions"] >= 6


@pytest.mark.thorough
def test_one_worker_is_the_state_one_and_more_the_state_several(overlay, falcon):
    falcon.enable(**{**LANES, "workers": 1})
    with flowing(overlay, falcon):
        entry = reach(falcon, state="one", reason="none", merge="backlog")
        assert len(workers_of(entry)) == 1
        falcon.configure(workers=2)
        assert len(workers_of(reach(falcon, state="several"))) == 2
        demotions = falcon.counters()["demotions"]
        falcon.configure(workers=1)
        reach(falcon, state="one", reason="none")
        assert falcon.counters()["demotions"] > demotions


@pytest.mark.thorough
def test_delivery_is_on_a_cpu_of_its_own_or_on_the_workers(overlay, falcon):
    falcon.enable(**LANES)
    with flowing(overlay, falcon):
        for workers, delivery in ((2, "own"), (2, "worker"), (1, "worker"), (1, "own")):
            falcon.configure(workers=workers, delivery=delivery)
            entry, delivering = until(lambda: undisturbed(falcon, "several" if workers > 1 else "one"), 60,
                                      "a flow that stays up")
            used = set(workers_of(entry))
            assert len(used) == workers
            if delivery == "own":
                assert delivering == {entry["cpu"]} and not delivering & used
            else:
                assert delivering and delivering <= used


def undisturbed(falcon, state):
    """The flow's entry, and the CPUs that deliver it; None if other CPUs did, as when the machine stood still."""
    def others():
        """Counts events in which the NIC's CPU does the flow's work: demotions, a full worker, a worker that stands
        still.
        """
        counters = falcon.counters()
        return [counters[name] for name in ("demotions", "backpressured", "helped")]
    entry, before = reach(falcon, state=state, merge="backlog"), others()
    delivering = who_delivers(falcon)
    return (entry, delivering) if others() == before else None


def who_delivers(falcon):
    """The CPUs that deliver packets, while a few hundred packets arrive."""
    before = delivered_by(falcon.ctl("stats show --all"))

    def some():
        now = delivered_by(falcon.ctl("stats show --all"))
        counts = {cpu: now[cpu] - before[cpu] for cpu in now}
        return counts if sum(counts.values()) > 500 else None
    return {cpu for cpu, count in until(some, 20, "packets delivered").items() if count}


def delivered_by(stats):
    """{cpu: packets that it has delivered}"""
    return {row["cpu"]: row["counters"]["delivered"] for row in stats["cpus"] if row["stage"] == "container"}


def assert_left_alone(falcon, reason):
    """The flow's rate is above elephant-rate, but it stays on the kernel's path for this reason."""
    reach(falcon, state="kernel", reason=reason)
    assert falcon.counters()["taken"] == 0


@pytest.mark.thorough
def test_rps_of_the_administrator_keeps_flows_on_the_kernels_path(overlay, falcon):
    falcon.enable(**LANES)
    with Traffic(overlay, rate=MANY, idle=1500) as traffic:
        for device in (nic(overlay.guest), guestside.TUNNEL):
            falcon.configure(elephant_rate=NEVER)
            reach(falcon, state="kernel", reason="rate")
            with written(overlay.guest, 2, f"/sys/class/net/{device}/queues/rx-0/rps_cpus"):
                falcon.configure(elephant_rate=LANES["elephant_rate"])
                reach(falcon, state="kernel", reason="rps")
                taken = falcon.counters()["taken"]
                falcon.configure(elephant_rate=NEVER)
                assert falcon.counters()["taken"] == taken
            falcon.configure(elephant_rate=LANES["elephant_rate"])
            reach(falcon, state="several")
    # The kernel itself may reorder when rps_cpus is written.
    assert (traffic.account["lost"], traffic.account["duplicated"]) == (0, 0)
    lanes.assert_conserved(falcon)


@pytest.mark.soak
def test_napi_in_a_thread_keeps_flows_on_the_kernels_path(overlay, falcon):
    falcon.enable(**LANES)
    with written(overlay.guest, 1, f"/sys/class/net/{nic(overlay.guest)}/threaded"):
        with Traffic(overlay, rate=MANY, idle=1500) as traffic:
            assert_left_alone(falcon, "threaded")
    # A thread may run on any CPU, so the kernel itself may reorder then.
    assert (traffic.account["lost"], traffic.account["duplicated"]) == (0, 0)
    with flowing(overlay, falcon):
        reach(falcon, state="several")


# Busy-polls the NIC that brought the socket's packets, a second at a time. The pauses between polls are shorter.
BUSY_POLLS = """
import socket
SO_BUSY_POLL = 46
SO_PREFER_BUSY_POLL = 69
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, SO_BUSY_POLL, 1000000)
sock.setsockopt(socket.SOL_SOCKET, SO_PREFER_BUSY_POLL, 1)
sock.settimeout(None)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, bytes(8) + (1000).to_bytes(8, "little"))
sock.bind(("0.0.0.0", 9))
while True:
    try:
        sock.recv(2048)
    except BlockingIOError:
        pass
"""
POLLED = "awk '/^TcpExt: [0-9]/ { print $at } /^TcpExt: S/ { for (at = 1; $at != \"BusyPollRxPackets\"; at++); }' /proc/net/netstat"
POLLER = 4      # the CPU of this task: neither the NIC's nor one of falcon's


@contextlib.contextmanager
def busy_polled(overlay):
    """A task polls the NIC while it waits. Interrupts stay off, so no other CPU polls it."""
    guest = overlay.guest
    device = f"/sys/class/net/{nic(guest)}"
    script = guest.shared / "busy-polls.py"
    script.write_text(BUSY_POLLS)
    polls = guest.spawn(f"exec taskset -c {POLLER} python3 /shared/{script.name}")
    to = plan.host(plan.UNDERLAY[4], plan.GUEST)
    try:
        until(lambda: guest.run("ss -Hlun sport = :9").out, 20, "the task that polls")
        with written(guest, 100, f"{device}/napi_defer_hard_irqs"), \
             written(guest, 10**9, f"{device}/gro_flush_timeout"):
            polled = int(guest.run(POLLED).out)

            def polls_more():
                # A packet of the NIC tells the socket which NIC to poll.
                overlay.net.namespace.run(["bash", "-c", f"echo >/dev/udp/{to}/9"])
                return int(guest.run(POLLED).out) > polled + 100
            until(polls_more, 20, "packets that the task polls")
            yield
    finally:
        polls.stop("KILL")


@pytest.mark.thorough
def test_a_nic_that_a_task_polls_keeps_its_flows_on_the_kernels_path_until_that_is_over(overlay, falcon):
    """Then the kernel's queues belong to the task's CPU or to the NIC's, by chance."""
    falcon.enable(**{**LANES, "park": 0})
    with Traffic(overlay, rate=MANY, idle=1500) as traffic:
        with busy_polled(overlay):
            falcon.configure(elephant_rate=NEVER)
            reach(falcon, state="kernel", reason="rate")
            falcon.configure(elephant_rate=LANES["elephant_rate"])
            reach(falcon, state="kernel", reason="busy-poll")
            status = lanes.reach_status(falcon, not_promoted_reason="busy-poll", not_promoted=1)
            assert "1 above elephant-rate not promoted (busy-poll)" in status["summary"]
        reach(falcon, state="several", reason="none")
    # When another CPU begins to poll, the kernel itself may reorder.
    assert (traffic.account["lost"], traffic.account["duplicated"]) == (0, 0)
    lanes.assert_conserved(falcon)


@pytest.mark.thorough
def test_a_busy_host_returns_to_the_kernels_path(overlay, falcon):
    falcon.enable(**LANES)
    with flowing(overlay, falcon):
        reach(falcon, state="several")
        # Any load exceeds 1 %, and this traffic is one.
        falcon.configure(busy_threshold=1)
        reach(falcon, state="kernel", reason="standby")
        assert falcon.ctl("status")["state"] == "standby"
        falcon.configure(busy_threshold=100)
        reach(falcon, state="several")


@pytest.mark.soak
def test_no_flow_is_promoted_if_the_set_is_the_nics_cpu_alone(overlay, falcon):
    falcon.enable(**{**LANES, "cpus": "0"})
    with flowing(overlay, falcon):
        assert_left_alone(falcon, "no-cpu")
        falcon.configure(cpus="1-3")
        reach(falcon, state="several")
        # Remove the CPUs while packets are in flight.
        falcon.configure(cpus="0")
        reach(falcon, state="kernel", reason="no-cpu")


@pytest.mark.thorough
def test_flows_of_the_host_are_taken_when_it_is_told_to(overlay, falcon):
    guest, port, run = overlay.guest, 5400, udp.new_run()
    address = plan.host(plan.UNDERLAY[4], plan.GUEST)
    falcon.enable(**LANES)
    words = udp.options(port=port, bind=address, ready=f"/shared/host-{run}", run=run, idle=1500)
    sink = udp.Sink(guest, f"exec taskset -c 5 {udp.GUEST_TOOLS}/udp-sink {' '.join(words)}",
                    guest.shared / f"host-{run}")
    sender = udp.Sender(overlay.net.namespace.popen(
        [udp.TOOLS / "udp-send", *udp.options(to=address, port=port, run=run, rate=MANY, seconds=600)]))
    snmp = "awk '/^Udp:/ && $2 ~ /[0-9]/ { print $2 }' /proc/net/snmp"
    try:
        before = int(guest.run(snmp).out)
        until(lambda: int(guest.run(snmp).out) > before + MANY, 20, "packets")
        assert lanes.flow(falcon, port=port) == {}
        assert falcon.counters()["taken"] == 0
        falcon.configure(host=1)
        assert len(workers_of(reach(falcon, port=port, state="one"))) == 1
        until(lambda: falcon.counters()["taken"] > MANY, 20, "packets taken")
        falcon.configure(host=0, elephant_rate=NEVER)
        reach(falcon, port=port, state="kernel")
    finally:
        sent = sender.stop()
    account = udp.balance(sent, sink.wait())
    assert_whole(account, account["sent"])
    counters = lanes.assert_conserved(falcon)
    # These flows end on the host, so none reaches a merge point.
    assert counters["merged"] == 0
    assert counters["elsewhere"] == counters["taken"]


EVENT = re.compile(r": falcon_batch_(open|close|release): hash=(0x[0-9a-f]{8}) batch=(\d+) cpu=(\d+) packets=(\d+)$",
                   re.M)


@pytest.mark.thorough
def test_tracepoints_tell_of_each_micro_flow(overlay, falcon):
    guest, trace = overlay.guest, "/sys/kernel/tracing/instances/lanes"
    # No rate demotes the flow: after a demotion it would count its micro-flows from the start again.
    falcon.enable(**{**LANES, "elephant_rate": 0})
    guest.run(f"mkdir {trace}; for event in {trace}/events/falcon/falcon_batch_*; do echo 1 >$event/enable; done")
    try:
        with flowing(overlay, falcon):
            entry = reach(falcon, state="several")
            until(lambda: lanes.flow(falcon)["batches"] > entry["batches"] + 40, 20, "micro-flows")
        events = EVENT.findall(guest.run(f"cat {trace}/trace").out)
    finally:
        guest.run(f"echo 0 >{trace}/events/enable; rmdir {trace}")
    assert {what for what, *_ in events} == {"open", "close", "release"}
    assert len({flow for _, flow, *_ in events}) == 1
    closed = [(int(batch), int(cpu), int(packets)) for what, _, batch, cpu, packets in events if what == "close"]
    opened = {int(batch): int(cpu) for what, _, batch, cpu, _ in events if what == "open"}
    assert len(closed) > 40
    assert [batch for batch, *_ in closed] == list(range(closed[0][0], closed[0][0] + len(closed)))
    assert min(packets for *_, packets in closed) >= LANES["batch"]
    assert set(opened.values()) == set(workers_of(entry))
    # A micro-flow ends on the worker on which it began, and the next one goes to another worker.
    for batch, cpu, _ in closed[1:]:
        assert opened[batch] == cpu
    rotating = [cpu for _, cpu, _ in closed[-20:]]
    assert all(one != other for one, other in zip(rotating, rotating[1:]))
    assert sum(int(packets) for what, *_, packets in events if what == "release") == falcon.counters()["merged"]


def bytes_per_packet(overlay, meanwhile=lambda: None):
    """Bytes per packet after GRO has merged a TCP stream, by the counters of the container's device."""
    device = f"/sys/class/net/{guestside.CONTAINER_DEVICE}/statistics"
    read = f"ip netns exec {guestside.container_netns(0)} cat {device}/rx_bytes {device}/rx_packets"
    before = [int(value) for value in overlay.guest.run(read).out.split()]
    server = overlay.net.tcp_server(overlay.guest, cpu=5)
    try:
        client = overlay.net.tcp_client(overlay.guest, 4, bitrate=60e6)
        meanwhile()
        account = client.wait(60)
    finally:
        server.stop()
    after = [int(value) for value in overlay.guest.run(read).out.split()]
    assert account["received"] > 10_000_000
    # A tail loss probe, which a busy machine causes, arrives twice.
    assert account["ofo_queue"] == 0
    return (after[0] - before[0]) / (after[1] - before[1])


def test_tcp_on_several_workers_is_in_order_and_merged_as_without_falcon(overlay, falcon, record_property):
    stock = bytes_per_packet(overlay)
    falcon.enable(**{**LANES, "elephant_rate": 500})
    in_lanes = bytes_per_packet(overlay, lambda: reach(falcon, port=tcp.DEFAULT_PORT, protocol="tcp",
                                                       state="several", merge="backlog"))
    record_property("stock", round(stock))
    record_property("lanes", round(in_lanes))
    counters = lanes.assert_conserved(falcon)
    assert counters["taken"] > 5000
    # Timing decides how many frames a poll brings; the bench measures the exact ratio.
    assert in_lanes >= 0.5 * stock
