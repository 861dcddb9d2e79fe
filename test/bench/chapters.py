# SPDX-License-Identifier: GPL-2.0
"""The report's chapters. Each is a list of HTML parts made from runs."""

import statistics

from . import estimate, papers, plot
from .case import CASES
from .figures import nearest
from .markup import Raw, cards, figure, html, paragraph, table
from .plot import number
from .sweep import SWEEPS
from .report import NAMES

LITTLE = 0.005      # of the busiest vCPU: a vCPU below this is not drawn
GOOD, BAD = 1.05, 0.95
PERCENTILES = (("50 %", "median_rtt_us"), ("90 %", "rtt_p90_us"), ("99 %", "rtt_p99_us"), ("99.9 %", "rtt_p999_us"))

LIMITS = (
    "CPUs are emulated, each by a thread of the host. Instructions and moved lines are counted exactly; the time that they take "
    "on real hardware is not: no pipeline, no cache that is full, no prefetcher, no memory bandwidth, no clock that changes.",
    "Every case is measured at a rate that stock Linux can take on the emulator, so nothing is overloaded. The speed-up of a "
    "flow that loads a CPU fully is concluded from the work per packet, not measured.",
    "A poll of the NIC carries as many packets as the sender sends at once (4, or 32 in cases that say so). On a NIC near "
    "saturation polls are full; with few packets a poll the interrupt, the softirq and the gate's poll weigh more.",
    "Memory that the NIC writes (DMA) does not count as a moved line and is never cold in a cache. The NIC has one queue and "
    "no offloads for tunnels: hardware GRO and checksums by the NIC are missing on both sides of each ratio.",
    "An IPI, an interrupt and a wake-up cost their instructions only; on hardware, and more so in a virtual machine, each "
    "takes a microsecond or so, and a CPU that slept is slower at first. Variants that spread work have more of them.",
    "The sender runs on the host and shares its CPUs with the guest. Round trips include the time that the host's scheduler "
    "takes, and their tail is mostly that.",
    "CPU times are those of the emulator's threads, in which interrupts and accesses to the NIC cost several times as much as "
    "on hardware. They are shown for comparison with earlier releases only.",
)


def _times(ratio):
    return "–" if ratio is None else f"{ratio.value:.2f}"


def _inverse(ratio):
    return "–" if ratio is None else f"{1 / ratio.value:.2f}"


def _mark(ratio):
    """Better or worse, if the rounds of both agree on it."""
    if ratio is None or ratio.low <= 1 <= ratio.high:
        return ""
    return "good" if ratio.value >= GOOD else "bad" if ratio.value < BAD else ""


def summary(run):
    """A row for each variant, a column for each case."""
    cases = run.cases
    variants = list(dict.fromkeys(name for case in cases for name in run.variants(case)))
    found = [[run.ratio(case, variant, case.counted.busiest_instructions) for case in cases] for variant in variants]
    marks = {(row, column + 1): _mark(ratio) for row, ratios in enumerate(found) for column, ratio in enumerate(ratios)}
    return [paragraph("Stock ÷ variant of the busiest CPU's instructions for a packet (UDP), a megabyte (TCP) or a request. It says "
                      "how much faster a flow could be if that CPU is its limit. The application's own CPU is left out here; it has a "
                      "column of its own in each case. Colours mark ratios on which all rounds agree."),
            table(["variant", *(case.name for case in cases)],
                  [[variant, *map(_times, ratios)] for variant, ratios in zip(variants, found)], marks=marks)]


def machine(runs):
    """The machine that measured, and each run's options."""
    parts = []
    for run in runs:
        details = run.details
        rows = [(what, text) for what, text in details.get("machine", {}).items()]
        rows += [("guest's kernel", details["kernel"]), ("vCPUs", details["vcpus"]),
                 ("application's vCPU", details["application_cpu"]), ("finished", details["finished"])]
        rows += [(f"option {name}", " ".join(map(str, value)) if isinstance(value, list) else value)
                 for name, value in details.get("plan", {}).items()]
        rows += [(f"rate of {name}", CASES[name].rate(found["rate"]) if name in CASES else number(found["rate"]))
                 for name, found in details["calibration"].items()]
        body = "".join(f'<tr><td class="text">{html(what)}</td><td class="prose">{html(text)}</td></tr>' for what, text in rows)
        opened = " open" if run is runs[0] else ""
        parts.append(Raw(f"<details{opened}><summary>{html(run.name)}</summary><table>{body}</table></details>"))
    return parts


