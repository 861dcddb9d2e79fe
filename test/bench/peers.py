# SPDX-License-Identifier: GPL-2.0
"""Alternatives that a current kernel offers by its settings alone: no overlay (the ceiling), RPS, RFS, threaded NAPI.
"""

import dataclasses
import functools

from net import guestside

from .base import Variant, application_cpu, free_cpus
from .case import BenchError

LEAST = 0.7             # part of the frames that must have taken the variant's path
# GRO merges up to so many TCP segments: as many as fit in 64 KiB.
MERGED = 48
RFS_ENTRIES = 32768     # the kernel documentation's suggestion for a moderate number of connections
POLL_NS = 100           # of a thread's time for each frame: a poll of the NIC takes more


@dataclasses.dataclass(frozen=True)
class Setting:
    """A number in a file of the guest. path, and the command prefix inside, are shell words."""

    path: str
    on: int
    off: int = 0
    hexadecimal: bool = False
    inside: str = ""

    def command(self, on):
        value = self.on if on else self.off
        return f"echo {f'{value:x}' if self.hexadecimal else value} | {self.inside}tee {self.path} >/dev/null"

    def value(self, text):
        return int(text.replace(",", ""), 16 if self.hexadecimal else 10)


def of_devices(file, values, **options):
    """Settings of NIC, tunnel and container's device: the same file for each, with its value."""
    places = (("", f'"/sys/class/net/$nic/{file}"'),
              ("", f"/sys/class/net/{guestside.TUNNEL}/{file}"),
              (f"ip netns exec {guestside.container_netns(0)} ", f"/sys/class/net/{guestside.CONTAINER_DEVICE}/{file}"))
    return [Setting(path, value, inside=inside, **options) for (inside, path), value in zip(places, values)]


def masks(cpus):
    """RPS masks of NIC, tunnel and container's device, from a list of CPUs for each."""
    return of_devices("queues/rx-0/rps_cpus", [sum(1 << cpu for cpu in some) for some in cpus], hexadecimal=True)


def write(guest, settings, on):
    guest.run("\n".join(["set -e", guestside.FIND_NIC, *(setting.command(on) for setting in settings)]))


def read(guest, settings):
    """The settings' values."""
    lines = [f"{setting.inside}cat {setting.path}" for setting in settings]
    words = guest.run("\n".join(["set -e", guestside.FIND_NIC, *lines])).out.split()
    return [setting.value(word) for setting, word in zip(settings, words)]


def received(guest):
    """Packets that each CPU has received so far. A packet counts once for each device that brought it to that CPU."""
    lines = [line.split() for line in guest.run("cat /proc/net/softnet_stat").out.splitlines()]
    # column 13 has the CPU's number
    return {int(words[12], 16): int(words[0], 16) for words in lines}


def least(case, done):
    """The least number of packets that a stage's CPU must have received."""
    return LEAST * done.frames / (MERGED if case.protocol == "tcp" else 1)


class Tuned(Variant):
    """Settings, and the CPUs that receive packets by them."""

    def settings(self):
        raise NotImplementedError

    def stages(self, case):
        """For each stage, the CPUs one of which must have received the flow's packets."""
        raise NotImplementedError

    def apply(self, guest, case):
        self._before = received(guest)
        write(guest, self.settings(), True)

    def undo(self, guest):
        write(guest, self.settings(), False)

    def check(self, guest, case, done):
        settings = self.settings()
        found, wanted = read(guest, settings), [setting.on for setting in settings]
        if found != wanted:
            raise BenchError(f"{self.name}: settings are {found}, not {wanted}")
        self.check_stages(guest, case, done)

    def check_stages(self, guest, case, done):
        """Checks that a CPU of each stage has received the flow, and that these CPUs have received nearly all packets.
        """
        counts = {cpu: count - self._before[cpu] for cpu, count in received(guest).items()}
        stages, needed = self.stages(case), least(case, done)
        for cpus in stages:
            got = sum(counts[cpu] for cpu in cpus)
            if got < needed:
                raise BenchError(f"{self.name}: CPUs {cpus} received {got} packets, and it should be {needed:.0f} "
                                 f"or more for {done.frames} frames; all CPUs: {counts}")
        apart = sum(counts[cpu] for cpu in {cpu for cpus in stages for cpu in cpus})
        if apart < LEAST * sum(counts.values()):
            raise BenchError(f"{self.name}: CPUs of {stages} received only {apart} packets of {sum(counts.values())}; "
                             f"all CPUs: {counts}")


