# SPDX-License-Identifier: GPL-2.0
"""Every command in README.md does what the README says."""

import json
import os
import re
import shutil
import subprocess

import pytest

from vm import kernel as kernels
from vm.guest import Guest
from vm.paths import BUILD, REPO

COMMANDS = [line[len("$ sudo "):] for block in re.findall(r"^```console\n(.*?)^```", (REPO / "README.md").read_text(),
                                                          re.M | re.S)
            for line in block.splitlines()]
# Where each command is tried. A command that matches none of these fails test_every_command_is_tried.
ON_THIS_MACHINE = ("make demo", "make check")
ON_THE_SERVER = ("apt-get ", "make ")               # in a chroot of Debian 12
IN_THE_KERNEL = ("falconctl ", "modprobe ", "sysctl ")  # in a guest that runs the kernel of that Debian


def chosen(prefixes):
    return [command for command in COMMANDS if command.startswith(prefixes)
            and command not in ON_THIS_MACHINE]


def test_every_command_is_tried():
    assert len(COMMANDS) >= 15
    assert [command for command in COMMANDS
            if not command.startswith((*ON_THIS_MACHINE, *ON_THE_SERVER, *IN_THE_KERNEL))] == []


def test_make_demo_shows_the_gain():
    done = subprocess.run(["make", "demo"], cwd=REPO, capture_output=True, text=True, check=False,
                          timeout=900, env={**os.environ, "KERNEL": ""})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for word in ("stock", "falcon", "cpu0", "lost", "reordered"):
        assert word in done.stdout, done.stdout
    # Instructions, which the machine's load does not change: 3.1 and 2.1 if nothing disturbs the measurement.
    udp, tcp = (float(found) for found in re.findall(r"speed-up (\d+\.\d+)", done.stdout))
    assert udp > 2 and tcp > 1.4, done.stdout


