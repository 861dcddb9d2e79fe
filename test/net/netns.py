# SPDX-License-Identifier: GPL-2.0
"""A network namespace of our own, gone when its block is left."""

import os
import secrets
import subprocess


class CommandError(Exception):
    """A command on the host failed."""


def run(argv, text=None, timeout=60):
    """Standard output of the command; CommandError with its words when it fails."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=timeout,
                          check=False)
    if done.returncode:
        raise CommandError(f"{' '.join(argv)}: exit code {done.returncode}: "
                           f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


class Namespace:
    """with Namespace() as ns: ns.run(["ip", "link"])"""

    def __init__(self, prefix="falcon"):
        # a random name: two runs at once must not meet
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
        """`ip` commands, in one process: all are done or CommandError names the first that failed."""
        run(["ip", "-n", self.name, "-batch", "-"], "\n".join(lines) + "\n")
