# SPDX-License-Identifier: GPL-2.0
"""Variants for sweeps: one setting has another value, or the guest has other work as well."""

from net import wait

from .case import BenchError
from .variant import VARIANTS, Auto, Lanes2, Stock

BATCHES = (8, 16, 32, 64, 128, 256)
RATES = (500, 2000, 5000, 10000, 20000, 80000)      # packets/s
LOADS = (0, 40, 70, 100)        # percent of every CPU
FULL = 100
PERIOD_MS = 20


class Batch(Lanes2):
    """Micro-flows of `batch` packets."""

    batch, usual = None, False

    def mode(self):
        return {**super().mode(), "batch": self.batch}


class Rate(Auto):
    """A flow is promoted from `rate` packets a second on, for any rate that a slow machine sends."""

    rate, usual = None, False

    def config(self, case):
        return {**super().config(case), "elephant-rate": self.rate}

    def check(self, guest, case, done):
        # With a threshold above its rate the flow stays on the kernel's path, and that is measured.
        state = self.ask(guest, "status")["state"]
        if state != "enabled":
            raise BenchError(f"{self.name}: falcon is {state}")


class Busy:
    """With a process on each of the guest's CPUs that takes `load` percent of it."""

    load, usual = None, False
    _others = None

    def apply(self, guest, case):
        super().apply(guest, case)
        if self.load:
            self._others = guest.spawn(burn(self.load, self.vcpus))

    def undo(self, guest):
        if self._others:
            self._others.stop()
            self._others = None
        super().undo(guest)


class StockBusy(Busy, Stock):
    """Stock with the same load, for comparison."""


class AutoBusy(Busy, Auto):
    """falcon with load. It must stand by if all CPUs are busy."""

    STANDBY_S = 4

    def ready(self, guest, case):
        if self.load < FULL:
            super().ready(guest, case)
            return
        try:
            wait.until(lambda: self._state(guest) == "standby", self.STANDBY_S, "falcon to step aside")
        except TimeoutError:
            pass    # check() reports it

    def watch(self, guest, case):
        """falcon decides by the load if the flow goes into lanes."""

    def check(self, guest, case, done):
        state = self._state(guest)
        wanted = ("standby",) if self.load == FULL else ("enabled", "standby")
        if state not in wanted:
            raise BenchError(f"{self.name}: falcon is {state}")

    def _state(self, guest):
        return self.ask(guest, "status")["state"]


def burn(load, vcpus):
    """A script that keeps every CPU busy for `load` percent of each period."""
    busy_us = PERIOD_MS * 1000 * load // 100
    rest_s = (PERIOD_MS * 1000 - busy_us) / 1e6
    rest = f"read -rt {rest_s} -u $never || :" if load < FULL else ":"
    return (f"export LC_ALL=C\nexec {{never}}<> <(:)\n"
            f"burn() {{\n"
            f"\twhile :; do\n"
            f"\t\tend=$((${{EPOCHREALTIME/./}} + {busy_us}))\n"
            f"\t\twhile ((${{EPOCHREALTIME/./}} < end)); do :; done\n"
            f"\t\t{rest}\n"
            f"\tdone\n"
            f"}}\n"
            f"for ((cpu = 0; cpu < {vcpus}; cpu++)); do\n"
            f"\tburn &\n"
            f"\ttaskset -cp $cpu $! >/dev/null\n"
            f"done\n"
            f"wait")


def _made(base, name, **attributes):
    return type(name.title().replace("-", ""), (base,), {"name": name, "__doc__": base.__doc__, **attributes})


TUNED = (
    *(_made(Batch, f"lanes-2-batch-{size}", batch=size) for size in BATCHES),
    *(_made(Rate, f"auto-rate-{rate}", rate=rate) for rate in RATES),
    *(_made(StockBusy, f"stock-busy-{load}", load=load) for load in LOADS),
    *(_made(AutoBusy, f"auto-busy-{load}", load=load) for load in LOADS),
)
VARIANTS.update({variant.name: variant for variant in TUNED})
