# SPDX-License-Identifier: GPL-2.0
"""QEMU's command line. QEMU 10 comes from the trixie tree and runs on any host through that tree's own loader. QEMU 7.2
(bookworm) fails when the guest patches its code under load.
"""

import ctypes
import dataclasses
import signal
import zlib

from .kernel import GUEST_SUITE
from .paths import REPO
from .tree import Tree

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)

# A warning must end the guest, and QEMU with it. loglevel=5 prints warnings on the console.
# maxcpus: the init starts the other CPUs once the devices exist. QEMU's memory map changes during PCI set-up, and now
# and then QEMU aborted when another vCPU used the map meanwhile.
# lpj: saves the calibration of the delay loop for each CPU, which takes seconds on an emulated CPU.
# The soft lockup detector and RCU get more patience, because a vCPU is a thread that may wait for a CPU.
CMDLINE = ("console=ttyS0 maxcpus=1 lpj=20000000 loglevel=5 panic_on_warn=1 oops=panic panic=-1 "
           "rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30 "
           "random.trust_cpu=on tsc=reliable no_timer_check")


@dataclasses.dataclass(frozen=True)
class Nic:
    """A NIC of the guest, virtio by default, on an existing tap of QEMU's network namespace."""

    tap: str
    mac: str | None = None
    queues: int = 1
    model: str = "virtio-net-pci"
    props: dict = dataclasses.field(default_factory=dict)

    def args(self, index):
        # Derived from the tap's name, so that neighbours can be set before the guest runs.
        mac = self.mac or "52:54:00:%02x:%02x:%02x" % tuple((zlib.crc32(self.tap.encode()) + index)
                                                            .to_bytes(4, "big")[1:])
        netdev = f"tap,id=n{index},ifname={self.tap},script=no,downscript=no,vhost=off"
        device = f"{self.model},netdev=n{index},mac={mac},romfile="
        if not self.model.startswith("virtio"):
            # Such a NIC verifies checksums itself, as for frames on a wire, so the tap must compute them.
            netdev += ",vnet_hdr=off"
        if self.queues > 1:
            netdev += f",queues={self.queues}"
            device += f",mq=on,vectors={2 * self.queues + 2}"
        device += "".join(f",{key}={value}" for key, value in self.props.items())
        return ["-netdev", netdev, "-device", device]


def loader():
    """Command line that starts the tree's QEMU on this host, and its environment."""
    tree = Tree(GUEST_SUITE).path
    lib = f"{tree}/usr/lib/x86_64-linux-gnu"
    argv = [f"{tree}/usr/lib64/ld-linux-x86-64.so.2", "--library-path", lib,
            f"{tree}/usr/bin/qemu-system-x86_64",
            "-L", f"{tree}/usr/share/qemu", "-L", f"{tree}/usr/share/seabios", "-L", f"{tree}/usr/lib/ipxe/qemu"]
    return argv, {"QEMU_MODULE_DIR": f"{lib}/qemu", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def accelerator(name):
    return {
        "kvm": ["-accel", "kvm", "-cpu", "host"],
        # One thread per vCPU: with a single thread nothing could run in parallel, or out of order. Without erms and
        # fsrm the kernel copies and clears memory by words: an emulated CPU needs as long for a one-byte iteration as
        # for eight bytes.
        "tcg": ["-accel", "tcg,thread=multi", "-cpu", "max,-erms,-fsrm"],
        # To tell faults of several threads from others (test/vm/breakpoint).
        "tcg-single": ["-accel", "tcg,thread=single", "-cpu", "max,-erms,-fsrm"],
    }[name]


def command(kernel, initramfs, *, root, name, accel, vcpus, memory, console, shared, agent_fd, meter, nics, append,
            interactive):
    """The whole command line; meter: (path of the plugin, file descriptor), or None."""
    argv, env = loader()
    argv += accelerator(accel)
    if meter:
        argv += ["-plugin", f"file={meter[0]},fd={meter[1]}"]
    argv += ["-name", f"{name},debug-threads=on", "-machine", "q35,usb=off,vmport=off", "-smp", str(vcpus),
             "-m", str(memory), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
             "-kernel", str(kernel.image), "-initrd", str(initramfs),
             "-append", f"{CMDLINE} {append}".strip(),
             "-chardev", f"file,id=console,path={console}", "-serial", "chardev:console",
             "-device", "virtio-serial-pci",
             "-chardev", f"socket,id=agent,fd={agent_fd}",
             "-device", "virtserialport,chardev=agent,name=falcon.agent",
             "-object", "rng-builtin,id=rng", "-device", "virtio-rng-pci,rng=rng"]
    shares = [("root", root, True), ("modules", kernel.modules, True),
              ("falcon", REPO, True), ("shared", shared, False)]
    for tag, path, readonly in shares:
        argv += ["-fsdev", f"local,id={tag},path={path},security_model=none,multidevs=remap"
                 + (",readonly=on" if readonly else ""),
                 "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
    for index, nic in enumerate(nics):
        argv += nic.args(index)
    if interactive:
        argv += ["-chardev", "stdio,id=tty,signal=off", "-device", "virtconsole,chardev=tty"]
    return argv, env


def die_with_parent():
    """For Popen's preexec_fn: the kernel kills QEMU when the thread that started it is gone."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
