# SPDX-License-Identifier: GPL-2.0
"""A guest: a Debian kernel under QEMU with trixie's user space, which gets its commands through a virtio port.

	with Guest(kernel="6.12", vcpus=4) as g:
	    print(g.run("uname -r").out)

Only a message of the guest's agent on that port counts as success. The block's end powers the guest off in order.
GuestFailed means that a guest panicked, hung or stopped early, or that its console has the head of a crash report.
"""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid

from . import accel as accelerators
from . import crash, initramfs, kernel as kernels, qemu, tools
from .meter import Meter
from .paths import GUESTS
from .qemu import Nic  # noqa: F401  part of this interface
from .tree import Tree

BOOT_LIMIT = 120        # seconds; 5 are usual
OFF_LIMIT = 60          # includes kmemleak's scan
STOP_LIMIT = 10
KEPT = 40               # directories of former guests

_counter = itertools.count(1)


class GuestFailed(Exception):
    """The guest failed. `reason` is one of REASONS."""

    REASONS = ("panic", "crash", "hang", "stopped early", "boot")

    def __init__(self, reason, detail, console=None):
        assert reason in self.REASONS, reason
        self.reason, self.detail, self.console = reason, detail, console
        super().__init__(f"guest failed: {reason}: {detail}")


class CommandFailed(Exception):
    """A script in the guest ended with a status other than 0."""

    def __init__(self, script, result):
        self.result = result
        super().__init__(f"status {result.rc} from:\n{script.strip()}\n"
                         f"-- its stdout:\n{result.out[-4000:]}\n-- its stderr:\n{result.err[-4000:]}")


class CommandTimeout(Exception):
    """A script in the guest did not end in time and was stopped. The guest is still alive."""


class Result:
    """Result of a script: rc, out, err."""

    def __init__(self, rc, out, err):
        self.rc, self.out, self.err = rc, out, err

    def __repr__(self):
        return f"Result(rc={self.rc}, out={self.out!r}, err={self.err!r})"


class Process:
    """A script that runs in the guest."""

    def __init__(self, guest, ident, script):
        self._guest, self.ident, self.script = guest, ident, script
        self._dir = guest.shared / ".run" / ident

    def output(self):
        """(stdout, stderr) so far."""
        def text(name):
            path = self._dir / name
            return path.read_text(errors="replace") if path.exists() else ""
        return text("out"), text("err")

    @property
    def running(self):
        return self._guest.status(self.ident) is None

    def wait(self, timeout=60, check=False):
        """Wait for its end. Raises CommandTimeout if that takes longer; the script then continues."""
        rc = self._guest.wait_status(self.ident, timeout)
        if rc is None:
            raise CommandTimeout(f"no end after {timeout} s:\n{self.script.strip()}\n"
                                 f"-- so far:\n{''.join(self.output())[-4000:]}")
        result = Result(rc, *self.output())
        if check and rc:
            raise CommandFailed(self.script, result)
        return result

    def signal(self, name):
        """Send a signal (INT, TERM, ...) to its process group."""
        self._guest.send(f"stop {self.ident} {name}")

    def stop(self, name="TERM", timeout=STOP_LIMIT):
        """Stop it and return its Result. If the guest cannot even do that, it hangs."""
        if self.running:
            for sig in (name, "KILL"):
                self.signal(sig)
                if self._guest.wait_status(self.ident, timeout) is not None:
                    break
            else:
                self._guest.kill("hang", f"does not end a killed script:\n{self.script.strip()}")
        return self.wait(timeout)


