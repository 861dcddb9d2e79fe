# SPDX-License-Identifier: GPL-2.0
"""Assigns tests to xdist's workers: tests of a shared guest go to a worker on which such a guest runs already."""

from pathlib import Path

from xdist.scheduler import LoadGroupScheduling

from vm.pool import kernel_of

SHARED = ("overlay", "guest")       # fixtures that keep their guest from test to test


def params(item):
    return item.callspec.params if hasattr(item, "callspec") else {}


def kind(item):
    """Kind of the shared guest; for other tests their file and kernel, which share a set-up."""
    kernel = kernel_of(item)
    for fixture in SHARED:
        if fixture in item.fixturenames:
            return f"{fixture} {kernel} {params(item).get('wire', '')}"
    return f"{Path(item.fspath).relative_to(Path(__file__).parent)} {kernel or params(item).get('dkms_kernel', '')}"


def unit(item):
    """The tests that one worker runs as a whole: a kind, and for shared guests also the test function."""
    shared = kind(item).startswith(SHARED)
    return f"{kind(item)}/{Path(item.fspath).stem + ' ' + item.originalname if shared else ''}"


class Scheduler(LoadGroupScheduling):
    """A worker continues with its last kind, so its guest is kept; then it takes a kind that no other worker has. At
    the end several workers share the rest of one kind.
    """

    def _assign_work_unit(self, node):
        self.workqueue.move_to_end(self._next(node), last=False)
        super()._assign_work_unit(node)

    def _next(self, node):
        def last(of):
            units = self.assigned_work.get(of)
            return next(reversed(units)).rpartition("/")[0] if units else None

        mine, others = last(node), {last(other) for other in self.nodes if other is not node}

        def rank(name):
            found = name.rpartition("/")[0]
            return found != mine, found in others
        return min(self.workqueue, key=rank)
