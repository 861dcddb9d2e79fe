# SPDX-License-Identifier: GPL-2.0
"""falcon as its administrator sees it: what falconctl says in text and JSON, and what the kernel
itself tells of hooks and of what is left behind.
"""

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
# What falcon has after Falcon.load().
DEFAULT = {"mode": "pipeline", "cpus": "", "load-threshold": 80, "busy-threshold": 90, "nic-split": 1,
           "workers": 0, "batch": 256, "elephant-rate": 10000, "delivery": "auto", "host": 0, "coalesce": 250,
           "park": 2, "policy": "auto", "priority-auto": "off"}

# Exit codes of falconctl.
OK, REFUSED, USAGE, NOT_LOADED, NOT_PERMITTED, UNFIT = range(6)


def hookable(kernel):
    """Every function that falcon may want to redirect in this kernel, in the order of `falconctl check`.

    But those of modules that a guest has not loaded: macvlan, ipvlan.
    """
    entry = "gro_receive_skb" if kernel.startswith("7.2") else "napi_gro_receive"
    return ("get_rps_cpu", "gro_cells_receive", entry, "napi_gro_frags", "enqueue_to_backlog", "veth_xmit")


class Said:
    """What falconctl did: its exit code, stdout and stderr."""

    def __init__(self, directory, index):
        self.code = int((directory / f"{index}.rc").read_text())
        self.out, self.err = ((directory / f"{index}.{what}").read_text() for what in ("out", "err"))

    def __repr__(self):
        return f"Said({self.code}, {self.out!r}, {self.err!r})"

    def json(self):
        assert self.code == OK and not self.err, self
        return json.loads(self.out)

    def error(self):
        """The error object, which is then all that was said."""
        assert self.code != OK and not self.out, self
        error = json.loads(self.err)["error"]
        assert error["exit"] == self.code, self
        return error


class Control(Falcon):
    """falcon in a guest; a wrap, such as `unshare -Ur`, is what falconctl is started by."""

    def __init__(self, guest):
        super().__init__(guest)
        self.raw = Raw(guest)

    def say(self, *words, wrap=""):
        """falconctl --json with these words."""
        return self.say_all([words], wrap=wrap)[0]

    def say_all(self, lines, wrap="", options=("--json",)):
        """falconctl with one line of words after the other, in one visit to the guest: a Said for each."""
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
        """The status' hooks by their function."""
        return {hook["symbol"]: hook for hook in self.status()["hooks"]}

    def states(self):
        """{symbol: state} of the functions that are there."""
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
    """What of falcon, or of others, the kernel shows at this moment; equal when nothing has changed.

    functions   {function: flags} of all that ftrace has a hook on
    rps_users   how many need get_rps_cpu() to be asked
    """

    # where rps_needed is; one reading of kallsyms a guest
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
    """Somebody else redirects a function while the block is entered."""

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
    """falconctl monitor in the background, listening when this is made."""

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
        """What it printed so far."""
        lines = self.process.output()[0].split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def until(self, event, **wanted):
        """Wait until an event with these values has come; all events up to now."""
        def seen():
            return any(entry["event"] == event and all(entry.get(key) == value for key, value in wanted.items())
                       for entry in self.events())
        self.wait(seen)
        return self.events()

    def finish(self):
        """Its events, once it has ended by itself."""
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
    """A Control of the overlay's guest, the module not loaded yet and gone afterwards."""
    control = Control(overlay.guest)
    yield control
    if overlay.guest.alive:
        control.unload()
