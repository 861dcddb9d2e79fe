# SPDX-License-Identifier: GPL-2.0
"""UDP checksums: the application's CPU verifies no more of them than without falcon, and wrong ones are counted."""

import contextlib

import pytest

from net import hostile, path, udp
from net.path import same  # noqa: F401  pylint: disable=unused-import
from vm.paths import REPO

# pylint: disable=redefined-outer-name

pytestmark = pytest.mark.thorough

COUNT = 1200
ERRORS = ("Udp:InErrors", "Udp:InCsumErrors")
# Functions by which a socket's poll() or recvmsg() verifies checksums that nobody has verified before.
LATE = ("__skb_checksum_complete", "skb_copy_and_csum_datagram_msg")
TRACING = "/sys/kernel/tracing"


@contextlib.contextmanager
def counted_calls(guest, functions, counts):
    """counts["calls"]: calls of these functions while the block runs."""
    guest.run(f"set -e; cd {TRACING}\n"
              f"printf '%s\\n' {' '.join(functions)} >set_ftrace_filter; echo function >current_tracer; echo >trace")
    try:
        yield
    finally:
        found = guest.run(f"cd {TRACING}; grep -v '^#' trace | wc -l; echo nop >current_tracer; echo >set_ftrace_filter")
        counts["calls"] = int(found.out)


def observe(overlay, family):
    """Results of COUNT datagrams, half of them with a wrong checksum."""
    net, guest, counts = overlay.net, overlay.guest, {}
    before = hostile.counters(guest)
    with counted_calls(guest, LATE, counts):
        sink = net.sink(guest, family=family, cpu=5, idle=2 * udp.IDLE_MS)
        net.namespace.run([REPO / "test/net/checksums.py", net.address(family=family), str(udp.DEFAULT_PORT), str(COUNT)])
        # The datagrams have another run number, so the sink only counts them as foreign.
        account = sink.wait()
    after = hostile.counters(guest)
    return {"application": account["foreign"], "verified late": counts["calls"],
            **{name: after["c0", name] - before["c0", name] for name in ERRORS}}


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("variant", ["vxlan", *(pytest.param(name, marks=pytest.mark.soak)
                                                for name in ("vxlan6", "geneve", "routed"))])
def test_checksums_are_verified_early_and_wrong_ones_counted_the_same(overlay, same, variant, family):
    def expect(seen):
        # Wrong checksums are left to the socket.
        assert seen == dict.fromkeys(("application", "verified late", *ERRORS), COUNT // 2)

    with path.variant(overlay, variant) if variant != "vxlan" else contextlib.nullcontext():
        same(lambda: observe(overlay, family), expect, merge="backlog")