class RpsDisjoint(Tuned):
    """A static pipeline by RPS masks of one CPU each: the best that RPS can do."""

    name = "rps-disjoint"

    def settings(self):
        return masks([[self.cpus[index % len(self.cpus)]] for index in range(3)])

    def stages(self, case):
        return [[cpu] for cpu in sorted(set(self.cpus[:3]))]


class Rfs(Tuned):
    """RPS and RFS as the kernel's documentation describes them: a flow goes to the CPU on which its application runs.

    So the application's CPU also does the stages' work: see its own time beside the busiest CPU's. The kernel records
    that CPU for connected sockets only. For a datagram socket that is not connected, RPS alone chooses one CPU for all
    stages, because the flow's hash stays the same.
    """

    name, usual = "rfs", False

    def settings(self):
        return [Setting("/proc/sys/net/core/rps_sock_flow_entries", RFS_ENTRIES),
                *of_devices("queues/rx-0/rps_flow_cnt", 3 * [RFS_ENTRIES]), *masks(3 * [self.cpus])]

    def stages(self, case):
        return [[application_cpu(self.vcpus)] if case.protocol == "tcp" else self.cpus]


class ThreadedRps(RpsDisjoint):
    """Threaded NAPI on the NIC, and disjoint RPS masks behind it.

    The thread is pinned to a free CPU, so the NIC's CPU has only the interrupts, and polling with GRO is one more
    stage. On the interrupts' CPU the thread would do the softirq's work, plus a wake-up.
    """

    name, usual, min_vcpus = "threaded-rps", False, 6

    def __init__(self, vcpus):
        super().__init__(vcpus)
        self.thread_cpu, *self.cpus = free_cpus(vcpus)

    def settings(self):
        return [Setting('"/sys/class/net/$nic/threaded"', 1), *super().settings()]

    def apply(self, guest, case):
        super().apply(guest, case)
        try:
            # the kernel keeps the threads of an earlier round, and their times
            self._ran = self._threads(guest)
            for pid in self._ran:
                guest.run(f"taskset -pc {self.thread_cpu} {pid}")
        except BaseException:
            self.undo(guest)
            raise

    def _threads(self, guest):
        """{process id: (CPUs that it may run on, nanoseconds that it ran)} of the NIC's threads."""
        lines = guest.run(f"{guestside.FIND_NIC}\n"
                          f'for pid in $(pgrep "^napi/$nic-"); do\n'
                          f"\techo $pid $(sed -n 's/^Cpus_allowed_list:\\t//p' /proc/$pid/status) $(cat /proc/$pid/schedstat)\n"
                          f"done").out.splitlines()
        if not lines:
            raise BenchError(f"{self.name}: the NIC has no thread")
        return {int(pid): (cpus, int(ran)) for pid, cpus, ran, *_ in map(str.split, lines)}

    def check(self, guest, case, done):
        super().check(guest, case, done)
        threads = self._threads(guest)
        if {cpus for cpus, _ in threads.values()} != {str(self.thread_cpu)}:
            raise BenchError(f"{self.name}: the NIC's threads are not on CPU {self.thread_cpu}: {threads}")
        ran = sum(ran - self._ran[pid][1] for pid, (_, ran) in threads.items())
        if ran < POLL_NS * done.frames:
            raise BenchError(f"{self.name}: the NIC's thread ran {ran} ns for {done.frames} frames: it did not poll")


class OnHost:
    """A topology whose traffic goes to the guest's host instead of a container: over the underlay only."""

    TRAFFIC = ("address", "in_container", "rr_server", "rr_client", "sink", "send", "udp", "tcp_server", "tcp_counters",
               "tcp_client", "iperf")

    def __init__(self, topology):
        self._topology = topology

    def __getattr__(self, name):
        found = getattr(self._topology, name)
        return functools.partial(found, container=None) if name in self.TRAFFIC else found


class Host(Variant):
    """No overlay at all: the same traffic to a socket of the host. This is the ceiling."""

    name, usual = "host", False
    KINDS = ("udp", "tcp", "rr")

    def network(self, topology):
        return OnHost(topology)

    @staticmethod
    def _tunnelled(guest):
        return int(guest.run(f"cat /sys/class/net/{guestside.TUNNEL}/statistics/rx_packets").out)

    def apply(self, guest, case):
        if case.kind not in self.KINDS:
            raise BenchError(f"{self.name}: the requests of {case.name} go to the container only")
        self._before = self._tunnelled(guest)

    def check(self, guest, case, done):
        tunnelled = self._tunnelled(guest) - self._before
        if tunnelled > (1 - LEAST) * least(case, done):
            raise BenchError(f"{self.name}: {tunnelled} packets of {done.frames} frames came by the tunnel")


VARIANTS = (Host, RpsDisjoint, Rfs, ThreadedRps)
