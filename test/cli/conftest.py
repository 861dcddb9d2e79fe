# SPDX-License-Identifier: GPL-2.0
"""falconctl under ASan and UBSan, alone or with a simulated kernel."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from cli.fake_kernel import FakeKernel
from vm import tools

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build/test/falconctl"
# A sanitizer's exit code must differ from falconctl's own exit codes.
SANITIZERS = {"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "exitcode=99:print_stacktrace=1"}


class Result:
    """Result of a run of falconctl."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def error(self):
        """The error object of falconctl --json. Asserts that stderr has nothing else."""
        assert self.out == ""
        return json.loads(self.err)["error"]


class Falconctl:
    """Runs the binary; a sanitizer's report fails the test at once."""

    def __init__(self, binary, **env):
        self.binary = binary
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", **SANITIZERS, **env}

    def __call__(self, *args, **options):
        done = subprocess.run([self.binary, *args], env=self.env, text=True, errors="surrogateescape",
                              timeout=60, stdin=subprocess.DEVNULL, check=False,
                              **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})
        result = Result(done)
        assert 0 <= result.code <= 6, f"{args}: exit {result.code}\n{result.err}"
        return result

    def start(self, *args):
        return subprocess.Popen([self.binary, *args], env=self.env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture(scope="session")
def built():
    """The directory of the binaries."""
    tools.make("tools/falconctl", BUILD, "SANITIZE=1", "all", "replay")
    return BUILD


@pytest.fixture
def falconctl(built, tmp_path):
    """falconctl on a host without the module: its /sys is empty."""
    return Falconctl(built / "falconctl", FALCONCTL_ROOT=str(tmp_path / "no-host"))


@pytest.fixture
def peer(tmp_path):
    with FakeKernel(str(tmp_path / "kernel")) as fake:
        yield fake


@pytest.fixture
def ctl(built, peer, tmp_path):
    """falconctl that talks to the simulated kernel."""
    return Falconctl(built / "falconctl-replay", FALCONCTL_REPLAY=peer.path,
                     FALCONCTL_ROOT=str(tmp_path / "no-host"))