def case(run, case_):
    """One case: the table, then the work of each vCPU."""
    kind, extra = case_.counted, _extra(case_)
    each = case_.metrics[kind.busiest_instructions].partition("/")[2]
    head = ["variant", f"busiest CPU, instructions/{each}", "stock ÷ variant", "all CPUs, variant ÷ stock",
            "application's CPU, variant ÷ stock", f"lines moved/{each}", "CPU time: busiest, stock ÷ variant",
            "CPU time: all, variant ÷ stock", case_.metrics["delivered_per_s"], "lost", "duplicated", "reordered",
            *(f"{metric}, {case_.metrics[metric]}" for metric in extra)]
    rows, marks = [], {}
    for variant in run.variants(case_):
        busiest, lines = run.row(case_, variant, kind.busiest_instructions), run.row(case_, variant, kind.lines_moved)
        faster, app = run.ratio(case_, variant, kind.busiest_instructions), run.application(case_, variant)
        marks[len(rows), 2], on_host = _mark(faster), run.lost_on_host(case_, variant)
        counts = [busiest["lost"] - on_host, busiest["duplicated"], busiest["reordered"]]
        for column, count in enumerate(counts, 9):
            marks[len(rows), column] = "bad" if count > 0 and case_.kind == "udp" else ""
        rows.append([variant, f"{number(busiest['median'])} [{number(busiest['min'])}..{number(busiest['max'])}]", _times(faster),
                     _inverse(run.ratio(case_, variant, kind.total_instructions)), f"{app[1]:.2f}" if app else "–",
                     number(lines["median"]) if lines else "–",
                     _times(run.ratio(case_, variant, kind.busiest)), _inverse(run.ratio(case_, variant, kind.total)),
                     number(run.row(case_, variant, "delivered_per_s")["median"]),
                     f"{busiest['lost']} ({on_host} on the host)" if on_host else busiest["lost"], *counts[1:],
                     *(number(run.row(case_, variant, metric)["median"]) for metric in extra)])
    notes = run.disturbed(case_)
    said = [paragraph(f"Disturbed by the machine: {'; '.join(notes)}.", "note")] if notes else []
    return [table(head, rows, marks=marks), *said, _vcpus(run, case_, each), *_of_papers(run, [case_.name])]


def _extra(case_):
    kind = case_.counted
    usual = {kind.busiest_instructions, kind.total_instructions, kind.lines_moved, kind.busiest, kind.total, "delivered_per_s"}
    return [metric for metric in case_.metrics if metric not in usual]


def _vcpus(run, case_, each):
    """Bars of all variants, on one scale."""
    parts = {variant: run.parts(case_, variant) for variant in run.variants(case_)}
    most = max(part.both for found in parts.values() for part in found)
    drawn = []
    for variant, found in parts.items():
        rows = [(NAMES[part.role] or "other", [("kernel", part.kernel), ("user", part.user)])
                for part in found if part.both >= LITTLE * most]
        drawn.append(figure(variant, plot.bars(rows, most, f"instructions/{each}")))
    return Raw(str(paragraph("Instructions of each vCPU, named by its role: the kernel's part first, then user space's. Idle vCPUs are "
                             "left out.", "note")) + cards(drawn))


def latency(run, case_):
    """Round trips of requests, one at a time, by percentile."""
    places = {index: name for index, (name, _) in enumerate(PERCENTILES)}
    series = {}
    for variant in run.variants(case_):
        found = [run.row(case_, variant, metric) for _, metric in PERCENTILES]
        if all(found):
            series[variant] = [(index, row["median"], row["min"], row["max"]) for index, row in enumerate(found)]
    if not series:
        return []
    rows = [[variant, *(f"{number(y)} [{number(low)}..{number(high)}]" for _, y, low, high in points)]
            for variant, points in series.items()]
    return [figure(f"{case_.name}: round trips", plot.lines(series, "percentile", "us", names=places)),
            table(["variant, us", *places.values()], rows)]


