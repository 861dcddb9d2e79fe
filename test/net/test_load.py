# SPDX-License-Identifier: GPL-2.0
"""Loading and unloading leave nothing behind."""

import pytest

from net.control import DEFAULT
from net.control import unloaded  # noqa: F401  pylint: disable=unused-import
from net.falcon import CTL, MODULE

# pylint: disable=redefined-outer-name

CYCLES = 8
# Files that show falcon while it is enabled: its own, and lists of the kernel that name it.
OWN = ("/sys/module/falcon", "/sys/kernel/tracing/events/falcon")
NAMED_IN = ("/proc/modules", "/sys/devices/system/cpu/hotplug/states", "/sys/kernel/tracing/enabled_functions")


def shown_in(guest):
    """The places that show falcon now."""
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
    """Every fourth time it is enabled, and unloaded in that state."""
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
    # The kernel assigns group numbers from below, so a leaked group would shift this number.
    assert again == group
    assert unloaded.config() == DEFAULT
    guest.run(f"rmmod falcon; insmod {MODULE}")
    assert unloaded.config() == {**DEFAULT, "mode": "auto"}
