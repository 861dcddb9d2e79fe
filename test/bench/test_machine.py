# SPDX-License-Identifier: GPL-2.0
"""The description of the machine has everything that may change a figure, and no paths."""

from bench import machine

COMMAND = ("loader qemu -accel tcg,thread=multi -cpu max,-erms -machine q35,usb=off -smp 6 -m 1024 -kernel /boot/vmlinuz "
           "-append console=ttyS0 -netdev tap,id=n0,ifname=tap0 -device virtio-rng-pci,rng=rng "
           "-device virtio-net-pci,netdev=n0,mac=02:00:00:00:00:01,romfile=,rx_queue_size=1024 "
           "-plugin /somewhere/else/meter.so,mode=count").split()


def test_guest_is_described_by_its_options():
    assert machine.guest(COMMAND) == {
        "accelerator": "tcg,thread=multi", "guest CPU": "max,-erms", "machine": "q35,usb=off", "vCPUs": "6", "memory, MB": "1024",
        "kernel's command line": "console=ttyS0", "NIC": "virtio-net-pci,rx_queue_size=1024", "plugin": "meter.so,mode=count"}


def test_host_is_described():
    found = machine.host()
    assert int(found["host CPUs"]) >= 1 and found["host kernel"].startswith("Linux ")
    assert found["host CPU"] and found["host memory"].endswith(" MB")
