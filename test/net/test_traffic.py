# SPDX-License-Identifier: GPL-2.0
"""Sender and sink in a network namespace of the host: the sink's counts are correct."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from net import memcached, sockperf, tcp, udp, wait, wire
from net.netns import CommandError, Namespace

RELAY = Path(__file__).with_name("relay.py")
PORT, RELAY_PORT = 5000, 6000
LIMIT = 60


@pytest.fixture(scope="module")
def namespace():
    udp.build()
    with Namespace("falcon-traffic") as ns:
        yield ns


def popen(stack, ns, argv):
    """A program that does not outlive the test."""
    process = ns.popen(argv)

    def end():
        if process.poll() is None:
            process.kill()
        process.communicate()

    stack.callback(end)
    return process


class Setup:
    """A ready sink, and a sender to it."""

    def __init__(self, stack, ns, tmp_path, bind="127.0.0.1", **opts):
        self._stack, self._ns = stack, ns
        ready = tmp_path / "ready"
        # The sink is told the end. It cannot conclude it from silence, which a busy machine causes as well.
        opts.setdefault("idle", LIMIT * 1000)
        words = udp.options(port=PORT, bind=bind, ready=ready, **opts)
        self.sink = popen(stack, ns, [udp.TOOLS / "udp-sink", *words])
        wait.until(lambda: ready.exists() or self.sink.poll() is not None, LIMIT, "sink")
        self._to = bind
        self._relay = None

    def relay(self, count, *argv):
        self._relay = popen(self._stack, self._ns, [
            sys.executable, RELAY, "--listen", RELAY_PORT, "--to", PORT, "--count", count, *argv])
        assert self._relay.stdout.readline() == "ready\n", self._relay.communicate()[1]

    def send(self, port=PORT, **opts):
        opts.setdefault("rate", 20000)
        words = udp.options(to=self._to, port=port, **opts)
        return json.loads(self._ns.run([udp.TOOLS / "udp-send", *words], timeout=LIMIT))

    def result(self):
        """The sink's counts, once all datagrams are in its socket; it still empties the socket."""
        if self._relay:
            assert self._relay.wait(LIMIT) == 0, self._relay.communicate()[1]
        self.sink.terminate()
        return self.end()

    def end(self):
        """The sink's counts, after it has ended by itself."""
        out, err = self.sink.communicate(timeout=LIMIT)
        assert self.sink.returncode == 0, err
        return json.loads(out)


@pytest.fixture
def setup(namespace, tmp_path):
    with contextlib.ExitStack() as stack:
        yield lambda **opts: Setup(stack, namespace, tmp_path, **opts)


def counts(result):
    return {name: result[name] for name in ("received", "lost", "duplicated", "reordered", "damaged",
                                            "foreign")}


def expected(received, lost=0, duplicated=0, reordered=0, damaged=0, foreign=0):
    return {"received": received, "lost": lost, "duplicated": duplicated, "reordered": reordered,
            "damaged": damaged, "foreign": foreign}


@pytest.mark.parametrize("bind", ["127.0.0.1", "::1"])
def test_all_arrives(setup, bind):
    s = setup(bind=bind, verify=True)
    sent = s.send(count=5000)
    got = s.result()
    assert sent["sent"] == 5000
    assert counts(got) == expected(5000)
    assert got["bytes"] == sent["bytes"] == 5000 * 1400
    account = udp.balance(sent, got)
    assert (account["sent"], account["lost"]) == (5000, 0)


def test_flows_are_counted_apart(setup):
    s = setup(flows=3, verify=True)
    sent = s.send(flows=3, count=3000, size="64,200-1400", burst=5)
    got = s.result()
    assert counts(got) == expected(3000)
    assert [flow["received"] for flow in got["flows"]] == [flow["sent"] for flow in sent["flows"]]
    assert all(flow["received"] >= 995 for flow in got["flows"])
    assert got["bytes"] == sent["bytes"]


def account(setup, **opts):
    """The account of datagrams of random sizes, with pauses and digests."""
    s = setup(verify=True, flows=2, digest=True)
    return udp.balance(s.send(flows=2, count=500, size="32-1400", pause=200, digest=True, **opts), s.result())


