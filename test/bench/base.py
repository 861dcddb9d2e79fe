# SPDX-License-Identifier: GPL-2.0
"""What every variant of the receiver has; and stock itself.

CPU 0 has the NIC's interrupts and the last CPU the application; those between are free for
stages, the same ones for every variant.
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
    """At most three: a stage each is all that rps-disjoint can use."""
    return free_cpus(vcpus)[:3]


def free_cpus(vcpus):
    """Those without the NIC's interrupts and the application, or of two vCPUs the application's."""
    return list(range(1, application_cpu(vcpus))) or [application_cpu(vcpus)]


def path_cpus(vcpus):
    """Those that a packet's way takes; the application's own time is apart where it can be."""
    return [0, *free_cpus(vcpus)]


class Variant:
    """apply() and undo() are called in turn around each round; calm() after apply() when the
    traffic is of mice; ready() under the traffic, before what is measured, and watch() after; check()
    when it is over.
    """

    name = None
    against = "stock"   # what it is compared with
    without = None      # the state that switch() turns to, if it can
    usual = True        # measured unless others are named
    needs_falcon = False
    module = MODULE     # in the guest, of those that need it
    min_vcpus = MIN_VCPUS

    def __init__(self, vcpus):
        self.vcpus = vcpus
        self.cpus = stage_cpus(vcpus)

    def build(self):
        """Make what the host builds for it; called before the guest is started."""

    def apply(self, guest, case):
        pass

    def undo(self, guest):
        pass

    def calm(self, guest):
        """Wait for what it comes to without a flow that is worth anything to it."""

    def ready(self, guest, case):
        """Wait, under the traffic, until it does what is to be measured."""

    def settle(self, guest, case):
        """Either of them, by the traffic."""
        if case.paced:
            self.ready(guest, case)
        else:
            self.calm(guest)

    def watch(self, guest, case):
        """Look at what is there only as long as there is traffic."""

    def check(self, guest, case, done):
        """BenchError when the round `done` did not measure this variant."""
        raise NotImplementedError

    def switch(self, guest, case, on):
        """Under the traffic, to the state `without` it, or back; it has its effect when this returns."""
        raise NotImplementedError

    def network(self, topology):
        """The topology as this variant's traffic uses it."""
        return topology

    def roles(self):
        """What each vCPU did in the round, as far as that is known."""
        roles = [""] * self.vcpus
        roles[0], roles[application_cpu(self.vcpus)] = "nic", "application"
        return roles


class Stock(Variant):
    name = "stock"

    def check(self, guest, case, done):
        if guest.run("grep -w falcon /proc/modules", check=False).rc == 0:
            raise BenchError("stock: falcon is loaded")
