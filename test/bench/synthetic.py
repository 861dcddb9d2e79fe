# SPDX-License-Identifier: GPL-2.0
"""Invented rounds and results, for tests of their evaluation."""

import dataclasses

from . import result
from .case import CASES
from .measure import Round

ROLES = ["nic", "worker", "delivery", "application"]
RELEASE = "6.12.1-amd64"


def round_of(case, scale=1.0, **changed):
    """A round of a thousand packets or requests, or 5 MB, on four vCPUs, whose work grows with `scale`."""
    amount = 5_000_000 if case.kind == "tcp" else 1000
    one = amount / case.amount(1) / amount      # one unit of work, in the unit of delivered
    units = int(amount / one)
    figures = {
        "seconds": 2.0, "delivered": amount, "cpu_ns": [int(9e6 * scale), int(4e6 * scale), int(1e6), int(8e6)],
        "total_s": 5.0, "frames": amount + 1, "sent": amount, "received": amount, "lost": 0, "duplicated": 0, "reordered": 0,
        "dropped_by_host": 0, "slipped_s": 0.0, "own_busy": 0.4, "host_busy": 0.5, "waited_s": 0.0,
        "instructions": [[int(9000 * scale * units), 0], [int(4000 * scale * units), 0], [1000 * units, 0], [1500 * units, 1000 * units]],
        "lines": [int(10 * units), 20 * units, 0, 30 * units], "roles": list(ROLES), "bytes_per_skb": 7000.0,
        "median_rtt_us": 400.0 * scale, "rtt_p90_us": 500.0 * scale, "rtt_p99_us": 900.0 * scale, "rtt_p999_us": 2000.0 * scale,
        "latency_p50_us": 100.0 * scale, "latency_p99_us": 300.0 * scale, "receive_p50_us": 30.0, "receive_p99_us": 90.0,
        "requests_per_s": 2000.0, "mean_latency_us": 500.0}
    return Round(**{**figures, **changed})


def measured(scales, lined=True, spread=0.01):
    """(results, details) of {(case, variant): scale}, of three rounds that differ by `spread`."""
    rows, rounds, lines = [], [], []
    for (name, variant), scale in scales.items():
        case = CASES[name]
        of = [round_of(case, scale * factor) for factor in (1 - spread, 1, 1 + spread)]
        rows += result.rows(case, variant, RELEASE, len(ROLES), of, of[:1] if lined else ())
        rounds += _described(case, variant, of)
        lines += _described(case, variant, of[:1]) if lined else []
    cases = {name for name, _ in scales}
    return rows, {
        "kernel": RELEASE, "vcpus": len(ROLES), "application_cpu": len(ROLES) - 1, "host_cpus": 2,
        "machine": {"host CPU": "none <at all>", "QEMU": "10.0"}, "plan": {"cases": sorted(cases), "rounds": 3},
        "finished": "2026-01-01T00:00:00Z", "calibration": {name: {"rate": 1000.0} for name in cases},
        "idle_instructions_per_s": [0.0] * len(ROLES), "rounds": rounds, "lined": lines}


def _described(case, variant, rounds):
    return [{"case": case.name, "variant": variant, "round": number, "per_cpu_lines": result.per_cpu_lines(case, item),
             **dataclasses.asdict(item)} for number, item in enumerate(rounds, 1)]
