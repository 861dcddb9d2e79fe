# SPDX-License-Identifier: GPL-2.0
"""One round: traffic, and the CPU time of each vCPU in a window within it."""

import contextlib
import dataclasses
import functools
import math
import time
from pathlib import Path

from net import hostside, memcached, sockperf, tcp, udp, wait

from . import trips
from .case import BenchError, Disturbed

WARM_UP_S = 2       # QEMU translates code when it first runs, and again at addresses where a module was loaded
SURGE_MS = 1000     # after this time some flows send more, in one case
TAIL_S = 1          # the window must end while the sender still sends
LEAST_MERGED = 2    # datagrams per packet, if GRO merges them
REQUEST = 64        # bytes of a latency-critical request
REQUESTS = 1000     # such requests a second
REQUEST_PORT = udp.DEFAULT_PORT + 2
STAMPED_PORT = REQUEST_PORT + 1
STAMPED_S = 3       # datagrams are stamped for so long, and the most that beginning and ending it takes
STAMPING_S = 30


@dataclasses.dataclass
class Round:
    """The results of one round of a case."""

    seconds: float          # the window's length
    delivered: float        # packets, bytes of TCP, or transactions in the window
    cpu_ns: list            # of each vCPU in the window
    total_s: float          # of the whole round, about
    frames: int             # sent to the guest in the round
    sent: int               # packets, bytes or requests of the whole round; the following are their fate
    received: int
    lost: int               # TCP: retransmitted segments
    duplicated: int         # TCP: segments that arrived again
    reordered: int          # TCP: segments in the out-of-order queue
    dropped_by_host: int    # of the lost: before the guest received them
    slipped_s: float        # total delay of the sender
    own_busy: float         # part of the host's CPU time, in the window, that QEMU and the sender used
    host_busy: float        # ... that was not idle
    waited_s: float         # time that runnable vCPUs waited for a CPU of the host, in the window
    instructions: list      # [kernel's, user space's] of each vCPU in the window
    lines: list             # cache lines that came to each vCPU, or that it took from others; 0 in mode count
    bytes_per_skb: float | None = None      # TCP: of the packets that reached the container's IP
    median_rtt_us: float | None = None      # request and response, of those in the window
    rtt_p90_us: float | None = None
    rtt_p99_us: float | None = None
    rtt_p999_us: float | None = None
    requests: int | None = None             # answered, or stamped, beside the traffic that all fields above describe
    latency_p50_us: float | None = None     # of these requests
    latency_p99_us: float | None = None
    receive_p50_us: float | None = None     # of datagrams like them: within the host, from the driver on
    receive_p99_us: float | None = None
    requests_per_s: float | None = None
    mean_latency_us: float | None = None
    roles: list = dataclasses.field(default_factory=list)   # role of each vCPU; the engine knows it
    idle: list = dataclasses.field(default_factory=list)    # instructions of each vCPU in an equal time without traffic


@dataclasses.dataclass
class Sample:
    """Counters at one moment. Taking a sample costs the guest nothing."""

    at: float
    cpu_ns: list
    link: int
    own: int            # ticks of CPU time that QEMU and the sender used
    host: tuple         # (busy, all) ticks of the host's CPUs
    waited_ns: int      # of the vCPU threads, in the host's run queues
    executed: list      # Totals of each vCPU


class Meter:
    """Reads the clock, the vCPUs' time and the tap, through which all packets reach the guest."""

    def __init__(self, guest, by_bytes):
        self._guest = guest
        self._by_bytes = by_bytes
        self._begin = self._tap()
        self.made = time.monotonic()

    def sample(self, sender_pid):
        own = sum(_process_ticks(pid) for pid in (self._guest.pid, sender_pid))
        return Sample(time.monotonic(), self._guest.cpu_time(), self.link(), own, _host_ticks(),
                      self._guest.waited_ns(), self._guest.meter.totals())

    def link(self):
        """Bytes or frames that the tap carried since the meter was created."""
        size, frames = self._carried()
        return size if self._by_bytes else frames

    def frames(self):
        return self._carried()[1]

    def _carried(self):
        return [now - begin for begin, now in zip(self._begin, self._tap())]

    def _tap(self):
        """Bytes and frames that the tap transmitted, which is into the guest."""
        # QEMU's own network namespace
        with open(f"/proc/{self._guest.pid}/net/dev", encoding="ascii") as lines:
            for line in lines:
                name, _, values = line.partition(":")
                if name.strip() == hostside.TAP:
                    return [int(word) for word in values.split()[8:10]]
        raise BenchError(f"{hostside.TAP} is gone")


