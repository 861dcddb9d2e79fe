# SPDX-License-Identifier: GPL-2.0
"""Round trips within the window, and their percentiles."""

from types import SimpleNamespace

import pytest

from bench import trips
from bench.case import KINDS, BenchError


def test_the_log_is_read(tmp_path):
    path = tmp_path / "rr.log"
    path.write_text("1000 20\n2000 35\n")
    assert trips.read(path) == [(1000, 20), (2000, 35)]


def test_only_what_was_sent_within_the_window_counts():
    log = [(second * 10 ** 9, second) for second in range(10)]
    first, last = SimpleNamespace(at=2.5), SimpleNamespace(at=6.0)
    assert trips.within(log, first, last) == [3, 4, 5]


def test_percentiles_are_times_that_were_measured():
    found = trips.percentiles([value * 1000 for value in range(2000, 0, -1)])
    assert found == {"median_rtt_us": 1000, "rtt_p90_us": 1800, "rtt_p99_us": 1980, "rtt_p999_us": 1998}
    assert set(trips.percentiles([7000]).values()) == {7}


def test_a_window_without_answers_has_none():
    with pytest.raises(BenchError, match="nothing was answered"):
        trips.percentiles([])


def test_requests_have_these_metrics():
    assert set(trips.PER_MILLE) <= set(KINDS["rr"].metrics)
