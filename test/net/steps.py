# SPDX-License-Identifier: GPL-2.0
"""Commands, each with the one that undoes it beside it."""

PREAMBLE = """\
set -euE
trap 'echo "failed: $BASH_COMMAND" >&2' ERR"""


class Steps:
    """A list of shell commands, and what takes them back."""

    def __init__(self):
        self._done = []
        self._undo = []

    def add(self, command, undo=None):
        self._done.append(command)
        if undo:
            self._undo.append(undo)

    def script(self):
        return "\n".join([PREAMBLE, *self._done]) + "\n"

    def undo_script(self):
        """Backwards. Goes on after a failure; prints what failed, and nothing else."""
        lines = [f"{{ {command}; }} || echo {_quote(command)}" for command in reversed(self._undo)]
        return "\n".join(lines) + "\n"


def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"
