# SPDX-License-Identifier: GPL-2.0
"""Debug kernels: a version of Debian's source with few options, and with detectors of faults.

A kernel is tinyconfig, base.config and the detector's own fragment (all in debug/), built in the tree that has the
compiler for its modules. A kernel that exists is not built again.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .paths import BUILD, LOGS
from .tree import TreeError

PACKAGES = ["bc", "bison", "flex", "gcc", "kmod", "libc6-dev", "libelf-dev", "make", "python3-minimal", "xz-utils"]
FRAGMENTS = Path(__file__).with_name("debug")
DIRECTORY = BUILD / "debug"
SOURCE, OUTPUT = "/usr/src/falcon-linux", "/usr/src/falcon-debug"     # in the tree
RELEASE = "include/config/kernel.release"
STAMP = ".stamp"


def packages(version):
    return [*PACKAGES, f"linux-source-{version}"]


def binds(version, output):
    """Mounts that the tree needs to build the kernel, or a module for it."""
    return [(DIRECTORY / f"source-{version}", SOURCE[1:]), (output, OUTPUT[1:])]


def wanted(fragments):
    """{option: value} of the fragments' lines; None for an option that must not be set."""
    options = {}
    for line in "\n".join(fragments).splitlines():
        match = re.fullmatch(r"(CONFIG_\w+)=(.+)|# (CONFIG_\w+) is not set", line)
        if match:
            options[match[1] or match[3]] = match[2]
        elif line and not line.startswith("# "):
            raise TreeError(f"not a line of a configuration: {line}")
    return options


def unmet(fragments, config):
    """Options of the fragments that the configuration does not have."""
    have = wanted([line for line in config.splitlines() if re.search("CONFIG_", line)])
    return [f"{option}={value or 'n'}" for option, value in wanted(fragments).items() if have.get(option) != value]


class _Build:
    """One kernel, about to be built."""

    def __init__(self, tree, kernel_id, version, detector):
        self.tree, self.id, self.version = tree, kernel_id, version
        self.output = DIRECTORY / kernel_id
        self.fragments = [FRAGMENTS / f"{name}.config" for name in ("base", detector)]
        self._began = time.monotonic()

    def key(self):
        """Everything that determines the kernel, for a stamp."""
        digest = hashlib.sha256(self.source_version().encode())
        for path in self.fragments:
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def source_version(self):
        name = f"linux-source-{self.version}"
        return self.tree.output(["dpkg-query", "-W", "-f", "${Package} ${Version}", name])

    def say(self, what):
        sys.stdout.write(f"  {self.id} {time.monotonic() - self._began:4.0f} s  {what}\n")
        sys.stdout.flush()

    def _run(self, *argv):
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"debug-{self.id}.log"
        with open(log, "a", encoding="utf-8") as out:
            done = self.tree.run(argv, binds=binds(self.version, self.output), check=False,
                                 stdout=out, stderr=subprocess.STDOUT)
        if done.returncode:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise TreeError(f"{self.id}: {' '.join(argv)}: status {done.returncode}; the end of {log}:\n{tail}")

    def _make(self, *words):
        self._run("nice", "make", "-C", SOURCE, f"O={OUTPUT}", f"-j{os.cpu_count()}", *words)

    def unpack(self):
        """Unpack the source as its package has it."""
        source, stamp = DIRECTORY / f"source-{self.version}", DIRECTORY / f"source-{self.version}.stamp"
        if stamp.exists() and stamp.read_text() == self.source_version():
            return
        self.say("unpacking the source")
        stamp.unlink(missing_ok=True)
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir(parents=True)
        self._run("tar", "-xf", f"/usr/src/linux-source-{self.version}.tar.xz", "-C", SOURCE, "--strip-components=1")
        stamp.write_text(self.source_version())

    def configure(self):
        self._make("tinyconfig")
        for path in self.fragments:
            shutil.copy(path, self.output)
        self._run(f"{SOURCE}/scripts/kconfig/merge_config.sh", "-m", "-O", OUTPUT, f"{OUTPUT}/.config",
                  *(f"{OUTPUT}/{path.name}" for path in self.fragments))
        self._make("olddefconfig")
        lacking = unmet([path.read_text() for path in self.fragments], (self.output / ".config").read_text())
        if lacking:
            raise TreeError(f"{self.id}: the kernel's configuration cannot have {', '.join(lacking)}")

    def build(self):
        shutil.rmtree(self.output, ignore_errors=True)
        self.output.mkdir(parents=True)
        self.unpack()
        self.configure()
        count = (self.output / ".config").read_text().count("\nCONFIG_")
        self.say(f"building it, with {count} options")
        self._make("bzImage", "modules")
        self._make("modules_install", f"INSTALL_MOD_PATH={OUTPUT}/installed")
        self.say("ready")


def is_built(kernel_id):
    return (DIRECTORY / kernel_id / STAMP).exists()


def build(tree, kernel_id, version, detector):
    """Build the kernel unless it exists; returns its output directory and its release."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    what = _Build(tree, kernel_id, version, detector)
    stamp = what.output / STAMP
    # Kernels of one version share their source.
    with open(DIRECTORY / f"{version}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        key = what.key()
        if not stamp.exists() or stamp.read_text() != key:
            what.build()
            stamp.write_text(key)
    return what.output, (what.output / RELEASE).read_text().strip()
