# SPDX-License-Identifier: GPL-2.0
"""Builds programs for the host and the guests; quick if they are built already."""

import fcntl
import subprocess

from .paths import BUILD, REPO

FALCONCTL = BUILD / "tools"
UNIT = BUILD / "unit"
PLUGIN = BUILD / "plugin"


class ToolsFailed(Exception):
    """A program does not compile; the message is make's output."""


def make(source, output, *targets):
    """Run make in a directory of the repository. Only one process does so at a time, because tests run in parallel."""
    output.mkdir(parents=True, exist_ok=True)
    with open(output / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(["make", "-s", "-C", str(REPO / source), f"O={output}", *targets],
                              capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolsFailed(f"{source} does not build:\n{done.stderr.strip()}")


def falconctl():
    make("tools/falconctl", FALCONCTL)


def predict():
    """Path of the simulated host that predicts the policies' decisions."""
    make("test/unit", UNIT, str(UNIT / "predict"))
    return UNIT / "predict"


def plugin():
    """QEMU's plugin that counts instructions."""
    make("test/vm/plugin", PLUGIN)
    return PLUGIN / "meter.so"
