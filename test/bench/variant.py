# SPDX-License-Identifier: GPL-2.0
"""What receives: stock, stock tuned by hand, falcon. A new variant is a class here.

CPU 0 has the NIC's interrupts and the last CPU the application; those between are free for
stages, the same ones for every variant.
"""

import json
from pathlib import Path

from net import guestside

from .case import BenchError

REPO = Path(__file__).resolve().parents[2]
MODULE = "/falcon/build/module/$(uname -r)/falcon.ko"
FALCONCTL = "/falcon/build/tools/falconctl"
MIN_VCPUS = 3       # interrupts, a stage, the application


def application_cpu(vcpus):
    return vcpus - 1


def stage_cpus(vcpus):
    """At most three: a stage each is all that rps-disjoint can use."""
    return list(range(1, min(vcpus - 1, 4)))


class Variant:
    """apply() and undo() are called in turn around each round; check() after its traffic."""

    name = None
    needs_falcon = False

    def __init__(self, vcpus):
        self.cpus = stage_cpus(vcpus)

    def apply(self, guest):
        pass

    def undo(self, guest):
        pass

    def check(self, guest):
        """BenchError when the round did not measure this variant."""
        raise NotImplementedError


class Stock(Variant):
    name = "stock"

    def check(self, guest):
        if guest.run("grep -w falcon /proc/modules", check=False).rc == 0:
            raise BenchError("stock: falcon is loaded")


class RpsDisjoint(Variant):
    """A static pipeline by RPS masks of one CPU each: the strongest answer stock has."""

    name = "rps-disjoint"

    def _masks(self):
        """Shell words: a file of the guest and its mask, for each device of the path."""
        at = [1 << self.cpus[index % len(self.cpus)] for index in range(3)]
        rps = "queues/rx-0/rps_cpus"
        return [("", f'"/sys/class/net/$nic/{rps}"', at[0]),
                ("", f"/sys/class/net/{guestside.TUNNEL}/{rps}", at[1]),
                (f"ip netns exec {guestside.container_netns(0)} ",
                 f"/sys/class/net/{guestside.CONTAINER_DEVICE}/{rps}", at[2])]

    def _write(self, guest, on):
        lines = ["set -e", guestside.FIND_NIC]
        for inside, path, mask in self._masks():
            lines.append(f"echo {mask if on else 0:x} | {inside}tee {path} >/dev/null")
        guest.run("\n".join(lines))

    def apply(self, guest):
        self._write(guest, True)

    def undo(self, guest):
        self._write(guest, False)

    def check(self, guest):
        lines = ["set -e", guestside.FIND_NIC]
        lines += [f"{inside}cat {path}" for inside, path, _ in self._masks()]
        found = [int(word.replace(",", ""), 16) for word in guest.run("\n".join(lines)).out.split()]
        wanted = [mask for _, _, mask in self._masks()]
        if found != wanted:
            raise BenchError(f"rps-disjoint: masks are {found}, not {wanted}")


class Loaded(Variant):
    """The module in, not enabled: must cost nothing."""

    name = "loaded"
    needs_falcon = True

    def apply(self, guest):
        guest.run(f"insmod {MODULE}")

    def undo(self, guest):
        guest.run("rmmod falcon")

    def check(self, guest):
        guest.run("grep -w falcon /proc/modules")
        attached = guest.run("cat /sys/kernel/tracing/enabled_functions").out.strip()
        if attached:
            raise BenchError(f"loaded: functions are hooked though falcon is not enabled: {attached}")


class Pipeline(Variant):
    """falcon enabled, on the CPUs that rps-disjoint gets."""

    name = "pipeline"
    needs_falcon = True

    def apply(self, guest):
        cpus = ",".join(map(str, self.cpus))
        guest.run(f"set -e\ninsmod {MODULE}\n"
                  f"if ! {{ {FALCONCTL} config set cpus={cpus} && {FALCONCTL} enable; }}; then\n"
                  f"\trmmod falcon; exit 1\n"
                  f"fi")

    def undo(self, guest):
        guest.run(f"set -e\n{FALCONCTL} disable\nrmmod falcon")

    def check(self, guest):
        if not steered(guest.run(f"{FALCONCTL} stats show --json").out):
            raise BenchError("pipeline: falcon steered no packet, so the round measured stock")


def steered(text):
    """Packets steered so far, by falconctl's statistics; it leaves out counters that are 0."""
    return json.loads(text)["total"].get("steered", 0)


VARIANTS = {variant.name: variant for variant in (Stock, RpsDisjoint, Loaded, Pipeline)}
