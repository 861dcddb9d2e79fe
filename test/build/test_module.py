# SPDX-License-Identifier: GPL-2.0
"""The module compiles for every kernel, ordinary and cloud, without a word from gcc or sparse."""

import re
import shutil
import subprocess

import pytest

from vm import kernel as kernels, module
from vm.paths import BUILD, REPO

ALL = ["W=1", "C=2"]
# Of ours only: sparse is older than some of the kernels' own headers.
MESSAGE = re.compile(r"^(?:\./)*((?:module|include)/\S+?:\d+(?::\d+)?: (?:warning|error): .*)$", re.M)
# What the whole build says, wherever it is about: modpost's and kbuild's warnings.
OTHER = re.compile(r"^(?:WARNING: .*|ERROR: .*|warning: .*)$", re.M)


def messages(log):
    return MESSAGE.findall(log) + OTHER.findall(log)


def broken(tmp_path, name, text):
    """A copy of the sources with text at the end of one file."""
    for part in module.SOURCES:
        source = REPO / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / part)
    target = tmp_path / name
    target.write_text(target.read_text() + text)
    return tmp_path


def build_broken(kernel, tmp_path, text):
    directory = BUILD / "test/broken" / kernel
    return module.build(kernel, make_vars=ALL, root=broken(tmp_path, "module/main.c", text), directory=directory)


@pytest.mark.parametrize("flavour", kernels.FLAVOURS)
def test_builds_without_a_warning(kernel, flavour):
    built = module.build(kernel, flavour, ALL)
    assert messages(built.log) == []
    # Silence counts only when everything was compiled and checked.
    done = set(re.findall(r"^  (CC \[M\]|CHECK) +(?:\./)*(\S+)", built.log, re.M))
    for source in REPO.glob("module/**/*.c"):
        name = source.relative_to(REPO)
        assert ("CC [M]", str(name.with_suffix(".o"))) in done, f"{name} was not compiled"
        assert ("CHECK", str(name)) in done, f"{name} was not seen by sparse"


@pytest.mark.parametrize("flavour", kernels.FLAVOURS)
def test_module_is_for_this_kernel_and_version(kernel, flavour):
    built = module.build(kernel, flavour, ALL)
    shown = {key: subprocess.run(["modinfo", "-F", key, built.path], capture_output=True, text=True,
                                 check=True).stdout.strip() for key in ("vermagic", "version", "license", "name")}
    version = re.search(r'^PACKAGE_VERSION="(.*)"$', (REPO / "dkms.conf").read_text(), re.M)[1]
    assert shown["vermagic"].split()[0] == built.kernel.release
    assert (shown["version"], shown["license"], shown["name"]) == (version, "GPL", "falcon")


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
    root = broken(tmp_path, "module/main.c", "")
    directory = BUILD / "test/again" / one_kernel
    shutil.rmtree(directory, ignore_errors=True)
    assert module.build(one_kernel, root=root, directory=directory).fresh
    before = (directory / "module/steer.o").stat().st_mtime_ns
    assert not module.build(one_kernel, root=root, directory=directory).fresh
    with open(root / "module/main.c", "a", encoding="utf-8") as source:
        source.write("/* changed */\n")
    assert module.build(one_kernel, root=root, directory=directory).fresh
    assert (directory / "module/steer.o").stat().st_mtime_ns == before, "only what changed is compiled"
