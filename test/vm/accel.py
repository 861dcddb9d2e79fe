# SPDX-License-Identifier: GPL-2.0
"""KVM if a stock kernel really boots with it, TCG otherwise.

Being able to open /dev/kvm proves little: nested or partial implementations run some guests only. So one kernel is
booted once, with a short time limit, and the verdict is kept under build/.
"""

import fcntl
import json
import os
import subprocess

from . import initramfs, qemu
from .paths import BUILD

LIMIT = 20      # seconds to reach the initramfs; one is usual with KVM


def choose(kernel):
    """"kvm" or "tcg"."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "accel.json", "a+", encoding="ascii") as store:
        fcntl.flock(store, fcntl.LOCK_EX)
        store.seek(0)
        text = store.read()
        key = "no device"
        if os.path.exists("/dev/kvm"):
            key = f"{os.uname().release} {os.stat('/dev/kvm').st_rdev}"
        known = json.loads(text) if text else {}
        if known.get("key") != key:
            works = key != "no device" and _boots(kernel)
            known = {"key": key, "accel": "kvm" if works else "tcg"}
            store.truncate(0)
            store.write(json.dumps(known) + "\n")
        return known["accel"]


def _boots(kernel):
    argv, env = qemu.loader()
    argv += qemu.accelerator("kvm")
    # Without the shares the init fails, prints that on the console and powers off. That proves enough.
    argv += ["-machine", "q35", "-smp", "2", "-m", "512", "-nodefaults", "-no-user-config", "-display", "none",
             "-no-reboot", "-kernel", str(kernel.image), "-initrd", str(initramfs.make(kernel)),
             "-append", "console=ttyS0 loglevel=3 panic=-1", "-serial", "stdio"]
    try:
        done = subprocess.run(argv, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LIMIT, check=False,
                              preexec_fn=qemu.die_with_parent)  # pylint: disable=subprocess-popen-preexec-fn
    except subprocess.TimeoutExpired:
        return False
    return b"falcon-init: failed" in done.stdout
