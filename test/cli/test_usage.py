# SPDX-License-Identifier: GPL-2.0
"""falconctl reports an invalid command line, with the nearest valid word, before it does anything."""

import json

import pytest

from cli.conftest import TOP

COMMANDS = [["status"], ["enable"], ["disable"], ["config", "show"], ["config", "set", "cpus=1"],
            ["device", "list"], ["cpu", "list"], ["flow", "list"], ["top"], ["stats", "show"], ["monitor"],
            ["priority", "add", "dport=53"], ["priority", "del", "1"], ["priority", "list"], ["priority", "flush"]]

WRONG = [
    ([], None, "a command is missing"),
    (["statsu"], None, "unknown command 'statsu', did you mean 'stats'?"),
    (["config", "shwo"], None, "unknown command 'config shwo', did you mean 'show'?"),
    (["qqqqqq"], None, "unknown command 'qqqqqq'"),
    (["help", "flwo"], None, "unknown command 'flwo', did you mean 'flow'?"),
    (["help", "status", "x"], None, "unknown command 'status x'"),
    (["flow"], None, "'flow' needs a subcommand"),
    (["status", "x"], None, "'status' does not take 'x'"),
    (["config", "set"], None, "'config set' needs an argument: KEY=VALUE..."),
    (["status", "--expain"], None, "unknown option '--expain', did you mean '--explain'?"),
    (["status", "-x"], None, "unknown option '-x'"),
    (["status", "--top", "3"], "--top", "is not an option of 'status'"),
    (["flow", "list", "--top"], "--top", "needs a value: N"),
    (["flow", "list", "--top", "1", "--top=2"], "--top", "given twice"),
    (["flow", "list", "--top", "-1"], "--top", "'-1' is not a number of at least 0"),
    (["flow", "list", "--top=99999999999999999999"], "--top", "is not a number"),
    (["flow", "list", "--top="], "--top", "'' is not a number"),
    (["monitor", "--count=0"], "--count", "'0' is not a number of at least 1"),
    (["stats", "show", "--all=1"], "--all", "takes no value"),
    (["config", "set", "cpus"], "cpus", "KEY=VALUE is expected"),
    (["config", "set", "cpsu=1"], "cpsu", "unknown key, did you mean 'cpus'?"),
    (["config", "set", "load=5"], "load", "unknown key, did you mean 'load-threshold'?"),
    (["config", "set", "zzzzzz=5"], "zzzzzz", "unknown key"),
    (["config", "set", "=5"], "", "unknown key"),
    (["config", "set", "cpus=1", "cpus=2"], "cpus", "given twice"),
    (["config", "set", "mode=pipelin"], "mode", "unknown value 'pipelin', known: pipeline"),
    (["config", "set", "load-threshold=0"], "load-threshold", "0 is out of range, 1 to 100"),
    (["config", "set", "load-threshold=101"], "load-threshold", "101 is out of range, 1 to 100"),
    (["config", "set", "load-threshold=5x"], "load-threshold", "'5x' is not a number"),
    (["config", "set", "load-threshold="], "load-threshold", "'' is not a number"),
    (["config", "set", "load-threshold=-1"], "load-threshold", "'-1' is not a number"),
    (["config", "set", "load-threshold=18446744073709551617"], "load-threshold", "out of range"),
    (["config", "set", "nic-split=2"], "nic-split", "2 is out of range, 0 to 1"),
    (["config", "set", "cpus=" + "1," * 512], "cpus", "longer than 1023 bytes"),
    (["config", "set", "cpus=1", "load-threshold=0"], "load-threshold", "out of range"),
    (["priority", "add"], None, "'priority add' needs an argument: KEY=VALUE..."),
    (["priority", "add", "dport"], "dport", "KEY=VALUE is expected"),
    (["priority", "add", "port=5"], "port", "unknown key, did you mean 'sport'?"),
    (["priority", "add", "dport=5", "dport=6"], "dport", "given twice"),
    (["priority", "add", "dport=65536"], "dport", "65536 is out of range, 1 to 65535"),
    (["priority", "add", "dport=0"], "dport", "0 is out of range, 1 to 65535"),
    (["priority", "add", "sport=0-80"], "sport", "0 is out of range, 1 to 65535"),
    (["priority", "add", "sport=1-0"], "sport", "0 is out of range, 1 to 65535"),
    (["priority", "add", "dport=9-"], "dport", "'' is not a number"),
    (["priority", "add", "sport=9-8"], "sport", "the range 9-8 is empty"),
    (["priority", "add", "sport=" + "1" * 40], "sport", "is not a number"),
    (["priority", "add", "src=10.0.0"], "src", "'10.0.0' is not an address"),
    (["priority", "add", "src=10.0.0.0/33"], "src", "33 is out of range, 0 to 32"),
    (["priority", "add", "dst=fd00::/129"], "dst", "129 is out of range, 0 to 128"),
    (["priority", "add", "dst=" + "f" * 99], "dst", "is not an address"),
    (["priority", "add", "protocol=upd"], "protocol", "'upd' is not a number"),
    (["priority", "add", "protocol=256"], "protocol", "256 is out of range, 0 to 255"),
    (["priority", "add", "level=8"], "level", "8 is out of range, 0 to 7"),
    (["priority", "add", "dscp=64"], "dscp", "64 is out of range, 0 to 63"),
    (["priority", "add", "dscp=cs8"], "dscp", "'cs8' is neither a number nor cs0 to cs7, af11 to af43, ef"),
    (["priority", "add", "dscp=af14"], "dscp", "'af14' is neither"),
    (["priority", "add", "outer-dscp="], "outer-dscp", "'' is neither"),
    (["priority", "add", "dscp=-1"], "dscp", "'-1' is neither"),
    (["priority", "add", "netns=nobodys-netns"], "netns", "there is no network namespace '/run/netns/nobodys-netns'"),
    (["priority", "add", "netns=/proc/0/ns/net"], "netns", "there is no network namespace '/proc/0/ns/net'"),
    (["priority", "add", "netns="], "netns", "there is no network namespace"),
    (["priority", "add", "netns=18446744073709551616"], "netns", "is out of range"),
    (["priority", "add", "cgroup=nobodys.slice"], "cgroup", "there is no cgroup '/sys/fs/cgroup/nobodys.slice'"),
    (["priority", "add", "cgroup=/sys/fs/cgroup/nobodys.slice"], "cgroup", "there is no cgroup '/sys/fs/cgroup/nobodys.slice'"),
    (["priority", "add", "device=sixteen-letters-"], "device", "longer than 15 bytes"),
    (["priority", "add", "mode=fast"], "mode", "unknown value 'fast', known: sync, batch"),
    (["priority", "del", "x"], "id", "'x' is not a number"),
    (["priority", "del", "1", "2"], None, "'priority del' does not take '2'"),
]


