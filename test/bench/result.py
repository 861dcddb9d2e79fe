# SPDX-License-Identifier: GPL-2.0
"""Computes the objects of results.json from rounds."""

import statistics

from .variant import ROLES, path_cpus

COUNTS = ("sent", "received", "lost", "duplicated", "reordered")


def values(case, round_):
    """{metric: value} of one round; the lines come from another round."""
    kind, executed = case.counted, per_cpu_instructions(case, round_)
    found = {
        kind.busiest_instructions: max(of_path(executed)),
        kind.total_instructions: sum(executed),
        case.busiest: case.cpu(max(of_path(round_.cpu_ns)), round_.delivered),
        case.total: case.cpu(sum(round_.cpu_ns), round_.delivered),
        "delivered_per_s": case.amount(round_.delivered) / round_.seconds,
    }
    # the other fields are named like their metrics
    return {name: found[name] if name in found else getattr(round_, name) for name in case.metrics
            if name != kind.lines_moved}


def per_cpu_instructions(case, round_):
    """Instructions of each vCPU per packet, MB or transaction, the application's last.

    The instructions of an idle guest in the same time are subtracted: requests one at a time are so few a second that
    timers would be a considerable part.
    """
    idle = round_.idle if round_.idle and case.kind == "rr" else [0] * len(round_.instructions)
    return [case.each(max(0, kernel + user - ticks), round_.delivered)
            for (kernel, user), ticks in zip(round_.instructions, idle)]


def per_cpu_lines(case, round_):
    """Cache lines that moved to each vCPU, or that it took from others, per packet, MB or transaction."""
    return [case.each(lines, round_.delivered) for lines in round_.lines]


def per_cpu(case, round_):
    """CPU time of each vCPU per packet or MB, the application's last."""
    return [case.cpu(nanoseconds, round_.delivered) for nanoseconds in round_.cpu_ns]


def of_path(per_cpu):
    """The part of the list for the CPUs on a packet's path; the NIC's is first."""
    return [per_cpu[cpu] for cpu in path_cpus(len(per_cpu))]


def balance(rounds, case, variant):
    """(the busiest CPU except the NIC's, standard deviation) over the path's CPUs in instructions, medians of the
    rounds.

    With one queue the NIC's CPU has its stage with any choice of CPUs. So the other CPUs show how good the choice is.
    """
    paths = [of_path(item["per_cpu_instructions"]) for item in rounds
             if (item["case"], item["variant"]) == (case, variant)]
    return (statistics.median(max(path[1:]) for path in paths), statistics.median(map(statistics.pstdev, paths)))


def median_per_role(rounds, case, variant, what="per_cpu_instructions"):
    """[(role, instructions)], the median over the rounds, or another field of rounds.json.

    Values are combined by role, because a flow has other CPUs in each round: interrupts, worker after worker, delivery,
    CPUs with an unknown role, application.
    """
    found = [sorted(zip(item["roles"], item[what]), key=lambda pair: ROLES.index(pair[0]))
             for item in rounds if (item["case"], item["variant"]) == (case, variant)]
    return [(place[-1][0], statistics.median(value for _, value in place)) for place in zip(*found)]


def rows(case, variant, kernel, vcpus, rounds, lined=()):
    """The results of one case and variant, an object for each metric; lined: rounds in which lines were counted."""
    by_round = {metric: [(round_, value) for round_ in rounds for name, value in values(case, round_).items()
                         if name == metric] for metric in case.metrics}
    by_round[case.counted.lines_moved] = [(round_, sum(per_cpu_lines(case, round_))) for round_ in lined]
    result = []
    for metric, unit in case.metrics.items():
        if not by_round[metric]:
            continue
        measured, found = zip(*by_round[metric])
        counts = {name: sum(getattr(round_, name) for round_ in measured) for name in COUNTS}
        result.append({
            "case": case.name, "variant": variant, "kernel": kernel, "vcpus": vcpus,
            "rounds": len(measured), "metric": metric, "unit": unit,
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
    """base ÷ variant: above 1 the variant needs less; None if one of them is missing."""
    over, under = find(results, case, base, metric), find(results, case, variant, metric)
    if not over or not under or not under["median"]:
        return None
    return over["median"] / under["median"]
