# SPDX-License-Identifier: GPL-2.0
"""Shell commands, each beside the command that undoes it."""

PREAMBLE = """\
set -euE
trap 'echo "failed: $BASH_COMMAND" >&2' ERR"""


class Steps:
    """A list of shell commands and of the commands that undo them."""

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
        """The undo commands in reverse order. The script continues after a failure and prints only the failed commands.
        """
        lines = [f"{{ {command}; }} || echo {_quote(command)}" for command in reversed(self._undo)]
        return "\n".join(lines) + "\n"


def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"
