# SPDX-License-Identifier: GPL-2.0
"""Random netlink messages to falcon, from a program in the guest (test/net/netlink)."""

import json

from vm import tools
from vm.paths import BUILD

OUT = BUILD / "netlink"
GUEST = "/falcon/build/netlink/nlfuzz"

# The kernel's own messages about wrong attributes, of any family.
LOG = r"netlink: .*nlfuzz|(nla_validate_parse|validate_nla): N callbacks suppressed"


def build():
    tools.make("test/net/netlink", OUT)


class Nlfuzz:
    """A running fuzzer; wrap: the command that starts it."""

    def __init__(self, guest, *options, wrap=""):
        self._process = guest.spawn(" ".join(["exec", *wrap.split(), GUEST, *options]))

    def wait(self, timeout=300):
        """Counts of the answers; raises CommandFailed with the message if the fuzzer found an error."""
        return json.loads(self._process.wait(timeout, check=True).out)

    def stop(self):
        self._process.stop()

    @property
    def running(self):
        return self._process.running


def record(record_property, *results):
    """Record these figures with the test's result."""
    sent, duration = (sum(result[key] for result in results) for key in ("sent", "duration_ns"))
    record_property("messages", sent)
    record_property("a second, each", round(sent / duration * 10**9))
    errors = {}
    for result in results:
        for name, count in result["errors"].items():
            errors[name or "obeyed"] = errors.get(name or "obeyed", 0) + count
    record_property("answers", errors)