def test_digests_and_sizes_are_the_same_for_the_same_seed(namespace, tmp_path):
    accounts = []
    for number, seed in enumerate((1, 1, 2)):
        (tmp_path / str(number)).mkdir()
        with contextlib.ExitStack() as stack:
            accounts.append(account(lambda **opts: Setup(stack, namespace, tmp_path / str(number), **opts), seed=seed))
    for one in accounts:
        assert one["digests"][0] == one["digests"][1] is not None
    first, again, other = accounts
    assert (first["digests"], first["flows"]) == (again["digests"], again["flows"])
    assert first["digests"] != other["digests"] and first["bytes"] != other["bytes"]


def test_digest_tells_a_datagram_that_was_altered(setup):
    s = setup(digest=True)
    s.relay(300, "--damage", "7")
    sent = s.send(port=RELAY_PORT, count=300, digest=True)
    assert s.result()["digest"] != sent["digest"]


def test_pauses_make_it_longer(setup):
    s = setup()
    sent = s.send(count=400, burst=1, rate=100000, pause=4000, seed=3)
    got = s.result()
    # 400 pauses of 2 ms on average
    assert sent["duration_ns"] > 400 * 1_500_000
    assert counts(got) == expected(400)


def test_delays_are_those_beyond_the_fastest(setup):
    s = setup()
    # 100 others, that is 50 ms, later
    s.relay(1000, "--delay", "500:100")
    s.send(port=RELAY_PORT, count=1000, rate=2000, burst=1)
    delay = s.result()["delay"]
    assert delay["p50_ns"] <= delay["p99_ns"] <= delay["max_ns"]
    assert delay["max_ns"] > 40_000_000


def test_fragments_and_mixed_sizes(setup, namespace):
    with small_mtu(namespace):
        before = tcp.parse_counters(namespace.run(tcp.COUNTER_FILES))
        s = setup(verify=True)
        sent = s.send(count=1000, size="32,9000,1000-4000,65507", rate=2000)
        got = s.result()
        after = tcp.parse_counters(namespace.run(tcp.COUNTER_FILES))
    assert counts(got) == expected(1000)
    assert got["bytes"] == sent["bytes"]
    # At an MTU of 1500, 65507 bytes are 45 fragments and 9000 are 7
    assert after["IpFragCreates"] - before["IpFragCreates"] >= 250 * (45 + 7)


@contextlib.contextmanager
def small_mtu(ns):
    ns.run(["ip", "link", "set", "lo", "mtu", "1500"])
    try:
        yield
    finally:
        ns.run(["ip", "link", "set", "lo", "mtu", "65536"])


RELAYED = {
    "nothing": ([], expected(2000)),
    "lost": (["--drop", 0, "--drop", 700, "--drop", 701], expected(1997, lost=3)),
    "repeated": (["--repeat", 3, "--repeat", 1999], expected(2000, duplicated=2)),
    # two datagrams that are overtaken, one of them by 1 and the other by 50
    "overtaken": (["--delay", "10:1", "--delay", "500:50"], expected(2000, reordered=2)),
    # both are held back and released in order: they keep their order, but both are late
    "neighbours": (["--delay", "10:5", "--delay", "11:5"], expected(2000, reordered=2)),
    "damaged": (["--damage", 42], expected(1999, lost=1, damaged=1)),
    "everything": (["--drop", 5, "--repeat", 6, "--delay", "7:2", "--damage", 8],
                   expected(1998, lost=2, duplicated=1, reordered=1, damaged=1)),
}


@pytest.mark.parametrize("name", RELAYED)
def test_sink_reports_what_the_relay_did(setup, name):
    argv, want = RELAYED[name]
    s = setup(verify=True)
    s.relay(2000, *argv)
    sent = s.send(port=RELAY_PORT, count=2000, burst=1)
    got = s.result()
    assert counts(got) == want
    assert udp.balance(sent, got)["lost"] == want["lost"]


