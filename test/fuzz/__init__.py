# SPDX-License-Identifier: GPL-2.0
"""Inputs that libFuzzer thinks of: for the parser, fragments, rules, and falconctl."""
