# SPDX-License-Identifier: GPL-2.0
"""The kernels that falcon is built for and tested on."""

import dataclasses
import threading

from .tree import Tree, TreeError

# id -> (suite, version)
KERNELS = {
    "6.1": ("bookworm", "6.1"),
    "6.12": ("bookworm", "6.12"),
    "6.12-trixie": ("trixie", "6.12"),
    "7.2": ("trixie", "7.2"),
}
DEFAULT = "6.12"
TESTED = ("6.1", "6.12", "7.2")
FLAVOURS = ("amd64", "cloud-amd64")

# The guests' root file system and QEMU's home.
GUEST_SUITE = "trixie"
GUEST_PACKAGES = [
    "qemu-system-x86", "seabios", "ipxe-qemu", "busybox-static",
    "iproute2", "ethtool", "kmod", "iperf3", "memcached", "sockperf", "tcpdump", "bpftrace", "nftables", "iptables",
    "procps", "psmisc", "util-linux", "libmnl0", "strace", "iputils-ping", "conntrack", "socat", "jq",
    "python3-minimal", "libcap2-bin",
]
# What the agent itself needs of a root file system.
AGENT_PACKAGES = ["busybox-static", "iproute2", "kmod", "procps"]
BUILD_PACKAGES = ["gcc", "make", "libc6-dev"]
CHECK_PACKAGES = ["sparse", "dkms", *AGENT_PACKAGES]


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel of a suite, installed in the suite's tree."""

    id: str
    suite: str
    release: str        # as uname -r, of the flavour

    @property
    def tree(self):
        return Tree(self.suite)

    @property
    def image(self):
        return self.tree.path / "boot" / f"vmlinuz-{self.release}"

    @property
    def modules(self):
        return self.tree.path / "usr/lib/modules" / self.release


def get(kernel_id, flavour="amd64"):
    """The kernel of this id; its tree must have it (scripts/setup)."""
    if kernel_id not in KERNELS:
        raise TreeError(f"no kernel {kernel_id}; known are {', '.join(KERNELS)}")
    suite, version = KERNELS[kernel_id]
    entry = Tree(suite).stamp()["kernels"].get(version)
    if not entry or flavour not in entry["flavours"]:
        setup([kernel_id], flavours=[flavour])
        entry = Tree(suite).stamp()["kernels"][version]
    return Kernel(kernel_id, suite, f"{entry['release']}-{flavour}")


def setup(kernel_ids, flavours=("amd64",), check=False):
    """Make the trees that these kernels and their guests need, both suites at a time."""
    packages = {GUEST_SUITE: list(GUEST_PACKAGES)}
    kernels = {GUEST_SUITE: []}
    for kernel_id in kernel_ids:
        suite, version = KERNELS[kernel_id]
        packages.setdefault(suite, [])
        packages[suite] += BUILD_PACKAGES + (CHECK_PACKAGES if check else [])
        kernels.setdefault(suite, []).append((version, tuple(flavours)))
    errors = []

    def make(suite):
        try:
            Tree(suite).ensure(packages[suite], kernels[suite])
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=make, args=(suite,)) for suite in packages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