@pytest.mark.parametrize("args,attribute,message", WRONG, ids=lambda v: " ".join(v)[:40] if isinstance(v, list) else "")
def test_wrong(falconctl, args, attribute, message):
    text, as_json = falconctl(*args), falconctl("--json", *args)
    assert (text.code, as_json.code, text.out) == (2, 2, "")
    assert text.err.startswith("falconctl: ") and text.err.count("\n") == 1
    assert message in text.err
    error = as_json.error()
    assert message in error["message"] and error["exit"] == 2
    assert error.get("attribute") == attribute


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_not_loaded(falconctl, args):
    """The real kernel, which has no falcon."""
    text, as_json = falconctl(*args), falconctl(*args, "--json")
    assert (text.code, as_json.code, text.out) == (3, 3, "")
    assert "not loaded" in text.err and "modprobe falcon" in text.err
    error = as_json.error()
    assert (error["errno"], error["name"], error["exit"]) == (2, "ENOENT", 3)


def test_half_loaded(falconctl, tmp_path):
    """The module is loaded, but its netlink family is missing."""
    (tmp_path / "no-host/sys/module/falcon").mkdir(parents=True)
    result = falconctl("status", "--json")
    assert result.code == 3
    assert "being loaded or unloaded" in result.error()["message"]


@pytest.mark.parametrize("args", [["help"], ["help", "check"], ["version"], ["check"], ["monitor"]], ids=" ".join)
@pytest.mark.parametrize("how", [[], ["--json"]], ids=["text", "json"])
def test_full_disk(falconctl, args, how):
    """A failed write of the output is an error. (monitor writes nothing before it notices that there is no module.)"""
    with open("/dev/full", "w", encoding="ascii") as full:
        result = falconctl(*args, *how, stdout=full)
    assert result.code == (3 if args == ["monitor"] else 6)
    assert "ENOSPC" in result.err or args == ["monitor"]


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for v in value for leaf in leaves(v)]
    return [value]


def every_help(falconctl):
    """The words of each command, found by walking through help itself."""
    todo, found = [[]], []
    while todo:
        path = todo.pop()
        found.append(path)
        todo += [path + [c["name"]] for c in json.loads(falconctl("help", "--json", *path).out).get("commands", [])]
    return found


def test_help(falconctl):
    """Each command has help; text and JSON agree; --help equals help."""
    paths = every_help(falconctl)
    assert [c for c in COMMANDS if [w for w in c if w.isalpha()] not in paths] == []
    for path in paths:
        text, as_json = falconctl("help", *path), falconctl("help", *path, "--json")
        assert (text.code, as_json.code, text.err, as_json.err) == (0, 0, "", "")
        assert falconctl(*path, "--help").out == text.out
        words = " ".join(text.out.split())
        for leaf in leaves(as_json.json()):
            assert " ".join(str(leaf).split()) in words


def test_help_has_no_hidden(falconctl):
    assert "--root" not in falconctl("help", "check").out
    assert "complete" not in [c["name"] for c in falconctl("help", "--json").json()["commands"]]


def test_version(falconctl, tmp_path):
    result = falconctl("version", "--json").json()
    assert result["module"] is None
    assert falconctl("--version").out == f"falconctl {result['falconctl']}\n"
    loaded = tmp_path / "no-host/sys/module/falcon"
    loaded.mkdir(parents=True)
    (loaded / "version").write_text("9.9\n")
    assert falconctl("version", "--json").json()["module"] == "9.9"
    assert "9.9" in falconctl("version").out


def test_version_is_that_of_dkms(falconctl):
    version = falconctl("version", "--json").json()["falconctl"]
    assert f'PACKAGE_VERSION="{version}"' in (TOP / "dkms.conf").read_text().splitlines()
