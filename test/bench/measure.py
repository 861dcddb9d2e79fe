# SPDX-License-Identifier: GPL-2.0
"""One round: traffic, and the CPU time of each vCPU in a window within it."""

import contextlib
import dataclasses
import time
from pathlib import Path

from net import hostside, udp, wait

from .case import BenchError

WARM_UP_S = 1       # QEMU translates code as it first runs
TAIL_S = 1          # the window must end while the sender still sends
BURST = 4           # datagrams a system call


@dataclasses.dataclass
class Round:
    """What one round of a case gave."""

    seconds: float          # the window's length
    delivered: float        # packets, or bytes of TCP, in the window
    cpu_ns: list            # of each vCPU in the window
    sent: int               # packets or bytes of the whole round, and what became of them
    received: int
    lost: int               # TCP: segments sent again
    duplicated: int         # TCP: segments that arrived again
    reordered: int          # TCP: segments that went to the out-of-order queue
    dropped_by_host: int    # of the lost: before the guest had them
    slipped_s: float        # by which the sender was late, in all
    own_busy: float         # part of the host's CPU time, in the window, that QEMU and the sender used
    host_busy: float        # ... that was not idle
    waited_s: float         # by which vCPUs that could run waited for a CPU of the host, in the window


@dataclasses.dataclass
class Sample:
    """Counters at one moment; taking it costs the guest nothing."""

    at: float
    cpu_ns: list
    link: int
    own: int            # ticks of CPU time that QEMU and the sender used
    host: tuple         # (busy, all) ticks of the host's CPUs
    waited_ns: int      # of the vCPU threads, in the host's run queues


class Meter:
    """Reads the clock, the vCPUs' time and the tap, which is the guest's way in."""

    def __init__(self, guest, by_bytes):
        self._guest = guest
        self._column = 8 if by_bytes else 9     # transmitted, in /proc/net/dev
        self.begin = None

    def sample(self, sender_pid):
        own = sum(_process_ticks(pid) for pid in (self._guest.pid, sender_pid))
        return Sample(time.monotonic(), self._guest.cpu_time(), self.link(), own, _host_ticks(),
                      self._waited_ns())

    def _waited_ns(self):
        total = 0
        for task in Path(f"/proc/{self._guest.pid}/task").iterdir():
            try:
                if (task / "comm").read_text(encoding="utf-8").startswith("CPU "):
                    total += int((task / "schedstat").read_text(encoding="ascii").split()[1])
            except FileNotFoundError:
                continue        # a thread of QEMU's pool that ended
        return total

    def link(self):
        # QEMU's own network namespace
        with open(f"/proc/{self._guest.pid}/net/dev", encoding="ascii") as lines:
            for line in lines:
                name, _, values = line.partition(":")
                if name.strip() == hostside.TAP:
                    return int(values.split()[self._column])
        raise BenchError(f"{hostside.TAP} is gone")


def _host_ticks():
    fields = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
              .split()[1:9]]
    idle = fields[3] + fields[4]
    return sum(fields) - idle, sum(fields)


def _process_ticks(pid):
    """utime and stime; the command's name, in parentheses, may hold anything."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def window(meter, sender, seconds):
    """The two samples of a window that begins after the warm-up."""
    _pass_time(time.monotonic() + WARM_UP_S, sender)
    first = meter.sample(sender.pid)
    _pass_time(first.at + seconds, sender)
    return first, meter.sample(sender.pid)


def _pass_time(until, sender):
    wait.until(lambda: time.monotonic() >= until or not sender.running,
               until - time.monotonic() + 30, "window")
    if not sender.running:
        # its own words say why, if it failed
        sender.wait()
        raise BenchError("the sender ended within the window")


def account(first, last, link_total, received, **counts):
    """The window's part of what was received is the link's part of what it carried in all."""
    cpu_ns = [after - before for before, after in zip(first.cpu_ns, last.cpu_ns)]
    delivered = received * (last.link - first.link) / link_total
    if not delivered > 0:
        raise BenchError("nothing was delivered")
    busy, ticks = (after - before for before, after in zip(first.host, last.host))
    return Round(seconds=last.at - first.at, delivered=delivered, cpu_ns=cpu_ns, received=received,
                 own_busy=(last.own - first.own) / ticks, host_busy=busy / ticks, waited_s=(last.waited_ns - first.waited_ns) / 1e9,
                 **counts)


def udp_round(topology, guest, case, rate, seconds, cpu):
    """Packets at `rate` a second."""
    meter = Meter(guest, by_bytes=False)
    run = udp.new_run()
    dropped, link = topology.tap_dropped(), meter.link()
    with contextlib.ExitStack() as stack:
        sink = topology.sink(guest, cpu=cpu, flows=case.flows, run=run)
        stack.callback(sink.stop)
        sender = topology.send(flows=case.flows, run=run, size=case.size, rate=int(rate),
                               burst=BURST, seconds=WARM_UP_S + seconds + TAIL_S)
        stack.callback(sender.kill)
        first, last = window(meter, sender, seconds)
        sent = sender.stop()
        link = meter.link() - link
        stack.pop_all()
        counts = udp.balance(sent, sink.wait())
    if counts["damaged"]:
        raise BenchError(f"{counts['damaged']} datagrams arrived damaged")
    return account(first, last, link, counts["received"], sent=counts["sent"],
                   lost=counts["lost"], duplicated=counts["duplicated"],
                   reordered=counts["reordered"],
                   dropped_by_host=topology.tap_dropped() - dropped,
                   slipped_s=counts["slipped_ns"] / 1e9)


def tcp_round(topology, guest, case, rate, seconds, cpu):
    """Bytes at `rate` a second; 0: as fast as it goes."""
    meter = Meter(guest, by_bytes=True)
    dropped, link = topology.tap_dropped(), meter.link()
    server = topology.tcp_server(guest, cpu=cpu)
    try:
        client = topology.tcp_client(guest, WARM_UP_S + seconds + TAIL_S, bitrate=rate * 8,
                                     streams=case.flows)
        with contextlib.ExitStack() as stack:
            stack.callback(client.kill)
            first, last = window(meter, client, seconds)
            stack.pop_all()
        counts = client.wait()
    finally:
        server.stop()
    return account(first, last, meter.link() - link, counts["received"], sent=counts["sent"],
                   lost=counts["retransmitted"], duplicated=counts["duplicated"],
                   reordered=counts["ofo_queue"],
                   dropped_by_host=topology.tap_dropped() - dropped, slipped_s=0.0)


def measure(topology, guest, case, rate, seconds, cpu):
    """A round of the case."""
    return {"udp": udp_round, "tcp": tcp_round}[case.protocol](topology, guest, case, rate, seconds, cpu)
