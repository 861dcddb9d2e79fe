# SPDX-License-Identifier: GPL-2.0
"""Random netlink messages from several processes at once, beside traffic, while falcon is enabled and disabled."""

import contextlib

import pytest

from net import nlfuzz, wait
from stress.traffic import SCALE, Traffic, clean_log, record, trouble

MESSAGES = 2000 * SCALE     # per process
PROCESSES = 4


@pytest.mark.soak
def test_messages_by_chance_under_traffic(overlay, falcon, record_property):
    """Whatever the messages set, flows stay complete and in order."""
    nlfuzz.build()
    guest = overlay.guest
    falcon.enable(busy_threshold=100)
    with clean_log(guest, nlfuzz.LOG), contextlib.ExitStack() as stack:
        with Traffic(overlay, flows=4, rate=1500, idle=5000) as traffic:
            fuzzers = [nlfuzz.Nlfuzz(guest, f"--seed {seed} --switches 400 --count {MESSAGES}")
                       for seed in range(1, PROCESSES + 1)]
            for fuzzer in fuzzers:
                stack.callback(fuzzer.stop)
            wait.until(lambda: not any(fuzzer.running for fuzzer in fuzzers), 300 * SCALE, "messages")
            results = [fuzzer.wait() for fuzzer in fuzzers]
    nlfuzz.record(record_property, *results)
    record(record_property, traffic.account)
    for name in ("enable", "disable", "config-set", "priority-add", "flow-get"):
        assert sum(result["obeyed"].get(name, 0) for result in results) > 0, results
    # The configuration can be read, and is valid as a whole.
    falcon.ctl("priority flush")
    falcon.configure(**{key.replace("-", "_"): value for key, value in falcon.ctl("config show").items()})
    assert falcon.ctl("status")["state"] in ("enabled", "disabled", "standby")
    assert not trouble(traffic.account)
