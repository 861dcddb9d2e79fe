# SPDX-License-Identifier: GPL-2.0
"""TCP by iperf3, with the kernel's counters of reordering and retransmission."""

import json
import signal
import subprocess

DEFAULT_PORT = 5201
# Small writes: with larger ones a rate limit turns into bursts of 128 KiB.
BLOCK = 16384
# Counters of a receiver for segments that it already had (it answers with a DSACK).
DUPLICATES = ("TCPDSACKOldSent", "TCPDSACKOfoSent")
INTERRUPTED = "interrupt - the client has terminated"
HEADERS = 20 + 32       # IP, and TCP with timestamps


class TcpError(Exception):
    """iperf3 failed."""


def parse_counters(text):
    """/proc/net/snmp and netstat: pairs of lines, names and values, as {name: value}."""
    counters = {}
    lines = text.splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        group, *keys = names.split()
        again, *numbers = values.split()
        if group != again or len(keys) != len(numbers):
            raise TcpError(f"not a pair of counter lines: {names!r} {values!r}")
        for key, number in zip(keys, numbers):
            counters[key if group == "TcpExt:" else f"{group[:-1]}{key}"] = int(number)
    return counters


COUNTER_FILES = ["cat", "/proc/net/snmp", "/proc/net/netstat"]


def host_counters(guest):
    """Counters of the guest's own namespace."""
    return parse_counters(guest.run(" ".join(COUNTER_FILES)).out)


def account(before, after):
    """Retransmissions and reordering between two readings of (sender's, receiver's) counters."""
    sender, receiver = ({name: last[name] - first.get(name, 0) for name in last}
                        for first, last in zip(before, after))
    return {
        "retransmitted": sender["TcpRetransSegs"],
        "ofo_queue": receiver.get("TCPOFOQueue", 0),
        "duplicated": sum(receiver.get(name, 0) for name in DUPLICATES),
        # GRO's merged packets as IP counts them, and their bytes, headers included
        "skbs": receiver["IpInReceives"],
        "skb_bytes": receiver["IpExtInOctets"],
    }


class Client:
    """A running iperf3 that sends to a container."""

    def __init__(self, popen, before, counters):
        self._popen = popen
        self._before = before
        self._counters = counters       # returns (sender's, receiver's) counters

    def wait(self, timeout=120):
        """Throughput, retransmissions and reordering."""
        report = self._report(timeout)
        if self._popen.returncode or "error" in report:
            raise TcpError(f"iperf3: {report.get('error') or self._popen.returncode}")
        return self._account(report["end"], report["end"]["sum_received"]["bytes"])

    def stop(self, timeout=10):
        """End it early; throughput, retransmissions and reordering until then. The server's own count is lost. The byte
        count of the server's IP replaces it; it includes iperf3's control messages, less than a kilobyte.
        """
        self._popen.send_signal(signal.SIGINT)
        report = self._report(timeout)
        if report.get("error") not in (None, INTERRUPTED):
            raise TcpError(f"iperf3: {report['error']}")
        return self._account(report["end"])

    def _report(self, timeout):
        try:
            out, err = self._popen.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            self._popen.kill()
            self._popen.communicate()
            raise TcpError(f"iperf3: not done after {timeout} s") from error
        # iperf3 prints errors in its JSON, too, some of them with exit status 0
        try:
            return json.loads(out)
        except json.JSONDecodeError as error:
            raise TcpError(f"iperf3: {err.strip() or out.strip() or 'no report'}") from error

    def kill(self):
        """Kill it."""
        self._popen.kill()
        self._popen.communicate()

    @property
    def running(self):
        return self._popen.poll() is None

    @property
    def pid(self):
        return self._popen.pid

    def _account(self, end, received=None):
        counts, sent = account(self._before, self._counters()), end["sum_sent"]
        if received is None:
            received = min(counts["skb_bytes"] - HEADERS * counts["skbs"], sent["bytes"])
        return {"sent": sent["bytes"], "received": received, "seconds": sent["seconds"], **counts}