def test_make_bench_writes_results():
    """With the variables that make help names, on one case."""
    done = subprocess.run(["make", "bench", "CASES=udp-64-1flow", "VARIANTS=stock,pipeline", "ROUNDS=1", "WINDOW=1"],
                          cwd=REPO, capture_output=True, text=True, check=False, timeout=600,
                          env={**os.environ, "KERNEL": ""})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    results = json.loads((BUILD / "bench/results.json").read_text())
    assert {(item["case"], item["variant"]) for item in results} == {("udp-64-1flow", "stock"),
                                                                     ("udp-64-1flow", "pipeline")}
    for command in (["report"], ["bench-compare", "OLD=build/bench/results.json"]):
        done = subprocess.run(["make", *command], cwd=REPO, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "udp-64-1flow" in (BUILD / "bench/report.html").read_text()
    assert "0 worse, 0 better" in done.stdout


def test_make_sweep_measures_fragments():
    done = subprocess.run(["make", "sweep", "SWEEP=size", "CASES=udp-4096-1flow", "ROUNDS=1", "WINDOW=1"], cwd=REPO,
                          capture_output=True, text=True, check=False, timeout=600, env={**os.environ, "KERNEL": ""})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads((BUILD / "bench/sweep-size.json").read_text())
    assert not found["refused"] and {row["variant"] for row in found["results"]} == {point["variant"] for point in found["points"]} | {"stock"}


def test_make_profile_shows_the_path():
    done = subprocess.run(["make", "profile", "CASES=udp-64-1flow", "VARIANTS=stock", "WINDOW=1"],
                          cwd=REPO, capture_output=True, text=True, check=False, timeout=600,
                          env={**os.environ, "KERNEL": ""})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    profile = json.loads((BUILD / "bench/profile.json").read_text())["variants"]["stock"]
    # stock does everything on one CPU
    for part in ("NIC's driver", "GRO", "IP, UDP, TCP", "tunnel", "bridge"):
        assert profile["parts"][0][part]["instructions"] > 0, profile["parts"][0]
    for spent, parts in zip(profile["per_cpu"], profile["parts"]):
        for what in ("instructions", "lines"):
            assert sum(part[what] for part in parts.values()) == pytest.approx(spent[what]), profile
    picture = (BUILD / "bench/profile-udp-64-1flow-stock.svg").read_text()
    assert "virtnet_poll" in picture


def test_make_pairs_writes_ratios():
    done = subprocess.run(["make", "pairs", "CASES=udp-rr", "PAIRS=2"], cwd=REPO, capture_output=True, text=True,
                          check=False, timeout=600, env={**os.environ, "KERNEL": ""})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    case, = json.loads((BUILD / "bench/pairs.json").read_text())["cases"]
    assert (case["case"], case["variant"], case["without"], len(case["pairs"])) == ("udp-rr", "auto", "falcon disabled", 2)
    assert all(case["ratios"][metric]["mean"] > 0 for metric in ("total_cpu_us_per_transaction", "median_rtt_us"))


def test_make_check_runs_these_tests():
    plan = subprocess.run(["make", "-n", "check"], cwd=REPO, capture_output=True, text=True, check=True)
    assert "test/run" in plan.stdout
    assert re.search(r"^\s*exec make --no-print-directory check$", (REPO / ".ci/run").read_text(), re.M)


@pytest.fixture(scope="module")
def server():
    """A Debian 12 on which the README's installation and then its removal were run; the observations in between."""
    kernel = kernels.get("6.1")
    kernel.tree.ensure(kernels.BUILD_PACKAGES + kernels.CHECK_PACKAGES)
    out = BUILD / "test/readme"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    commands = chosen(ON_THE_SERVER)
    undo = [command for command in commands if "remove" in command or "uninstall" in command]
    script = "\n".join([
        # A clone of its own, in which nothing is built.
        "mkdir /clone", "cd /falcon", "cp -a $(ls -A | grep -vx -e build -e .git) /clone", "cd /clone",
        *(command.replace("apt-get install", "apt-get -q -y install") for command in commands
          if command not in undo),
        "cd /",     # cp --parents looks for the parents here
        'cp -aL --parents "/lib/modules/$KVER/updates" /lib/modules/$KVER/modules.* /usr/sbin/falconctl '
        "/usr/share/man/man8/falconctl.8 /usr/share/bash-completion/completions/falconctl "
        "$(ldconfig -p | sed -n 's/.*libmnl.*=> //p') /out/",
        "cd /clone",
        *undo,
        "ls -d /usr/sbin/falconctl /usr/src/falcon-[0-9]* /lib/modules/$KVER/updates/dkms/falcon* >/out/left 2>/dev/null || :",
    ])
    done = kernel.tree.run(["bash", "-euo", "pipefail", "-c", script], overlay=True, check=False,
                           binds=[(REPO, "falcon"), (out, "out")],
                           env={"KVER": kernel.release, "DEBIAN_FRONTEND": "noninteractive"},
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    return out


@pytest.mark.waits
def test_removal_leaves_nothing(server):
    assert (server / "left").read_text() == ""


@pytest.mark.waits
def test_installed_module_and_command_work_in_the_kernel(server):
    kernel = kernels.get("6.1")
    modules = server / "lib/modules" / kernel.release
    with Guest(kernel="6.1", suite=kernel.suite, vcpus=4, memory=1024, time_limit=300) as guest:
        shutil.copytree(modules, guest.shared / "modules")
        shutil.copytree(server / "usr", guest.shared / "usr")
        shutil.copytree(server / "lib/x86_64-linux-gnu", guest.shared / "lib")
        guest.run("cp -a /shared/modules/. /lib/modules/$(uname -r)/; cp -a /shared/usr/. /usr/;"
                  "cp -a /shared/lib/. /usr/lib/x86_64-linux-gnu/; ldconfig")
        for command in chosen(IN_THE_KERNEL):
            guest.run(command)
        guest.run("[[ ! -e /sys/module/falcon ]]")
