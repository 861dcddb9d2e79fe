# SPDX-License-Identifier: GPL-2.0
"""The check that the delivered datagrams are those of the round."""

import pytest

from bench.case import CASES, BenchError
from bench.measure import check_datagrams

PLAIN, MERGED = CASES["udp-1400-burst32"], CASES["udp-1400-gro"]


@pytest.mark.parametrize("case, messages", [(PLAIN, 1000), (PLAIN, 100), (MERGED, 500), (MERGED, 100)])
def test_datagrams_are_believed(case, messages):
    check_datagrams(case, {"received": 1000, "messages": messages, "damaged": 0})


@pytest.mark.parametrize("case, messages, damaged, message", [
    (PLAIN, 1000, 3, "3 datagrams arrived damaged"),
    (MERGED, 1000, 0, "udp-1400-gro: 1000 datagrams came in 1000 messages, so they were not merged"),
    (MERGED, 501, 0, "in 501 messages"),
])
def test_datagrams_of_something_else_are_refused(case, messages, damaged, message):
    with pytest.raises(BenchError, match=message):
        check_datagrams(case, {"received": 1000, "messages": messages, "damaged": damaged})
