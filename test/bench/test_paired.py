# SPDX-License-Identifier: GPL-2.0
"""Windows in turn: the pairs that are compared, and the result."""

from types import SimpleNamespace

import pytest

from bench import paired
from bench.case import CASES, BenchError
from bench.engine import Plan
from bench.measure import Sample
from vm.meter import Totals

UDP, RR = CASES["udp-1400-1flow"], CASES["udp-rr"]


class Traffic:
    """1,000 frames a second, each of which takes 100 us of a CPU, or 110 while `state` is on."""

    def __init__(self):
        self.now, self.link, self.used, self.state = 0.0, 0, 0, True

    def sample(self):
        executed = [Totals(10 * self.used, 0, 0, 0, 0, 0, 0), *2 * [Totals(0, 0, 0, 0, 0, 0, 0)]]
        return Sample(self.now, [self.used, 0, 0], self.link, 0, (0, 0), 0, executed)

    def go_on(self, seconds):
        self.now += seconds
        self.link += round(1000 * seconds)
        self.used += round(1000 * seconds) * (110000 if self.state else 100000)


class Variant:
    """Switches the traffic's state."""

    def __init__(self, traffic):
        self.traffic, self.turned = traffic, []

    def switch(self, _guest, _case, on):
        self.turned.append(on)
        self.traffic.state = on


def take(pairs, window=2):
    traffic = Traffic()
    variant = Variant(traffic)
    turns = paired.Turns(None, UDP, variant, pairs, None)
    turns.window(traffic, 2 * pairs * window)
    return turns, variant


def test_every_second_pair_is_the_other_way_round():
    turns, variant = take(3)
    assert [window.on for window in turns.windows] == [True, False, False, True, True, False]
    # no switch between neighbours in the same state
    assert variant.turned == [False, True, False]
    turns.switch(True)
    assert variant.turned == [False, True, False, True]


def test_neighbours_are_compared():
    turns, _ = take(4)
    # half of the link's data arrives
    done = SimpleNamespace(delivered=0.5 * (turns.windows[-1].last.link - turns.windows[0].first.link))
    pairs = paired.pairs_of(turns.windows, paired.values(UDP, turns.windows, done, None))
    assert [(on[UDP.busiest], off[UDP.busiest]) for on, off in pairs] == [pytest.approx((220, 200))] * 4
    name = UDP.counted.busiest_instructions
    assert [(on[name], off[name]) for on, off in pairs] == [pytest.approx((2.2e6, 2e6))] * 4
    assert pairs[0][0]["delivered_per_s"] == pytest.approx(500)


def test_requests_are_counted_by_the_log():
    turns, _ = take(1)
    begin = [round(window.first.at * 1e9) for window in turns.windows]
    # 200 requests of 300 us in the first window, 100 of 200 us in the second; those between the windows do not count
    log = sorted([(begin[0] + 10 ** 7 * place, 300000) for place in range(200)]
                 + [(begin[1] + 2 * 10 ** 7 * place, 200000) for place in range(100)]
                 + [(begin[1] - 10 ** 6, 999999)])
    done = SimpleNamespace(delivered=1)
    on, off = paired.values(RR, turns.windows, done, log)
    assert (on["median_rtt_us"], off["median_rtt_us"]) == (300, 200)
    assert (on["delivered_per_s"], off["delivered_per_s"]) == pytest.approx((100, 50))
    assert (on[RR.total], off[RR.total]) == pytest.approx((1100, 2000))
    with pytest.raises(BenchError, match="nothing was answered"):
        paired.values(RR, turns.windows, done, log[:200])


def test_ratio_and_its_error():
    found = paired.ratio([(2, 1), (1, 2)])
    assert (found.mean, found.median) == pytest.approx((1, 1))
    assert found.error == pytest.approx(0.693, abs=0.001)
    found = paired.ratio([(3, 2)] * 5)
    assert (found.mean, found.error, str(found)) == (pytest.approx(1.5), pytest.approx(0, abs=1e-9), "1.500 +- 0.000")


def test_what_cannot_be_paired_is_refused():
    with pytest.raises(BenchError, match="two pairs"):
        paired.Pairer(Plan(["udp-rr"], ["auto"]), print, 1)
    with pytest.raises(BenchError, match="stock cannot be taken away"):
        paired.Pairer(Plan(["udp-rr"], ["auto", "stock"]), print, 2)
