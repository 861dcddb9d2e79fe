# SPDX-License-Identifier: GPL-2.0
"""A network namespace that exists while its block runs."""

import os
import secrets
import subprocess


class CommandError(Exception):
    """A command on the host failed."""


def run(argv, text=None, timeout=60):
    """The command's standard output; raises CommandError with its error output if it fails."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=timeout,
                          check=False)
    if done.returncode:
        raise CommandError(f"{' '.join(argv)}: exit code {done.returncode}: "
                           f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


class Namespace:
    """with Namespace() as ns: ns.run(["ip", "link"])"""

    def __init__(self, prefix="falcon"):
        # a random name: two test runs at the same time need different ones
        self.name = f"{prefix}-{os.getpid()}-{secrets.token_hex(3)}"

    def __enter__(self):
        run(["ip", "netns", "add", self.name])
        try:
            self.run(["ip", "link", "set", "lo", "up"])
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *exc):
        run(["ip", "netns", "del", self.name])

    def argv(self, argv):
        """The command line that runs argv inside."""
        return ["ip", "netns", "exec", self.name, *map(str, argv)]

    def run(self, argv, text=None, timeout=60):
        return run(self.argv(argv), text, timeout)

    def popen(self, argv, **kwargs):
        return subprocess.Popen(self.argv(argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, **kwargs)

    def batch(self, lines):
        """Run `ip` commands in one process. CommandError names the first one that fails."""
        run(["ip", "-n", self.name, "-batch", "-"], "\n".join(lines) + "\n")
