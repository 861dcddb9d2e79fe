# SPDX-License-Identifier: GPL-2.0
"""falcon inside a guest: the module and its command."""

import json

CTL = "/falcon/build/tools/falconctl"
MODULE = "/falcon/build/module/$(uname -r)/falcon.ko"
LOAD = f"insmod {MODULE} && {CTL} config set mode=pipeline >/dev/null"


class Falcon:
    """Loaded when its block is entered, gone when it is left; in mode pipeline until a test says another."""

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
        """Whatever state it is in."""
        self.guest.run("if [[ -d /sys/module/falcon ]]; then rmmod falcon; fi")

    def ctl(self, *words, check=True):
        """falconctl --json; what it printed, decoded."""
        result = self.guest.run(" ".join([CTL, "--json", *words]), check=check)
        return json.loads(result.out) if result.out.strip() else None

    def enable(self, **config):
        """With a configuration; keys with _ for -."""
        if config:
            self.configure(**config)
        self.ctl("enable")

    def configure(self, **config):
        self.ctl("config set", *(f"{key.replace('_', '-')}={value}" for key, value in config.items()))

    def disable(self):
        self.ctl("disable")

    def counters(self, stage=None):
        """Sums over the CPUs, of one stage or of all."""
        stats = self.ctl("stats show --all")
        return stats["stages"][stage] if stage else stats["total"]

    def flows(self):
        return self.ctl("flow list --top 1000")["flows"]

    def attached(self):
        """Lines of the functions that falcon redirects now."""
        lines = self.guest.run("cat /sys/kernel/tracing/enabled_functions").out.splitlines()
        return [line for line in lines if "[falcon]" in line]
