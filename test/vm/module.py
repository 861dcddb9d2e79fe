# SPDX-License-Identifier: GPL-2.0
"""Builds the module for a kernel, in that kernel's own tree, from a copy of the sources.

The objects are in build/module/<uname -r>/: the source tree stays clean, and each kernel keeps its objects. If the tree
has sparse, each build enables all warnings of sparse and gcc.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess

from . import kernel as kernels
from .paths import BUILD, MODULES, REPO

SOURCES = ("Kbuild", "dkms.conf", "module", "include")
MADE = "kernel-has.h"       # created by a build, beside the sources
SUFFIXES = ("", ".c", ".h", ".S", ".def", ".conf", ".sh")
MOUNTED = "usr/src/falcon-build"


class BuildFailed(Exception):
    """The module does not compile; `log` is make's output."""

    def __init__(self, kernel, log):
        self.log = log
        super().__init__(f"the module does not build for {kernel.release}:\n{log[-6000:]}")


class Built:
    """A built module: `path` of its .ko, `log` of make, `fresh` if it was built just now."""

    def __init__(self, kernel, path, log, fresh):
        self.kernel, self.path, self.log, self.fresh = kernel, path, log, fresh


def sources(root=REPO, names=SOURCES):
    """Relative paths of a module's sources."""
    found = []
    for name in names:
        path = root / name
        files = [path] if path.is_file() else path.rglob("*")
        found += [file.relative_to(root) for file in files if file.is_file() and file.suffix in SUFFIXES
                  and not file.name.startswith(".") and not file.name.endswith((".mod.c", MADE))]
    return sorted(found)


def _copy(root, directory, names):
    """Copy root's sources to the directory; unchanged files keep their time, so make skips them."""
    for name in names:
        target = directory / name
        data = (root / name).read_bytes()
        if not target.exists() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        target.chmod((root / name).stat().st_mode & 0o777)


def build(kernel_id, flavour="amd64", whole=False, root=REPO, directory=None, output="falcon.ko",
          names=SOURCES):
    """Build for a kernel id of kernel.KERNELS. Returns Built.

    whole: compile everything, with sparse, so the log covers every file. For a module other than falcon: its root, the
    files and directories there, a directory of its own.
    """
    kernel = kernels.get(kernel_id, flavour)
    if whole:
        kernel.tree.ensure(["sparse"])
    directory = directory or MODULES / kernel.release
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build(kernel, whole, root, directory, directory / output, sources(root, names))


def fault(kernel_id):
    """Path in the guest of the module that does forbidden things, selected by its parameter."""
    built = build(kernel_id, root=REPO / "test/vm/fault", names=("Kbuild", "fault.c"), output="fault.ko",
                  directory=BUILD / "test/fault" / kernel_id)
    return f"/falcon/{built.path.relative_to(REPO)}"


def _build(kernel, whole, root, directory, output, names):
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0".encode() + (root / name).read_bytes() + b"\0")
    binds, argv = command(kernel, directory)
    stamp = {"sources": digest.hexdigest(), "names": [str(name) for name in names], "argv": argv}
    stamp_path, log_path = directory / ".stamp", directory / "make.log"
    old = json.loads(stamp_path.read_text()) if stamp_path.exists() else {}
    if old == stamp and output.exists() and not whole:
        return Built(kernel, output, log_path.read_text(), fresh=False)
    stamp_path.unlink(missing_ok=True)
    # A file was added or removed: old objects could still be linked, or found by #include.
    if whole or old.get("names") != stamp["names"] or old.get("argv") != argv:
        _empty(directory)
    _copy(root, directory, names)
    output.unlink(missing_ok=True)
    done = kernel.tree.run(argv, binds=binds, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True)
    log = done.stdout.replace(f"/{MOUNTED}/", "")
    log_path.write_text(log)
    if done.returncode or not output.exists():
        raise BuildFailed(kernel, log)
    stamp_path.write_text(json.dumps(stamp) + "\n")
    return Built(kernel, output, log, fresh=True)


def command(kernel, directory):
    """(mounts in the tree, command to run there)"""
    # The demonstration's tree has neither sparse nor the Perl that comes with it. gcc's warnings need Perl: with W=1
    # the kernel also checks comments. The demonstration need not wait for these checks.
    checks = ["W=1", "KBUILD_CHECKSRC=2"] if (kernel.tree.path / "usr/bin/sparse").exists() else []
    # Later kernels disable sparse because it does not know __typeof_unqual__ or their static assertions: these defines
    # cure both (gcc still checks the assertions). The kernel's Makefile cannot override a setting on the command line.
    return [*kernel.binds, (directory, MOUNTED)], [
        "nice", "make", "-C", kernel.build, f"M=/{MOUNTED}", "-j2", *checks,
        "CF=-D__typeof_unqual__=__typeof__ '-D_Static_assert(...)='", "modules"]


def _empty(directory):
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != ".lock":
            path.unlink()
