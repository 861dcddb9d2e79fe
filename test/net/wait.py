# SPDX-License-Identifier: GPL-2.0
"""Waiting until something is true, never for a time."""

import time

STEP = 0.02


def until(true, timeout, what):
    """What true() gives once it is not false; TimeoutError naming what was waited for otherwise."""
    deadline = time.monotonic() + timeout
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout} s")
        time.sleep(STEP)
