# SPDX-License-Identifier: GPL-2.0
"""The papers' results for their systems, as ratios, and the bench's figures to set beside them.

The papers' ratios are of throughputs (or latencies) that their authors measured on their machines: improved ÷ plain
overlay. The bench's are stock ÷ variant of the busiest CPU's work, which is the throughput that this CPU would allow.
"(fig)": read off a figure, to about 5 %.
"""

import dataclasses

FALCON = "FALCON (EuroSys '21)"
MFLOW = "mFlow (IPDPS '23)"
PRISM = "PRISM (ICDCS '22)"
ONCACHE = "ONCache (NSDI '25)"
ONCACHE_AGAIN = "ONCache, replication on CloudLab"
SLIM = "Slim (NSDI '19)"
HOTCLOUD = "HotCloud '19 study"
CPUMAP = "GRO in XDP's cpumap (kernel 6.15)"

# The bench's metric to compare with. KERNEL: the kernel's part of the busiest CPU's work, if other work runs there,
# too.
BUSIEST, TOTAL, LATENCY, KERNEL = "busiest", "total", "latency", "kernel"


@dataclasses.dataclass(frozen=True)
class Figure:
    """One published ratio."""

    paper: str
    what: str           # the paper's comparison
    published: float    # better ÷ before
    origin: str         # the values from which the ratio is computed
    cases: tuple        # of the bench, the most similar first
    variants: tuple     # of the bench, similar to the paper's system
    quantity: str = BUSIEST
    base: str = "stock"


UDP_SMALL, UDP_KB, UDP_4K, UDP_64K = (("udp-32-1flow", "udp-64-1flow"), ("udp-1024-1flow", "udp-1400-1flow"),
                                      ("udp-4096-1flow",), ("udp-65507-1flow",))
TCP = ("tcp-mtu-1flow",)
LANES = ("lanes-2", "auto")
PIPELINE = ("pipeline", "lanes-2", "auto")


def _figure(paper, what, better, before, unit, *rest, note="", **more):
    """A Figure from two values of the same unit."""
    return Figure(paper, what, better / before, f"{better:g} ÷ {before:g} {unit}{note}", *rest, **more)


