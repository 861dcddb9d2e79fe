# SPDX-License-Identifier: GPL-2.0
"""falcon inside a guest: the module and its command."""

import json

CTL = "/falcon/build/tools/falconctl"
MODULE = "/falcon/build/module/$(uname -r)/falcon.ko"
LOAD = f"insmod {MODULE} && {CTL} config set mode=pipeline >/dev/null"


class Falcon:
    """Loaded while the block runs. The mode is pipeline until a test sets another."""

    def __init__(self, guest):
        self.guest = guest

    def __enter__(self):
        self.load()
        return self

    def __exit__(self, *exc):
        if self.guest.alive:
            self.unload()

    def load(self):
        self.guest.run(LOAD)

    def unload(self):
        """Unload the module, whatever its state."""
        self.guest.run("if [[ -d /sys/module/falcon ]]; then rmmod falcon; fi")

    def ctl(self, *words, check=True):
        """Run falconctl --json; the decoded output."""
        result = self.guest.run(" ".join([CTL, "--json", *words]), check=check)
        return json.loads(result.out) if result.out.strip() else None

    def enable(self, **config):
        """Enable with a configuration; keys have _ instead of -."""
        if config:
            self.configure(**config)
        self.ctl("enable")

    def configure(self, **config):
        self.ctl("config set", *(f"{key.replace('_', '-')}={value}" for key, value in config.items()))

    def disable(self):
        self.ctl("disable")

    def counters(self, stage=None):
        """Sums over the CPUs, of one stage or of all stages."""
        stats = self.ctl("stats show --all")
        return stats["stages"][stage] if stage else stats["total"]

    def flows(self):
        return self.ctl("flow list --top 1000")["flows"]

    def attached(self):
        """ftrace's lines of the functions that falcon redirects now."""
        lines = self.guest.run("cat /sys/kernel/tracing/enabled_functions").out.splitlines()
        return [line for line in lines if "[falcon]" in line]
