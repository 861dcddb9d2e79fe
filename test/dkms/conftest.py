# SPDX-License-Identifier: GPL-2.0
"""DKMS is tried on every kernel there is a tree for, 6.12 in both suites."""

from vm import kernel as kernels


def pytest_generate_tests(metafunc):
    if "dkms_kernel" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--kernel") or list(kernels.KERNELS)
        metafunc.parametrize("dkms_kernel", chosen, scope="module")
