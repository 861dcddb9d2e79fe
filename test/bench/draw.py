# SPDX-License-Identifier: GPL-2.0
"""Bars of CPU time, for a terminal or a pipe."""

import os
import shutil

from .result import ratio

BAR = 40
COLOURS = {"stock": "31", "pipeline": "32", "dim": "2", "bold": "1"}
NAMES = {"stock": "stock", "pipeline": "falcon"}


class Pen:
    """Colour and blocks where the terminal has them, plain ASCII where not."""

    def __init__(self, stream):
        terminal = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        encoding = (getattr(stream, "encoding", None) or "ascii").lower()
        self.colour = terminal and "NO_COLOR" not in os.environ
        self.block = "█" if encoding.startswith("utf") else "#"
        self.terminal = terminal
        width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
        self.bar_width = max(10, min(BAR, width - 40))

    def paint(self, text, colour):
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self.colour else text

    def bar(self, value, most, colour):
        """At least one block for what is not nothing, so that it isn't overlooked."""
        length = round(self.bar_width * value / most) if most else 0
        if value > 0:
            length = max(1, length)
        return self.paint(self.block * length, colour) + " " * (self.bar_width - length)


def medians(rounds, case, variant):
    """Median of each vCPU's CPU time over the rounds."""
    found = [item["per_cpu"] for item in rounds if (item["case"], item["variant"]) == (case, variant)]
    return [sorted(column)[len(column) // 2] for column in zip(*found)]


def case_lines(pen, case, results, details, variants):
    """Lines for one case: a block of bars for each variant, then what they amount to."""
    unit = case.work[1].replace("us/", "us per ").replace("ms/", "ms per ")
    app = details["application_cpu"]
    columns = {variant: medians(details["rounds"], case.name, variant) for variant in variants}
    most = max(max(values) for values in columns.values())
    lines = ["", pen.paint(f"{title(case)}: CPU time of every vCPU, {unit}", "bold")]
    for variant in variants:
        values = columns[variant]
        busiest = max(range(app), key=lambda cpu: values[cpu])
        lines.append("")
        for cpu, value in enumerate(values):
            note = " application" if cpu == app else " <- busiest" if cpu == busiest else ""
            label = NAMES[variant] if cpu == 0 else ""
            colour = "dim" if cpu == app else variant
            lines.append(f"  {label:<7} cpu{cpu:<2} {pen.bar(value, most, colour)} {value:7.1f}{note}")
    lines.append("")
    times = ratio(results, case.name, "pipeline", case.busiest)
    if times:
        lines.append("  " + pen.paint(f"the busiest vCPU does the same work in {1 / times:.0%} of the time: "
                                      f"speed-up {times:.2f}", "bold"))
    for variant in variants:
        row = next(row for row in results if (row["case"], row["variant"]) == (case.name, variant))
        lines.append(f"  {NAMES[variant]:<7} " + counts(case, row))
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
