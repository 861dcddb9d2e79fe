# SPDX-License-Identifier: GPL-2.0
"""The module compiles for every kernel, ordinary and cloud, without a warning of gcc or sparse."""

import re
import shutil
import subprocess
import types

import pytest

from vm import module
from vm.paths import BUILD, REPO

# About our files only: sparse is older than some of the kernels' own headers.
MESSAGE = re.compile(r"^(?:\./)*((?:module|include)/\S+?:\d+(?::\d+)?: (?:warning|error): .*)$", re.M)
# Messages of the whole build, about any file: modpost's and kbuild's warnings.
OTHER = re.compile(r"^(?:WARNING: .*|ERROR: .*|warning: .*)$", re.M)


def messages(log):
    return MESSAGE.findall(log) + OTHER.findall(log)


HEAD = """
#include <linux/module.h>
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test");
"""


def small(tmp_path, **files):
    """Sources of a module of these files, which falcon's Kbuild compiles as it does falcon's, because all of falcon
    takes long.
    """
    kbuild = (REPO / "Kbuild").read_text()
    objects = " ".join(f"module/{name}.o" for name in files)
    kbuild, count = re.subn(r"^falcon-y :=.*\n(?:falcon-y \+=.*\n)*", f"falcon-y := {objects}\n", kbuild, flags=re.M)
    assert count == 1 and "falcon-y +=" not in kbuild
    shutil.copy(REPO / "dkms.conf", tmp_path)
    for part in ("include", "module/compat"):
        shutil.copytree(REPO / part, tmp_path / part)
    (tmp_path / "Kbuild").write_text(kbuild)
    for name, text in files.items():
        (tmp_path / f"module/{name}.c").write_text(text)
    return tmp_path


def build_broken(kernel, tmp_path, text):
    directory = BUILD / "test/broken" / kernel
    return module.build(kernel, whole=True, root=small(tmp_path, main=HEAD + text), directory=directory)


def check_build(built):
    assert messages(built.log) == []
    # A build without output proves something only if everything was compiled and checked.
    done = set(re.findall(r"^  (CC \[M\]|CHECK) +(?:\./)*(\S+)", built.log, re.M))
    for source in REPO.glob("module/**/*.c"):
        name = source.relative_to(REPO)
        assert ("CC [M]", str(name.with_suffix(".o"))) in done, f"{name} was not compiled"
        assert ("CHECK", str(name)) in done, f"{name} was not seen by sparse"


def check_module(built):
    shown = {key: subprocess.run(["modinfo", "-F", key, built.path], capture_output=True, text=True,
                                 check=True).stdout.strip() for key in ("vermagic", "version", "license", "name")}
    version = re.search(r'^PACKAGE_VERSION="(.*)"$', (REPO / "dkms.conf").read_text(), re.M)[1]
    assert shown["vermagic"].split()[0] == built.kernel.release
    assert (shown["version"], shown["license"], shown["name"]) == (version, "GPL", "falcon")


def test_builds_without_a_warning_for_this_kernel_and_version(kernel):
    built = module.build(kernel, whole=True)
    check_build(built)
    check_module(built)


@pytest.mark.soak
def test_builds_without_a_warning_for_the_cloud_kernel_and_this_version(kernel):
    built = module.build(kernel, "cloud-amd64", whole=True)
    check_build(built)
    check_module(built)


def test_warning_of_the_compiler_is_seen(one_kernel, tmp_path):
    built = build_broken(one_kernel, tmp_path, "\nint falcon_unheard_of(void)\n{\n\treturn 0;\n}\n")
    assert any("falcon_unheard_of" in message for message in messages(built.log))


@pytest.mark.thorough
def test_warning_of_sparse_is_seen(kernel, tmp_path):
    built = build_broken(kernel, tmp_path, "\nstatic int __maybe_unused falcon_peek(int __user *where)\n"
                                           "{\n\treturn *where;\n}\n")
    assert any("dereference of noderef" in message for message in messages(built.log))


def test_error_is_seen(one_kernel, tmp_path):
    with pytest.raises(module.BuildFailed, match="falcon_not_declared"):
        build_broken(one_kernel, tmp_path, "\nint falcon_broken(void) { return falcon_not_declared; }\n")


def test_rebuilt_only_when_the_sources_change(one_kernel, tmp_path):
    root = small(tmp_path, main=HEAD, other="int falcon_other(void);\nint falcon_other(void) { return 0; }\n")
    directory = BUILD / "test/again" / one_kernel
    shutil.rmtree(directory, ignore_errors=True)
    assert module.build(one_kernel, root=root, directory=directory).fresh
    before = (directory / "module/other.o").stat().st_mtime_ns
    assert not module.build(one_kernel, root=root, directory=directory).fresh
    with open(root / "module/main.c", "a", encoding="utf-8") as source:
        source.write("/* changed */\n")
    assert module.build(one_kernel, root=root, directory=directory).fresh
    assert (directory / "module/other.o").stat().st_mtime_ns == before, "only what changed is compiled"


def test_a_tree_without_sparse_is_not_asked_to_check(tmp_path):
    """The demonstration's tree: with W=1 the kernel runs a script that needs more of Perl than is installed."""
    tree = types.SimpleNamespace(path=tmp_path)
    kernel = types.SimpleNamespace(tree=tree, binds=[], build="/build")
    asked = {"W=1", "KBUILD_CHECKSRC=2"}
    assert not asked & set(module.command(kernel, tmp_path)[1])
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/sparse").touch()
    assert asked <= set(module.command(kernel, tmp_path)[1])
