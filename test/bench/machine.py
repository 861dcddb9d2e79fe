# SPDX-License-Identifier: GPL-2.0
"""Describes the machine that measured, for people who compare results: host, QEMU and guest."""

import os
import re
import subprocess
from pathlib import Path

from vm import qemu

# Options of QEMU that may change a figure. Paths are left out.
OPTIONS = {"-accel": "accelerator", "-cpu": "guest CPU", "-machine": "machine", "-smp": "vCPUs", "-m": "memory, MB",
           "-append": "kernel's command line", "-plugin": "plugin"}


def describe(qemu_pid):
    """{property: text}"""
    argv = [os.fsdecode(word) for word in Path(f"/proc/{qemu_pid}/cmdline").read_bytes().split(b"\0")]
    return {**host(), "QEMU": version(), **guest(argv)}


def host():
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    memory = Path("/proc/meminfo").read_text(encoding="ascii")
    return {"host CPU": _first(r"^model name\s*: (.*)$", cpuinfo), "host CPUs": str(os.cpu_count()),
            "host memory": f"{int(_first(r'^MemTotal: *([0-9]+) kB', memory, '0')) // 1024} MB",
            "host kernel": f"{os.uname().sysname} {os.uname().release}"}


def version():
    argv, env = qemu.loader()
    done = subprocess.run([*argv, "--version"], env={**os.environ, **env}, capture_output=True, text=True, check=False)
    return _first(r"version (\S+(?: \([^)]*\))?)", done.stdout)


def guest(argv):
    """The guest's properties from QEMU's command line."""
    found = {}
    for option, value in zip(argv, argv[1:]):
        if option in OPTIONS:
            found[OPTIONS[option]] = re.sub(r"[^ ,=]*/", "", value)
        elif option == "-device" and ",netdev=" in value:
            found["NIC"] = re.sub(r",(?:netdev|mac|romfile)=[^,]*", "", value)
    return found


def _first(pattern, text, otherwise="unknown"):
    match = re.search(pattern, text, re.M)
    return match[1].strip() if match else otherwise
