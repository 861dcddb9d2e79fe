# SPDX-License-Identifier: GPL-2.0
"""Guests: trees of Debian suites, their kernels, modules built for them, and QEMU."""