def _host_ticks():
    fields = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
              .split()[1:9]]
    idle = fields[3] + fields[4]
    return sum(fields) - idle, sum(fields)


def _process_ticks(pid):
    """utime and stime. The command's name, in parentheses, may contain anything."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


class Traffic:
    """A round's traffic, while it runs."""

    def __init__(self, meter, sender):
        self._meter, self._sender = meter, sender

    def sample(self):
        return self._meter.sample(self._sender.pid)

    def go_on(self, seconds):
        _pass_time(time.monotonic() + seconds, self._sender)


class Beside:
    """Work beside a round's traffic. This base class does none."""

    seconds = 0     # time beyond the window for which traffic is needed
    log = None      # file for every round trip

    def before(self):
        """Called just before the window."""

    def window(self, traffic, seconds):
        """Wait for the window's length; its two samples."""
        first = traffic.sample()
        traffic.go_on(seconds)
        return first, traffic.sample()

    def after(self):
        """Called just after the window."""


NOTHING = Beside()


def window(meter, sender, seconds, beside):
    """The two samples of a window that begins after the warm-up."""
    traffic = Traffic(meter, sender)
    traffic.go_on(WARM_UP_S)
    beside.before()
    first, last = beside.window(traffic, seconds)
    beside.after()
    if not sender.running:
        sender.wait()
        raise Disturbed("the sender ended before all was done beside it")
    return first, last


def _pass_time(until, sender):
    wait.until(lambda: time.monotonic() >= until or not sender.running,
               until - time.monotonic() + 30, "window")
    if not sender.running:
        # if it failed, its own message tells why
        sender.wait()
        raise BenchError("the sender ended within the window")


def account(meter, first, last, received, **counts):
    """The Round. The window's part of the received data equals its part of the link's data."""
    link_total = meter.link()
    cpu_ns = [after - before for before, after in zip(first.cpu_ns, last.cpu_ns)]
    delivered = received * (last.link - first.link) / link_total
    if not delivered > 0:
        raise BenchError("nothing was delivered")
    busy, ticks = (after - before for before, after in zip(first.host, last.host))
    executed = [after - before for before, after in zip(first.executed, last.executed)]
    return Round(seconds=last.at - first.at, delivered=delivered, cpu_ns=cpu_ns,
                 total_s=time.monotonic() - meter.made, frames=meter.frames(), received=received,
                 own_busy=(last.own - first.own) / ticks, host_busy=busy / ticks,
                 waited_s=(last.waited_ns - first.waited_ns) / 1e9,
                 instructions=[[totals.kernel, totals.user] for totals in executed],
                 lines=[totals.lines for totals in executed], **counts)


def udp_round(topology, guest, case, rate, seconds, cpu, beside=NOTHING):
    """A round of packets at `rate` a second."""
    meter = Meter(guest, by_bytes=False)
    run = udp.new_run()
    dropped = topology.tap_dropped()
    with contextlib.ExitStack() as stack:
        sink = topology.sink(guest, cpu=cpu, flows=case.flows, run=run, gro=case.merged)
        stack.callback(sink.stop)
        sender = topology.send(flows=case.flows, run=run, size=case.size, rate=int(rate),
                               burst=case.burst, surge=case.surge, surge_after=SURGE_MS,
                               seconds=_sending(seconds, beside))
        stack.callback(sender.kill)
        first, last = window(meter, sender, seconds, beside)
        sent = sender.stop()
        stack.pop_all()
        counts = udp.balance(sent, sink.wait(sent=sent["sent"]))
    check_datagrams(case, counts)
    return account(meter, first, last, counts["received"], sent=counts["sent"],
                   lost=counts["lost"], duplicated=counts["duplicated"],
                   reordered=counts["reordered"],
                   dropped_by_host=topology.tap_dropped() - dropped,
                   slipped_s=counts["slipped_ns"] / 1e9)


