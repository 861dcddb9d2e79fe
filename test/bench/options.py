# SPDX-License-Identifier: GPL-2.0
"""Options that the bench's commands share. The environment has the default of each, and make passes it on."""

import os

from net import plan


def default(name, value):
    """The default from the environment. make sets every variable, so an empty one means `value`."""
    return os.environ.get(name) or value


def add_setting(parser):
    """Add the options that describe the guest and its network."""
    parser.add_argument("--nic", default=default("NIC", "virtio"), help="NIC, of " + ", ".join(plan.WIRES))
    parser.add_argument("--overlay", default=default("OVERLAY", "vxlan"), help="OVERLAY, of " + ", ".join(plan.VARIANTS))
    parser.add_argument("--boot", default=default("BOOT", ""),
                        help="BOOT: more for the guest kernel's command line, such as init_on_alloc=0")


def setting(args):
    """The values of these options, as arguments of a Plan."""
    return {"nic": args.nic, "overlay": args.overlay, "boot": args.boot}
