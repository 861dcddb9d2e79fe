# SPDX-License-Identifier: GPL-2.0
"""The CPU of a flow's application, as the kernel records it for RFS, and its effect on flows in lanes."""

import contextlib

import pytest

from net import lanes, tcp
from net.wait import until

# Two CPUs: one for the worker, and one for the delivery. The application runs on one of them.
LANES = {"mode": "lanes", "cpus": "2-3", "workers": 1, "elephant_rate": 300, "busy_threshold": 100, "load_threshold": 100}


def flow(falcon):
    return lanes.flow(falcon, port=tcp.DEFAULT_PORT, protocol="tcp")


@contextlib.contextmanager
def streaming(overlay, falcon, cpu):
    """A TCP stream in lanes to an application on this CPU."""
    server = overlay.net.tcp_server(overlay.guest, cpu=cpu)
    try:
        client = overlay.net.tcp_client(overlay.guest, 60, bitrate=10e6)
        try:
            lanes.reach(falcon, port=tcp.DEFAULT_PORT, protocol="tcp", state="one", merge="backlog")
            yield
        finally:
            client.kill()
    finally:
        server.stop()
    lanes.assert_conserved(falcon)


@pytest.fixture(name="table")
def fixture_table(overlay):
    setting = "net.core.rps_sock_flow_entries"
    overlay.guest.run(f"sysctl -qw {setting}=4096")
    yield
    overlay.guest.run(f"sysctl -qw {setting}=0")


@pytest.mark.thorough
def test_a_worker_is_not_where_the_application_is_and_follows_it(overlay, falcon, table):
    falcon.enable(**LANES, policy="auto")
    with streaming(overlay, falcon, cpu=2):
        for app, worker in ((2, 3), (3, 2), (2, 3)):
            overlay.guest.run(f"taskset -apc {app} $(pgrep -x iperf3) >/dev/null")
            until(lambda: flow(falcon).get("app") == app, 20, f"the application to be seen on CPU {app}")
            until(lambda: flow(falcon)["workers"] == str(worker), 20, f"the worker on CPU {worker}")


@pytest.mark.soak
def test_application_is_unknown_without_the_rfs_table(overlay, falcon):
    falcon.enable(**LANES, policy="auto")
    with streaming(overlay, falcon, cpu=2):
        before = flow(falcon)["packets"]
        until(lambda: flow(falcon)["packets"] > before + 1500, 20, "three times as long as it takes to be seen")
        assert "app" not in flow(falcon)
