# SPDX-License-Identifier: GPL-2.0
"""The bench's summary for people."""

from .case import CASES
from .result import find, ratio

LIMITS = ("CPU times of emulated CPUs: compare the ratios, not the figures; cache misses and the time\n"
          "between cores of real hardware cannot be seen here.")


def _unique(results, key):
    return list(dict.fromkeys(row[key] for row in results))


def _times(value):
    return "-" if value is None else f"{value:.2f}"


def table(results):
    """Lines: each case and variant with medians, spread, and stock ÷ variant."""
    lines = []
    for name in _unique(results, "case"):
        case = CASES[name]
        unit = case.work[1]
        lines += ["", f"{name}, busiest vCPU and all vCPUs in {unit}: median [min..max], stock ÷ variant",
                  f"  {'variant':<14}{'busiest':>26}{'ratio':>7}{'total':>26}{'ratio':>7}"
                  f"{'delivered/s':>13}{'lost':>7}{'dupl.':>7}{'reord.':>7}"]
        for variant in _unique(results, "variant"):
            busiest = find(results, name, variant, case.busiest)
            total = find(results, name, variant, case.total)
            rate = find(results, name, variant, "delivered_per_s")
            lines.append(
                f"  {variant:<14}{_spread(busiest):>26}"
                f"{_times(ratio(results, name, variant, case.busiest)):>7}{_spread(total):>26}"
                f"{_times(ratio(results, name, variant, case.total)):>7}"
                f"{rate['median']:>13.{0 if case.protocol == 'udp' else 1}f}"
                f"{busiest['lost']:>7}{busiest['duplicated']:>7}{busiest['reordered']:>7}")
    return lines + ["", LIMITS]


def _spread(row):
    return f"{row['median']:.2f} [{row['min']:.2f}..{row['max']:.2f}]"
