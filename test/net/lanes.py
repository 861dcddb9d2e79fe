# SPDX-License-Identifier: GPL-2.0
"""Flows in lanes as falconctl shows them, and the invariants of falcon's counters."""

from net import udp, wait

LIMIT = 20      # seconds within which a flow must reach a state
PROTOCOL = "udp"


def flow(falcon, port=udp.DEFAULT_PORT, protocol=PROTOCOL):
    """The flow's latest entry in the flow list, or {}."""
    found = [entry for entry in falcon.flows()
             if "state" in entry and (entry.get("protocol"), entry.get("dport")) == (protocol, port)]
    return min(found, key=lambda entry: entry["idle"], default={})


def _reach(ask, timeout, what, wanted):
    """Wait until one answer has all of these values; return that answer."""
    seen = {}

    def there():
        seen.clear()
        seen.update(ask())
        return all(seen.get(key.replace("_", "-")) == value for key, value in wanted.items())
    try:
        wait.until(there, timeout, f"{what} with {wanted}")
    except TimeoutError as error:
        raise AssertionError(f"{error}; it is {seen}") from error
    return seen


def reach(falcon, timeout=LIMIT, port=udp.DEFAULT_PORT, protocol=PROTOCOL, **wanted):
    """Wait until the flow's entry has these values, such as state="several"; return the entry."""
    return _reach(lambda: flow(falcon, port, protocol), timeout, "a flow", wanted)


def reach_status(falcon, **wanted):
    """Wait until the status has these values; return the status.

    A flow's rate, and with it the reason in the status, may change with each window of 20 ms.
    """
    return _reach(lambda: falcon.ctl("status"), LIMIT, "a status", wanted)


def assert_conserved(falcon):
    """Nothing is in flight any more, and every packet that was taken is accounted for."""
    def settled():
        return all(entry.get("in-flight", 0) == 0 for entry in falcon.flows())
    wait.until(settled, LIMIT, "packets in flight to arrive")
    counters = falcon.counters()
    # Lost because the NIC or the container's device is gone.
    early, late = (falcon.counters(stage)["dropped-gone"] for stage in ("nic", "container"))
    assert counters["taken"] == counters["processed"] + counters["dropped-full"] + early, counters
    assert counters["merged"] == counters["delivered"] + late, counters
    return counters