def check_datagrams(case, counts):
    """Raises BenchError unless the datagrams arrived whole, and merged if the case requires it."""
    if counts["damaged"]:
        raise BenchError(f"{counts['damaged']} datagrams arrived damaged")
    if case.merged and counts["received"] < LEAST_MERGED * counts["messages"]:
        raise BenchError(f"{case.name}: {counts['received']} datagrams came in {counts['messages']} messages, so they were not merged")


def tcp_round(topology, guest, case, rate, seconds, cpu, beside=NOTHING):
    """A round of bytes at `rate` a second; 0: as fast as possible."""
    meter = Meter(guest, by_bytes=True)
    dropped = topology.tap_dropped()
    server = topology.tcp_server(guest, cpu=cpu)
    try:
        client = topology.tcp_client(guest, _sending(seconds, beside), bitrate=rate * 8,
                                     streams=case.flows)
        with contextlib.ExitStack() as stack:
            stack.callback(client.kill)
            first, last = window(meter, client, seconds, beside)
            counts = client.stop()
            stack.pop_all()
    finally:
        server.stop()
    return account(meter, first, last, counts["received"], sent=counts["sent"],
                   lost=counts["retransmitted"], duplicated=counts["duplicated"],
                   reordered=counts["ofo_queue"],
                   dropped_by_host=topology.tap_dropped() - dropped, slipped_s=0.0,
                   bytes_per_skb=counts["skb_bytes"] / counts["skbs"])


def rr_round(topology, guest, case, _rate, seconds, cpu, beside=NOTHING):
    """A round of one request at a time."""
    over_tcp = case.protocol == "tcp"
    meter = Meter(guest, by_bytes=False)
    run = udp.new_run()
    dropped, before = topology.tap_dropped(), topology.tcp_counters(guest)
    log = beside.log or guest.directory / "rr.log"
    with contextlib.ExitStack() as stack:
        how = {"tcp": over_tcp, "connect": case.connects, "size": case.size}
        server = topology.rr_server(guest, cpu=cpu, **how)
        stack.callback(server.stop)
        client = topology.rr_client(run=run, seconds=_sending(seconds, beside), log=log, **how)
        stack.callback(client.kill)
        first, last = window(meter, client, seconds, beside)
        asked = client.stop()
    again = tcp.account(before, topology.tcp_counters(guest))
    # TCP repairs losses without the client's knowledge, so TCP's own counters are read
    counts = {"lost": again["retransmitted"], "duplicated": again["duplicated"],
              "reordered": again["ofo_queue"]} if over_tcp else {
                  # with one request outstanding none can overtake another
                  "lost": asked["timeouts"], "duplicated": asked["strays"], "reordered": 0}
    return account(meter, first, last, asked["answered"], sent=asked["asked"],
                   dropped_by_host=topology.tap_dropped() - dropped, slipped_s=0.0,
                   **trips.percentiles(trips.within(trips.read(log), first, last)), **counts)


class Requests(Beside):
    """Requests in the window, answered on a CPU of their own."""

    LEAD_S = TRAIL_S = None     # time of traffic that is needed before and behind the window

    def __init__(self, topology, guest, seconds, others):
        self.seconds = self.LEAD_S + self.TRAIL_S + others.seconds
        self.figures = {}       # fields of the Round
        self._topology, self._guest, self._window_s, self._others = topology, guest, seconds, others
        self._client = self._cpu = None

    def serve(self, cpu):
        """The server's process in the guest."""
        raise NotImplementedError

    def ask(self):
        """The client, running."""
        raise NotImplementedError

    def end(self, client):
        """The results of the requests, after the window."""
        raise NotImplementedError

    def before(self):
        self._others.before()
        self._client = self.ask()
        _pass_time(time.monotonic() + self.LEAD_S, self._client)

    def after(self):
        self.figures = self.end(self._client)
        self._others.after()

    def kill(self):
        """End the processes that a failed round has left."""
        if self._client:
            self._client.kill()


