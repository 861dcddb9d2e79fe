# SPDX-License-Identifier: GPL-2.0
"""A Debian suite in a directory: kernels and their compiler, QEMU, the guests' root file system.

debootstrap creates a tree under a temporary name, which is renamed when the tree is complete. A stamp beside it records
the packages installed, so a request for existing ones costs nothing. Every command runs in a mount namespace of its
own, so nothing stays mounted.
"""

import contextlib
import fcntl
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import time

from .paths import LOGS, TREES

# No manual pages and translations, which take half of the unpacking time. No fsync either: nothing here must survive a
# power failure.
DPKG_OPTIONS = """force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/info/*
"""

# A kernel of backports needs the rest of its family from backports, too.
KERNEL_FAMILY = " ".join(["linux-base"] + [
    f"linux-{part}-*" for part in ("base", "image", "headers", "kbuild", "binary", "modules")])
PREFERENCES = f"""Package: {KERNEL_FAMILY}
Pin: release n={{suite}}-backports
Pin-Priority: 500
"""

# /proc is the caller's, because the chroot shares its PID namespace. The overlay keeps the tree unchanged; its upper
# layer disappears with the namespace.
ENTER = r"""
set -euo pipefail
tree=$1 overlay=$2; shift 2
if [[ $overlay == 1 ]]; then
	mount -t tmpfs tmpfs "$tree/tmp"
	mkdir "$tree/tmp/upper" "$tree/tmp/work" "$tree/tmp/root"
	mount -t overlay overlay "$tree/tmp/root" \
		-o "lowerdir=$tree,upperdir=$tree/tmp/upper,workdir=$tree/tmp/work"
	tree=$tree/tmp/root
fi
mount -t proc proc "$tree/proc"
while [[ $1 != -- ]]; do
	mkdir -p "$tree/$2"
	mount --bind "$1" "$tree/$2"
	shift 2
done
shift
exec chroot "$tree" "$@"
"""

CHROOT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# INITRD=No: the guests bring an initramfs of their own; Debian's takes a minute per kernel.
CHROOT_ENV = {
    "PATH": CHROOT_PATH,
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "INITRD": "No",
}


class TreeError(Exception):
    """Creating or changing a tree failed."""


def _apt_targets():
    out = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"],
        capture_output=True, text=True, check=True).stdout
    return [tuple(line.split()) for line in sorted(set(out.splitlines())) if line.count(" ") == 1]


def _apt_acquire():
    """The host's settings for reaching an archive (proxies, validity), for the tree's apt."""
    out = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    wanted = re.compile(r'^Acquire::(?:(?:http|https)::\S*Proxy\S*|Check-\S+|Retries|ForceIPv\d) "[^"]+";$')
    return "".join(line + "\n" for line in out.splitlines() if wanted.match(line))


@functools.total_ordering
class DebVersion:
    """A Debian version, ordered as dpkg orders it."""

    def __init__(self, text):
        self.text = text

    def __eq__(self, other):
        return self.text == other.text

    def __lt__(self, other):
        return subprocess.run(
            ["dpkg", "--compare-versions", self.text, "lt", other.text], check=False).returncode == 0