class Guest:
    """One guest; a context manager."""

    def __init__(self, kernel=kernels.DEFAULT, vcpus=4, memory=1024, netns=None, nics=(), time_limit=600,
                 append="", accel=None, interactive=False, suite=kernels.GUEST_SUITE, name=None, boots=2, metered=False):
        self.kernel = kernels.get(kernel)
        self.vcpus = vcpus
        self.name = name or f"{kernel}-{os.getpid()}-{next(_counter)}"
        self.directory = GUESTS / self.name
        self.shared = self.directory / "shared"
        self.console = self.directory / "console.log"
        # Instructions can be counted in translated code (TCG) only.
        self.accel = accel or ("tcg" if metered else accelerators.choose(self.kernel))
        self._metered = metered
        self.meter = None           # of its vCPUs, while it runs
        # Another suite's user space serves tests of that suite only; it has the bare minimum.
        root = Tree(suite)
        if suite != kernels.GUEST_SUITE:
            root.ensure(kernels.AGENT_PACKAGES)
        self._options = dict(root=root.path, memory=max(memory, self.kernel.memory), nics=tuple(nics),
                             append=f"{self.kernel.append} {append}".strip(), interactive=interactive)
        self._netns = netns
        self._time_limit = time_limit * self.kernel.patience
        self._boots = boots
        self._qemu = self._socket = None
        self._state = threading.Condition()
        self._reset()

    def _reset(self):
        self._ready = self._bye = False
        self._done = {}
        self._killed = None         # (reason, detail) if the harness killed it
        self._failure = None

    # -- life

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, trace):
        try:
            self.stop()
        except GuestFailed as failure:
            # If the guest failed, that explains the block's error.
            if error is not None and error is not failure:
                raise failure from error
            raise

    def start(self):
        """Boot. Now and then QEMU's emulation aborts while a kernel sets up its devices, long before anything under
        test runs. So a guest that never became ready is booted once more, with a note.
        """
        for last in range(1, self._boots + 1):
            self._reset()
            try:
                self._boot()
                return
            except GuestFailed as failure:
                if last == self._boots:
                    raise
                print(f"guest {self.name} did not boot, trying again: {failure}", file=sys.stderr, flush=True)

    def _boot(self):
        if self.directory.exists():
            shutil.rmtree(self.directory)
        self.shared.mkdir(parents=True)
        (self.shared / ".run").mkdir()
        _prune()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        fds, meter = [theirs], None
        if self._metered:
            ours, requests = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            self.meter = Meter(ours, self.vcpus)
            fds.append(requests)
            meter = (tools.plugin(), requests.fileno())
        argv, env = qemu.command(self.kernel, initramfs.make(self.kernel), name=self.name, accel=self.accel,
                                 vcpus=self.vcpus, console=self.console, shared=self.shared,
                                 agent_fd=theirs.fileno(), meter=meter, **self._options)
        if self._netns:
            argv = ["nsenter", f"--net=/run/netns/{self._netns}", "--", *argv]
        interactive = self._options["interactive"]
        with contextlib.ExitStack() as stack:
            for fd in fds:
                stack.enter_context(fd)
            log = stack.enter_context(open(self.directory / "qemu.log", "wb"))
            # pylint: disable=subprocess-popen-preexec-fn,consider-using-with
            self._qemu = subprocess.Popen(
                argv, env={**os.environ, **env}, pass_fds=[fd.fileno() for fd in fds], stderr=log,
                stdin=None if interactive else subprocess.DEVNULL, stdout=None if interactive else log,
                preexec_fn=qemu.die_with_parent)
        for target, what in ((self._listen, self._socket), (self._watch, self._qemu)):
            threading.Thread(target=target, args=(what,), daemon=True).start()
        with self._state:
            limit = BOOT_LIMIT * self.kernel.patience
            self._state.wait_for(lambda: self._ready or self._ended, limit)
        if not self._ready:
            if not self._ended:
                self.kill("boot", f"not ready after {limit} s")
            self._kill()
            raise self.failure()

    def stop(self):
        """Power off in order; raises GuestFailed if the guest had any failure."""
        if self._qemu is None:
            return
        try:
            if not self._ended:
                self._write("off")
                limit = OFF_LIMIT * self.kernel.patience
                with self._state:
                    self._state.wait_for(lambda: self._ended, limit)
                if not self._ended:
                    self._killed = self._killed or ("hang", f"does not power off in {limit} s")
        finally:
            self._kill()
        failure = self.failure()
        if failure:
            raise failure
        shutil.rmtree(self.shared, ignore_errors=True)

    def kill(self, reason="hang", detail="killed"):
        """End it at once and raise GuestFailed."""
        self._killed = self._killed or (reason, detail)
        self._kill()
        raise self.failure()

    def _kill(self):
        if self._qemu.poll() is None:
            self._qemu.kill()
        self._qemu.wait()
        with self._state:
            self._state.notify_all()
        self._socket.close()
        if self.meter:
            self.meter.close()

    @property
    def _ended(self):
        return self._qemu.poll() is not None

    @property
    def alive(self):
        return self._qemu is not None and not self._ended

    def failure(self):
        """GuestFailed for a failure so far, or None."""
        if self._failure:
            return self._failure
        text = self.console.read_text(errors="replace") if self.console.exists() else ""
        crashes = crash.scan(text)
        kinds = {kind for kind, _ in crashes}
        if crashes:
            kind, line = crashes[0]
            reason, detail = ("panic" if "panic" in kinds else "crash"), f"{kind}: {line}"
            if crash.is_stale_breakpoint(text):
                detail = f"{crash.STALE}: {detail}"
        elif self._killed:
            reason, detail = self._killed
        elif self._ended and not self._bye:
            log = (self.directory / "qemu.log").read_text(errors="replace").strip()
            reason = "stopped early" if self._ready else "boot"
            detail = f"QEMU ended with status {self._qemu.returncode} and the guest had not said so" + (
                f"; QEMU said: {log[-1000:]}" if log else "")
        else:
            return None
        tail = "\n".join(text.splitlines()[-40:])
        failure = GuestFailed(reason, f"{detail}\n-- console {self.console}, its end:\n{tail}", self.console)
        failure.kinds = kinds
        if self._ended:
            self._failure = failure
        return failure

    def check(self):
        """Raise GuestFailed if the guest has failed already."""
        failure = self.failure()
        if failure:
            raise failure

    # -- the harness's threads

    def _listen(self, agent):
        try:
            with agent.makefile("r", encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    words = line.split()
                    with self._state:
                        if words[:1] == ["ready"]:
                            self._ready = True
                        elif words[:1] == ["bye"]:
                            self._bye = True
                        elif words[:1] == ["done"] and len(words) == 3:
                            self._done[words[1]] = int(words[2])
                        self._state.notify_all()
        except (OSError, ValueError):
            pass        # closed meanwhile: the guest is gone, and _watch reports it

    def _watch(self, process):
        try:
            process.wait(self._time_limit)
        except subprocess.TimeoutExpired:
            self._killed = self._killed or ("hang", f"time limit of {self._time_limit} s")
            process.kill()
            process.wait()
        with self._state:
            self._state.notify_all()

    # -- what runs in it

    def _write(self, line):
        try:
            self._socket.sendall(line.encode() + b"\n")
        except OSError:
            pass        # the caller that waits for the answer sees the end

    def send(self, line):
        if self._ended:
            raise self._gone()
        self._write(line)

    def _gone(self):
        self._kill()
        return self.failure() or GuestFailed("stopped early", "powered off while in use", self.console)

    def status(self, ident):
        return self._done.get(ident)

    def wait_status(self, ident, timeout):
        """Exit status of a script, or None if it has none in time; a slow kernel gets more time."""
        with self._state:
            self._state.wait_for(lambda: ident in self._done or self._ended, timeout * self.kernel.patience)
            if ident in self._done:
                return self._done[ident]
        if self._ended:
            raise self._gone()
        return None

    def spawn(self, script):
        """Start a bash script in the background."""
        ident = uuid.uuid4().hex[:12]
        directory = self.shared / ".run" / ident
        directory.mkdir()
        (directory / "script").write_text(f"echo $$ >/run/agent/{ident}\n{script}\n")
        self.send(f"run {ident}")
        return Process(self, ident, script)

    def run(self, script, timeout=60, check=True):
        """Run a bash script and wait. With `check`, a status other than 0 raises CommandFailed."""
        process = self.spawn(script)
        try:
            return process.wait(timeout, check)
        except CommandTimeout:
            process.stop()
            raise

    def _scheduled(self):
        """What the host's scheduler says of each vCPU so far, by its index: (ns that it ran, ns that it waited)."""
        times = {}
        task = f"/proc/{self._qemu.pid}/task"
        for tid in os.listdir(task):
            try:
                with open(f"{task}/{tid}/comm", encoding="utf-8") as comm:
                    name = comm.read()
                if name.startswith("CPU "):
                    with open(f"{task}/{tid}/schedstat", encoding="ascii") as stat:
                        ran, waited, _ = stat.read().split()
                    times[int(name[4:name.index("/")])] = int(ran), int(waited)
            except (FileNotFoundError, ProcessLookupError):
                continue        # a thread of QEMU's pool that ended before it was opened or read
        if sorted(times) != list(range(self.vcpus)):
            raise self._gone() if self._ended else RuntimeError(f"vCPU threads found: {sorted(times)}")
        return [times[index] for index in range(self.vcpus)]

    def cpu_time(self):
        """CPU time of each vCPU so far, in ns, by vCPU index."""
        return [ran for ran, _ in self._scheduled()]

    def waited_ns(self):
        """How long vCPUs have waited for a CPU of the host so far, all together."""
        return sum(waited for _, waited in self._scheduled())

    @property
    def pid(self):
        """Process id of QEMU."""
        return self._qemu.pid


def _prune():
    """Keep the consoles of the last guests and of those that run. Another worker may prune at the same time."""
    ages = []
    for path in GUESTS.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.is_dir():
                ages.append((path.stat().st_mtime, path))
    for age, path in sorted(ages)[:-KEPT]:
        if time.time() - age > 3600:
            shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    sys.exit("this is a library; for people there is scripts/vm")
