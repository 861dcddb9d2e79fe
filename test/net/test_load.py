# SPDX-License-Identifier: GPL-2.0
"""Loading and unloading: nothing is left behind."""

import pytest

from net.control import DEFAULT
from net.control import unloaded  # noqa: F401  pylint: disable=unused-import
from net.falcon import CTL, MODULE

# pylint: disable=redefined-outer-name

CYCLES = 8
# Where falcon shows itself while it is enabled: files of its own, and files that name it.
OWN = ("/sys/module/falcon", "/sys/kernel/tracing/events/falcon")
NAMED_IN = ("/proc/modules", "/sys/devices/system/cpu/hotplug/states", "/sys/kernel/tracing/enabled_functions")


def shown_in(guest):
    """The places that show something of falcon now."""
    return guest.run(f"ls -d {' '.join(OWN)} 2>/dev/null; grep -l falcon {' '.join(NAMED_IN)}",
                     check=False).out.split()


@pytest.mark.torture(check=True)
def test_unloading_while_enabled_leaves_nothing_behind(unloaded):
    before = unloaded.traces()
    unloaded.load()
    unloaded.enable()
    assert sorted(shown_in(unloaded.guest)) == sorted(OWN + NAMED_IN)
    unloaded.unload()
    assert shown_in(unloaded.guest) == []
    assert unloaded.traces() == before
    assert unloaded.raw.family() == (None, None)


@pytest.mark.torture
def test_loading_and_unloading_leaves_nothing_behind(unloaded):
    """Every fourth time enabled, and unloaded as it is."""
    guest = unloaded.guest
    before = unloaded.traces()
    unloaded.load()
    _, group = unloaded.raw.family()
    guest.run("rmmod falcon\n"
              f"for ((n = 0; n < {CYCLES}; n++)); do\n"
              f"\tinsmod {MODULE}\n"
              f"\tif ((n % 4 == 0)); then {CTL} enable >/dev/null; fi\n"
              "\trmmod falcon || exit\n"
              "done", timeout=180)
    assert shown_in(guest) == []
    assert unloaded.traces() == before
    unloaded.load()
    number, again = unloaded.raw.family()
    assert number
    # Groups are given out from below: one that was not given back would move it.
    assert again == group
    assert unloaded.config() == DEFAULT
    guest.run(f"rmmod falcon; insmod {MODULE}")
    assert unloaded.config() == {**DEFAULT, "mode": "auto"}
