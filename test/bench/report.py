# SPDX-License-Identifier: GPL-2.0
"""The bench's summary for people."""

from .case import CASES
from .result import balance, find, median_per_role, ratio
from .variant import REQUESTS, VARIANTS

LIMITS = ("Instructions that emulated CPUs execute, and cache lines that move between them: caches are without\n"
          "limit and latency, and what devices write is not seen. CPU times are the emulator's: an interrupt costs\n"
          "it many times what it costs a host.")

NAMES = {"": "", "nic": "NIC", "worker": "worker", "delivery": "delivery", "application": "app"}     # of roles


def _unique(results, key):
    return list(dict.fromkeys(row[key] for row in results))


def _times(value):
    return "-" if value is None else f"{value:.2f}"


def table(results, details):
    """Lines: each case and variant with medians and their ratio to stock's, then each vCPU's part."""
    lines = []
    for name in _unique(results, "case"):
        case = CASES[name]
        kind = case.counted
        extra = [metric for metric in case.metrics if metric not in (
            kind.busiest_instructions, kind.total_instructions, kind.lines_moved, case.busiest, case.total, "delivered_per_s")]
        lines += ["", f"{name}: {case.metrics[kind.busiest_instructions]} of the busiest vCPU and of all, "
                  f"{case.metrics[kind.lines_moved]}, {case.unit}: median [min..max]",
                  f"  {'variant':<20}{'busiest':>27}{'stock÷':>8}{'all vCPUs':>27}{'÷stock':>8}{'lines':>8}{'-stock':>8}"
                  f"{'busiest CPU':>13}{'stock÷':>8}{'all CPUs':>10}{'÷stock':>8}"
                  f"{'delivered/s':>13}{'lost':>7}{'dupl.':>7}{'reord.':>7}"
                  + "".join(f"{metric:>17}{'stock÷':>8}" for metric in extra)]
        for variant in _unique(results, "variant"):
            lines.append(_row(results, case, variant, extra))
        lines += _by_cpu(case, _unique(results, "variant"), details)
        lines += [*_beside(results, case, extra), *_against(results, case, extra)]
    return lines + ["", LIMITS]


def _row(results, case, variant, extra):
    kind = case.counted
    busiest, total, lines, time, times, rate = (
        find(results, case.name, variant, metric) for metric in (
            kind.busiest_instructions, kind.total_instructions, kind.lines_moved, case.busiest, case.total, "delivered_per_s"))
    stock = find(results, case.name, "stock", kind.lines_moved)
    moved = f"{lines['median']:.1f}" if lines else "-"
    more = f"{lines['median'] - stock['median']:+.1f}" if lines and stock else "-"
    return (f"  {variant:<20}{_counted(busiest):>27}"
            f"{_times(ratio(results, case.name, variant, kind.busiest_instructions)):>8}{_counted(total):>27}"
            f"{_times(_inverse(ratio(results, case.name, variant, kind.total_instructions))):>8}{moved:>8}{more:>8}"
            f"{time['median']:>13.2f}{_times(ratio(results, case.name, variant, case.busiest)):>8}"
            f"{times['median']:>10.2f}{_times(_inverse(ratio(results, case.name, variant, case.total))):>8}"
            f"{rate['median']:>13.{1 if case.kind == 'tcp' else 0}f}"
            f"{busiest['lost']:>7}{busiest['duplicated']:>7}{busiest['reordered']:>7}"
            + "".join(f"{find(results, case.name, variant, metric)['median']:>17.1f}"
                      f"{_times(ratio(results, case.name, variant, metric)):>8}" for metric in extra))


def _inverse(value):
    return 1 / value if value else None


def _by_cpu(case, variants, details):
    """Instructions of each vCPU, and its role if the variant reported it."""
    lines = [f"  {'each vCPU':<20}{'busiest but NIC':>17}{'std. deviation':>16}"]
    for variant in variants:
        cells = (f"{NAMES[role]} {value:.0f}".strip()
                 for role, value in median_per_role(details["rounds"], case.name, variant))
        others, deviation = balance(details["rounds"], case.name, variant)
        lines.append(f"  {variant:<20}{others:>17.0f}{deviation:>16.0f}" + "".join(f"{cell:>17}" for cell in cells))
    moved = {item["variant"] for item in details["lined"] if item["case"] == case.name}
    if moved:
        lines.append("  its lines")
    for variant in variants:
        if variant in moved:
            cells = (f"{NAMES[role]} {value:.1f}".strip()
                     for role, value in median_per_role(details["lined"], case.name, variant, "per_cpu_lines"))
            lines.append(f"  {variant:<53}" + "".join(f"{cell:>17}" for cell in cells))
    return lines


def _beside(results, case, metrics):
    """The gain of requests, and its cost for the traffic beside them."""
    if case.kind not in REQUESTS:
        return []
    lines = []
    for variant in _unique(results, "variant"):
        times = [ratio(results, case.name, variant, metric) for metric in (case.total, *metrics)]
        if variant != "stock" and all(times):
            # the packets for which as many instructions suffice, if the instructions are spent on packets
            packets = "-" if case.idle else f"{times[0]:.0%}"
            lines.append(f"  {variant:<20}{packets:>17}" + "".join(f"{1 / value - 1:>+19.0%}" for value in times[1:]))
    if lines:
        lines.insert(0, f"  {'against stock':<20}{'packets/instr.':>17}" + "".join(f"{metric:>19}" for metric in metrics))
    for variant in _unique(results, "variant"):
        floor = [find(results, case.floor, variant, metric) for metric in metrics]
        if all(floor):
            lines.append(f"  {variant + ', beside nothing':<37}" + "".join(f"{row['median']:>19.1f}" for row in floor))
    return lines


def _against(results, case, metrics):
    """Variants that are compared with another one than stock."""
    lines = []
    for variant in _unique(results, "variant"):
        base = VARIANTS[variant].against
        if base != "stock" and find(results, case.name, base, case.total):
            lines.append(f"  {base} ÷ {variant}: " + ", ".join(
                f"{metric} {_times(ratio(results, case.name, variant, metric, base))}"
                for metric in (case.counted.busiest_instructions, case.counted.total_instructions, case.busiest,
                               case.total, *metrics)))
    return lines


def _counted(row):
    return f"{row['median']:.0f} [{row['min']:.0f}..{row['max']:.0f}]"
