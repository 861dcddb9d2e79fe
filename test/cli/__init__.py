# SPDX-License-Identifier: GPL-2.0
"""falconctl and the generator, tested without a kernel module."""
