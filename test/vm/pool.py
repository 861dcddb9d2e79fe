# SPDX-License-Identifier: GPL-2.0
"""Keeps a guest from one test to the next."""

import pytest

from .guest import GuestFailed


def kernel_of(item):
    """The kernel of a test, or None."""
    callspec = getattr(item, "callspec", None)
    return callspec and callspec.params.get("kernel")


class Pool:
    """Keeps at most one idle object that has a guest: the latest from make(kernel, *more).

    The object has a `guest` and stop().
    """

    def __init__(self, fixture, make):
        self.fixture = fixture      # its name
        self._make = make
        self._thing = self._wanted = None

    def get(self, *wanted):
        if self._thing and (self._wanted != wanted or not self._thing.guest.alive):
            self.drop()
        if self._thing is None:
            self._thing, self._wanted = self._make(*wanted), wanted
        return self._thing

    def drop(self):
        """Power it off; raises GuestFailed if it was not well."""
        thing, self._thing = self._thing, None
        if thing:
            thing.stop()

    def give_back(self, node):
        """After a test: check the guest, so that the next test is not blamed, and drop it if the next test does not use
        it.
        """
        call = getattr(node, "falcon_call", None)
        after = node.falcon_next
        kept = after and self.fixture in after.fixturenames and kernel_of(after) == kernel_of(node)
        if self._thing and (self._thing.guest.failure() or (call and call.failed) or not kept):
            try:
                self.drop()
            except GuestFailed as failed:
                pytest.fail(str(failed), pytrace=False)