def test_last_one_lost_is_seen_by_the_balance(setup):
    s = setup()
    s.relay(100, "--drop", 99)
    sent = s.send(port=RELAY_PORT, count=100)
    got = s.result()
    # the sink cannot know of datagrams after the last one that it saw
    assert got["lost"] == 0
    assert udp.balance(sent, got)["lost"] == 1


def test_damage_needs_verify_to_be_seen(setup):
    s = setup()
    s.relay(100, "--damage", 42)
    s.send(port=RELAY_PORT, count=100)
    got = s.result()
    assert counts(got) == expected(100)
    assert got["verified"] is False


def test_other_run_is_foreign(setup):
    s = setup(run=7)
    s.send(run=6, count=10)
    sent = s.send(run=7, count=20)
    got = s.result()
    assert counts(got) == expected(20, foreign=10)
    with pytest.raises(udp.TrafficError, match="run"):
        udp.balance({**sent, "run": 6}, got)


def test_more_received_than_sent_is_an_error():
    with pytest.raises(udp.TrafficError, match="received of"):
        udp.balance({"run": 1, "sent": 9}, {"run": 1, "received": 10})


def test_what_was_not_stamped_is_not_timed(setup):
    s = setup(stamps=True)
    s.send(count=10)
    assert "was not stamped" in s.sink.communicate(timeout=LIMIT)[1]
    assert s.sink.returncode