class Tree:
    """One suite under build/trees/."""

    def __init__(self, suite):
        self.suite = suite
        self.path = TREES / suite
        self.stamp_path = TREES / f"{suite}.json"
        self.log_path = LOGS / f"tree-{suite}.log"
        self._began = time.monotonic()

    # -- running commands in it

    def argv(self, argv, binds=(), overlay=False):
        """Command line that runs argv in the tree; binds are (host directory, path in the tree)."""
        mounts = [str(part) for pair in binds for part in pair]
        return ["unshare", "--mount", "--propagation", "private", "--", "bash", "-c", ENTER, "enter",
                str(self.path), "1" if overlay else "0", *mounts, "--", *map(str, argv)]

    def run(self, argv, binds=(), overlay=False, env=None, **kwargs):
        """Run argv in the tree, as subprocess.run does."""
        environ = {**CHROOT_ENV, **{k: v for k, v in os.environ.items() if k.endswith("_proxy")}}
        environ.update(env or {})
        kwargs.setdefault("check", True)
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(self.argv(argv, binds, overlay), env=environ, **kwargs)

    def output(self, argv, **kwargs):
        return self.run(argv, stdout=subprocess.PIPE, text=True, **kwargs).stdout

    # -- creating it

    def stamp(self):
        try:
            return json.loads(self.stamp_path.read_text())
        except FileNotFoundError:
            return {"packages": [], "kernels": {}}

    def _write_stamp(self, stamp):
        new = self.stamp_path.with_suffix(".new")
        new.write_text(json.dumps(stamp, indent=1, sort_keys=True) + "\n")
        new.rename(self.stamp_path)

    @contextlib.contextmanager
    def lock(self):
        """Only one process at a time changes the tree."""
        TREES.mkdir(parents=True, exist_ok=True)
        with open(TREES / f"{self.suite}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def say(self, what):
        # One write, because both suites are created at a time.
        sys.stdout.write(f"  {self.suite:<9} {time.monotonic() - self._began:4.0f} s  {what}\n")
        sys.stdout.flush()

    def _logged(self, argv, env=None):
        LOGS.mkdir(parents=True, exist_ok=True)
        with open(self.log_path, "a", encoding="utf-8") as log:
            done = subprocess.run(argv, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                  env=env, check=False)
        if done.returncode:
            tail = "\n".join(self.log_path.read_text(errors="replace").splitlines()[-15:])
            raise TreeError(f"{self.suite}: failed with status {done.returncode}; "
                            f"the end of {self.log_path}:\n{tail}")

    def apt(self, *args):
        env = {**CHROOT_ENV, **{k: v for k, v in os.environ.items() if k.endswith("_proxy")}}
        self._logged(self.argv(["apt-get", "-qq", "-y", *args]), env=env)

    def _bootstrap(self):
        self.stamp_path.unlink(missing_ok=True)
        new = TREES / f".{self.suite}.new"
        if new.exists():
            shutil.rmtree(new)
        self.say("debootstrap")
        self._logged(["unshare", "--mount", "--propagation", "private", "--",
                      "debootstrap", "--variant=minbase", "--include=ca-certificates", self.suite, str(new)])
        sources = new / "etc/apt/sources.list"
        mirror = re.search(r"^deb\s+(?:\[[^\]]*\]\s*)?(\S+)", sources.read_text(), re.M).group(1)
        security = sorted({uri for uri, release in _apt_targets() if release.endswith("-security")})
        lines = [f"deb {mirror} {self.suite}{pocket} main" for pocket in ("", "-updates", "-backports")]
        lines += [f"deb {uri} {self.suite}-security main" for uri in security]
        sources.write_text("\n".join(lines) + "\n")
        (new / "etc/apt/apt.conf.d/80falcon").write_text(
            _apt_acquire() + 'APT::Install-Recommends "false";\nAcquire::Languages "none";\n')
        (new / "etc/apt/preferences.d/falcon").write_text(PREFERENCES.format(suite=self.suite))
        (new / "etc/dpkg/dpkg.cfg.d/falcon").write_text(DPKG_OPTIONS)
        policy = new / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        for point in ("falcon", "shared"):
            (new / point).mkdir()
        new.rename(self.path)

    def ensure(self, packages, kernels=()):
        """Make sure that the tree has these packages, and for each (version, flavours) of `kernels` the newest image
        and headers. Returns {version: release} without the flavour.
        """
        with self.lock():
            if not self.path.is_dir():
                self._bootstrap()
            stamp = self.stamp()
            missing = sorted(set(packages) - set(stamp["packages"]))
            wanted = [(version, flavour) for version, flavours in kernels for flavour in flavours
                      if flavour not in stamp["kernels"].get(version, {}).get("flavours", [])]
            if missing or wanted:
                self.say("apt-get update")
                self.apt("update")
                # Repair the leftovers of an interrupted run.
                self._logged(self.argv(["dpkg", "--configure", "-a"]), env=CHROOT_ENV)
                names = list(missing)
                for version, flavour in wanted:
                    entry = stamp["kernels"].setdefault(version, {"flavours": []})
                    entry.setdefault("release", self.newest_kernel(version))
                    names += self._kernel_packages(entry["release"], flavour)
                    entry["flavours"].append(flavour)
                self.say("apt-get install " + " ".join(names))
                self.apt("install", *names)
                self.apt("clean")
                stamp["packages"] = sorted(set(stamp["packages"]) | set(packages))
                self._write_stamp(stamp)
                self.say("ready")
            return {version: entry["release"] for version, entry in stamp["kernels"].items()}

    @staticmethod
    def _kernel_packages(release, flavour):
        # Only the ordinary flavour is booted; the cloud flavour only has to compile.
        names = [f"linux-headers-{release}-{flavour}"]
        if flavour == "amd64":
            names.append(f"linux-image-{release}-{flavour}")
        return names

    def newest_kernel(self, version):
        """Newest release (without flavour) of a version such as 6.12 that has an image and headers."""
        names = set(self.output(["apt-cache", "pkgnames", "linux-"]).split())
        pattern = re.compile(rf"linux-image-({re.escape(version)}[.][^-]+(?:-\d+)?)-amd64")
        releases = []
        for name in names:
            match = pattern.fullmatch(name)
            if match and f"linux-headers-{match[1]}-amd64" in names:
                releases.append(match[1])
        found = []
        if releases:
            # apt may know a package by name only; `show` tells if it is available.
            shown = self.output(["apt-cache", "--no-all-versions", "show"]
                                + [f"linux-{kind}-{r}-amd64" for r in releases for kind in ("image", "headers")],
                                check=False, stderr=subprocess.DEVNULL)
            have = dict(re.findall(r"^Package: (\S+)\n(?:.*\n)*?Version: (\S+)", shown, re.M))
            found = [(DebVersion(have[f"linux-image-{r}-amd64"]), r) for r in releases
                     if f"linux-image-{r}-amd64" in have and f"linux-headers-{r}-amd64" in have]
        if not found:
            raise TreeError(f"{self.suite}: no kernel {version} with headers in its archive")
        return max(found)[1]


def require_root():
    if os.geteuid():
        sys.exit("this needs root (mount namespaces, chroot)")
