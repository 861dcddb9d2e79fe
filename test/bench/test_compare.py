# SPDX-License-Identifier: GPL-2.0
"""bench-compare: its criteria for a change, and the input that it refuses."""

import copy
import json
import subprocess

import pytest

from bench import compare
from bench.case import CASES
from bench.variant import REPO

COUNTS = {"sent": 1000, "received": 1000, "lost": 0, "duplicated": 0, "reordered": 0}


def rows_of(case="udp-1400-1flow", variant="stock", spread=0.01, **changed):
    """A row for each metric, with the value 100 unless given."""
    found = []
    for metric, unit in CASES[case].metrics.items():
        value = changed.get(metric, 100.0)
        found.append({"case": case, "variant": variant, "kernel": "6.12.1", "vcpus": 6, "rounds": 3, "metric": metric,
                      "unit": unit, "median": value, "min": value * (1 - spread), "max": value * (1 + spread),
                      **{**COUNTS, **{name: changed[name] for name in COUNTS if name in changed}}})
    return found


def verdicts(old, new):
    found = compare.compare(old, new)
    return {change.metric: change.verdict for change in found.changes if change.verdict != compare.SAME}


def test_same_is_same():
    assert verdicts(rows_of(), rows_of()) == {}


@pytest.mark.parametrize("value, spread, verdict", [
    (115, 0.01, "worse"), (85, 0.01, "better"),
    (108, 0.01, None),      # within the bound of CPU time
    (115, 0.10, None),      # within the spread
])
def test_a_change_is_beyond_bound_and_spread(value, spread, verdict):
    metric = CASES["udp-1400-1flow"].busiest
    found = verdicts(rows_of(spread=spread), rows_of(spread=spread, **{metric: value}))
    assert found == ({metric: verdict} if verdict else {})


@pytest.mark.parametrize("metric, bound", [
    ("busiest_instructions_per_packet", 0.03), ("lines_moved_per_mb", 0.10), ("total_cpu_ms_per_mb", 0.10),
    ("median_rtt_us", 0.15), ("rtt_p99_us", 0.15), ("receive_p99_us", 0.25), ("requests_per_s", 0.10),
])
def test_each_metric_has_its_bound(metric, bound):
    assert compare.bound_of(metric) == bound


def test_more_requests_a_second_are_better_and_a_set_rate_says_nothing():
    assert verdicts(rows_of("udp-rr"), rows_of("udp-rr", delivered_per_s=50)) == {"delivered_per_s": "worse"}
    assert verdicts(rows_of("udp-rr"), rows_of("udp-rr", delivered_per_s=200)) == {"delivered_per_s": "better"}
    assert verdicts(rows_of(), rows_of(delivered_per_s=50)) == {}


def test_a_single_datagram_out_of_order_is_worse_and_a_segment_is_not():
    assert verdicts(rows_of(), rows_of(reordered=1)) == {"reordered": "worse"}
    assert verdicts(rows_of(reordered=1), rows_of()) == {"reordered": "better"}
    # the same ratio, in more rounds
    assert verdicts(rows_of(reordered=1), rows_of(reordered=2, sent=2000)) == {}
    sent = {"sent": 10 ** 8, "received": 10 ** 8}
    assert verdicts(rows_of("tcp-mtu-1flow", **sent), rows_of("tcp-mtu-1flow", lost=900, **sent)) == {}
    assert verdicts(rows_of("tcp-mtu-1flow", **sent), rows_of("tcp-mtu-1flow", lost=1100, **sent)) == {"lost": "worse"}


def test_what_only_one_side_has_is_said():
    old = [row for row in rows_of() if row["metric"] != "total_cpu_us_per_packet"] + rows_of(variant="pipeline")
    found = compare.compare(old, rows_of() + rows_of(variant="auto"))
    assert found.only_old[0][:2] == ("udp-1400-1flow", "pipeline")
    assert ("udp-1400-1flow", "stock", "total_cpu_us_per_packet") in found.only_new
    text = "\n".join(compare.lines(found))
    assert "only in OLD, all or some metrics: udp-1400-1flow pipeline" in text and "0 worse, 0 better" in text


def test_other_kernels_and_single_rounds_are_noted():
    new = [{**row, "kernel": "7.2.0", "rounds": 1} for row in rows_of()]
    found = compare.compare(rows_of(), new)
    assert found.notes[0] == "the kernels differ: 6.12.1, 7.2.0" and "NEW has one round only of busiest_cpu" in found.notes[1]
    note, = compare.compare(rows_of(), rows_of(lost=1, received=999)).notes
    assert "dropped_by_host" in note


def _run(*args):
    done = subprocess.run([REPO / "test/bench/compare", *args], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def files(tmp_path):
    def write(name, document):
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)
    return write


def test_status_says_whether_something_got_worse(files):
    old, worse = files("old.json", rows_of()), files("worse.json", rows_of(total_cpu_us_per_packet=150))
    assert _run(old, old)[0] == 0
    status, out, _ = _run(old, worse)
    assert status == 1 and "worse:\n  udp-1400-1flow" in out and "+50.0%" in out
    assert _run(worse, old)[0] == 0
    status, out, _ = _run(old, worse, "--json")
    change, = json.loads(out)["worse"]
    assert status == 1 and (change["metric"], change["old"], change["new"]) == ("total_cpu_us_per_packet", 100, 150)


def broken(change):
    rows = copy.deepcopy(rows_of())
    change(rows)
    return rows


WRONG = {
    "not there": (None, "No such file"),
    "no JSON": ("{", "no JSON"),
    "other JSON": ({"rounds": []}, "not of type array"),
    "a metric's unit": (broken(lambda rows: rows[0].update(unit="us")), r"document\[0\]: busiest_instructions_per_packet of udp is in"),
    "median outside": (broken(lambda rows: rows[0].update(median=999.0)), "not min <= median <= max"),
    "two kernels": (broken(lambda rows: rows[0].update(kernel="6.1")), "rows of several kernel"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_input_is_refused_by_name(files, tmp_path, name):
    document, message = WRONG[name]
    path = str(tmp_path / "bad.json") if document is None else files("bad.json", document)
    with pytest.raises(compare.BadInput, match=message):
        compare.load(path)
    good = files("good.json", rows_of())
    for args in ((path, good), (good, path)):
        status, _, err = _run(*args)
        assert status == 2 and "bad.json: " in err
    status, out, err = _run(good, path, "--json")
    assert status == 2 and "bad.json: " in json.loads(out)["error"] and not err


def test_nothing_in_common_is_refused(files):
    old, new = files("old.json", rows_of()), files("new.json", rows_of("udp-rr"))
    status, _, err = _run(old, new)
    assert status == 2 and "no case and variant in common" in err
    new = files("new.json", [{**row, "vcpus": 4} for row in rows_of()])
    status, _, err = _run(old, new)
    assert status == 2 and "6 and 4 vCPUs" in err
