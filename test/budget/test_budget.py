# SPDX-License-Identifier: GPL-2.0
"""No packet and no request costs more than its budget. A higher cost is detected, with the function's name."""

import json

import pytest

from bench import hotspot
from budget import budget
from budget.budget import Budgeter, Cost, Lines
from stress import sabotage

TRIES = 3       # attempts: other load on the machine adds timer ticks to the count
KERNEL = "6.12"


@pytest.fixture(scope="module")
def budgets():
    return budget.load()


@pytest.fixture(scope="module")
def budgeter(request):
    from conftest import selected   # pylint: disable=import-outside-toplevel
    if KERNEL not in selected(request.config):
        pytest.skip(f"budgets are kernel {KERNEL}'s")
    with Budgeter(KERNEL, lambda line: None) as found:
        yield found


def ids(rows):
    return [budget.key(*row).replace(" ", "-") for row in rows]


@pytest.mark.parametrize("case, variant", budget.ROWS, ids=ids(budget.ROWS))
def test_costs_no_more_than_its_budget(budgeter, budgets, case, variant, record_property):
    row = budgets["rows"][budget.key(case, variant)]
    for again in range(TRIES):
        stock = budgeter.stock(case, anew=again)
        cost = budgeter.cost(case, variant)
        too_much = budget.exceeded(cost, stock, row)
        if not too_much:
            break
    for place, value in cost.over(stock).items():
        record_property(place, f"{value:.3f}")
    assert not too_much, "\n".join([*too_much, "functions:", *budget.grown(cost.functions, row["functions"])])


@pytest.mark.parametrize("case, variant", budget.LINED, ids=ids(budget.LINED))
def test_falcons_functions_move_no_more_lines_than_their_budget(budgeter, budgets, case, variant, record_property):
    row = budgets["lines"][budget.key(case, variant)]
    for _ in range(TRIES):
        lines = budgeter.lines(case, variant)
        too_many = budget.exceeded_lines(case, lines, row)
        if not too_many:
            break
    record_property("lines", f"{lines.total:.1f}")
    record_property("own", f"{sum(lines.own.values()):.2f}")
    assert not too_many, "\n".join(too_many)


def test_waste_in_the_ingress_is_seen_and_named(budgeter, budgets, tmp_path):
    case, variant = "udp-1400-burst32", "lanes-2"
    row = budgets["rows"][budget.key(case, variant)]
    wasteful = sabotage.build(KERNEL, tmp_path, "wasteful")
    cost = budgeter.cost(case, variant, wasteful)
    assert any(line.startswith("nic: ") for line in budget.exceeded(cost, budgeter.stock(case), row))
    assert budget.grown(cost.functions, row["functions"])[0].startswith("falcon_ingress [falcon]: ")


def test_a_line_that_all_cpus_write_is_seen_and_named(budgeter, budgets, tmp_path):
    case, variant = "udp-1400-1flow", "lanes-2"
    row = budgets["lines"][budget.key(case, variant)]
    lines = budgeter.lines(case, variant, sabotage.build(KERNEL, tmp_path, "shared"))
    named = {line.partition(" ")[0] for line in budget.exceeded_lines(case, lines, row)}
    # The first counter on the NIC's CPU, in a function of its own or inlined into its caller, and the first one on a
    # worker.
    assert named & {"falcon_count_taken", "falcon_bins_hand_over"} and "falcon_runner_deliver" in named


def test_a_packet_costs_falcon_the_same_with_two_thousand_devices(budgeter, tmp_path, record_property):
    """In lanes beside a rule, and by a rule. A cost per device is detected."""
    walking = sabotage.build(KERNEL, tmp_path, "walking")
    few = {row: budgeter.cost(*row) for row in budget.CROWDED}
    with budgeter.devices(budget.DEVICES):
        for row, before in few.items():
            for _ in range(TRIES):
                many = budgeter.cost(*row)
                if not budget.grown_with_devices(many, before):
                    break
            record_property(budget.key(*row), f"{before.own:.0f} {many.own:.0f}")
            assert not budget.grown_with_devices(many, before), "\n".join(budget.grown(many.functions, before.functions))
        row = budget.CROWDED[0]
        waste = budgeter.cost(*row, walking)
        assert budget.grown_with_devices(waste, few[row])
        assert budget.grown(waste.functions, few[row].functions)[0].startswith("falcon_devices_walk [falcon]: ")


def cost(nic=100, busiest=200, total=1000, application=300, **functions):
    return Cost(nic, busiest, total, application, functions)


ROW = {"nic": 0.5, "busiest": 1, "total": 1, "application": 1, "functions": {"old": 40}}


def test_three_per_cent_more_is_within_the_budget():
    assert not budget.exceeded(cost(nic=51, busiest=205, total=1029), cost(), ROW)
    over = budget.exceeded(cost(nic=52, total=1040), cost(), ROW)
    assert [line.partition(":")[0] for line in over] == ["nic", "total"]


def test_ten_per_cent_more_is_within_the_applications_budget():
    assert not budget.exceeded(cost(nic=50, application=329), cost(), ROW)
    assert budget.exceeded(cost(nic=50, application=331), cost(), ROW) == [
        "application: 1.103 of stock's (331 of 300); the budget is 1.100"]


def test_functions_that_have_grown_are_named_the_worst_first():
    assert budget.grown({"old": 45, "new": 20, "same": 1}, {"old": 40, "same": 1}) == [
        "new: 0.0 -> 20.0", "old: 40.0 -> 45.0", "same: 1.0 -> 1.0"]


def test_waiting_for_locks_is_named_last():
    assert budget.grown({hotspot.SPINNING: 900, "old": 45}, {"old": 40}) == [
        "old: 40.0 -> 45.0", f"{hotspot.SPINNING}: 0.0 -> 900.0"]


def test_falcons_functions_have_a_budget_of_lines_together():
    row = {"own": 5, "functions": {"old [falcon]": 5}}
    assert not budget.exceeded_lines("udp-rr", Lines(99, {"old [falcon]": 5.2, "memset": 9}), row)
    assert "5.30 lines in falcon's functions; the budget is 5.25" in budget.exceeded_lines(
        "udp-rr", Lines(70, {"old [falcon]": 5.3}), row)[0]


def test_each_function_of_falcons_has_a_budget_of_lines():
    row = {"own": 9, "functions": {"old [falcon]": 4}}
    assert not budget.exceeded_lines("udp-rr", Lines(99, {"old [falcon]": 6.1, "new [falcon]": 0.1, "memset": 9}), row)
    assert budget.exceeded_lines("udp-rr", Lines(70, {"old [falcon]": 6.3, "new [falcon]": 0.3}), row) == [
        "old [falcon]: 6.30 lines; the budget is 6.20", "new [falcon]: 0.30 lines; the budget is 0.20"]


def test_budgets_are_read_as_they_were_written(budgets):
    assert json.loads(budget.text(budgets)) == budgets


def test_every_row_has_a_budget(budgets):
    assert set(budgets["rows"]) == {budget.key(*row) for row in budget.ROWS}
    assert set(budgets["lines"]) == {budget.key(*row) for row in budget.LINED}
    for row in budgets["rows"].values():
        assert {*budget.PLACES_ALONE, "functions"} <= set(row) <= {*budget.PLACES, "functions"} and row["functions"]