def swept(run):
    """A sweep: the gain on the busiest CPU and the cost in all, point by point."""
    about = SWEEPS[run.name]
    gains, costs, rows, marks = {}, {}, [], {}
    for point in run.points:
        base, value, gain, cost = _compared(run, point)
        if gain is None:
            continue
        gains.setdefault(point.series, []).append((point.x, gain.value, gain.low, gain.high))
        costs.setdefault(point.series, []).append((point.x, 1 / cost.value, 1 / cost.high, 1 / cost.low))
        case_ = CASES[point.case]
        row = run.row(case_, point.variant, case_.counted.busiest_instructions)
        lines = run.row(case_, point.variant, case_.counted.lines_moved)
        marks[len(rows), 4] = _mark(gain)
        rows.append([point.series, f"{point.x:,}", number(base), number(value), _times(gain), _inverse(cost),
                     number(lines["median"]) if lines else "–", *(row[name] for name in ("lost", "duplicated", "reordered"))])
    note = f" {about.note}" if about.note else ""
    parts = [paragraph(f"{about.title}.{note}"),
             figure("Busiest CPU, stock ÷ variant", plot.lines(gains, about.axis, "stock ÷ variant", about.logarithmic, 1)),
             figure("All CPUs, variant ÷ stock", plot.lines(costs, about.axis, "variant ÷ stock", about.logarithmic, 1)),
             Raw("<details><summary>Figures</summary>"
                 + table(["series", about.axis, "busiest, stock", "variant", "stock ÷ variant", "all CPUs, variant ÷ stock",
                          "lines moved", "lost", "duplicated", "reordered"], rows, marks=marks) + "</details>")]
    parts += _of_papers(run, [case_.name for case_ in run.cases])
    return parts + [paragraph(f"Left out: {entry['case']}, {entry['variant']}: {entry['why']}", "note") for entry in run.refused]


def _compared(run, point):
    """(base's busiest CPU, the variant's, Ratio of these, Ratio of all CPUs), or Nones. If other work runs on the CPUs,
    only the kernel's instructions count.
    """
    case_ = CASES[point.case]
    if run.name == "busy":
        both = [run.kernel_only(case_, name) for name in (point.base, point.variant)]
        if not all(both):
            return None, None, None, None
        return (*(statistics.median(busiest for busiest, _ in found) for found in both),
                *(run.kernel_ratio(case_, point.variant, point.base, place) for place in (0, 1)))
    kind = case_.counted
    rows = [run.row(case_, name, kind.busiest_instructions) for name in (point.base, point.variant)]
    if not all(rows):
        return None, None, None, None
    return (*(row["median"] for row in rows), *(run.ratio(case_, point.variant, metric, point.base)
                                                for metric in (kind.busiest_instructions, kind.total_instructions)))


def published(runs):
    """The papers' ratios beside the bench's."""
    return [paragraph("A paper's ratio is throughput (PRISM: latency) on its authors' hardware, improved ÷ overlay as it was; (fig) "
                      "is read off a figure, to some 5 %. The bench's is stock ÷ variant of instructions: of the busiest CPU, or of "
                      "all CPUs where the paper's is CPU time. They are neighbours, not equals: other kernels, NICs and loads, "
                      "and a paper's throughput ends where the application's CPU or the sender does."),
            _beside(papers.FIGURES, runs)]


def _of_papers(run, cases):
    """The papers' figures for these cases, if there are any."""
    entries = [entry for entry in papers.FIGURES if set(entry.cases) & set(cases)
               and any(run.has(CASES[name], variant) for name in cases if name in entry.cases for variant in entry.variants)]
    return [Raw("<details><summary>Beside the papers</summary>" + _beside(entries, [run]) + "</details>")] if entries else []


