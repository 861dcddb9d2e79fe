# SPDX-License-Identifier: GPL-2.0
"""results.json: valid documents pass, and invalid ones are refused for the right reason."""

import copy
import json

import pytest

from bench import result, schema
from bench.case import CASES, BenchError
from bench.engine import Plan
from bench.measure import Round
from bench.variant import VARIANTS, stage_cpus


def make_round(case, scale=1.0):
    amount = 5_000_000 if case.kind == "tcp" else 1000
    return Round(seconds=2.0, delivered=amount, cpu_ns=[int(9e6 * scale), int(4e6), int(8e7)],
                 total_s=5.0, frames=amount + 1, sent=amount + 1, received=amount, lost=1, duplicated=0, reordered=0,
                 dropped_by_host=0, slipped_s=0.0, own_busy=0.4,
                 host_busy=0.5, waited_s=0.0,
                 instructions=[[int(8e6 * scale), int(1e6 * scale)], [4_000_000, 0], [70_000_000, 10_000_000]],
                 lines=[30_000, 1_000, 40_000], idle=[500_000.0, 500_000.0, 0.0],
                 bytes_per_skb=7000.0 * scale if case.kind == "tcp" else None,
                 latency_p50_us=100.0 * scale, latency_p99_us=300.0 * scale, median_rtt_us=200.0 * scale if case.kind == "rr" else None,
                 **dict.fromkeys(("rtt_p90_us", "rtt_p99_us", "rtt_p999_us"), 400.0 * scale if case.kind == "rr" else None),
                 receive_p50_us=30.0 * scale, receive_p99_us=90.0 * scale,
                 requests_per_s=2000.0 / scale, mean_latency_us=500.0 * scale,
                 roles=["nic", "", "application"])


def document():
    rows = []
    for case in CASES.values():
        for variant in VARIANTS:
            rows += result.rows(case, variant, "6.12.117+deb12-amd64", 3,
                                [make_round(case, scale) for scale in (1.0, 3.0, 2.0)], [make_round(case)])
    return rows


def test_what_the_engine_makes_passes():
    schema.check(document())
    schema.check(json.loads(json.dumps(document())))


def test_figures():
    case = CASES["udp-1400-1flow"]
    rows = result.rows(case, "stock", "6.12", 3, [make_round(case, scale) for scale in (1.0, 3.0, 2.0)])
    busiest = result.find(rows, case.name, "stock", "busiest_cpu_us_per_packet")
    # the last vCPU, with 80 us a packet, is the application's and does not count as the busiest
    assert (busiest["min"], busiest["median"], busiest["max"]) == (9.0, 18.0, 27.0)
    total = result.find(rows, case.name, "stock", "total_cpu_us_per_packet")
    assert total["min"] == pytest.approx(93.0)
    busiest = result.find(rows, case.name, "stock", "busiest_instructions_per_packet")
    assert (busiest["min"], busiest["median"], busiest["max"]) == (9000, 18000, 27000)
    total = result.find(rows, case.name, "stock", "total_instructions_per_packet")
    assert total["min"] == pytest.approx(93000)
    assert result.find(rows, case.name, "stock", "lines_moved_per_packet") is None
    rate = result.find(rows, case.name, "stock", "delivered_per_s")
    assert (rate["median"], rate["unit"]) == (500.0, "packets/s")
    assert (busiest["sent"], busiest["received"], busiest["lost"]) == (3003, 3000, 3)


def test_lines_are_of_rounds_of_their_own():
    case = CASES["udp-1400-1flow"]
    rows = result.rows(case, "stock", "6.12", 3, [make_round(case, scale) for scale in (1.0, 3.0)], [make_round(case)])
    lines = result.find(rows, case.name, "stock", "lines_moved_per_packet")
    assert (lines["median"], lines["unit"], lines["rounds"], lines["sent"]) == (71.0, "lines/packet", 1, 1001)
    schema.check(rows)


def test_figures_of_tcp():
    case = CASES["tcp-mtu-1flow"]
    rows = result.rows(case, "stock", "6.12", 3, [make_round(case)])
    assert result.find(rows, case.name, "stock", "busiest_cpu_ms_per_mb")["median"] == pytest.approx(1.8)
    assert result.find(rows, case.name, "stock", "delivered_per_s")["median"] == pytest.approx(2.5)


@pytest.mark.parametrize("name", ["udp-rr", "tcp-rr"])
def test_figures_of_request_and_response(name):
    case = CASES[name]
    rows = result.rows(case, "stock", "6.12", 3, [make_round(case, scale) for scale in (1.0, 3.0, 2.0)])
    assert result.find(rows, name, "stock", "total_cpu_us_per_transaction")["min"] == pytest.approx(93.0)
    # the instructions of an idle guest in the same time are subtracted
    assert result.find(rows, name, "stock", "busiest_instructions_per_transaction")["min"] == pytest.approx(8500)
    assert result.find(rows, name, "stock", "total_instructions_per_transaction")["min"] == pytest.approx(92000)
    rtt = result.find(rows, name, "stock", "median_rtt_us")
    assert (rtt["median"], rtt["unit"]) == (400.0, "us")


