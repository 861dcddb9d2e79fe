# SPDX-License-Identifier: GPL-2.0
"""scripts/netlink-gen: the committed files are current, and it refuses an invalid specification, naming the error."""

import shutil
import subprocess

import pytest

from cli.conftest import TOP

SCRIPT, SPEC = TOP / "scripts/netlink-gen", "include/netlink/falcon.yaml"
GENERATED = ["include/uapi/linux/falcon.h", "module/control/netlink-gen.h", "module/control/netlink-gen.c",
             "tools/falconctl/spec-gen.h", "tools/falconctl/spec-gen.c"]


def generate(*args):
    return subprocess.run([SCRIPT, *args], capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path):
    """A copy of the files that the generator reads and writes; edit(old, new) changes its specification."""
    for name in [SPEC, *GENERATED]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, tmp_path / name)

    class Tree:
        """The copy."""
        root = tmp_path

        @staticmethod
        def run(*args):
            return generate("--root", str(tmp_path), *args)

        @staticmethod
        def edit(old, new):
            text = (tmp_path / SPEC).read_text()
            assert old in text
            (tmp_path / SPEC).write_text(text.replace(old, new, 1))
    return Tree


def test_committed_files_are_current():
    done = generate("--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_change_is_noticed(tree):
    assert tree.run("--check").returncode == 0
    tree.edit("Packets handed to another CPU.", "Packets given to another CPU.")
    done = tree.run("--check")
    assert done.returncode == 1
    assert "+ * @FALCON_A_COUNTERS_STEERED: (u64) Packets given to another CPU." in done.stdout
    assert "2 file(s) not current" in done.stderr
    # --check wrote nothing; after writing, the check passes
    assert tree.run("--check").returncode == 1
    assert tree.run().returncode == 0
    assert tree.run("--check").returncode == 0


@pytest.mark.parametrize("name", GENERATED)
def test_each_file_is_checked(tree, name):
    (tree.root / name).write_text((tree.root / name).read_text() + "\n")
    done = tree.run("--check")
    assert done.returncode == 1 and name in done.stdout
    (tree.root / name).unlink()
    assert tree.run("--check").returncode == 1
    assert tree.run().returncode == 0
    assert (tree.root / name).read_bytes() == (TOP / name).read_bytes()


BAD = [
    ("name: falcon\n", "name: falcon\nname: eagle\n", "key 'name' given twice"),
    ("protocol: genetlink", "protocol: netlink-raw", "unknown protocol 'netlink-raw'"),
    ("protocol: genetlink\n", "protocol: genetlink\nversion: 1\n", "spec: unknown key 'version'"),
    ("uapi-header: linux/falcon.h\n", "", "spec: 'uapi-header' is missing"),
    ("    value: 1024", "    value: many", "definition 'cpulist-len': 'many' is not an integer"),
    ("    doc: Longest CPU list in bytes, its terminating NUL included.\n", "", "definition 'cpulist-len': 'doc' is missing"),
    ("        doc: Overlay flows are steered.", "        doc: ''", "entry 'enabled': 'doc' is empty"),
    ("        doc: Name of the function.\n", "", "attribute 'symbol': 'doc' is missing"),
    ("        enum: hook-state", "        enum: hook-sate", "attribute 'state': unknown enum 'hook-sate'"),
    ("        enum: hook-state", "        enmu: hook-state", "attribute 'state': unknown key 'enmu'"),
    ("        type: u64", "        type: u65", "unknown type 'u65'"),
    ("        nested-attributes: hook", "        nested-attributes: hoook", "unknown attribute-set 'hoook'"),
    ("        nested-attributes: hook\n", "", "'nested-attributes' belongs to type nest"),
    ("          max-len: cpulist-len", "          max-len: cpulist-length", "unknown constant 'cpulist-length'"),
    ("          max-len: cpulist-len", "          max-lne: cpulist-len", "unknown key 'max-lne'"),
    ("          max-len: cpulist-len", "          max-len: 0", "max-len: 0 does not fit"),
    ("          max: 100", "          max: 100000", "max: 100000 does not fit a policy"),
    ("          min: 1\n          max: 100", "          min: 9\n          max: 8", "min is larger than max"),
    ("        name: moves", "        name: packets", "attribute 'packets' given twice"),
    ("        name: moves", "        name: Moves", "attribute 'Moves': lower-case"),
    ("      attribute-set: status\n", "      attribute-set: stauts\n", "operation 'status-get': unknown attribute-set 'stauts'"),
    ("      flags: [admin-perm]\n", "      flags: [uns-admin-perm]\n", "unknown flag 'uns-admin-perm'"),
    ("      flags: [admin-perm]\n", "", "operation 'status-get': flag admin-perm is missing"),
    ("attributes: [mode, cpus,", "attributes: [mode, cpsu,", "unknown attribute 'cpsu'"),
    ("held, merge, app, rule,", "held, merge, rule,", "attribute-set 'flow': attribute 'app': in no operation"),
    ("      do:\n        reply:", "      does:\n        reply:", "operation 'status-get': unknown key 'does'"),
    ("      dump:\n", "      do: {}\n      dump:\n", "exactly one of do, dump and event"),
    ("name: config-get", "name: enable", "operation 'enable' given twice"),
    ("mcast-groups:\n  list:", "mcast-groups:\n  lits:", "mcast-groups: unknown key 'lits'"),
    ("---\n", "---\n\t", "falcon.yaml"),
]


@pytest.mark.parametrize("old,new,message", BAD, ids=[b[2] for b in BAD])
def test_wrong_specification(tree, old, new, message):
    before = {name: (tree.root / name).read_bytes() for name in GENERATED}
    tree.edit(old, new)
    for args in (["--check"], []):
        done = tree.run(*args)
        assert done.returncode == 1
        assert message in done.stderr and "Traceback" not in done.stderr
    assert before == {name: (tree.root / name).read_bytes() for name in GENERATED}


def test_request_without_limits(tree):
    """A string in a request needs a maximum length. Otherwise the kernel would accept any."""
    tree.edit("        checks:\n          max-len: cpulist-len\n", "")
    done = tree.run()
    assert done.returncode == 1 and "attribute 'cpus': no policy for a string" in done.stderr


def test_no_specification(tmp_path):
    done = generate("--root", str(tmp_path))
    assert done.returncode == 1 and "No such file" in done.stderr and "Traceback" not in done.stderr
