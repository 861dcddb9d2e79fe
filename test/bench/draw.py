# SPDX-License-Identifier: GPL-2.0
"""Bars of instructions, for a terminal or a pipe."""

import os
import shutil

from .report import NAMES
from .result import find, median_per_role, ratio

BAR = 40
COLOURS = {"stock": "31", "falcon": "32", "dim": "2", "bold": "1"}


class Pen:
    """Colour and block characters if the terminal has them, otherwise plain ASCII."""

    def __init__(self, stream):
        terminal = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        encoding = (getattr(stream, "encoding", None) or "ascii").lower()
        self.colour = terminal and "NO_COLOR" not in os.environ
        self.block = "█" if encoding.startswith("utf") else "#"
        self.terminal = terminal
        width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
        self.bar_width = max(10, min(BAR, width - 44))

    def paint(self, text, colour):
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self.colour else text

    def bar(self, value, most, colour):
        """At least one block for a value above 0, so that it is not overlooked."""
        length = round(self.bar_width * value / most) if most else 0
        if value > 0:
            length = max(1, length)
        return self.paint(self.block * length, colour) + " " * (self.bar_width - length)


def case_lines(pen, case, results, details, variants):
    """Lines for one case: a block of bars for each of {name: variant}, then the resulting ratios."""
    kind = case.counted
    unit = case.metrics[kind.busiest_instructions].replace("/", " per ")
    app = details["application_cpu"]
    columns = {name: median_per_role(details["rounds"], case.name, variant)
               for name, variant in variants.items()}
    most = max(value for values in columns.values() for _, value in values)
    lines = ["", pen.paint(f"{title(case)}: {unit} of every vCPU", "bold")]
    for name, values in columns.items():
        busiest = max(range(app), key=lambda place: values[place][1])
        lines.append("")
        for place, (role, value) in enumerate(values):
            # the number of vCPUs between differs from round to round
            cpu = f"cpu{place}" if place in (0, app) else ""
            note = " <- busiest" if place == busiest else ""
            colour = "dim" if place == app else name
            lines.append(f"  {name if place == 0 else '':<7}{cpu:<5}{NAMES[role]:<9}"
                         f"{pen.bar(value, most, colour)} {value:9.0f}{note}")
    lines.append("")
    for name, variant in variants.items():
        times, total, time = (ratio(results, case.name, variant, metric)
                              for metric in (kind.busiest_instructions, kind.total_instructions, case.busiest))
        if name != "stock" and times:
            lines.append("  " + pen.paint(f"the busiest vCPU executes {1 / times:.0%} of stock's instructions: speed-up "
                                          f"{times:.2f}", "bold")
                         + f"; all together {1 / total:.2f} times stock's; by CPU time of the emulator {time:.2f}")
    for name, variant in variants.items():
        row = find(results, case.name, variant, kind.busiest_instructions)
        lines.append(f"  {name:<7} " + counts(case, row))
    return lines


def counts(case, row):
    if case.protocol == "udp":
        return (f"{row['sent']} packets sent, {row['lost']} lost, {row['duplicated']} duplicated, "
                f"{row['reordered']} reordered")
    return (f"{row['received'] / 1e6:.0f} MB received, {row['lost']} segments sent again, "
            f"{row['reordered']} out of order")


def title(case):
    flows = "one flow" if case.flows == 1 else f"{case.flows} flows"
    what = f"UDP, {case.size} bytes" if case.protocol == "udp" else "TCP"
    return f"{what}, {flows} over VXLAN"
