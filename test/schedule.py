# SPDX-License-Identifier: GPL-2.0
"""Which worker of xdist tries what: the tests of a guest that is shared go where such a guest runs already."""

from pathlib import Path

from xdist.scheduler import LoadGroupScheduling

from vm.pool import kernel_of

SHARED = ("overlay", "guest")       # fixtures whose guest is kept from test to test


def params(item):
    return item.callspec.params if hasattr(item, "callspec") else {}


def kind(item):
    """Of the guest that is shared, or else of what is set up once for a file and a kernel."""
    kernel = kernel_of(item)
    for fixture in SHARED:
        if fixture in item.fixturenames:
            return f"{fixture} {kernel} {params(item).get('wire', '')}"
    return f"{Path(item.fspath).relative_to(Path(__file__).parent)} {kernel or params(item).get('dkms_kernel', '')}"


def unit(item):
    """What one worker tries as a whole: its kind and, where it is no more than that, its function."""
    shared = kind(item).startswith(SHARED)
    return f"{kind(item)}/{Path(item.fspath).stem + ' ' + item.originalname if shared else ''}"


class Scheduler(LoadGroupScheduling):
    """A worker goes on with the kind that it has last had, so that a guest is kept; then it takes one that no other
    has. At the end several share what is left of one.
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
