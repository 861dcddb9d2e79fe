# SPDX-License-Identifier: GPL-2.0
"""Stock's limit, computed from the delivered part of the offered load."""

from types import SimpleNamespace

import pytest

from bench import calibrate
from bench.case import CASES

SECOND = 10 ** 9


class Topology:
    """A guest whose busiest CPU takes so many frames a second. Further frames are lost, and with each all fragments of
    its datagram.
    """

    def __init__(self, case, frames_per_s):
        self._case, self._limit, self._offer = case, frames_per_s, 0
        self.offers, self.busy = [], 0

    def cpu_time(self):
        return [int(self.busy), 0, 0]

    def sink(self, *_args, **_options):
        return SimpleNamespace(wait=lambda sent: {"received": int(self._arrived()), "duration_ns": 2 * SECOND})

    def send(self, rate, **_options):
        self._offer = rate
        self.offers.append(rate)
        self.busy += 2 * SECOND * min(1, rate * self._case.frames / self._limit)
        return SimpleNamespace(wait=lambda: {"duration_ns": 2 * SECOND, "sent": 2 * rate})

    def _arrived(self):
        part = min(1, self._limit / (self._offer * self._case.frames))
        return 2 * self._offer * part ** self._case.frames


def limit(name, frames_per_s):
    case = CASES[name]
    topology = Topology(case, frames_per_s)
    taken, busiest = calibrate._udp_limit(topology, topology, case, 2)      # pylint: disable=protected-access
    return taken / busiest, topology.offers


def test_limit_is_what_arrives_when_more_is_offered():
    found, offers = limit("udp-1400-1flow", 50000)
    assert found == pytest.approx(50000, rel=0.01) and offers == [20000, 40000, 80000]


@pytest.mark.parametrize("name", ["udp-4096-1flow", "udp-65507-1flow"])
def test_lost_fragments_do_not_hide_what_a_smaller_offer_took(name):
    found, offers = limit(name, 50000)
    frames = CASES[name].frames
    assert found == pytest.approx(50000 / frames, rel=0.03) and offers[0] == 20000 // frames
