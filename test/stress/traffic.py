# SPDX-License-Identifier: GPL-2.0
"""Traffic that runs while the test changes something in the guest, and its account."""

import contextlib
import itertools
import os
import re

import pytest

from net import path, udp, wait
from net.fixtures import LIFE

# Counts are a fortieth of those of SOAK=1 (make soak). SOAK=3 runs three times as many as SOAK=1.
SOAK = int(os.environ.get("SOAK") or 0)
SCALE = 40 * SOAK or 1
RATE = 4000
CPU = 5     # the sinks' CPU, which is in none of falcon's sets


def in_parts(name, count):
    """A test's parameter: SCALE times `count` in all, split into tests of about five times `count` each.

    These tests patch the kernel's code so often that a long one meets a fault of the emulator (crash.STALE). Then only
    one part is repeated.
    """
    parts = max(1, SCALE // 5)
    return pytest.mark.parametrize(name, [count * SCALE // parts] * parts, ids=[f"part{n}" for n in range(parts)])


class Traffic:
    """UDP flows to a container while its block runs; afterwards their account.

    port: of the sink. container: its number; None for the host itself. idle: silence in ms after which the sink assumes
    that all datagrams have arrived. cgroup: the sink's. family: of IP. gro: the sink accepts merged datagrams. Other
    options are udp-send's.
    """

    _runs = itertools.count(1000)

    def __init__(self, overlay, port=udp.DEFAULT_PORT, container=0, idle=None, cgroup=None, family=4, gro=None, **options):
        self.overlay, self.port, self.container, self.idle = overlay, port, container, idle or udp.IDLE_MS
        self.cgroup, self.family, self.gro = cgroup, family, gro
        self.options = {"rate": RATE, "size": 200, "seconds": LIFE, **options}
        # A slow kernel would drop what it cannot take, before falcon, and have no time for anything else.
        self.options["rate"] //= wait.patience
        self.account = self._sent = None

    def __enter__(self):
        run = next(self._runs)
        net = self.overlay.net
        self._dropped = dropped(self.overlay)
        self._sink = net.sink(self.overlay.guest, self.container, cpu=CPU, port=self.port, run=run, idle=self.idle,
                              flows=self.options.get("flows", 1), digest=self.options.get("digest"),
                              gro=self.gro, cgroup=self.cgroup, family=self.family)
        self._sender = net.send(self.container, port=self.port, run=run, family=self.family, **self.options)
        return self

    def finish(self, count):
        """Continue until the sender has sent `count` packets, its option count."""
        self._sent = self._sender.wait(60 + 2 * count / self.options["rate"])

    def __exit__(self, kind, *exc):
        sent = self._sent or self._sender.stop()
        if kind is None:
            self.account = udp.balance(sent, self._sink.wait(sent=sent["sent"]))
            now = dropped(self.overlay)
            self.account["dropped"] = {name: now[name] - self._dropped[name] for name in now}
        else:
            self._sink.stop()


def dropped(overlay):
    """Packets dropped in full queues so far: before the NIC, in backlogs, by devices, in sockets."""
    guest = overlay.guest
    backlogs = guest.run("awk '{ print $2 }' /proc/net/softnet_stat").out.split()
    devices = guest.run("cat /sys/class/net/*/statistics/rx_dropped").out.split()
    return {"tap": overlay.net.tap_dropped(),
            "backlogs": sum(int(number, 16) for number in backlogs),
            "devices": sum(int(number) for number in devices),
            "sockets": overlay.net.tcp_counters(guest)[1]["UdpRcvbufErrors"]}


def record(record_property, account, **more):
    """Record these figures with the test's result."""
    figures = {**more, **{key: account[key] for key in ("sent", "lost", "duplicated", "reordered")}}
    if any(account.get("dropped", {}).values()):
        figures["dropped"] = account["dropped"]
    for name, value in figures.items():
        record_property(name, value)


def trouble(account):
    """Violations of the invariants. Frames that the host dropped before the guest could receive them do not count as
    lost.
    """
    account = {**account, "lost": account["lost"] - account.get("dropped", {}).get("tap", 0)}
    return {key: account[key] for key in ("lost", "duplicated", "reordered", "damaged") if account[key]}


@contextlib.contextmanager
def clean_log(guest, expected=None):
    """The block must bring no new warning into the kernel's log.

    expected: a regular expression for lines that are allowed.
    """
    before = set(path.complaints(guest))
    yield
    new = {line for line in path.complaints(guest) if line not in before and not (expected and re.search(expected, line))}
    assert not new, new
    guest.check()
