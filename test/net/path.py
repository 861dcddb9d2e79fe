# SPDX-License-Identifier: GPL-2.0
"""The same traffic without falcon and with it: every observation must be the same.

	def test_something(overlay, same):
	    same(lambda: {"account": path.counts(overlay.udp(count=3000))}, merge="backlog")
"""

import contextlib
import hashlib
import random
import re
import threading

import pytest

from net import tcp, udp
from net.falcon import Falcon
from vm import crash

# Every flow is promoted at once and moves to its next worker after a few packets.
LANES = {"mode": "lanes", "elephant_rate": 0, "workers": 2, "batch": 16}
PIPELINE = {"mode": "pipeline"}
# Hooks are not parked, because the traffic may end before parked hooks are attached. test_park.py tests parking.
COMMON = {"cpus": "1-3", "busy_threshold": 100, "load_threshold": 100, "park": 0}

# Setups that are compared with the kernel without falcon, by name.
SETUPS = {"lanes": LANES, "pipeline": PIPELINE}

ATTEMPTS = 3
STREAM_PORT = 5300
STREAM_WHOLE = {"whole": True, "out of order": 0}

# Bursts, so that one poll of the NIC has packets for more than one batch.
TRAFFIC = {"rate": 4000, "burst": 40, "verify": True}
# Messages of these levels must not appear in the kernel's log. Messages that the test itself causes appear without
# falcon, too. A slow machine and an out-of-tree module cause messages of their own: see NOISE.
DMESG = "dmesg --level=emerg,alert,crit,err,warn --notime"
# The last pattern stands for suppressed messages of any level, such as those about ECN in hostile packets.
NOISE = re.compile(r"taints kernel|^hrtimer: interrupt took|^clocksource:|^perf: interrupt took too long|"
                   r"^net_ratelimit: .* callbacks suppressed")


class Different(AssertionError):
    """Observations with falcon differ from those without."""


def counts(account):
    """The fields of udp.balance(), or of a sink's report, that do not depend on time."""
    names = ("sent", "received", "lost", "duplicated", "reordered", "damaged", "foreign", "bytes")
    return {name: account[name] for name in names if name in account}


def assert_whole(account, sent):
    """Every datagram was sent and has arrived, once and in order."""
    seen = {name: account[name] for name in ("sent", "lost", "duplicated", "reordered", "damaged")}
    assert seen == {"sent": sent, "lost": 0, "duplicated": 0, "reordered": 0, "damaged": 0}


def stream(overlay, container=0, family=4, port=STREAM_PORT, to=None, megabytes=4):
    """Send a file to a container by TCP (to the host: None), as fast as possible. Tells if it arrived whole and in
    order.

    to: another (address, port) that leads there.
    """
    net, guest = overlay.net, overlay.guest
    content = random.Random(megabytes).randbytes(megabytes << 20)
    source = guest.shared / "stream"
    source.write_bytes(content)
    address, to_port = to or (net.address(container, family), port)
    name = f"stream-{udp.new_run()}"
    listen = f"TCP{family}-LISTEN:{port},reuseaddr"
    receiver = guest.spawn(_inside(net, f"socat -u {listen} OPEN:/tmp/{name},creat", container) + "\n"
                           f"status=$?; sha256sum </tmp/{name}; rm /tmp/{name}; exit $status")
    try:
        guest.run(_inside(net, f"bash -c 'until [[ $(ss -Hltn sport = :{port}) ]]; do sleep 0.05; done'", container),
                  timeout=20)
        before = _tcp_counters(overlay, container)
        net.namespace.run(["bash", "-c", 'cat <"$0" >"/dev/tcp/$1/$2"', source, address, to_port],
                          timeout=60)
        said = receiver.wait(30, check=True).out.split()
        account = tcp.account(before, _tcp_counters(overlay, container))
    finally:
        receiver.stop()
    whole = said[0] == hashlib.sha256(content).hexdigest()
    if account["ofo_queue"]:
        # Shown if the test fails, to distinguish reordering from loss.
        print(f"stream: {account}\n" + guest.run("ip -s link show type veth; cat /proc/net/softnet_stat").out)
    return {"whole": whole, "out of order": account["ofo_queue"]}


def _tcp_counters(overlay, container):
    """Like Topology.tcp_counters(), but also for the host."""
    here = overlay.net.namespace.run(tcp.COUNTER_FILES)
    there = overlay.guest.run(_inside(overlay.net, " ".join(tcp.COUNTER_FILES), container)).out
    return tcp.parse_counters(here), tcp.parse_counters(there)


def _inside(net, command, container):
    return command if container is None else net.in_container(command, container)


@contextlib.contextmanager
def variant(overlay, name):
    """Use another variant of the overlay while the block runs."""
    overlay.net.switch(name, overlay.guest)
    try:
        yield
    finally:
        if overlay.guest.alive:
            overlay.net.switch("vxlan", overlay.guest)


