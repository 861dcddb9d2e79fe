# SPDX-License-Identifier: GPL-2.0
"""A check tries DKMS on one kernel of each suite, a soak on every kernel that has a tree."""

import os

from vm import kernel as kernels

CHECKED = ("6.12", "7.2")


def pytest_generate_tests(metafunc):
    if "dkms_kernel" in metafunc.fixturenames:
        chosen = list(kernels.KERNELS if os.environ.get("SOAK") else CHECKED)
        metafunc.parametrize("dkms_kernel", metafunc.config.getoption("--kernel") or chosen, scope="module")
