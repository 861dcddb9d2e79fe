# SPDX-License-Identifier: GPL-2.0
"""What is sent: the bench's cases. A new one is a line here."""

import dataclasses


class BenchError(Exception):
    """The bench cannot give a figure that means anything."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A kind of traffic."""

    name: str
    protocol: str       # udp or tcp
    size: int = 0       # UDP payload in bytes; TCP fills the MTU
    flows: int = 1

    @property
    def work(self):
        """Unit in which work is counted: the suffix of the CPU metrics, and their unit."""
        return ("us_per_packet", "us/packet") if self.protocol == "udp" else ("ms_per_mb", "ms/MB")

    @property
    def busiest(self):
        """The metric that says how fast the flow could go: its bottleneck."""
        return f"busiest_cpu_{self.work[0]}"

    @property
    def total(self):
        return f"total_cpu_{self.work[0]}"

    @property
    def metrics(self):
        """{metric: unit}"""
        return {self.busiest: self.work[1], self.total: self.work[1],
                "delivered_per_s": "packets/s" if self.protocol == "udp" else "MB/s"}

    def amount(self, delivered):
        """Packets, or bytes of TCP, in the unit of delivered_per_s."""
        return delivered if self.protocol == "udp" else delivered / 1e6

    def cpu(self, nanoseconds, delivered):
        """CPU time in the unit of the CPU metrics."""
        return nanoseconds / (1e3 if self.protocol == "udp" else 1e6) / self.amount(delivered)


CASES = {case.name: case for case in (
    Case("udp-1400-1flow", "udp", size=1400),
    Case("tcp-mtu-1flow", "tcp"),
    Case("udp-64-1flow", "udp", size=64),
)}