@contextlib.contextmanager
def commands(guest, done, undone):
    """Run a script in the guest before the block, and another one after it."""
    guest.run(done)
    try:
        yield
    finally:
        guest.run(undone)


def sender(overlay, to, **options):
    """A running Sender to any address. Options are udp-send's."""
    return udp.Sender(overlay.net.namespace.popen([udp.TOOLS / "udp-send", *udp.options(to=to, **options)]))


def complaints(guest):
    """Lines of the kernel's log that should not be there, with each number replaced by N."""
    said = crash.without_races_of_others(guest.run(DMESG).out)
    return [re.sub(r"\d+", "N", line) for line in said.splitlines() if not NOISE.search(line)]


def difference(stock, falcon):
    """A sentence for each difference between two dictionaries of observations."""
    said = [f"{name}: only {'without' if name in stock else 'with'} falcon" for name in stock.keys() ^ falcon.keys()]
    for name in stock.keys() & falcon.keys():
        before, after = stock[name], falcon[name]
        if before == after:
            continue
        if isinstance(before, list) and isinstance(after, list):
            at = next((index for index, pair in enumerate(zip(before, after)) if pair[0] != pair[1]),
                      min(len(before), len(after)))
            around = slice(max(0, at - 2), at + 6)
            said.append(f"{name}: {len(before)} without falcon, {len(after)} with, the first difference at {at}: "
                        f"{before[around]} without, {after[around]} with")
        else:
            said.append(f"{name}: {before} without falcon, {after} with")
    return said


class Watch:
    """Collects the flow list while the block runs, because a flow is demoted soon after its last packet."""

    STEP = 0.1

    def __init__(self, falcon):
        self.seen = []
        self._falcon = falcon
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self):
        while not self._over.wait(self.STEP):
            self.seen += self._falcon.flows()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._over.set()
        self._thread.join()


class Comparison:
    """Runs the given traffic in the guest without falcon, and then with each setup."""

    def __init__(self, guest):
        self.guest = guest
        self.stock = None
        self.flows = {}         # entries of the flow list during the traffic, by setup
        self.counters = {}

    def __call__(self, traffic, expect=None, config=None, steered=True, **flow):
        """traffic() returns {name: observation}. expect(seen) asserts facts that must hold even without falcon.

        config: additions to falcon's configuration. steered: True if mode pipeline must steer some packets. flow:
        values that an entry of the flow list must have in mode lanes, such as merge="backlog"; a flow that has a merge
        point must be on several workers.
        """
        if "merge" in flow:
            flow = {"state": "several", **flow}
        known = set(complaints(self.guest))
        self.stock = traffic()
        if expect:
            expect(self.stock)
        known |= set(complaints(self.guest))
        with Falcon(self.guest) as falcon:
            for name in SETUPS:
                self._try(name, falcon, traffic, config or {}, flow)
                self._assert_at_work(name, steered, flow)
                new = [line for line in complaints(self.guest) if line not in known]
                assert not new, f"{name}: in the kernel's log, and not without falcon: {new}"
                self.guest.check()

    def _try(self, name, falcon, traffic, config, flow):
        before = falcon.counters()
        falcon.enable(**COMMON, **SETUPS[name], **config)
        # On a slow machine the traffic may end before the list is read.
        for _ in range(ATTEMPTS):
            self._compare(name, falcon, traffic)
            if name != "lanes" or self._listed(name, flow):
                break
        falcon.disable()
        after = falcon.counters()
        self.counters[name] = {key: after[key] - before[key] for key in after}

    def _compare(self, name, falcon, traffic):
        with Watch(falcon) as watch:
            seen = traffic()
        self.flows[name] = watch.seen
        self.counters[name] = falcon.counters()
        differences = difference(self.stock, seen)
        if differences:
            raise Different("\n".join([f"{name} differs from stock:", *differences,
                                       f"counters {self.counters[name]}", *self._table(name)]))

    def _listed(self, name, flow):
        return any(all(entry.get(key) == value for key, value in flow.items()) for entry in self.flows[name])

    def _assert_at_work(self, name, steered, flow):
        counters = self.counters[name]
        if name == "lanes":
            assert counters["taken"] > 0, counters
            assert counters["taken"] == counters["processed"] + counters["dropped-full"], counters
            assert self._listed(name, flow), \
                "\n".join([f"{name}: no flow with {flow}", f"counters {counters}", *self._table(name)])
        else:
            assert (counters["steered"] > 0) == steered, counters

    def _table(self, name):
        """A line for each flow in the list, for the failure message."""
        told = ("dport", "protocol", "state", "reason", "merge", "workers", "packets", "batches", "stage", "cpu")
        lines = [" ".join(f"{key}={entry[key]}" for key in told if key in entry) for entry in self.flows[name]]
        return list(dict.fromkeys(lines))


@pytest.fixture
def same(overlay):
    return Comparison(overlay.guest)
