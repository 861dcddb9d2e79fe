# SPDX-License-Identifier: GPL-2.0
"""The initramfs of a guest: busybox, the modules that reach the root file system, an init."""

import hashlib
import lzma
import os
import stat
from pathlib import Path

from .kernel import GUEST_SUITE
from .paths import KERNELS
from .tree import Tree, TreeError

NEEDED = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay", "virtio_net")
INIT = Path(__file__).with_name("init")


def module_order(modules, needed=NEEDED):
    """Paths of the needed modules and their dependencies, in the order of loading."""
    depends, by_name = {}, {}
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        depends[path] = rest.split()
        by_name[Path(path).name.split(".")[0].replace("-", "_")] = path
    builtin = {Path(line).name.split(".")[0].replace("-", "_")
               for line in (modules / "modules.builtin").read_text().splitlines()}
    order = []

    def add(path):
        # modules.dep lists all dependencies of a module, the deepest last.
        for wanted in [*reversed(depends[path]), path]:
            if wanted not in order:
                order.append(wanted)

    for name in needed:
        if name in by_name:
            add(by_name[name])
        elif name not in builtin:
            raise TreeError(f"{modules}: no module {name}")
    return order


def _content(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


class Cpio:
    """A cpio archive in the kernel's newc format."""

    def __init__(self):
        self.parts = []
        self.inode = 0

    def add(self, name, mode, data=b"", rdev=(0, 0)):
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self.parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def bytes(self):
        self.add("TRAILER!!!", 0)
        return b"".join(self.parts)


def make(kernel):
    """Path of the kernel's initramfs, which is rebuilt if its contents have changed."""
    busybox = Tree(GUEST_SUITE).path / "usr/bin/busybox"
    sources = [INIT, Path(__file__), busybox, kernel.modules / "modules.dep"]
    key = hashlib.sha256(repr([(str(p), p.stat().st_mtime_ns) for p in sources]).encode()).hexdigest()[:16]
    path = KERNELS / kernel.release / f"initramfs-{key}.cpio"
    if path.exists():
        return path
    cpio = Cpio()
    for name in ("dev", "proc", "sys", "bin", "modules", "lower", "lowermods", "rw", "root"):
        cpio.add(name, stat.S_IFDIR | 0o755)
    cpio.add("dev/console", stat.S_IFCHR | 0o600, rdev=(5, 1))
    cpio.add("bin/busybox", stat.S_IFREG | 0o755, busybox.read_bytes())
    cpio.add("bin/sh", stat.S_IFLNK | 0o777, b"busybox")
    names = []
    for module in module_order(kernel.modules):
        name = Path(module).name.split(".")[0] + ".ko"
        names.append(name)
        cpio.add(f"modules/{name}", stat.S_IFREG | 0o644, _content(kernel.modules / module))
    cpio.add("modules/order", stat.S_IFREG | 0o644, "".join(n + "\n" for n in names).encode())
    cpio.add("init", stat.S_IFREG | 0o755, INIT.read_bytes())
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob("initramfs-*.cpio"):
        old.unlink()
    # Two processes may build it at a time, so each uses a name of its own.
    new = path.with_suffix(f".{os.getpid()}")
    new.write_bytes(cpio.bytes())
    new.rename(path)
    return path
