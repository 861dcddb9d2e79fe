# SPDX-License-Identifier: GPL-2.0
"""Each detector of faults works: falcon is built with a fault and run."""

import pytest

from net import lanes
from net.falcon import CTL
from stress import sabotage
from stress.sabotage import Sabotaged
from stress.test_lanes import BURSTS, LANES
from stress.traffic import record
from vm import module
from vm.test_selftest import failing


def traffic(overlay, kernel, root, name, settle=None):
    """The account of traffic through falcon with this fault."""
    with Sabotaged(overlay.guest, kernel, root, name) as falcon:
        falcon.enable(busy_threshold=100, load_threshold=100, **LANES)
        account = overlay.udp(count=30_000, **BURSTS)
        if settle:
            settle(falcon)
    return account


@pytest.mark.thorough
def test_without_the_merge_packets_are_reordered(overlay, kernel, tmp_path, record_property):
    """Proves that the traffic of other tests would be reordered without the merge."""
    account = traffic(overlay, kernel, tmp_path, "unmerged")
    record(record_property, account)
    assert account["reordered"] > 0
    assert (account["lost"], account["duplicated"], account["damaged"]) == (0, 0, 0)


def miscounted(falcon):
    with pytest.raises(AssertionError):
        lanes.assert_conserved(falcon)


@pytest.mark.thorough
def test_packets_that_falcon_loses_are_missed_and_not_accounted_for(overlay, kernel, tmp_path, record_property):
    account = traffic(overlay, kernel, tmp_path, "lossy", miscounted)
    record(record_property, account)
    assert 0 < account["lost"] < account["sent"] / 10
    assert (account["reordered"], account["duplicated"], account["damaged"]) == (0, 0, 0)


@pytest.mark.waits
@pytest.mark.parametrize("name", sabotage.SABOTAGES)
def test_each_fault_still_fits_the_sources(name, tmp_path):
    """Includes faults that only a debug kernel detects, which a check may lack."""
    sabotage.put(tmp_path, name)


CONFIGURED = f"{CTL} config set batch=16 && {CTL} config set batch=32"
# Faults to run, and the kind of crash.py's report. Lockdep stops once KASAN has reported.
REPORTED = {
    "leak": (f"{CTL} enable && {CONFIGURED} && rmmod falcon", "leak"),
    "use after free": (f"{CONFIGURED} && rmmod falcon", "sanitizer"),
    "locked for ever": (f"{CTL} priority add dport=1 && {CTL} priority del 1", "warning"),
    "written after free": (f"{CONFIGURED} && rmmod falcon", "memory"),
}


def report(kernel, tmp_path, names):
    """The guest continues after the kernel's report, and ends regularly. The reports contain these faults' kinds."""
    script = ["sysctl -qw kernel.panic_on_warn=0"]
    for name in names:
        lines, _ = REPORTED[name]
        script.append(f"insmod {sabotage.build(kernel, tmp_path, name)} && {lines} || exit")
    failure = failing(kernel, "\n".join(script))
    assert {REPORTED[name][1] for name in names} <= failure.kinds


@pytest.mark.waits
@pytest.mark.torture(check=True)
@pytest.mark.detector("kasan")
@pytest.mark.parametrize("names", [("leak", "use after free"), ("locked for ever",)], ids=", ".join)
def test_the_kernel_reports_each_fault(kernel, falconctl, tmp_path, names):  # pylint: disable=unused-argument
    """kmemleak and KASAN, then lockdep."""
    report(kernel, tmp_path, names)


@pytest.mark.waits
@pytest.mark.torture(check=True)
@pytest.mark.detector("slub")
def test_the_kernel_reports_what_is_written_to_when_it_is_free(kernel, falconctl, tmp_path):  # pylint: disable=unused-argument
    report(kernel, tmp_path, ["written after free"])


@pytest.mark.waits
@pytest.mark.torture
@pytest.mark.detector("kcsan")
def test_the_kernel_reports_a_data_race(kernel):
    assert "sanitizer" in failing(kernel, f"insmod {module.fault(kernel)} kind=race ms=1000").kinds