FIGURES = (
    _figure(FALCON, "one UDP flow, 16 B", 1300, 550, "kpps", UDP_SMALL, PIPELINE, note=" (fig, 5.4, 100G)"),
    _figure(FALCON, "one UDP flow, 1 KB", 1180, 510, "kpps", UDP_KB, PIPELINE, note=" (fig, 5.4, 100G)"),
    _figure(FALCON, "one UDP flow, 4 KB", 480, 165, "kpps", UDP_4K, PIPELINE, note=" (fig, 5.4, 100G)"),
    _figure(FALCON, "one UDP flow, 64 KB", 32, 18, "kpps", UDP_64K, PIPELINE, note=" (5.4, 100G)"),
    _figure(FALCON, "host network, one UDP flow, 16 B", 2000, 550, "kpps", UDP_SMALL, ("host",), note=" (fig, 5.4, 100G)"),
    _figure(FALCON, "host network, one UDP flow, 64 KB", 40, 18, "kpps", UDP_64K, ("host",), note=" (5.4, 100G)"),
    _figure(FALCON, "one TCP flow, 4 KB, GRO split", 0.52, 0.40, "Mpps", TCP, ("lanes-1", "pipeline"), note=" (fig, 5.4)"),
    _figure(FALCON, "5 UDP flows, 16 B", 1.05, 0.90, "Mpps", ("udp-1400-5flows",), PIPELINE, note=" (fig, 5.4)"),
    _figure(FALCON, "10 UDP flows, 16 B", 1.80, 1.20, "Mpps", ("udp-1400-10flows",), PIPELINE, note=" (fig, 5.4)"),
    _figure(FALCON, "20 UDP flows, 16 B", 1.87, 1.20, "Mpps", ("udp-1400-20flows",), PIPELINE, note=" (fig, 5.4)"),
    _figure(FALCON, "5 TCP flows, 4 KB", 2.28, 1.58, "Mpps", ("tcp-mtu-5flows",), PIPELINE, note=" (fig, 5.4)"),
    _figure(FALCON, "20 TCP flows, 4 KB", 2.05, 1.63, "Mpps", ("tcp-mtu-20flows",), PIPELINE, note=" (fig, 5.4)"),
    Figure(FALCON, "a flow that becomes hot: two choices against a static hash, UDP", 1.18, "+18 %",
           ("udp-1400-surge",), ("two-choice", "auto"), base="hash"),
    Figure(FALCON, "CPU time of all CPUs at a fixed rate, 16 B: before ÷ after", 1 / 1.10, "at most some +10 %",
           UDP_SMALL, PIPELINE, TOTAL),
    Figure(FALCON, "all CPUs busy: never worse", 1.0, "turns itself off; about 0 % at 20 containers and more",
           ("udp-1400-busy",), ("auto-busy-100",), KERNEL, "stock-busy-100"),
    _figure(MFLOW, "one TCP flow, 64 KB", 29.8, 16.4, "Gbit/s", TCP, LANES, note=" (fig; text: +81 %)"),
    _figure(MFLOW, "one TCP flow, 4 KB", 25, 15.7, "Gbit/s", TCP, LANES, note=" (fig)"),
    _figure(MFLOW, "one UDP flow, 64 KB", 14.1, 5.9, "Gbit/s", UDP_64K, LANES, note=" (fig; text: +139 %)"),
    _figure(MFLOW, "one UDP flow, 4 KB", 13.8, 5.4, "Gbit/s", UDP_4K, LANES, note=" (fig)"),
    _figure(MFLOW, "FALCON, one TCP flow, 64 KB", 24.4, 16.4, "Gbit/s", TCP, ("pipeline", "lanes-1"), note=" (fig)"),
    _figure(MFLOW, "FALCON, one UDP flow, 64 KB", 11.6, 5.9, "Gbit/s", UDP_64K, ("pipeline",), note=" (fig)"),
    _figure(MFLOW, "host network, one TCP flow, 64 KB", 26.6, 16.4, "Gbit/s", TCP, ("host",), note=" (fig)"),
    _figure(MFLOW, "host network, one UDP flow, 64 KB", 19.5, 5.9, "Gbit/s", UDP_64K, ("host",), note=" (fig)"),
    Figure(PRISM, "round trips beside a background, sync: before ÷ after, mean", 2.0, "-50 %, mean and tail",
           ("priority-udp-background",), ("priority-sync",), LATENCY),
    Figure(PRISM, "round trips beside nothing, sync: before ÷ after, median", 2.0, "about -50 %",
           ("priority-udp-idle",), ("priority-sync",), LATENCY),
    _figure(PRISM, "packets that a CPU can take, sync", 300, 400, "kpps", ("priority-udp-background",), ("priority-sync",),
            quantity=TOTAL),
    Figure(ONCACHE, "one TCP flow, against Antrea", 1.12, "+12 %", TCP, ("short-tc",)),
    Figure(ONCACHE, "one UDP flow, against Antrea", 1.20, "+20 %", UDP_KB, ("short-tc",)),
    _figure(ONCACHE, "TCP requests a second, against Antrea", 36977, 28246, "1/s", ("tcp-rr",), ("short-tc",), quantity=TOTAL),
    _figure(ONCACHE_AGAIN, "one UDP flow", 13.7, 6.2, "Gbit/s", UDP_KB, ("short-tc",), note=" (5.14)"),
    _figure(ONCACHE_AGAIN, "host network, one UDP flow", 13.8, 6.2, "Gbit/s", UDP_KB, ("host",), note=" (5.14)"),
    _figure(ONCACHE_AGAIN, "host network, one TCP flow", 39.3, 33.3, "Gbit/s", TCP, ("host",), note=" (5.14)"),
    _figure(SLIM, "RPS on the overlay's devices, one TCP flow", 24.1, 14.0, "Gbit/s", TCP, ("rps-disjoint",), note=" (4.4)"),
    _figure(SLIM, "RFS, one TCP flow", 24.5, 14.0, "Gbit/s", TCP, ("rfs",), note=" (4.4)"),
    _figure(HOTCLOUD, "host network, one TCP flow", 23, 6.4, "Gbit/s", TCP, ("host",), note=" (4.4)"),
    _figure(HOTCLOUD, "host network, one UDP flow, 8 KB", 9.3, 3.9, "Gbit/s", ("udp-9000-1flow", *UDP_KB), ("host",),
            note=" (4.4)"),
    _figure(CPUMAP, "small UDP packets, without a tunnel", 4.7, 2.7, "Mpps", UDP_SMALL, ("cpumap",)),
)
