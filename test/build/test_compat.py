# SPDX-License-Identifier: GPL-2.0
"""The compiler tells what the kernel has and what compat/ must add, on every kernel that we have."""

import re
import shutil
import subprocess

import pytest

from vm import kernel as kernels, module
from vm.paths import BUILD, REPO
from vm.tree import Tree

from build.test_module import HEAD, messages, small

PROBES = REPO / "module/compat/kernel-has.sh"


def asked(tmp_path, complaints, form="probe:{}:9: error: {}"):
    """(status, header, errors) of the probes, with a simulated compiler that rejects the named ones."""
    names = re.findall(r"^([A-Z_]+)\t", PROBES.read_text(), re.M)
    said = "\n".join(form.format(names.index(name) + 1, text) for name, text in complaints.items())
    compiler = tmp_path / "cc"
    compiler.write_text(f"#!/bin/sh\ncat >/dev/null\ncat >&2 <<'SAID'\n{said}\nSAID\nexit 1\n")
    compiler.chmod(0o755)
    done = subprocess.run(["sh", PROBES, compiler, "-O2"], capture_output=True, text=True, check=False)
    return done.returncode, dict(re.findall(r"^#define FALCON_HAS_(\w+) ([01])$", done.stdout, re.M)), done.stderr


NOTHING = {"NOTHING": "'falcon_nothing' undeclared"}


@pytest.mark.parametrize("text", [
    "'hrtimer_setup' undeclared (first use in this function)", "use of undeclared identifier 'hrtimer_setup'",
    "'struct a' has no member named 'b'", "no member named 'b' in 'struct a'", "too few arguments to function 'a'",
    "too few arguments to function call, expected 8, have 7"])
def test_what_the_compiler_does_not_know_the_kernel_has_not(tmp_path, text):
    status, has, _ = asked(tmp_path, {**NOTHING, "HRTIMER_SETUP": text})
    assert status == 0
    assert {name for name in has if has[name] == "0"} == {"NOTHING", "HRTIMER_SETUP"}


@pytest.mark.parametrize("complaints, form", [
    ({**NOTHING, "HRTIMER_SETUP": "expected ')' before 'x'"}, "probe:{}:9: error: {}"),
    (NOTHING, "<stdin>:{}:10: fatal error: linux/hrtimer.h: No such file or directory"),
    (NOTHING, "cc: error: unrecognized option {} {}"),
    ({}, ""),
    ({**NOTHING, "NETIF_RECEIVE_SKB": "'netif_receive_skb' undeclared"}, "probe:{}:9: error: {}"),
], ids=["syntax", "header", "option", "all", "none"])
def test_a_probe_that_does_not_work_ends_the_build(tmp_path, complaints, form):
    status, has, said = asked(tmp_path, complaints, form)
    assert status != 0
    assert not has
    assert said.startswith("falcon: ")


def test_each_probe_is_used_and_each_that_is_used_is_there():
    probes = set(re.findall(r"^([A-Z_]+)\t", PROBES.read_text(), re.M)) - {"NETIF_RECEIVE_SKB", "NOTHING"}
    used = {name for path in (REPO / "module").rglob("*.[ch]") for name in re.findall(r"\bFALCON_HAS_(\w+)", path.read_text())}
    assert used == probes


# Changes that maintainers backport from later kernels, whatever the version number.
TAKEN_OVER = {
    "linux/hrtimer.h": """
static inline void taken_hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *),
				       clockid_t clock, enum hrtimer_mode mode)
{
}
#define hrtimer_setup taken_hrtimer_setup
""",
    "linux/netdevice.h": """
static inline struct net_device *taken_alloc_netdev_dummy(int private)
{
	return NULL;
}
#define alloc_netdev_dummy taken_alloc_netdev_dummy
""",
    "linux/workqueue.h": """
static struct workqueue_struct *taken_wq __maybe_unused;
#define system_percpu_wq taken_wq
""",
}
USER = HEAD + """
#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>

static struct hrtimer timer;

static enum hrtimer_restart ring(struct hrtimer *rung)
{
	return HRTIMER_NORESTART;
}

static int __init user_init(void)
{
	struct net_device *dev = alloc_netdev_dummy(0);

	hrtimer_setup(&timer, ring, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	falcon_dummy_free(dev);
	return !system_percpu_wq;
}
module_init(user_init);
"""


def test_what_is_taken_over_from_a_later_kernel_does_not_end_the_build(one_kernel, tmp_path):
    root = small(tmp_path, main=USER)
    for name, text in TAKEN_OVER.items():
        path = root / "module/compat/taken" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#ifndef TAKEN_{path.stem}\n#define TAKEN_{path.stem}\n#include_next <{name}>\n{text}#endif\n")
    kbuild = root / "Kbuild"
    kbuild.write_text(kbuild.read_text() + "NOSTDINC_FLAGS += -I$(src)/module/compat/taken\n")
    built = module.build(one_kernel, whole=True, root=root, directory=BUILD / "test/taken" / one_kernel)
    assert messages(built.log) == []


# For the headers of each ordinary kernel in the suite's archive, which are removed before the next ones are installed.
# Warnings about the headers themselves do not count: they have other paths, ./include/ or absolute ones.
EVERY = r"""
apt-get -qq update
for headers in $(apt-cache pkgnames linux-headers- | grep -E '^linux-headers-([0-9]+[.]){2}[0-9.]+([-+][0-9a-z.]+)?-amd64$' | sort -V); do
	release=${headers#linux-headers-}
	[[ $(apt-cache --no-all-versions show "$headers" 2>/dev/null) ]] || continue
	apt-get -qq -y install "$headers" >/tmp/apt 2>&1 || { cat /tmp/apt; exit 1; }
	rm -rf /tmp/build && cp -r /falcon /tmp/build
	if make -C "/lib/modules/$release/build" M=/tmp/build -j2 modules >/tmp/made 2>&1 &&
		! grep -E '^(/tmp/build/)?(module|include)/.*: warning: ' /tmp/made; then
		echo "built $release"
	else
		echo "failed $release"
		grep -E '^(/tmp/build/)?(module|include)/.*: warning: |error|Stop' /tmp/made || true
	fi
	apt-get -qq -y purge "$headers" >/dev/null && apt-get -qq -y autoremove >/dev/null && apt-get clean
done
"""


@pytest.mark.soak
@pytest.mark.parametrize("suite", sorted({suite for suite, _ in kernels.KERNELS.values()}))
def test_builds_for_every_kernel_that_the_archive_has(suite, record_property):
    directory = BUILD / "test/every" / suite
    shutil.rmtree(directory, ignore_errors=True)
    for name in module.sources():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPO / name, directory / name)
    said = Tree(suite).output(["bash", "-euo", "pipefail", "-c", EVERY], binds=[(directory, "falcon")], overlay=True)
    built = re.findall(r"^built (\d+\.\d+)\.\S+$", said, re.M)
    record_property("built", len(built))
    assert not re.findall(r"^failed", said, re.M), said
    assert set(built) >= {version for of, version in kernels.KERNELS.values() if of == suite}, said