# Datagrams of 100 bytes and a shorter last one, in one packet (UDP_SEGMENT), which loopback does not segment.
SEND_MERGED = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(17, 103, 100)
sock.sendto(bytes.fromhex(sys.argv[1]), ("127.0.0.1", int(sys.argv[2])))
"""


def test_datagrams_that_come_merged_are_told_apart(setup, namespace):
    s = setup(gro=True)
    order = (0, 1, 3, 2, 2, 4)
    merged = b"".join(wire.HEADER.pack(wire.MAGIC, 1, 0, size, seq).ljust(size, b"x")
                      for seq, size in zip(order, (100, 100, 100, 100, 100, 50)))
    namespace.run([sys.executable, "-c", SEND_MERGED, merged.hex(), PORT])
    s.send(count=1)     # the first one again, as a packet that is not merged
    got = s.result()
    assert counts(got) == expected(5, duplicated=2, reordered=1)
    assert got["bytes"] == 4 * 100 + 50
    assert got["messages"] == 2


def test_sink_ends_when_nothing_comes(setup):
    assert counts(setup(wait=100).end()) == expected(0)


def test_sink_ends_after_silence(setup):
    s = setup(idle=2000)
    s.send(count=50)
    assert counts(s.end()) == expected(50)


def test_sink_ends_when_all_has_come(setup):
    s = setup(flows=2, count=50)
    s.send(flows=2, count=100, burst=1)
    assert counts(s.end()) == expected(100)


def test_sink_knows_of_the_last_ones_when_told_the_count(setup):
    s = setup(count=60)
    s.send(count=50)
    assert counts(s.result()) == expected(50, lost=10)


def test_sink_ends_once_as_many_have_come_as_were_sent(setup, tmp_path):
    s = setup(flows=2, sent=tmp_path / "sent")
    s.send(flows=2, count=50, burst=1)
    udp.write_sent(tmp_path / "sent", 50)
    assert counts(s.end()) == expected(50)


def test_sink_goes_on_while_some_are_missing(setup, tmp_path):
    s = setup(sent=tmp_path / "sent")
    udp.write_sent(tmp_path / "sent", 51)
    s.send(count=50)
    with pytest.raises(subprocess.TimeoutExpired):
        s.sink.wait(1.5)
    assert counts(s.result()) == expected(50)


@pytest.mark.parametrize("rate, burst", [(1000, 1), (5000, 4)])
def test_sender_keeps_its_rate(setup, rate, burst):
    s = setup()
    sent = s.send(rate=rate, burst=burst, seconds=1)
    on_time_s = (sent["duration_ns"] - sent["slipped_ns"]) / 1e9
    # never faster; slower only by the time that it reports, and a burst at the end
    assert sent["sent"] <= rate
    assert sent["sent"] >= rate * on_time_s * 0.98 - burst
    assert counts(s.result()) == expected(sent["sent"])


@pytest.mark.parametrize("after, found", [(0, [1000] * 3 + [100] * 10), (86400000, [308] * 9 + [307] * 4)],
                         ids=["at once", "never"])
def test_flows_of_a_surge_send_ten_times_as_much(setup, after, found):
    s = setup(flows=13)
    sent = s.send(flows=13, count=sum(found), burst=1, surge=3, surge_after=after)
    assert [flow["sent"] for flow in sent["flows"]] == found
    assert counts(s.result()) == expected(4000)


@pytest.mark.parametrize("words", [[], ["--tcp"], ["--tcp", "--size", 40000], ["--connect"]],
                         ids=["udp", "tcp", "large", "connect"])
def test_request_and_response(namespace, tmp_path, words):
    with contextlib.ExitStack() as stack:
        ready = tmp_path / "ready"
        server = popen(stack, namespace, [udp.TOOLS / "rr", "--server", "--port", PORT,
                                          "--ready", ready, *words])
        wait.until(lambda: ready.exists() or server.poll() is not None, LIMIT, "rr")
        out = json.loads(namespace.run([udp.TOOLS / "rr", "--to", "127.0.0.1", "--port", PORT,
                                        "--count", 500, "--log", tmp_path / "log", *words]))
        server.terminate()
        answered = json.loads(server.communicate(timeout=LIMIT)[0])["answered"]
    assert (out["asked"], out["answered"], answered) == (500, 500, 500)
    assert (out["timeouts"], out["strays"]) == (0, 0)
    assert 0 < out["min_ns"] <= out["p50_ns"] <= out["p99_ns"] <= out["max_ns"]
    log = [[int(word) for word in line.split()] for line in (tmp_path / "log").read_text().splitlines()]
    times = sorted(time for _, time in log)
    assert (len(times), times[0], times[249], times[-1]) == (500, out["min_ns"], out["p50_ns"], out["max_ns"])
    # one at a time: the client sends the next request after the answer
    assert all(sent + time <= after for (sent, time), (after, _) in zip(log, log[1:]))


def test_request_that_a_tcp_server_does_not_answer_is_an_error(namespace, tmp_path):
    with contextlib.ExitStack() as stack:
        ready = tmp_path / "ready"
        server = popen(stack, namespace, [udp.TOOLS / "rr", "--server", "--port", PORT, "--tcp",
                                          "--size", 128, "--ready", ready])
        wait.until(lambda: ready.exists() or server.poll() is not None, LIMIT, "rr")
        # the server waits for the second half of the request, which this client never sends
        with pytest.raises(CommandError, match="no response"):
            namespace.run([udp.TOOLS / "rr", "--to", "127.0.0.1", "--port", PORT, "--tcp", "--size", 64,
                           "--timeout", 200, "--count", 1])


def ask_by_sockperf(namespace, between):
    """Send requests for four seconds and call `between` after two of them; sockperf's results."""
    with contextlib.ExitStack() as stack:
        server = popen(stack, namespace, sockperf.server(PORT).split())
        wait.until(lambda: namespace.run(["ss", "-Hlnu", "sport", "=", f":{PORT}"]) or server.poll() is not None,
                   LIMIT, "sockperf")
        client = udp.Sender(popen(stack, namespace, sockperf.client("127.0.0.1", PORT, 1000, 64, LIMIT)), "sockperf",
                            sockperf.parse, signal.SIGINT)
        begin = time.monotonic()
        for after, what in ((2, between), (4, lambda: None)):
            wait.until(lambda after=after: time.monotonic() > begin + sockperf.BEGIN_S + after, LIMIT, "requests")
            what()
        return client.stop()


def test_requests_by_sockperf(namespace):
    asked = ask_by_sockperf(namespace, lambda: None)
    assert 100 < asked["answered"] <= 1000 * asked["valid_s"] + 10
    assert 0 < asked["p50_us"] <= asked["p99_us"]
    assert asked["duplicated"] == 0


