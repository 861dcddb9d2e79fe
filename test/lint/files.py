# SPDX-License-Identifier: GPL-2.0
"""The files of the repository, and their kinds."""

import subprocess
from pathlib import Path


class Files:
    """The files below a directory that git knows or would add: {relative path: text}."""

    def __init__(self, root, names=None):
        self.root = Path(root)
        self.names = sorted(_tracked(self.root) if names is None else names)
        self._texts = {}

    def text(self, name):
        if name not in self._texts:
            self._texts[name] = (self.root / name).read_text(encoding="utf-8")
        return self._texts[name]

    def shebang(self, name):
        first = self.text(name).partition("\n")[0]
        return first[2:] if first.startswith("#!") else ""

    def ending(self, *endings):
        return [name for name in self.names if name.endswith(endings)]

    def shell(self):
        """Scripts for bash or sh, and files that bash sources."""
        return [name for name in self.names
                if name.endswith((".bash", ".sh")) or self.shebang(name).split(" ")[-1] in (
                    "/bin/bash", "/bin/sh", "sh", "bash")]

    def python(self):
        return [name for name in self.names if name.endswith(".py") or "python" in self.shebang(name)]

    def grep(self, pattern, names=None):
        """"file:line: text" of each line that matches the pattern."""
        return [f"{name}:{number}: {line.strip()}" for name in (self.names if names is None else names)
                for number, line in enumerate(self.text(name).split("\n"), 1) if pattern.search(line)]


def _tracked(root):
    # If root runs make check in a user's clone, git considers the directory unsafe.
    out = subprocess.run(["git", "-c", f"safe.directory={root}", "ls-files", "-z", "--cached", "--others",
                          "--exclude-standard"], cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [name for name in set(out.split("\0")) if name and (root / name).is_file()]
