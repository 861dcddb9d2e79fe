# SPDX-License-Identifier: GPL-2.0
"""Waiting until something is true, never for a time."""

import time

STEP = 0.02
patience = 1        # how much slower than usual what is waited for is; fixtures.py has it from the kernel


def until(true, timeout, what):
    """What true() gives once it is not false; TimeoutError naming what was waited for otherwise."""
    timeout *= patience
    deadline = time.monotonic() + timeout
    while True:
        value = true()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout} s")
        time.sleep(STEP)
