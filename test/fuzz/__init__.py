# SPDX-License-Identifier: GPL-2.0
"""libFuzzer's inputs for the parser, fragments, rules, and falconctl."""
