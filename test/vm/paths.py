# SPDX-License-Identifier: GPL-2.0
"""Where things are in the repository."""

from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
BUILD = REPO / "build"
TREES = BUILD / "trees"
KERNELS = BUILD / "kernels"
GUESTS = BUILD / "guests"
MODULES = BUILD / "module"
LOGS = BUILD / "log"
