# SPDX-License-Identifier: GPL-2.0
"""falcon as its administrator sees it: falconctl's text and JSON, and the traces of falcon in the kernel itself."""

import json
import re
import shlex
import uuid
import weakref

import pytest

from net import wait
from net.falcon import CTL, Falcon
from net.rawnl import Raw
from vm import module
from vm.paths import BUILD, REPO

KMOD = REPO / "test/net/kmod"
# Capabilities of falcon after Falcon.load().
DEFAULT = {"mode": "pipeline", "cpus": "", "load-threshold": 80, "busy-threshold": 90, "nic-split": 1,
           "workers": 0, "batch": 256, "elephant-rate": 10000, "delivery": "auto", "host": 0, "coalesce": 250,
           "park": 2, "policy": "auto", "priority-auto": "off"}

# Exit codes of falconctl.
OK, REFUSED, USAGE, NOT_LOADED, NOT_PERMITTED, UNFIT = range(6)


def hookable(kernel):
    """Every function that falcon may hook in this kernel, in the order of `falconctl check`.

    Functions of modules that a guest has not loaded (macvlan, ipvlan) are left out.
    """
    entry = "gro_receive_skb" if kernel.startswith("7.2") else "napi_gro_receive"
    return ("get_rps_cpu", "gro_cells_receive", entry, "napi_gro_frags", "enqueue_to_backlog", "veth_xmit")


class Said:
    """The result of a falconctl command: exit code, stdout and stderr."""

    def __init__(self, directory, index):
        self.code = int((directory / f"{index}.rc").read_text())
        self.out, self.err = ((directory / f"{index}.{what}").read_text() for what in ("out", "err"))

    def __repr__(self):
        return f"Said({self.code}, {self.out!r}, {self.err!r})"

    def json(self):
        assert self.code == OK and not self.err, self
        return json.loads(self.out)

    def error(self):
        """The error object. Asserts that falconctl printed nothing else."""
        assert self.code != OK and not self.out, self
        error = json.loads(self.err)["error"]
        assert error["exit"] == self.code, self
        return error


class Control(Falcon):
    """falcon in a guest. `wrap` is a command that starts falconctl, such as `unshare -Ur`."""

    def __init__(self, guest):
        super().__init__(guest)
        self.raw = Raw(guest)

    def say(self, *words, wrap=""):
        """Run falconctl --json with these words."""
        return self.say_all([words], wrap=wrap)[0]

    def say_all(self, lines, wrap="", options=("--json",)):
        """Run falconctl once per line of words, in one visit to the guest; a Said for each line."""
        directory = f"said-{uuid.uuid4().hex[:12]}"
        (self.guest.shared / directory).mkdir()
        script = [f"cd /shared/{directory}"]
        for index, words in enumerate(lines):
            line = " ".join(shlex.quote(word) for word in [CTL, *options, *words])
            script.append(f"{wrap} {line} >{index}.out 2>{index}.err; echo $? >{index}.rc")
        self.guest.run("\n".join(script), timeout=120)
        return [Said(self.guest.shared / directory, index) for index in range(len(lines))]

    def status(self):
        return self.say("status").json()

    def hooks(self):
        """The hooks in `status`, by function."""
        return {hook["symbol"]: hook for hook in self.status()["hooks"]}

    def states(self):
        """{symbol: state} of the functions that exist in this kernel."""
        return {symbol: hook["state"] for symbol, hook in self.hooks().items() if hook["state"] != "missing"}

    def config(self):
        return self.say("config", "show").json()

    def devices(self):
        """{(netns inode, name): device}"""
        listed = self.say("device", "list").json()["devices"]
        devices = {(device["netns"], device["ifname"]): device for device in listed}
        assert len(devices) == len(listed)
        return devices

    def traces(self):
        return Traces(self.guest)

    def spawn_monitor(self, *options):
        return Monitor(self.guest, options)


class Traces:
    """Traces of falcon, or of any other user of these mechanisms, in the kernel. Equal if nothing has changed.

    functions   {function: flags} of all functions that ftrace has a hook on
    rps_users   number of users of the static key that makes the kernel call get_rps_cpu()
    """

    # address of rps_needed; kallsyms is read once per guest
    _addresses = weakref.WeakKeyDictionary()

    def __init__(self, guest):
        if guest not in self._addresses:
            found = guest.run("grep ' rps_needed$' /proc/kallsyms").out.split()
            assert len(found) == 3, found
            self._addresses[guest] = found[0]
        users, *lines = guest.run(f"/falcon/test/net/statickey.py {self._addresses[guest]}\n"
                                  "cat /sys/kernel/tracing/enabled_functions").out.splitlines()
        self.rps_users = int(users)
        self.functions = {}
        for line in lines:
            # get_rps_cpu (1)   I     tramp: ...
            match = re.match(r"(\S+)(?: \[\S+\])? \((\d+)\)([ A-Z]*)", line)
            if match:
                self.functions[match[1]] = match[3].split()
        self.falcons = sum("[falcon]" in line for line in lines)

    @property
    def redirected(self):
        """Functions that somebody redirects (flag I), by name."""
        return sorted(name for name, flags in self.functions.items() if "I" in flags)

    def __eq__(self, other):
        return (self.functions, self.rps_users) == (other.functions, other.rps_users)

    def __repr__(self):
        return f"Traces({self.functions}, rps_users={self.rps_users})"


class Redirect:
    """Another ftrace user redirects a function while the block runs."""

    def __init__(self, guest, kernel, symbol):
        self._guest, self._symbol = guest, symbol
        built = module.build(kernel, root=KMOD, names=("Kbuild", "redirect.c"), output="redirect.ko",
                             directory=BUILD / "test/redirect" / kernel)
        self._path = f"/falcon/{built.path.relative_to(REPO)}"

    def load(self, check=True):
        return self._guest.run(f"insmod {self._path} symbol={self._symbol}", check=check)

    def unload(self):
        self._guest.run("rmmod redirect")

    def __enter__(self):
        self.load()
        return self

    def __exit__(self, *exc):
        if self._guest.alive:
            self.unload()


class Monitor:
    """falconctl monitor in the background; it listens when the constructor returns."""

    def __init__(self, guest, options):
        self._guest = guest
        self.process = guest.spawn(f"exec {CTL} --json monitor {' '.join(options)}")
        self.wait(lambda: "listening" in self.process.output()[1] or not self.process.running)

    def wait(self, true):
        try:
            wait.until(true, 30, "monitor")
        except TimeoutError as error:
            said = self.process.output()
            self.process.stop()
            raise AssertionError(f"{error}; it has said {said}") from error

    def events(self):
        """The events that it has printed so far."""
        lines = self.process.output()[0].split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def until(self, event, **wanted):
        """Wait for an event with these values; all events up to now."""
        def seen():
            return any(entry["event"] == event and all(entry.get(key) == value for key, value in wanted.items())
                       for entry in self.events())
        self.wait(seen)
        return self.events()

    def finish(self):
        """Wait until it ends by itself; its events."""
        result = self.process.wait(30)
        assert result.rc == OK, result
        return self.events()

    def stop(self):
        result = self.process.stop("INT")
        assert result.rc == OK, result
        return self.events()


@pytest.fixture
def control(overlay):
    """falcon loaded in the overlay's guest as modprobe leaves it: not enabled, nothing configured."""
    with Control(overlay.guest) as loaded:
        yield loaded


@pytest.fixture
def unloaded(overlay):
    """A Control of the overlay's guest. The module is not loaded yet; it is unloaded afterwards."""
    control = Control(overlay.guest)
    yield control
    if overlay.guest.alive:
        control.unload()
