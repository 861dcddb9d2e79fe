# SPDX-License-Identifier: GPL-2.0
"""From rounds to the objects of results.json."""

import statistics

from .variant import ROLES, path_cpus

COUNTS = ("sent", "received", "lost", "duplicated", "reordered")


def values(case, round_):
    """{metric: value} of one round."""
    found = {
        case.busiest: case.cpu(max(of_path(round_.cpu_ns)), round_.delivered),
        case.total: case.cpu(sum(round_.cpu_ns), round_.delivered),
        "delivered_per_s": case.amount(round_.delivered) / round_.seconds,
    }
    # the others have their metric's name
    return {name: found[name] if name in found else getattr(round_, name) for name in case.metrics}


def per_cpu(case, round_):
    """CPU time of each vCPU per packet or MB, the application's last."""
    return [case.cpu(nanoseconds, round_.delivered) for nanoseconds in round_.cpu_ns]


def of_path(per_cpu):
    """Of the CPUs that a packet's way takes; the NIC's is first."""
    return [per_cpu[cpu] for cpu in path_cpus(len(per_cpu))]


def balance(rounds, case, variant):
    """(the busiest but the NIC's CPU, standard deviation) over the CPUs of the path, medians of the rounds.

    With one queue the NIC's CPU has its stage whatever the placement: how good that is, the others show.
    """
    paths = [of_path(item["per_cpu"]) for item in rounds if (item["case"], item["variant"]) == (case, variant)]
    return (statistics.median(max(path[1:]) for path in paths), statistics.median(map(statistics.pstdev, paths)))


def median_per_role(rounds, case, variant):
    """[(role, CPU time)], the median over the rounds, from what rounds.json has of them.

    By what a vCPU did, as a flow has other CPUs in each round: interrupts, worker after worker,
    delivery, those of which that is not known, application.
    """
    found = [sorted(zip(item["roles"], item["per_cpu"]), key=lambda pair: ROLES.index(pair[0]))
             for item in rounds if (item["case"], item["variant"]) == (case, variant)]
    return [(place[-1][0], statistics.median(value for _, value in place)) for place in zip(*found)]


def rows(case, variant, kernel, vcpus, rounds):
    """The results of one case and variant, an object for each metric."""
    by_round = [values(case, round_) for round_ in rounds]
    counts = {name: sum(getattr(round_, name) for round_ in rounds) for name in COUNTS}
    result = []
    for metric, unit in case.metrics.items():
        found = [value[metric] for value in by_round]
        result.append({
            "case": case.name, "variant": variant, "kernel": kernel, "vcpus": vcpus,
            "rounds": len(rounds), "metric": metric, "unit": unit,
            "median": statistics.median(found), "min": min(found), "max": max(found), **counts,
        })
    return result


def find(results, case, variant, metric):
    """The one object, or None."""
    for row in results:
        if (row["case"], row["variant"], row["metric"]) == (case, variant, metric):
            return row
    return None


def ratio(results, case, variant, metric, base="stock"):
    """base ÷ variant: above 1 the variant needs less; None when one of them is not there."""
    over, under = find(results, case, base, metric), find(results, case, variant, metric)
    if not over or not under or not under["median"]:
        return None
    return over["median"] / under["median"]