def test_request_that_is_lost_is_seen(namespace):
    """sockperf sends no further request, so its results would cover only a part of the time."""
    drop = ["nft", "add table inet lost; add chain inet lost in { type filter hook input priority 0; };"
            f"add rule inet lost in udp dport {PORT} drop"]
    try:
        with pytest.raises(sockperf.Stalled, match="no answer in its last [12]"):
            ask_by_sockperf(namespace, lambda: namespace.run(drop))
    finally:
        namespace.run(["nft", "delete", "table", "inet", "lost"])


def test_sockperf_without_an_answer_has_no_figures():
    with pytest.raises(sockperf.Stalled, match="Is the server down"):
        sockperf.parse("sockperf: No messages were received from the server. Is the server down?")


def test_load_on_nothing_has_no_figures(namespace):
    words = memcached.client("127.0.0.1", 1)
    with contextlib.ExitStack() as stack:
        client = udp.Sender(popen(stack, namespace, words), "memcaslap", memcached.parse)
        with pytest.raises(udp.TrafficError, match="memcaslap: exit code 1"):
            client.wait()


LOAD = """
Get Statistics (109 events)
   Min:        21
   Max:     57941
   Avg:      1629

Total Statistics (121 events)
   Min:        21
   Max:     57941
   Avg:      1630

cmd_get: 109
cmd_set: 12
get_misses: 0

Run time: 3.0s Ops: 121 TPS: 40 Net_rate: 0.5M/s
"""


def test_figures_of_a_load():
    assert memcached.parse(LOAD) == {"answered": 121, "per_s": 40, "mean_us": 1630, "missed": 0}
    with pytest.raises(memcached.LoadError, match="did not get back 7 of the values"):
        memcached.parse(LOAD.replace("get_misses: 0", "get_misses: 7"))
    with pytest.raises(memcached.LoadError, match="no figures"):
        memcached.parse(LOAD.replace("Total", "Some"))


@pytest.mark.parametrize("tool, words, message", [
    ("udp-send", [], "--to and --port"),
    ("udp-send", ["--to", "127.0.0.1", "--port", "5000"], "--count or --seconds"),
    ("udp-send", ["--to", "localhost", "--port", "5000", "--count", "1"], "not an IPv4 or IPv6"),
    ("udp-send", ["--to", "::1", "--port", "0", "--count", "1"], "from 1 to 65535"),
    ("udp-send", ["--to", "::1", "--port", "5000", "--count", "-1"], "not a number"),
    ("udp-send", ["--to", "::1", "--port", "5000", "--count", "1", "--size", "31"], "from 32"),
    ("udp-send", ["--to", "::1", "--port", "5000", "--count", "1", "--size", "90-80"], "from 90"),
    ("udp-send", ["--to", "::1", "--port", "65535", "--count", "1", "--flows", "2"], "more flows"),
    ("udp-send", ["--to", "::1", "--from", "127.0.0.1", "--port", "5", "--count", "1"], "families"),
    ("udp-sink", [], "--port"),
    ("udp-sink", ["--port", "5000", "extra"], "unexpected argument 'extra'"),
    ("udp-sink", ["--port", "5000", "--gro", "--stamps"], "--stamps is not for --gro"),
    ("rr", ["--port", "5000"], "--to or --server"),
])
def test_wrong_usage(namespace, tool, words, message):
    done = subprocess.run([udp.TOOLS / tool, *words], capture_output=True, text=True, timeout=LIMIT,
                          check=False)
    assert done.returncode == 2
    assert message in done.stderr


def test_namespace_is_gone_after_a_failure():
    with pytest.raises(CommandError, match="exit code"):
        with Namespace("falcon-traffic") as ns:
            ns.run(["ip", "link", "set", "nosuchdevice", "up"])
    assert ns.name not in subprocess.run(["ip", "netns", "list"], capture_output=True, text=True,
                                         check=True).stdout


def test_counter_files_that_do_not_match_are_refused():
    assert tcp.parse_counters("TcpExt: A B\nTcpExt: 1 2\nTcp: X\nTcp: -1\n") == {"A": 1, "B": 2, "TcpX": -1}
    with pytest.raises(tcp.TcpError, match="not a pair"):
        tcp.parse_counters("TcpExt: A B\nTcpExt: 1\n")
