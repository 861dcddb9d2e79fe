#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Repeat an operation while one allocation of falcon's fails: first the first one, then the second, until there are no
more. Prints [[error, left behind], ...] as JSON, one pair for each allocation. stress/test_faults.py is its other half.

	load MODULE             load the module; left behind: True if it is loaded after an error
	ask DO UNDO WATCH       send the messages in DO, and if none was refused those in UNDO; left behind: True if the
	                        answers to the messages in WATCH differ from those before
"""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "net"))

import rawnl_guest as rawnl  # noqa: E402  pylint: disable=wrong-import-position

DEBUGFS = Path("/sys/kernel/debug")
# Addresses of modules: only allocations with a module on the stack fail.
MODULES = {"require-start": "0xffffffffa0000000", "require-end": "0xffffffffff000000"}
SETTINGS = {
    "failslab": {"verbose": "0", "ignore-gfp-wait": "N", "stacktrace-depth": "32", **MODULES},
    "fail_page_alloc": {"verbose": "0", "ignore-gfp-wait": "N", "ignore-gfp-highmem": "N", "min-order": "0",
                        "stacktrace-depth": "32", **MODULES},
}
MOST = 5000     # allocations; more would mean that there is no end


def set_up():
    for name, settings in SETTINGS.items():
        for key, value in settings.items():
            (DEBUGFS / name / key).write_text(value, encoding="ascii")


def begin(number, task="self"):
    """From here on, the task's allocation number `number` fails."""
    Path(f"/proc/{task}/fail-nth").write_text(str(number), encoding="ascii")


def came(task="self"):
    """True if the task made that many allocations."""
    return int(Path(f"/proc/{task}/fail-nth").read_text(encoding="ascii")) == 0


def again_and_again(do, undo, left_behind):
    """do(number) returns the error, and True if that allocation happened."""
    found = []
    for number in range(1, MOST):
        error, failed = do(number)
        if not error:
            undo()
        if not failed:
            return found
        found.append([error, left_behind()])
    sys.exit("no end")


def load(path):
    # A copy in the guest: reading it must not involve the host. cp makes it, because the guests' Python is minimal.
    here = f"/tmp/{Path(path).name}"
    subprocess.run(["cp", path, here], check=True)

    def insmod(number):
        # The child's task exists, and can be read, until it has been waited for.
        with subprocess.Popen(["insmod", here], stderr=subprocess.PIPE, preexec_fn=lambda: begin(number)) as child:
            said = child.stderr.read()
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            failed = came(child.pid)
        if not child.returncode:
            return 0, failed
        return errno.ENOMEM if b"Cannot allocate memory" in said else said.decode(), failed

    return again_and_again(insmod, lambda: subprocess.run(["rmmod", "falcon"], check=True),
                           lambda: os.path.exists("/sys/module/falcon"))


def ask(*paths):
    sock = rawnl.connect()
    number = rawnl.family(sock)[0]
    do, undo, watch = ([rawnl.sealed(bytes.fromhex(entry), number, seq) for seq, entry in enumerate(entries, 1)]
                       for entries in (json.loads(Path(path).read_text(encoding="ascii")) for path in paths))

    def send(messages):
        return [rawnl.exchange(sock, message, seq) for seq, message in enumerate(messages, 1)]

    def request(number):
        begin(number)
        error = next((answer["error"] for answer in send(do) if answer["error"]), 0)
        failed = came()
        begin(0)
        return error, failed

    before = send(watch)
    return again_and_again(request, lambda: send(undo), lambda: send(watch) != before)


def main(verb, *words):
    set_up()
    print(json.dumps({"load": load, "ask": ask}[verb](*words)))


if __name__ == "__main__":
    main(*sys.argv[1:])
