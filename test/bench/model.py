# SPDX-License-Identifier: GPL-2.0
"""The simulated host of the policies predicts a round of `auto` from the costs of a round of `lanes-1`."""

import dataclasses
import statistics
import subprocess

from vm import tools

from . import measure
from .case import CASES, BenchError
from .result import of_path
from .variant import application_cpu

CALIBRATION, PREDICTED = "lanes-1", "auto"
HOSTS = 201             # simulated hosts, which differ in the flows' hashes
STEP_S = 0.1            # step of the simulation


@dataclasses.dataclass
class Cost:
    """Percentages of a CPU by the guest's own clock, for all flows together."""

    nic: float          # on the NIC's CPU
    work: float         # of the workers
    delivery: float     # of the CPUs that deliver, if they are not workers
    app: float
    percent: float      # percentage of a CPU that one unit of the case's CPU metrics is
    window_s: float


@dataclasses.dataclass
class Load:
    """Load in the unit of the case's CPU metrics."""

    busiest: float      # of the path's CPUs
    others: float       # the busiest of them without the NIC's


def cost(rounds, delivery):
    """The Cost, from the calibration's rounds in the format of rounds.json. delivery: see delivery_part()."""
    at = {key: statistics.median(_shares(item)[key] for item in rounds) for key in ("nic", "rest", "app", "percent")}
    rest = at.pop("rest")
    return Cost(work=rest * (1 - delivery), delivery=rest * delivery, **at,
                window_s=statistics.median(item["seconds"] for item in rounds))


def delivery_part(rounds):
    """Of the work that is neither the NIC's nor the application's, the part of the CPU that delivers one flow; or 0."""
    parts = []
    for item in rounds:
        times = {role: sum(time for found, time in zip(item["roles"], item["per_cpu"]) if found == role)
                 for role in ("worker", "delivery")}
        if CASES[item["case"]].flows == 1 and all(times.values()):
            parts.append(times["delivery"] / sum(times.values()))
    return statistics.median(parts) if parts else 0


def _shares(item):
    used, vcpus = item["cpu_ns"], len(item["cpu_ns"])
    # A vCPU that waits for a CPU of the host is busy from the guest's point of view.
    stretched = 1 + item["waited_s"] * 1e9 / sum(used)
    share = [100 * stretched * nanoseconds / (item["seconds"] * 1e9) for nanoseconds in used]
    # With two CPUs the last one is worker and application. The two need not be told apart.
    app = share[application_cpu(vcpus)] if vcpus > 2 else 0
    return {"nic": share[0], "rest": sum(share) - share[0] - app, "app": app,
            "percent": sum(share) / sum(item["per_cpu"])}


def load(per_cpu):
    """The Load, from the times of each CPU."""
    path = of_path(per_cpu)
    return Load(max(path), max(path[1:]))


def median(loads):
    return Load(*(statistics.median(getattr(item, field.name) for item in loads)
                  for field in dataclasses.fields(Load)))


def predict(vcpus, flows, known):
    """Predicted Load of a round of `auto` with so many flows at the cost `known`."""
    settings = {"cpus": vcpus, "flows": flows, "nic": known.nic / flows, "work": known.work / flows,
                "delivery": known.delivery / flows, "app": min(known.app, 100), "warm-up": measure.WARM_UP_S / STEP_S,
                "window": known.window_s / STEP_S, "hosts": HOSTS}
    done = subprocess.run([tools.predict(), *(f"{name}={value:.4g}" for name, value in settings.items())],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(done.stderr.strip())
    hosts = [[float(word) / known.percent for word in line.split()] for line in done.stdout.splitlines()]
    return median([load(host) for host in hosts])


def compare(details):
    """[(case, predicted, measured)] from the rounds of both variants."""
    found = []
    delivery = delivery_part([item for item in details["rounds"] if item["variant"] == CALIBRATION])
    for name in details["calibration"]:
        by_variant = {variant: [item for item in details["rounds"] if (item["case"], item["variant"]) == (name, variant)]
                      for variant in (CALIBRATION, PREDICTED)}
        known = cost(by_variant[CALIBRATION], delivery)
        found.append((CASES[name], predict(details["vcpus"], CASES[name].flows, known),
                      median([load(item["per_cpu"]) for item in by_variant[PREDICTED]])))
    return found
