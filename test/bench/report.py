# SPDX-License-Identifier: GPL-2.0
"""The bench's summary for people."""

from .case import CASES
from .result import balance, find, median_per_role, ratio
from .variant import REQUESTS, VARIANTS

LIMITS = ("CPU times of emulated CPUs: compare the ratios, not the figures; cache misses and the time\n"
          "between cores of real hardware cannot be seen here.")

NAMES = {"": "", "nic": "NIC", "worker": "worker", "delivery": "delivery", "application": "app"}     # of roles


def _unique(results, key):
    return list(dict.fromkeys(row[key] for row in results))


def _times(value):
    return "-" if value is None else f"{value:.2f}"


def table(results, details):
    """Lines: each case and variant with medians, spread and stock ÷ variant, then each vCPU's part."""
    lines = []
    for name in _unique(results, "case"):
        case = CASES[name]
        extra = [metric for metric in case.metrics if metric not in (case.busiest, case.total, "delivered_per_s")]
        lines += ["", f"{name}, busiest vCPU and all vCPUs in {case.unit}: median [min..max], stock ÷ variant",
                  f"  {'variant':<20}{'busiest':>29}{'ratio':>7}{'total':>29}{'ratio':>7}"
                  f"{'delivered/s':>13}{'lost':>7}{'dupl.':>7}{'reord.':>7}"
                  + "".join(f"{metric:>17}{'ratio':>7}" for metric in extra)]
        for variant in _unique(results, "variant"):
            busiest = find(results, name, variant, case.busiest)
            total = find(results, name, variant, case.total)
            rate = find(results, name, variant, "delivered_per_s")
            lines.append(
                f"  {variant:<20}{_spread(busiest):>29}"
                f"{_times(ratio(results, name, variant, case.busiest)):>7}{_spread(total):>29}"
                f"{_times(ratio(results, name, variant, case.total)):>7}"
                f"{rate['median']:>13.{1 if case.kind == 'tcp' else 0}f}"
                f"{busiest['lost']:>7}{busiest['duplicated']:>7}{busiest['reordered']:>7}"
                + "".join(f"{find(results, name, variant, metric)['median']:>17.1f}"
                          f"{_times(ratio(results, name, variant, metric)):>7}" for metric in extra))
        lines += _by_cpu(case, _unique(results, "variant"), details)
        lines += [*_beside(results, case, extra), *_against(results, case, extra)]
    return lines + ["", LIMITS]


def _by_cpu(case, variants, details):
    """Where the time goes: each vCPU's, and what it did there, as far as the variant told."""
    lines = [f"  {'each vCPU':<20}{'busiest but NIC':>17}{'std. deviation':>16}"]
    for variant in variants:
        cells = (f"{NAMES[role]} {value:.2f}".strip()
                 for role, value in median_per_role(details["rounds"], case.name, variant))
        others, deviation = balance(details["rounds"], case.name, variant)
        lines.append(f"  {variant:<20}{others:>17.2f}{deviation:>16.2f}" + "".join(f"{cell:>17}" for cell in cells))
    return lines


def _beside(results, case, metrics):
    """What requests gain, and what they cost the traffic that they are beside."""
    if case.kind not in REQUESTS:
        return []
    lines = []
    for variant in _unique(results, "variant"):
        times = [ratio(results, case.name, variant, metric) for metric in (case.total, *metrics)]
        if variant != "stock" and all(times):
            # the packets that a second of CPU time is good for, where they are what it is spent on
            packets = "-" if case.idle else f"{times[0]:.0%}"
            lines.append(f"  {variant:<20}{packets:>17}" + "".join(f"{1 / value - 1:>+19.0%}" for value in times[1:]))
    if lines:
        lines.insert(0, f"  {'against stock':<20}{'packets/CPU s':>17}" + "".join(f"{metric:>19}" for metric in metrics))
    for variant in _unique(results, "variant"):
        floor = [find(results, case.floor, variant, metric) for metric in metrics]
        if all(floor):
            lines.append(f"  {variant + ', beside nothing':<37}" + "".join(f"{row['median']:>19.1f}" for row in floor))
    return lines


def _against(results, case, metrics):
    """Variants that are to be compared with another one than stock."""
    lines = []
    for variant in _unique(results, "variant"):
        base = VARIANTS[variant].against
        if base != "stock" and find(results, case.name, base, case.total):
            lines.append(f"  {base} ÷ {variant}: " + ", ".join(
                f"{metric} {_times(ratio(results, case.name, variant, metric, base))}"
                for metric in (case.busiest, case.total, *metrics)))
    return lines


def _spread(row):
    return f"{row['median']:.2f} [{row['min']:.2f}..{row['max']:.2f}]"
