# SPDX-License-Identifier: GPL-2.0
"""Guests with an overlay network. Tests share a guest as long as they leave it intact."""

import os

import pytest

from net import plan, wait
from net.falcon import Falcon
from net.topology import Topology
from vm import module, tools
from vm.pool import Pool

VCPUS = 6
LIFE = 6 * 3600 if os.environ.get("SOAK") else 3600     # seconds that a guest may live, with all its tests


class Overlay:
    """A topology with its guest."""

    def __init__(self, kernel, wire=plan.WIRE):
        self.kernel, self.wire = kernel, wire
        self.net = Topology("vxlan", wire)
        self.net.__enter__()
        try:
            self.guest = self.net.guest(kernel=kernel, vcpus=VCPUS, memory=1024, time_limit=LIFE)
            wait.patience = self.guest.kernel.patience
            self.guest.start()
            self.net.setup_guest(self.guest)
        except BaseException:
            self.net.__exit__(None, None, None)
            raise

    def stop(self):
        try:
            self.guest.stop()
        finally:
            self.net.__exit__(None, None, None)

    def udp(self, **options):
        """Send to the container, whose sink runs on the last CPU; udp.balance() of both sides."""
        options.setdefault("rate", 3000)
        return self.net.udp(self.guest, cpu=VCPUS - 1, **options)


@pytest.fixture(scope="session")
def overlay_pool():
    pool = Pool("overlay", Overlay)
    yield pool
    pool.drop()


@pytest.fixture(scope="session")
def falconctl():
    tools.falconctl()


@pytest.fixture
def overlay(kernel, overlay_pool, falconctl, request):
    """An Overlay of the test's kernel in the variant "vxlan", without falcon. A test may set `wire` by a parameter."""
    module.build(kernel)
    callspec = getattr(request.node, "callspec", None)
    yield overlay_pool.get(kernel, callspec.params.get("wire", plan.WIRE) if callspec else plan.WIRE)
    overlay_pool.give_back(request.node)


@pytest.fixture
def falcon(overlay):
    """falcon loaded in the overlay's guest, not enabled, with the stages' CPUs 1 to 3."""
    with Falcon(overlay.guest) as loaded:
        loaded.configure(cpus="1-3", busy_threshold=100, load_threshold=100)
        yield loaded
