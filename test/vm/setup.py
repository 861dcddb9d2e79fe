#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Create the trees under build/; scripts/setup calls this."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from vm import kernel, tree  # noqa: E402  pylint: disable=wrong-import-position


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", action="append", choices=kernel.IDS, required=True)
    parser.add_argument("--check", action="store_true", help="also what the tests need: cloud headers, sparse, dkms")
    args = parser.parse_args()
    tree.require_root()
    try:
        kernel.setup(args.kernel, kernel.FLAVOURS if args.check else ("amd64",), check=args.check)
    except tree.TreeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
