# SPDX-License-Identifier: GPL-2.0
"""Guests with an overlay network, shared by the tests that leave them well."""

import subprocess
from pathlib import Path

import pytest

from net import plan
from net.falcon import Falcon
from net.topology import Topology
from vm import module
from vm.guest import GuestFailed

REPO = Path(__file__).resolve().parents[2]
VCPUS = 6


class Overlay:
    """A topology with its guest."""

    def __init__(self, kernel, wire=plan.WIRE):
        self.kernel, self.wire = kernel, wire
        self.net = Topology("vxlan", wire)
        self.net.__enter__()
        try:
            self.guest = self.net.guest(kernel=kernel, vcpus=VCPUS, memory=1024, time_limit=1800)
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
        """Send to the container, whose sink runs on the last CPU; the account of both sides."""
        options.setdefault("rate", 3000)
        return self.net.udp(self.guest, cpu=VCPUS - 1, **options)


class OverlayPool:
    """At most one idle overlay, of the kernel and the wire asked for last."""

    def __init__(self):
        self.overlay = None

    def get(self, kernel, wire=plan.WIRE):
        if self.overlay and ((self.overlay.kernel, self.overlay.wire) != (kernel, wire)
                             or not self.overlay.guest.alive):
            self.drop()
        if self.overlay is None:
            self.overlay = Overlay(kernel, wire)
        return self.overlay

    def drop(self):
        overlay, self.overlay = self.overlay, None
        if overlay:
            overlay.stop()


@pytest.fixture(scope="session")
def overlay_pool():
    pool = OverlayPool()
    yield pool
    pool.drop()


@pytest.fixture(scope="session")
def falconctl():
    subprocess.run(["make", "-s", "-C", str(REPO / "tools/falconctl"), f"O={REPO}/build/tools"],
                   check=True)


@pytest.fixture
def overlay(kernel, overlay_pool, falconctl, request):
    """An Overlay of the test's kernel in the variant "vxlan", without falcon; wire: a parameter of the test."""
    module.build(kernel)
    callspec = getattr(request.node, "callspec", None)
    shared = overlay_pool.get(kernel, callspec.params.get("wire", plan.WIRE) if callspec else plan.WIRE)
    yield shared
    call = getattr(request.node, "falcon_call", None)
    failure = shared.guest.failure()
    if failure or (call and call.failed):
        # What this test did must not be blamed on the next one.
        try:
            overlay_pool.drop()
        except GuestFailed as failed:
            pytest.fail(str(failed), pytrace=False)


@pytest.fixture
def falcon(overlay):
    """falcon loaded in the overlay's guest, not enabled, with the stages' CPUs 1 to 3."""
    with Falcon(overlay.guest) as loaded:
        loaded.configure(cpus="1-3", busy_threshold=100, load_threshold=100)
        yield loaded
