# SPDX-License-Identifier: GPL-2.0
"""The kernels that falcon is built for and tested on."""

import dataclasses
import threading
from pathlib import Path

from . import debug
from .tree import Tree, TreeError

# id -> (suite, version)
KERNELS = {
    "6.1": ("bookworm", "6.1"),
    "6.12": ("bookworm", "6.12"),
    "6.12-trixie": ("trixie", "6.12"),
    "7.2": ("trixie", "7.2"),
}
# Built here, with a detector of faults: id -> (suite, version, detector)
DEBUG = {
    "6.12-kasan": ("trixie", "6.12", "kasan"),
    "6.12-kcsan": ("trixie", "6.12", "kcsan"),
    "7.2-kasan": ("trixie", "7.2", "kasan"),
}
# Debian's kernels with their own checks for writes to free memory, or beyond an object's end, in slabs and pages: id ->
# (one of KERNELS, detector, options that switch it on)
WATCHED = {"6.12-slub": ("6.12", "slub", "slab_debug=FZPU page_poison=1")}
IDS = (*KERNELS, *WATCHED, *DEBUG)
DEFAULT = "6.12"
TORTURED = "6.12-kasan"     # also in a check, once it is built
UNBUILT = "6.12-slub"       # in a check until then
TESTED = ("6.1", "6.12", "7.2")
FLAVOURS = ("amd64", "cloud-amd64")

# The guests' root file system and QEMU's home.
GUEST_SUITE = "trixie"
GUEST_PACKAGES = [
    "qemu-system-x86", "seabios", "ipxe-qemu", "busybox-static",
    "iproute2", "ethtool", "kmod", "iperf3", "memcached", "sockperf", "tcpdump", "bpftrace", "nftables", "iptables",
    "procps", "psmisc", "util-linux", "libmnl0", "strace", "iputils-ping", "conntrack", "socat", "jq",
    "python3-minimal", "libcap2-bin", "bpftool",
]
# Packages that the agent itself needs.
AGENT_PACKAGES = ["busybox-static", "iproute2", "kmod", "procps"]
BUILD_PACKAGES = ["gcc", "make", "libc6-dev"]
CHECK_PACKAGES = ["sparse", "dkms", *AGENT_PACKAGES]


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel of a suite, installed in the suite's tree."""

    id: str
    suite: str
    release: str        # as uname -r prints it, with the flavour

    @property
    def tree(self):
        return Tree(self.suite)

    @property
    def image(self):
        return self.tree.path / "boot" / f"vmlinuz-{self.release}"

    @property
    def modules(self):
        return self.tree.path / "usr/lib/modules" / self.release

    @property
    def build(self):
        """Directory in the tree where modules are built."""
        return f"/lib/modules/{self.release}/build"

    @property
    def binds(self):
        """Mounts that this needs in the tree."""
        return []

    # Factor by which everything takes longer than on an ordinary kernel.
    patience = 1
    # MiB; the least that a guest needs.
    memory = 0
    # Additions to its command line.
    append = ""


@dataclasses.dataclass(frozen=True)
class WatchedKernel(Kernel):
    """A kernel of a suite that does more work for each allocation."""

    append: str
    patience = 2


@dataclasses.dataclass(frozen=True)
class DebugKernel(Kernel):
    """A kernel that is built in the suite's tree, but not installed there."""

    output: Path

    patience = 6
    memory = 2048

    @property
    def append(self):
        if detector(self.id) == "kcsan":
            # The kernel itself has races, too: crash.py selects falcon's.
            return "panic_on_warn=0"
        # Slab caches of later kernels have arrays of objects (sheaves) that keep pointers to allocated objects, so
        # kmemleak considers these in use. Caches with slab debugging have no sheaves.
        return "" if DEBUG[self.id][1] == "6.12" else "slab_debug=F"

    @property
    def image(self):
        return self.output / "arch/x86/boot/bzImage"

    @property
    def modules(self):
        return self.output / "installed/lib/modules" / self.release

    @property
    def build(self):
        return debug.OUTPUT

    @property
    def binds(self):
        return debug.binds(DEBUG[self.id][1], self.output)


def detector(kernel_id):
    """Its detector, or None."""
    if kernel_id in WATCHED:
        return WATCHED[kernel_id][1]
    return DEBUG[kernel_id][2] if kernel_id in DEBUG else None


def get(kernel_id, flavour="amd64"):
    """The kernel of this id; its tree is created if it lacks the kernel. A debug kernel has no flavours."""
    if kernel_id in DEBUG:
        suite, version, _ = DEBUG[kernel_id]
        Tree(suite).ensure(debug.packages(version))
        output, release = debug.build(Tree(suite), kernel_id, version, detector(kernel_id))
        return DebugKernel(kernel_id, suite, release, output)
    if kernel_id in WATCHED:
        plain, _, append = WATCHED[kernel_id]
        return WatchedKernel(kernel_id, KERNELS[plain][0], get(plain, flavour).release, append)
    if kernel_id not in KERNELS:
        raise TreeError(f"no kernel {kernel_id}; known are {', '.join(IDS)}")
    suite, version = KERNELS[kernel_id]
    entry = Tree(suite).stamp()["kernels"].get(version)
    if not entry or flavour not in entry["flavours"]:
        setup([kernel_id], flavours=[flavour])
        entry = Tree(suite).stamp()["kernels"][version]
    return Kernel(kernel_id, suite, f"{entry['release']}-{flavour}")


def setup(kernel_ids, flavours=("amd64",), check=False):
    """Create the trees that these kernels and their guests need, both suites at a time; then the debug kernels."""
    packages = {GUEST_SUITE: list(GUEST_PACKAGES)}
    kernels = {GUEST_SUITE: []}
    for kernel_id in kernel_ids:
        if kernel_id in DEBUG:
            suite, version, _ = DEBUG[kernel_id]
            packages.setdefault(suite, []).extend(debug.packages(version))
            continue
        suite, version = KERNELS[WATCHED[kernel_id][0] if kernel_id in WATCHED else kernel_id]
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
    for kernel_id in kernel_ids:
        if kernel_id in DEBUG:
            get(kernel_id)