class Pings(Requests):
    """sockperf's requests, at a rate."""

    LEAD_S, TRAIL_S = sockperf.BEGIN_S, STAMPED_S + STAMPING_S

    def serve(self, cpu):
        self._cpu = cpu
        return self._topology.sockperf_server(self._guest, cpu=cpu, port=REQUEST_PORT)

    def ask(self):
        return self._topology.sockperf_client(REQUESTS, REQUEST, self._window_s + TAIL_S, port=REQUEST_PORT)

    def end(self, client):
        try:
            asked = client.stop()
        except sockperf.Stalled as stalled:
            raise Disturbed(str(stalled)) from stalled
        got = self._receive()
        return {"requests": int(asked["answered"]) + got["received"],
                "latency_p50_us": asked["p50_us"], "latency_p99_us": asked["p99_us"],
                "receive_p50_us": got["way_p50_ns"] / 1e3, "receive_p99_us": got["way_p99_ns"] / 1e3}

    def _receive(self):
        """Measures falcon's effect on a request's time within the host, by as many datagrams as there were requests.

        It runs behind the window, because the driver's program and the timestamps make every packet more expensive.
        """
        how = {"port": STAMPED_PORT, "run": udp.new_run()}
        with self._topology.stamps(self._guest, STAMPED_PORT), contextlib.ExitStack() as stack:
            sink = self._topology.sink(self._guest, cpu=self._cpu, stamps=True, **how)
            stack.callback(sink.stop)
            sent = self._topology.send(size=REQUEST, rate=REQUESTS, burst=1, seconds=STAMPED_S, **how).wait()
            stack.pop_all()
            got = sink.wait()
        counts = udp.balance(sent, got)
        if counts["duplicated"] or counts["reordered"]:
            raise BenchError(f"of what was stamped {counts['duplicated']} came again, {counts['reordered']} too late")
        if counts["lost"]:
            raise Disturbed(f"of what was stamped {counts['lost']} were lost")
        return got


class Gets(Requests):
    """Requests to memcached, one after the other. They last somewhat longer than the window, because the load ends by
    itself.
    """

    LEAD_S, TRAIL_S = memcached.BEGIN_S, memcached.BEGIN_S + memcached.END_S

    def serve(self, cpu):
        return self._topology.memcached_server(self._guest, cpu=cpu)

    def ask(self):
        return self._topology.memcached_client(self._window_s + memcached.BEGIN_S)

    def end(self, client):
        asked = client.wait()
        return {"requests": asked["answered"], "requests_per_s": asked["per_s"], "mean_latency_us": asked["mean_us"]}


def requests_round(kind, topology, guest, case, rate, seconds, cpu, beside=NOTHING):
    """A round of packets at `rate` a second, and requests of this kind."""
    requests = kind(topology, guest, seconds, beside)
    with contextlib.ExitStack() as stack:
        stack.callback(requests.serve(answering_cpu(cpu)).stop)
        stack.callback(requests.kill)
        done = udp_round(topology, guest, case, rate, seconds, cpu, requests)
    return dataclasses.replace(done, **requests.figures)


def answering_cpu(application):
    """The CPU before the application's, so that other packets do not keep it from answering."""
    return application - 1


def _sending(seconds, beside):
    """Time for which a sender that starts now must continue."""
    return math.ceil(WARM_UP_S + seconds + TAIL_S + beside.seconds)


_rounds = {"udp": udp_round, "tcp": tcp_round, "rr": rr_round,
           "priority": functools.partial(requests_round, Pings), "memcached": functools.partial(requests_round, Gets)}


def measure(topology, guest, case, rate, seconds, cpu, beside=NOTHING):
    """Run a round of the case."""
    return _rounds[case.kind](topology, guest, case, rate, seconds, cpu, beside)
