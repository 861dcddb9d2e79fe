# SPDX-License-Identifier: GPL-2.0
"""Random messages by the specification: falcon answers each, and applies it completely or not at all."""

import pytest

from net import nlfuzz, rawnl
from net.control import control  # noqa: F401  pylint: disable=unused-import
from net.test_permission import NETNS, WHO, netns, state  # noqa: F401  pylint: disable=unused-import
from stress.traffic import SCALE, clean_log

# pylint: disable=redefined-outer-name

pytestmark = pytest.mark.thorough

MESSAGES = 25_000 * SCALE


@pytest.fixture(scope="module", autouse=True)
def built():
    nlfuzz.build()


def give_back(control):
    """Every CPU list that falcon accepts can be set again."""
    answer, = control.raw.ask([rawnl.message("config-set", rawnl.config("cpus", control.raw.config()["cpus"]))])
    assert not answer.error, answer


def test_messages_by_chance_are_answered_and_applied_whole_or_not_at_all(control, record_property):
    with clean_log(control.guest, nlfuzz.LOG):
        result = nlfuzz.Nlfuzz(control.guest, "--seed 1 --alone --count", str(MESSAGES)).wait(120 * SCALE)
    nlfuzz.record(record_property, result)
    assert result["sent"] == MESSAGES and result["framed"] > 0.8 * MESSAGES
    # Some messages are accepted, and the others are refused for each of these reasons.
    assert result["errors"][""] > MESSAGES / 10
    for name in ("EINVAL", "ERANGE", "EOPNOTSUPP", "EEXIST", "ENOENT"):
        assert result["errors"].get(name, 0) > 5, result
    for name in ("config-set", "config-get", "priority-add", "priority-flush", "priority-get", "flow-get", "status-get"):
        assert result["obeyed"].get(name, 0) > MESSAGES / 1000, result
    assert result["looks"] > MESSAGES / 10
    give_back(control)


def test_nothing_by_chance_is_obeyed_without_the_capability(control, netns, record_property):
    control.enable(busy_threshold=100, park=0)
    before, results = state(control), []
    with clean_log(control.guest, nlfuzz.LOG):
        for seed, (who, wrap) in enumerate(WHO.items(), 1):
            options = f"--seed {seed} --refused --count {MESSAGES // len(WHO)}"
            results.append(nlfuzz.Nlfuzz(control.guest, options, wrap=wrap).wait(120 * SCALE))
            # falcon checks the namespace after the attributes.
            assert results[-1]["errors"]["EPERM"] > results[-1]["sent"] / 4, who
            assert "" not in results[-1]["errors"] and not results[-1]["obeyed"], who
    nlfuzz.record(record_property, *results)
    assert state(control) == before
