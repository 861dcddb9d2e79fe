# SPDX-License-Identifier: GPL-2.0
"""Waits for a condition, never for a fixed time."""

import time

STEP = 0.02
patience = 1        # factor by which a kernel is slower than usual; fixtures.py sets it


def until(true, timeout, what):
    """The value of true() once it is true; raises TimeoutError, which names `what`, if that takes too long."""
    timeout *= patience
    deadline = time.monotonic() + timeout
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout} s")
        time.sleep(STEP)
