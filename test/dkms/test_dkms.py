# SPDX-License-Identifier: GPL-2.0
"""The whole life of the module under DKMS, in a copy-on-write view of each suite's tree. A guest loads the installed
module.
"""

import re
import shutil
import subprocess

import pytest

from net.control import NOT_LOADED
from vm import kernel as kernels, tools
from vm.guest import Guest
from vm.paths import BUILD, REPO

VERSION = re.search(r'^PACKAGE_VERSION="(.*)"$', (REPO / "dkms.conf").read_text(), re.M)[1]

# The file system's state where DKMS and make work. DKMS's own signing keys stay.
LISTING = r"""
listing() {
	find /usr/src /var/lib/dkms "/lib/modules/$KVER/" -not -name 'mok.*' -not -path /var/lib/dkms -printf '%p %l\n' | sort
}
listing >/out/before
"""

LIFE = LISTING + r"""
make -s -C /falcon dkms-install
dkms status -k "$KVER" >/out/status
modinfo -k "$KVER" -F filename falcon >/out/filename
modinfo -k "$KVER" -F version falcon >/out/version
cp -a --parents "/lib/modules/$KVER/updates" "/lib/modules/$KVER"/modules.* /out/
cp -a "/usr/src/falcon-$(dkms status falcon | sed -E 's|^falcon/([^,:]+).*|\1|')" /out/sources
make -s -C /falcon dkms-remove
dkms status >/out/status-removed
listing >/out/after
"""

# An unfit kernel: dkms.conf excludes its configuration or its version.
UNFIT_CONFIG = LISTING + r"""
# Either is what DKMS reads, by its version.
sed -i '/^CONFIG_RPS=/d' "/usr/src/linux-headers-$KVER/"{.config,include/config/auto.conf}
make -s -C /falcon dkms-install
find "/lib/modules/$KVER/" -name 'falcon.ko*' >/out/found
dkms status >/out/status
make -s -C /falcon dkms-remove
listing >/out/after
"""

UNFIT_VERSION = r"""
mkdir -p /lib/modules/5.10.0-1-amd64
ln -s "/usr/src/linux-headers-$KVER" /lib/modules/5.10.0-1-amd64/build
make -s -C /falcon dkms-install KVER=5.10.0-1-amd64
find /lib/modules/5.10.0-1-amd64/ -name 'falcon.ko*' >/out/found
dkms status >/out/status
"""


class Chroot:
    """Runs a script in the kernel's tree, which stays unchanged."""

    def __init__(self, kernel_id, name, script):
        self.kernel = kernels.get(kernel_id)
        self.kernel.tree.ensure(kernels.BUILD_PACKAGES + kernels.CHECK_PACKAGES)
        self.out = BUILD / "test/dkms" / f"{kernel_id}-{name}"
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        self.done = self.kernel.tree.run(
            ["bash", "-euo", "pipefail", "-c", script], overlay=True, check=False,
            binds=[(REPO, "falcon"), (self.out, "out")], env={"KVER": self.kernel.release},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def read(self, name):
        return (self.out / name).read_text()


@pytest.fixture(scope="module")
def life(dkms_kernel):
    chroot = Chroot(dkms_kernel, "life", LIFE)
    assert chroot.done.returncode == 0, chroot.done.stdout
    return chroot


def test_installed(life):
    assert re.search(rf"^falcon/{re.escape(VERSION)}, {re.escape(life.kernel.release)}, x86_64: installed$",
                     life.read("status"), re.M)
    assert f"/lib/modules/{life.kernel.release}/updates/dkms/falcon.ko" in life.read("filename")
    assert life.read("version").strip() == VERSION


def test_sources_are_what_it_takes_and_no_more(life):
    there = {str(path.relative_to(life.out / "sources")) for path in (life.out / "sources").rglob("*")
             if path.is_file()}
    assert {"Kbuild", "dkms.conf", "LICENSE", "module/main.c", "include/uapi/linux/falcon.h"} <= there
    assert not [name for name in there if name.split("/")[0] not in ("Kbuild", "dkms.conf", "LICENSE", "module",
                                                                     "include")]
    assert not [name for name in there if name.endswith((".o", ".ko", ".cmd", ".mod.c"))]


def test_removal_leaves_nothing(life):
    assert "falcon" not in life.read("status-removed")
    assert life.read("after") == life.read("before")


def test_loads_and_unloads_in_a_guest(life, dkms_kernel):
    tools.falconctl()
    modules = life.out / "lib/modules" / life.kernel.release
    # The suite's own modprobe: suite, DKMS and kernel agree how modules are compressed.
    with Guest(kernel=dkms_kernel, suite=life.kernel.suite, vcpus=2, memory=512, time_limit=300) as guest:
        shutil.copytree(modules, guest.shared / "modules")
        guest.run("cp -a /shared/modules/. /lib/modules/$(uname -r)/")
        # A request for the netlink family does not load the module.
        guest.run("setpriv --reuid=65534 --regid=65534 --clear-groups /falcon/build/tools/falconctl status >/dev/null 2>&1\n"
                  f"[[ $? = {NOT_LOADED} && ! -e /sys/module/falcon ]]")
        assert guest.run("modprobe falcon; cat /sys/module/falcon/initstate").out == "live\n"
        assert guest.run("cat /sys/module/falcon/version").out.strip() == VERSION
        guest.run("modprobe -r falcon; [[ ! -e /sys/module/falcon ]]")


@pytest.mark.parametrize("name, script", [("config", UNFIT_CONFIG), ("version", UNFIT_VERSION)],
                         ids=["config", "version"])
def test_unfit_kernel_is_skipped_politely(dkms_kernel, name, script):
    chroot = Chroot(dkms_kernel, f"unfit-{name}", script)
    assert chroot.done.returncode == 0, chroot.done.stdout
    assert "BUILD_EXCLUSIVE" in chroot.done.stdout
    assert "skipped" in chroot.done.stdout
    assert chroot.read("found") == ""
    assert chroot.read("status").strip() == f"falcon/{VERSION}: added"
    if name == "config":
        assert chroot.read("after") == chroot.read("before")