def test_ratio_is_stock_over_variant():
    case = CASES["udp-64-1flow"]
    rows = (result.rows(case, "stock", "6.12", 3, [make_round(case, 2.0)])
            + result.rows(case, "pipeline", "6.12", 3, [make_round(case, 1.0)]))
    assert result.ratio(rows, case.name, "pipeline", case.busiest) == pytest.approx(2.0)
    assert result.ratio(rows, case.name, "loaded", case.busiest) is None


def _set(name, value):
    def change(rows):
        rows[0][name] = value
    return change


def _drop(name):
    def change(rows):
        del rows[0][name]
    return change


WRONG = {
    "empty": (lambda rows: rows.clear(), "fewer than 1"),
    "missing key": (_drop("median"), "'median' is missing"),
    "unknown key": (_set("mean", 1.0), "'mean' is not expected"),
    "number as text": (_set("median", "9.0"), "not of type number"),
    "not a number": (_set("median", float("nan")), "not of type number"),
    "infinite": (_set("max", float("inf")), "not of type number"),
    "bool as number": (_set("lost", True), "not of type integer"),
    "count with a fraction": (_set("sent", 3003.0), "not of type integer"),
    "negative count": (_set("lost", -1), "below 0"),
    "no rounds": (_set("rounds", 0), "below 1"),
    "too few vCPUs": (_set("vcpus", 1), "below 2"),
    "unknown metric": (_set("metric", "speed"), "none of"),
    "metric of the other protocol": (_set("metric", "total_cpu_ms_per_mb"), "no metric of udp"),
    "unknown unit": (_set("unit", "furlongs"), "none of"),
    "metric of request and response": (_set("metric", "median_rtt_us"), "no metric of udp"),
    "unit of another metric": (_set("unit", "packets/s"), "is in instructions/packet"),
    "case with a blank": (_set("case", "udp 1400"), "does not match"),
    "unknown protocol": (_set("case", "sctp-1flow"), "begins with none"),
    "kernel without a version": (_set("kernel", "latest"), "does not match"),
    "median above max": (_set("median", 1e9), "not min <= median <= max"),
    "min above median": (_set("min", 1e9), "not min <= median <= max"),
    "more received than sent": (_set("received", 10 ** 9), "received of"),
    "counts that don't add up": (_set("lost", 4), "is not received"),
    "a metric twice": (lambda rows: rows.append(copy.deepcopy(rows[0])), "twice"),
    "a metric less": (lambda rows: rows.pop(0), "no busiest_instructions_per_packet"),
    "metrics that differ in a count": (_set("reordered", 7), "differ in 'reordered'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_document_is_refused(name):
    change, message = WRONG[name]
    rows = document()
    change(rows)
    with pytest.raises(schema.SchemaError, match=message):
        schema.check(rows)


@pytest.mark.parametrize("rows", [{}, None, "results", [[]], [None]])
def test_no_list_of_objects_is_refused(rows):
    with pytest.raises(schema.SchemaError, match="not of type"):
        schema.check(rows)


def test_schema_keyword_that_would_not_be_checked_is_refused():
    with pytest.raises(schema.SchemaError, match="maxLength"):
        schema.check_form("text", {"type": "string", "maxLength": 1})


def test_every_metric_of_every_case_is_in_the_schema():
    items = json.loads(schema.SCHEMA.read_text())["items"]["properties"]
    for case in CASES.values():
        for metric, unit in case.metrics.items():
            assert metric in items["metric"]["enum"]
            assert unit in items["unit"]["enum"]


@pytest.mark.parametrize("options, message", [
    ({"cases": ["udp-9"]}, "no case 'udp-9'"),
    ({"variants": ["fast"]}, "no variant 'fast'"),
    ({"cases": []}, "no case given"),
    ({"variants": ["stock", "stock"]}, "given twice"),
    ({"vcpus": 2}, "too few"),
    ({"vcpus": 4, "variants": ["stock", "lanes-1", "lanes-2"]}, "lanes-2 needs 5"),
    ({"rounds": 0}, "at least one round"),
])
def test_plan_that_cannot_be_is_refused(options, message):
    with pytest.raises(BenchError, match=message):
        Plan(**{"cases": ["udp-64-1flow"], "variants": ["stock"], **options})


@pytest.mark.parametrize("vcpus, cpus", [(3, [1]), (4, [1, 2]), (5, [1, 2, 3]), (6, [1, 2, 3]), (16, [1, 2, 3])])
def test_stages_leave_interrupts_and_application_their_cpus(vcpus, cpus):
    assert stage_cpus(vcpus) == cpus