def _beside(entries, runs):
    rows = []
    for entry in entries:
        ours = []
        for variant in entry.variants:
            found = nearest(runs, entry.cases, lambda run, case_, entry=entry, variant=variant: _ours(run, case_, variant, entry))
            if found:
                ours.append(f"{found[1].value:.2f} {variant} ({found[0].name})")
        rows.append([entry.paper, entry.what, f"{entry.published:.2f}", entry.origin, "; ".join(ours) or "not measured"])
    marks = {(row, column): "prose" for row in range(len(rows)) for column in (1, 3, 4)}
    return table(["paper", "what", "its ratio", "made of", "the bench's"], rows, marks=marks)


def _ours(run, case_, variant, entry):
    """The bench's figure to set beside a paper's."""
    if entry.quantity == papers.KERNEL:
        return run.kernel_ratio(case_, variant, entry.base)
    metric = {papers.BUSIEST: case_.counted.busiest_instructions, papers.TOTAL: case_.counted.total_instructions,
              papers.LATENCY: "latency_p50_us"}[entry.quantity]
    return run.ratio(case_, variant, metric, entry.base)


def estimated(run):
    """Estimated time of instructions and lines on a real host."""
    a = estimate.INSTRUCTION
    constants = [[entry.name if entry is a else f"b, {entry.name}", f"{entry.ns:.3g}", entry.source]
                 for entry in (a, *estimate.LINES)]
    parts = [paragraph("An estimate, not a measurement: ns = instructions × a + lines × b, for the CPU on which that is the most. "
                       "The model moves lines one after the other. On hardware the lines of a payload move at the same time, so the "
                       "estimate is an upper bound, and is too high for variants that move many lines at once. Lines are counted "
                       "at about a tenth of the rate, at which fewer packets share a poll."),
             table(["constant", "ns", "source"], constants, marks={(row, 2): "prose" for row in range(len(constants))})]
    guessed = False
    for case_ in run.cases:
        rows = []
        for variant in run.variants(case_):
            cells, known = _estimates(run, case_, variant)
            if cells:
                guessed |= not known
                rows.append([variant + ("" if known else " *"), *cells])
        if rows:
            each = case_.metrics[case_.counted.busiest_instructions].partition("/")[2]
            parts += [Raw(f"<h3>{html(case_.name)}</h3>"),
                      table(["variant", *(f"{line.name}: {column}" for line in estimate.LINES for column in (
                          f"us/{each}", "limit", "stock ÷ variant")), f"application's CPU, same socket: us/{each}"], rows)]
    if len(parts) == 2:
        parts.append(paragraph("No lines were counted in this run (LINED=0), so there is no estimate.", "note"))
    if guessed:
        parts.append(paragraph("* The flow was on other CPUs while lines were counted, so the total is divided by each CPU's instructions.",
                               "note"))
    parts.append(paragraph("A check from outside: one stock CPU took 0.55 million overlay packets of 16 bytes a second in FALCON's "
                           "measurement (5.4, 100G), 1.8 us each. The emulated NIC's driver executes more than that NIC's, and "
                           "misses overlap on hardware, so an estimate above that is to be expected; ratios suffer less.", "note"))
    return [Raw('<div class="estimate">' + "\n".join(parts) + "</div>")]


def _estimates(run, case_, variant):
    """(cells of its row, True if each CPU's lines are known)"""
    (works, known), (stock, _) = run.works(case_, variant), run.works(case_, "stock")
    if not works:
        return [], False
    cells = []
    for line in estimate.LINES:
        role, found = estimate.limit(works[:-1], line)
        base = estimate.limit(stock[:-1], line)[1] if stock else None
        cells += [number(found.ns / 1e3), NAMES[role] or "other", f"{base.ns / found.ns:.2f}" if base else "–"]
    app = estimate.estimate(works[-1].instructions, works[-1].lines, estimate.LINES[1]) if works[-1].instructions > 0 else None
    return [*cells, number(app.ns / 1e3) if app else "–"], known


def limits():
    return [Raw("<ul>" + "".join(f"<li>{html(text)}</li>" for text in LIMITS) + "</ul>")]
