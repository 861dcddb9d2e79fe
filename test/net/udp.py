# SPDX-License-Identifier: GPL-2.0
"""The traffic tools (test/net/traffic), and the fate of the datagrams sent."""

import itertools
import json
import os
import signal
import subprocess

from vm import tools
from vm.paths import BUILD

from . import wait

TOOLS = BUILD / "traffic"
GUEST_TOOLS = "/falcon/build/traffic"

DEFAULT_PORT = 5000
IDLE_MS = 1000      # silence after which a sink assumes that all datagrams have arrived

_runs = itertools.count(1)


class TrafficError(Exception):
    """A tool failed."""


def build():
    """Build the tools."""
    tools.make("test/net/traffic", TOOLS)


def new_run():
    """A run number that is unique in this process and very likely unique among processes."""
    return (os.getpid() << 16 | next(_runs) & 0xffff) & 0xffffffff


def options(**values):
    """Command line options: size=64 is --size 64, verify=True is --verify, None is left out."""
    words = []
    for name, value in values.items():
        if value is None or value is False:
            continue
        words.append("--" + name.replace("_", "-"))
        if value is not True:
            words.append(str(value))
    return words


class Sender:
    """udp-send, or another tool's client, running. parse() turns its output into its result."""

    def __init__(self, popen, tool="udp-send", parse=json.loads, ends_by=signal.SIGTERM):
        self._popen = popen
        self._tool, self._parse, self._ends_by = tool, parse, ends_by

    def wait(self, timeout=120):
        """Wait for its end; its report."""
        try:
            out, err = self._popen.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            self._popen.kill()
            self._popen.communicate()
            raise TrafficError(f"{self._tool}: not done after {timeout} s") from error
        if self._popen.returncode:
            raise TrafficError(f"{self._tool}: exit code {self._popen.returncode}: {err.strip()}")
        return self._parse(out)

    def stop(self, timeout=10):
        """End it early; its report until then."""
        self._popen.send_signal(self._ends_by)
        return self.wait(timeout)

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


def sent_file(ready):
    """Path of udp-sink's --sent."""
    return ready.with_name(f"{ready.name}.sent")


def write_sent(path, count):
    """Write the file in one step, because the sink may read it at any moment."""
    new = path.with_suffix(".new")
    new.write_text(f"{count}\n")
    new.rename(path)


class Sink:
    """udp-sink, or rr's server, running in a guest and ready to receive."""

    def __init__(self, guest, command, ready, timeout=20, tool="udp-sink"):
        self._process = guest.spawn(command)
        self._sent = sent_file(ready)
        self._tool = tool
        try:
            wait.until(lambda: ready.exists() or not self._process.running, timeout, f"{tool} ready")
        except TimeoutError:
            self._process.stop()
            raise
        if not ready.exists():
            raise TrafficError(f"{tool}: {self._process.wait(5).err.strip()}")

    def wait(self, timeout=120, sent=None):
        """Its report. It ends sooner if it is told the number of datagrams sent."""
        if sent:
            write_sent(self._sent, sent)
        return self._result(self._process.wait(timeout))

    def stop(self):
        """End it now; its report until then."""
        return self._result(self._process.stop())

    def _result(self, result):
        if result.rc:
            raise TrafficError(f"{self._tool}: exit code {result.rc}: {result.err.strip()}")
        try:
            return json.loads(result.out)
        except json.JSONDecodeError as error:
            raise TrafficError(f"{self._tool}: no result but {result.out!r}, {result.err!r}") from error


def balance(sent, received):
    """One account of both sides: the datagrams sent and their fate."""
    if sent["run"] != received["run"]:
        raise TrafficError(f"sender's run {sent['run']} is not the sink's, {received['run']}")
    lost = sent["sent"] - received["received"]
    if lost < 0:
        raise TrafficError(f"{received['received']} received of {sent['sent']} sent")
    return {
        "sent": sent["sent"],
        "received": received["received"],
        "lost": lost,
        "duplicated": received["duplicated"],
        "reordered": received["reordered"],
        "damaged": received["damaged"],
        "foreign": received["foreign"],
        "messages": received["messages"],
        "bytes": received["bytes"],
        "slipped_ns": sent["slipped_ns"],
        "send_ns": sent["duration_ns"],
        "receive_ns": received["duration_ns"],
        "longest_gap_ns": received["longest_gap_ns"],
        "delay": received["delay"],
        "digests": (sent.get("digest"), received.get("digest")),    # of data sent and received, if requested
        "flows": [{**ours, **theirs} for ours, theirs in zip(sent["flows"], received["flows"])],
    }
