# SPDX-License-Identifier: GPL-2.0
"""Fixtures and order of the tests; test/run is the command."""

import os
import re
import sys
from pathlib import Path

import pytest

TEST = Path(__file__).resolve().parent
sys.path.insert(0, str(TEST))

from vm import kernel as kernels, module  # noqa: E402  pylint: disable=wrong-import-position
from vm.guest import Guest, GuestFailed  # noqa: E402  pylint: disable=wrong-import-position

pytest_plugins = ["net.fixtures"]

LAYERS = ("lint", "unit", "cli", "bench", "build", "vm", "net", "stress", "readme", "dkms")


def pytest_addoption(parser):
    parser.addoption("--kernel", action="append", choices=list(kernels.KERNELS),
                     help="run the guest tests on this kernel only (may be repeated)")


def selected(config):
    return config.getoption("--kernel") or list(kernels.TESTED)


def pytest_generate_tests(metafunc):
    # Tests that name a kernel of their own parametrize themselves.
    own = any("kernel" in re.split(r"[\s,]+", str(mark.args[0]))
              for mark in metafunc.definition.iter_markers("parametrize"))
    if "kernel" in metafunc.fixturenames and not own:
        metafunc.parametrize("kernel", of_every_path(metafunc) or selected(metafunc.config))


def of_every_path(metafunc):
    """Forty paths, each tried twice, are too long for every kernel in every check: a soak does that."""
    if "same" not in metafunc.fixturenames or os.environ.get("SOAK") or metafunc.config.getoption("--kernel"):
        return None
    return [kernels.DEFAULT]


def pytest_collection_modifyitems(items):
    """Layer after layer; within one the tests of a kernel together, so that its guest is kept."""
    def key(item):
        layer = Path(item.fspath).relative_to(TEST).parts[0]
        value = getattr(item, "callspec", None) and item.callspec.params.get("kernel")
        ids = list(kernels.KERNELS)
        return (LAYERS.index(layer) if layer in LAYERS else len(LAYERS),
                ids.index(value) + 1 if value in ids else 0)
    items.sort(key=key)


@pytest.fixture(scope="session")
def one_kernel(request):
    """For tests that need a kernel, whichever: the default one when it is selected."""
    ids = selected(request.config)
    return kernels.DEFAULT if kernels.DEFAULT in ids else ids[0]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    setattr(item, f"falcon_{report.when}", report)


class Pool:
    """At most one idle guest, of the kernel asked for last."""

    def __init__(self):
        self.guest, self.kernel = None, None

    def get(self, kernel):
        if self.guest and (self.kernel != kernel or not self.guest.alive):
            self.drop()
        if self.guest is None:
            guest = Guest(kernel=kernel, vcpus=4, memory=1024, time_limit=3600)
            guest.start()
            self.guest, self.kernel = guest, kernel
        return self.guest

    def drop(self):
        """Power it off; GuestFailed when it was not well."""
        guest, self.guest = self.guest, None
        if guest:
            guest.stop()


@pytest.fixture(scope="session")
def guest_pool():
    pool = Pool()
    yield pool
    pool.drop()


@pytest.fixture
def guest(kernel, guest_pool, request):
    """A guest of the test's kernel, shared by the tests that leave it well."""
    shared = guest_pool.get(kernel)
    yield shared
    call = getattr(request.node, "falcon_call", None)
    failure = shared.failure()
    if failure or (call and call.failed):
        # What this test did must not be blamed on the next one.
        try:
            guest_pool.drop()
        except GuestFailed as failed:
            pytest.fail(str(failed), pytrace=False)


@pytest.fixture
def falcon_module(kernel):
    """The module built for the test's kernel; in the guest it is /falcon/build/module/$(uname -r)/falcon.ko."""
    return module.build(kernel)
