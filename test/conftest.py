# SPDX-License-Identifier: GPL-2.0
"""Fixtures and order of the tests; test/run is the command."""

import os
import re
import sys
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

TEST = Path(__file__).resolve().parent
sys.path.insert(0, str(TEST))

import schedule  # noqa: E402  pylint: disable=wrong-import-position
from vm import crash, debug, kernel as kernels, module  # noqa: E402  pylint: disable=wrong-import-position
from vm.others import MUCH, Others  # noqa: E402  pylint: disable=wrong-import-position
from vm.guest import Guest  # noqa: E402  pylint: disable=wrong-import-position
from vm.pool import Pool, kernel_of  # noqa: E402  pylint: disable=wrong-import-position

pytest_plugins = ["net.fixtures"]

LAYERS = ("lint", "unit", "cli", "fuzz", "bench", "build", "vm", "net", "dkms", "stress", "budget", "readme")
SIDES = ("beside", "loaded", "alone")
LOADING = ("stress",)               # layers whose guests load the machine
ALONE = ("budget", "readme")        # layers that measure; nothing else runs meanwhile


def pytest_addoption(parser):
    parser.addoption("--kernel", action="append", choices=kernels.IDS,
                     help="run the guest tests on this kernel only (may be repeated)")
    parser.addoption("--side", choices=SIDES, default="beside",
                     help="the tests that can be tried side by side, those that load the machine, or those that need it alone")


def pytest_configure(config):
    config.addinivalue_line("markers", "thorough: on the default kernel in a check, on every one in a soak")
    config.addinivalue_line("markers", "soak: in no check, but in a soak and when a kernel is named")
    config.addinivalue_line("markers", "torture(check): make torture runs it on debug kernels; check=True: a check does, too, or on a kernel with detectors that needs no building")
    config.addinivalue_line("markers", "waits: it neither loads nor measures the machine, so that others are tried beside it, whatever its layer and kernel")
    config.addinivalue_line("markers", "detector(name, only): on debug kernels that have it only, or on one of them")


def selected(config):
    return config.getoption("--kernel") or list(kernels.TESTED)


def pytest_generate_tests(metafunc):
    # Tests that name a kernel of their own are parametrized by that.
    own = any("kernel" in re.split(r"[\s,]+", str(mark.args[0]))
              for mark in metafunc.definition.iter_markers("parametrize"))
    if "kernel" in metafunc.fixturenames and not own:
        metafunc.parametrize("kernel", kernels_for(metafunc.definition, metafunc.config))


def is_thorough(node):
    return node.get_closest_marker("thorough") is not None


def is_check(config):
    return not os.environ.get("SOAK") and not config.getoption("--kernel")


def kernels_for(node, config):
    """A check runs thorough tests on one kernel only, because they take too long. A soak runs them on every kernel."""
    ids = selected(config)
    if is_check(config):
        torture = node.get_closest_marker("torture")
        detectors = []
        if torture and torture.kwargs.get("check"):
            # Building a detector kernel takes longer than all its tests.
            detectors = [kernels.TORTURED if debug.is_built(kernels.TORTURED) else kernels.UNBUILT]
        if is_thorough(node):
            ids = detectors or [kernels.DEFAULT]
        else:
            ids = ids + detectors
    wanted = node.get_closest_marker("detector")
    return [kernel for kernel in ids if not wanted or kernels.detector(kernel) == wanted.args[0] and
            wanted.kwargs.get("only", kernel) == kernel]


def layer(item):
    return Path(item.fspath).relative_to(TEST).parts[0]


def side(item):
    """One of SIDES. A debug kernel is so slow that its guest takes the whole machine."""
    if item.get_closest_marker("waits"):
        return "beside"
    if layer(item) in ALONE or kernel_of(item) in kernels.DEBUG:
        return "alone"
    return "loaded" if layer(item) in LOADING else "beside"


def pytest_xdist_make_scheduler(config, log):
    return schedule.Scheduler(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Sort by layer; within a layer by kind of guest, so that a guest is kept."""
    ids = kernels.IDS

    def key(item):
        kernel = kernel_of(item)
        return (LAYERS.index(layer(item)) if layer(item) in LAYERS else len(LAYERS),
                ids.index(kernel) + 1 if kernel in ids else 0, schedule.kind(item))
    items.sort(key=key)
    wanted, check = config.getoption("--side"), is_check(config)
    items[:] = [item for item in items if side(item) == wanted
                and not (check and item.get_closest_marker("soak"))]
    for item in items:
        item.add_marker(pytest.mark.xdist_group(schedule.unit(item)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    item.falcon_next = nextitem


@pytest.fixture(scope="session")
def one_kernel(request):
    """A kernel for tests that need any one: the default kernel, if it is selected."""
    ids = selected(request.config)
    return kernels.DEFAULT if kernels.DEFAULT in ids else ids[0]


def why_again(reports, others):
    """The reason why a failed test may pass another time, or None. others: part of the machine that others used."""
    failed = [report for report in reports if report.failed]
    if any(crash.STALE in report.longreprtext for report in failed):
        return crash.STALE
    if failed and others > MUCH:
        return f"others used {others:.0%} of the machine"
    return None


def what_failed(reports):
    """The start of the failure's message, in one line."""
    crashes = [getattr(report.longrepr, "reprcrash", None) for report in reports if report.failed]
    return next((" ".join(crash_.message.split())[:400] for crash_ in crashes if crash_), "?")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    """Repeat a test, at most twice, if an emulator's fault ended it, or if it failed while others kept the machine
    busy. The test's line says so.
    """
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reasons = []
    for last in (False, False, True):
        others = Others()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        reason = why_again(reports, others.share())
        if reason:
            reasons.append(f"{reason} ({what_failed(reports)})")
        if last or not reason:
            break
        item._initrequest()     # pylint: disable=protected-access
    told = [(f"failed {len(reasons)} times, as", "; ".join(reasons))] if reasons else []
    if any(report.failed for report in reports):
        told.append(("because", what_failed(reports)))
    for report in reports:
        report.user_properties += told
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    setattr(item, f"falcon_{report.when}", report)


class Plain:
    """A guest without a network."""

    def __init__(self, kernel):
        self.guest = Guest(kernel=kernel, vcpus=4, memory=1024, time_limit=3600)
        self.guest.start()

    def stop(self):
        self.guest.stop()


@pytest.fixture(scope="session")
def guest_pool():
    pool = Pool("guest", Plain)
    yield pool
    pool.drop()


@pytest.fixture
def guest(kernel, guest_pool, request):
    """A guest of the test's kernel. Tests share it as long as they leave it intact."""
    yield guest_pool.get(kernel).guest
    guest_pool.give_back(request.node)


@pytest.fixture
def falcon_module(kernel):
    """The module built for the test's kernel; in the guest it is /falcon/build/module/$(uname -r)/falcon.ko."""
    return module.build(kernel)
