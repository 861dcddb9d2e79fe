# SPDX-License-Identifier: GPL-2.0
"""The base class of the receiver's variants, and the variant stock: the kernel without falcon.

CPU 0 has the NIC's interrupts and the last CPU the application. The CPUs between are free for stages, the same ones for
every variant.
"""

from pathlib import Path

from .case import BenchError

REPO = Path(__file__).resolve().parents[2]
MODULE = "/falcon/build/module/$(uname -r)/falcon.ko"
MIN_VCPUS = 3       # interrupts, a stage, the application
ROLES = ("nic", "worker", "delivery", "", "application")     # of a vCPU; "" is not known


def application_cpu(vcpus):
    return vcpus - 1


def stage_cpus(vcpus):
    """At most three CPUs: one per stage, which is all that rps-disjoint can use."""
    return free_cpus(vcpus)[:3]


def free_cpus(vcpus):
    """CPUs with neither the NIC's interrupts nor the application. With two vCPUs it is the application's CPU."""
    return list(range(1, application_cpu(vcpus))) or [application_cpu(vcpus)]


def path_cpus(vcpus):
    """CPUs on a packet's path. The application's own time is separate where possible."""
    return [0, *free_cpus(vcpus)]


class Variant:
    """The engine calls apply() and undo() around each round; calm() after apply() if the traffic is of mice; ready()
    under traffic, before the window, and watch() after it; check() after the traffic.
    """

    name = None
    against = "stock"   # variant that it is compared with
    without = None      # the state that switch() turns to, if it has one
    usual = True        # measured by default
    needs_falcon = False
    module = MODULE     # path in the guest, for variants that need it
    min_vcpus = MIN_VCPUS

    def __init__(self, vcpus):
        self.vcpus = vcpus
        self.cpus = stage_cpus(vcpus)

    def build(self):
        """Build the host's part of the variant; called before the guest starts."""

    def apply(self, guest, case):
        pass

    def undo(self, guest):
        pass

    def calm(self, guest):
        """Wait for the variant's state without a flow above its thresholds."""

    def ready(self, guest, case):
        """Wait, under traffic, for the state that the round measures."""

    def settle(self, guest, case):
        """ready() or calm(), depending on the traffic."""
        if case.paced:
            self.ready(guest, case)
        else:
            self.calm(guest)

    def watch(self, guest, case):
        """Record observations that exist only under traffic."""

    def check(self, guest, case, done):
        """Raises BenchError if the round `done` did not measure this variant."""
        raise NotImplementedError

    def switch(self, guest, case, on):
        """Under traffic, switch to the state `without`, or back. The change is complete when this returns."""
        raise NotImplementedError

    def network(self, topology):
        """The topology as this variant's traffic uses it."""
        return topology

    def roles(self):
        """Role of each vCPU in the round, as far as it is known."""
        roles = [""] * self.vcpus
        roles[0], roles[application_cpu(self.vcpus)] = "nic", "application"
        return roles


class Stock(Variant):
    name = "stock"

    def check(self, guest, case, done):
        if guest.run("grep -w falcon /proc/modules", check=False).rc == 0:
            raise BenchError("stock: falcon is loaded")
