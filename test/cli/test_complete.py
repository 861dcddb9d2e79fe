# SPDX-License-Identifier: GPL-2.0
"""Completion: the words that the binary offers, and the result in bash."""

import json
import os
import subprocess

import pytest

from cli.conftest import TOP
from cli.fake_kernel import ENUMS, SETS

SCRIPT = TOP / "tools/completion/falconctl.bash"
KEYS = [a["name"] for a in SETS["config"]]


def offered(falconctl, *words):
    result = falconctl("complete", "--", *words)
    assert (result.code, result.err) == (0, "")
    return result.out.split()


def commands(falconctl, *path):
    return [c["name"] for c in json.loads(falconctl("help", "--json", *path).out)["commands"]]


def test_commands(falconctl):
    assert offered(falconctl, "") == offered(falconctl) == commands(falconctl)
    for name in ("config", "device", "flow", "stats"):
        assert offered(falconctl, name, "") == commands(falconctl, name)
        assert offered(falconctl, "help", name, "") == commands(falconctl, name)
    assert offered(falconctl, "help", "") == commands(falconctl)


@pytest.mark.parametrize("words,expected", [
    (["st"], ["status", "stats"]),
    (["--json", "dis"], ["disable"]),
    (["config", "s"], ["show", "set"]),
    (["flow", "list", "--t"], ["--top"]),
    (["flow", "list", "--top", "3", "--j"], ["--json"]),
    (["flow", "list", "--top", ""], []),
    (["stats", "show", "--"], ["--json", "--help", "--version", "--all", "--explain"]),
    (["status", "--"], ["--json", "--help", "--version"]),
    (["check", "--r"], []),
    (["status", ""], []),
    (["nonsense", ""], []),
    (["config", "nonsense", ""], []),
    (["help", "status", ""], []),
    (["config", "set", ""], [k + "=" for k in KEYS]),
    (["config", "set", "cpus=1", "cp"], []),
    (["config", "set", "cpus=1", "b"], ["busy-threshold=", "batch="]),
    (["config", "set", "mode="], [f"mode={m}" for m in ENUMS["mode"]]),
    (["config", "set", "mode=l"], ["mode=lanes"]),
    (["config", "set", "delivery="], [f"delivery={d}" for d in ENUMS["delivery"]]),
    (["config", "set", "ba"], ["batch="]),
    (["config", "set", "cpus="], []),
    (["priority", ""], ["add", "del", "list", "flush"]),
    (["priority", "add", "dport=1", "d"], ["dst=", "dscp=", "device="]),
    (["priority", "add", "mode="], [f"mode={m}" for m in ENUMS["priority-mode"]]),
], ids=lambda v: " ".join(v))
def test_offers(falconctl, words, expected):
    assert offered(falconctl, *words) == expected


def in_bash(binary, line):
    """COMPREPLY after the line, as if bash had called the function."""
    program = """
    source "$1" || exit
    COMP_LINE=$2 COMP_POINT=${#2}
    _falconctl falconctl
    printf '%s\\n' "${COMPREPLY[@]}"
    complete -p falconctl"""
    done = subprocess.run(["bash", "-u", "-c", program, "bash", str(SCRIPT), line], check=True,
                          capture_output=True, text=True,
                          env={"PATH": f"{binary.parent}:{os.environ['PATH']}", "FALCONCTL_ROOT": "/nonexistent"})
    *words, last = done.stdout.splitlines()
    assert last == "complete -F _falconctl falconctl"
    return [w for w in words if w]


def test_bash(built):
    binary = built / "falconctl"
    assert in_bash(binary, "falconctl st") == ["status", "stats"]
    assert in_bash(binary, "falconctl config set ") == [k + "=" for k in KEYS]
    # bash has split the word at '=', so it expects the part behind only
    assert in_bash(binary, "falconctl config set mode=pi") == ["pipeline"]
    assert in_bash(binary, "falconctl config set workers=2 delivery=") == ["own", "worker", "auto"]
    assert in_bash(binary, "falconctl flow list --top ") == []
    assert in_bash(binary, f"{binary} version --") == ["--json", "--help", "--version"]


def test_lint():
    done = subprocess.run(["shellcheck", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
