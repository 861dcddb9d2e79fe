# SPDX-License-Identifier: GPL-2.0
"""The bpftrace examples in scripts/, run beside traffic as a person would run them."""

import re
from collections import Counter

import pytest

from net import udp
from net.wait import until

pytestmark = pytest.mark.thorough

LIMIT = 100     # seconds; bpftrace takes 5 to 15 to start in an emulated guest
PORT = 5000
FLOWS_HEADER = r"packets of \[stage"
FLOWS_LINE = re.compile(r"^@packets\[(\w+), (\d+), (\d+), (\d+), (\d+)\]: (\d+)$", re.M)
MOVE_LINE = re.compile(r"^\d\d:\d\d:\d\d (\w+) +(\d+) ([0-9a-f]{8}) +(\d+) +(\d+)$", re.M)
MOVES_LINE = re.compile(r"^@moves\[(\w+), (\d+), (\d+)\]: (\d+)$", re.M)


class Script:
    """A script of scripts/ that runs in the guest while the block runs."""

    def __init__(self, guest, name):
        self._guest, self._name, self._process = guest, name, None

    def __enter__(self):
        self._process = self._guest.spawn(f"exec /falcon/scripts/{self._name}")
        return self

    def __exit__(self, *exc):
        self._process.stop("KILL")

    def output(self):
        out, err = self._process.output()
        assert self._process.running, f"{self._name} ended by itself:\n{out}{err}"
        return out

    def wait_for(self, pattern):
        until(lambda: re.search(pattern, self.output()), LIMIT, f"{self._name} prints {pattern}")

    def count(self, pattern):
        return len(re.findall(pattern, self.output()))

    def stop(self):
        """Press Ctrl-C; returns everything that the script printed."""
        result = self._process.stop("INT", LIMIT)
        assert result.rc == 0, result
        assert not result.err, result
        return result.out


def flow_entries(falcon):
    """{stage: entry} of the flow to the sink."""
    return {flow["stage"]: flow for flow in falcon.flows()
            if flow.get("protocol") == "udp" and flow.get("dport") == PORT}


def move(falcon, cpus):
    """Change the CPUs, and wait until a flow has moved."""
    before = falcon.counters()["moves"]
    falcon.configure(cpus=cpus)
    until(lambda: falcon.counters()["moves"] > before, LIMIT, "a move")


def number(value):
    """A hash as a number, in either notation."""
    return int(value, 0) if isinstance(value, str) else value


def test_flows_shows_each_stage_of_a_flow(overlay, falcon):
    falcon.enable()
    with Script(overlay.guest, "falcon-flows.bt") as script:
        script.wait_for(FLOWS_HEADER)
        account = overlay.udp(count=4000, rate=1500, port=PORT)
        # A second is complete in the output when the next one begins.
        begun = script.count(FLOWS_HEADER)
        until(lambda: script.count(FLOWS_HEADER) >= begun + 2, LIMIT, "two more seconds")
        out = script.stop()
    assert account["received"] == 4000

    seen = Counter()
    for stage, ifindex, flow, _, cpu, packets in FLOWS_LINE.findall(out):
        seen[stage, int(ifindex), int(flow), int(cpu)] += int(packets)
    entries = flow_entries(falcon)
    assert set(entries) == {"nic", "tunnel", "container"}
    for stage, entry in entries.items():
        packets = seen[stage, entry["ifindex"], number(entry["hash"]), entry["cpu"]]
        # A packet between a second's print and its clear is lost from the output. None is shown twice.
        assert entry["packets"] * 0.9 <= packets <= entry["packets"], (stage, entry, out)


@pytest.mark.soak
def test_moves_shows_what_a_change_of_cpus_moves(overlay, falcon):
    falcon.enable()
    with Script(overlay.guest, "falcon-moves.bt") as script:
        script.wait_for("TIME +STAGE")
        run = udp.new_run()
        sink = overlay.net.sink(overlay.guest, cpu=5, port=PORT, run=run)
        sender = overlay.net.send(rate=500, seconds=4 * LIMIT, port=PORT, run=run)
        try:
            # the header comes before the tracepoint is attached, so more than one change
            for change in range(20):
                if len(MOVE_LINE.findall(script.output())) >= 4:
                    break
                move(falcon, ("1-2", "3-4")[change % 2])
            hashes = {number(entry["hash"]) for entry in flow_entries(falcon).values()}
        finally:
            sent = sender.stop()
        account = udp.balance(sent, sink.wait())
        out = script.stop()
    assert (account["lost"], account["duplicated"], account["reordered"]) == (0, 0, 0)

    moves = MOVE_LINE.findall(out)
    assert len(moves) >= 4, out
    for stage, _, _, before, after in moves:
        assert stage in ("nic", "tunnel", "container")
        assert before != after and int(after) in range(1, 5), out
    assert hashes & {int(move[2], 16) for move in moves}, out
    counted = {(stage, ifindex, int(flow)): int(count) for stage, ifindex, flow, count in MOVES_LINE.findall(out)}
    assert counted == Counter((stage, ifindex, int(flow, 16)) for stage, ifindex, flow, _, _ in moves)
    assert sum(counted.values()) <= falcon.counters()["moves"]


@pytest.mark.parametrize("name", ["falcon-flows.bt", "falcon-moves.bt"])
def test_without_the_module_it_says_what_is_missing(overlay, name):
    result = overlay.guest.run(f"/falcon/scripts/{name}", check=False)
    assert result.rc != 0
    assert "falcon:falcon_" in result.err
