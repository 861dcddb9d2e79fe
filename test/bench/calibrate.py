# SPDX-License-Identifier: GPL-2.0
"""Measures stock's limit in this boot, and chooses the rate at which every variant is measured.

At that rate nothing may saturate: neither the guest's busiest vCPU nor the machine that runs guest and sender.
"""

import contextlib
import dataclasses

from net import udp

from . import measure
from .case import BenchError, Disturbed

SHARE = 0.6             # of stock's limit, at most
FIRST_OFFER = 20000     # packets a second
LAST_OFFER = 2000000
BACK_OFF = 0.7          # each try takes five seconds
TRIES = 8
PROBE_S = 1
IDLE_RATE = 20          # packets a second of traffic that must have no effect
# A rate holds if the guest takes all packets, the sender keeps its schedule and nothing is lost.
TAKEN = 0.97
LATE_S = 0.1
# Sender, QEMU and vCPUs share the host's CPUs, and a variant that spreads work needs more CPU time than stock. So stock
# must leave some of it.
OWN_BUSY = 0.7


@dataclasses.dataclass
class Calibration:
    """Packets, bytes of TCP, or transactions a second."""

    taken: float        # stock's throughput when more was offered, or all requests that it answered
    busiest: float      # part of that time in which stock's busiest vCPU ran
    limit: float        # stock's throughput if that vCPU ran all the time
    rate: float         # the rate in every round
    own_busy: float     # part of the host's CPU time that guest and sender use at this rate


def calibrate(topology, guest, case, cpu):
    """Must be called while the variant stock is in force."""
    if not case.paced:
        return _as_it_comes(topology, guest, case, cpu)
    if case.idle:
        return _as_it_comes(topology, guest, case, cpu, IDLE_RATE)
    taken, busiest = _limits[case.kind](topology, guest, case, cpu)
    # a vCPU is a thread of the host and may have waited for others: that is not stock's limit
    limit = taken / busiest
    rate = (case.share or SHARE) * limit
    held = None
    for _ in range(TRIES):
        less = BACK_OFF
        with contextlib.suppress(Disturbed):
            probe = measure.measure(topology, guest, case, rate, PROBE_S, cpu)
            if holds(case, probe, rate):
                held = Calibration(taken, busiest, limit, rate, probe.own_busy)
                if probe.own_busy <= OWN_BUSY:
                    return held
            less = min(less, OWN_BUSY / probe.own_busy)
        tried, rate = rate, rate * less
    if not held:
        raise BenchError(f"{case.name}: this machine is too busy: stock could take {limit:.0f} a second, "
                         f"but does not hold even {tried:.0f}")
    return held


def holds(case, probe, rate):
    """True if a round at this rate went through as it should."""
    # if a vCPU waits for the host's CPU, TCP's sender retransmits segments that were not lost
    whole = case.protocol == "tcp" or probe.lost == 0
    return (whole and probe.delivered / probe.seconds >= TAKEN * rate
            and probe.slipped_s <= LATE_S * (probe.seconds + measure.WARM_UP_S + measure.TAIL_S))


def _udp_limit(topology, guest, case, cpu):
    """Offer more until less arrives. The tap's queue drops the rest before it reaches the guest."""
    # if fragments are lost here and there, hardly a whole datagram remains, so the best offer counts
    best = (0, 1)
    offer = FIRST_OFFER // case.frames
    while offer <= LAST_OFFER // case.frames:
        run = udp.new_run()
        sink = topology.sink(guest, cpu=cpu, flows=case.flows, run=run, gro=case.merged)
        before = guest.cpu_time()
        sent = topology.send(flows=case.flows, run=run, size=case.size, rate=offer,
                             burst=case.burst, seconds=2 * PROBE_S).wait()
        spent = [after - begin for begin, after in zip(before, guest.cpu_time())]
        got = sink.wait(sent=sent["sent"])
        # the sink's own time: packets that waited in queues arrive after the sender's end
        taken = got["received"] / max(got["duration_ns"] / 1e9, PROBE_S / 1e3)
        best = max(best, (taken, max(spent[:cpu]) / sent["duration_ns"]))
        if taken < 0.9 * offer:
            return best
        offer *= 2
    raise BenchError(f"{case.name}: stock has no limit below {LAST_OFFER} packets a second?")


def _as_it_comes(topology, guest, case, cpu, rate=0):
    """No search: the rate is given, or it is the rate of one request at a time."""
    probe = measure.measure(topology, guest, case, rate, PROBE_S, cpu)
    taken = probe.delivered / probe.seconds
    return Calibration(taken, max(probe.cpu_ns[:cpu]) / 1e9 / probe.seconds, taken, rate or taken, probe.own_busy)


def _tcp_limit(topology, guest, case, cpu):
    result = measure.tcp_round(topology, guest, case, 0, PROBE_S, cpu)
    return result.delivered / result.seconds, max(result.cpu_ns[:cpu]) / 1e9 / result.seconds


_limits = {"udp": _udp_limit, "tcp": _tcp_limit, "priority": _udp_limit, "memcached": _udp_limit}
