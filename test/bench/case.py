# SPDX-License-Identifier: GPL-2.0
"""The bench's cases: the traffic of a round. A new case is one line here."""

import dataclasses
import math

MTU = 1450      # of an overlay on an underlay of 1500
IP_HEADER, UDP_HEADER = 20, 8


class BenchError(Exception):
    """The bench cannot produce a meaningful figure."""


class Disturbed(BenchError):
    """A round was too slow; another attempt may succeed."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """The unit of a case's work, and the metrics besides CPU time."""

    suffix: str         # of the CPU time's metrics
    unit: str           # of the CPU time's metrics
    rate: str           # unit of delivered_per_s
    cpu_ns: float       # nanoseconds in the CPU metrics' unit of time
    each: float = 1     # packets, bytes or transactions in one unit of work
    extra: dict = dataclasses.field(default_factory=dict)       # {metric: unit}

    @property
    def each_name(self):
        """The unit of work in the metrics' names: packet, mb or transaction."""
        return self.suffix.rpartition("_")[2]

    @property
    def busiest(self):
        return f"busiest_cpu_{self.suffix}"

    @property
    def total(self):
        return f"total_cpu_{self.suffix}"

    @property
    def busiest_instructions(self):
        return f"busiest_instructions_per_{self.each_name}"

    @property
    def total_instructions(self):
        return f"total_instructions_per_{self.each_name}"

    @property
    def lines_moved(self):
        return f"lines_moved_per_{self.each_name}"

    @property
    def metrics(self):
        """{metric: unit}"""
        each = self.unit.partition("/")[2]
        return {self.busiest_instructions: f"instructions/{each}", self.total_instructions: f"instructions/{each}",
                self.lines_moved: f"lines/{each}",
                self.busiest: self.unit, self.total: self.unit, "delivered_per_s": self.rate,
                **self.extra}


KINDS = {
    "udp": Kind("us_per_packet", "us/packet", "packets/s", 1e3),
    "tcp": Kind("ms_per_mb", "ms/MB", "MB/s", 1e6, 1e6, {"bytes_per_skb": "bytes"}),
    "rr": Kind("us_per_transaction", "us/transaction", "transactions/s", 1e3,
               extra={"median_rtt_us": "us", "rtt_p90_us": "us", "rtt_p99_us": "us", "rtt_p999_us": "us"}),
    "priority": Kind("us_per_packet", "us/packet", "packets/s", 1e3,
                     extra={"latency_p50_us": "us", "latency_p99_us": "us", "receive_p50_us": "us", "receive_p99_us": "us"}),
    "memcached": Kind("us_per_packet", "us/packet", "packets/s", 1e3,
                      extra={"requests_per_s": "requests/s", "mean_latency_us": "us"}),
}


def kind_of(name):
    """Kind of the case with this name: rr for request and response, otherwise its protocol."""
    words = name.split("-")
    return "rr" if words[-1] in ("rr", "crr") else words[0]


@dataclasses.dataclass(frozen=True)
class Case:
    """A kind of traffic."""

    name: str
    size: int = 0       # UDP's payload, or a request's and its response's, in bytes; TCP fills the MTU
    flows: int = 1
    mtu: int = None     # of the overlay, if it differs from that on an underlay of 1500
    usual: bool = True  # measured by default
    idle: bool = False  # the traffic beside the requests is so little that it takes no time
    floor: str = None   # the case with the same requests and no other traffic
    surge: int = 0      # flows that begin to send ten times as much as the others before the window
    loaded: int = None  # load-threshold, if an emulating machine cannot reach the usual one
    share: float = None # part of stock's limit that is sent, if other work needs some of the CPUs
    merged: bool = False    # GRO merges the datagrams, and the application accepts them merged
    burst: int = 4      # datagrams per system call of the sender, which reach the guest together

    @property
    def protocol(self):
        """udp or tcp: protocol of the traffic that the CPU metrics describe"""
        return next((word for word in self.name.split("-") if word in ("udp", "tcp")), "udp")

    @property
    def kind(self):
        return kind_of(self.name)

    @property
    def connects(self):
        """True if each request has a connection of its own."""
        return self.name.endswith("-crr")

    @property
    def frames(self):
        """IP packets of a datagram: one, or as many fragments as the MTU requires."""
        room = (self.mtu or MTU) - IP_HEADER
        if self.protocol != "udp" or self.size + UDP_HEADER <= room:
            return 1
        return math.ceil((self.size + UDP_HEADER) / (room // 8 * 8))

    @property
    def paced(self):
        """True if the bench sets the rate. Requests and responses go as fast as they can."""
        return self.kind != "rr"

    @property
    def unit(self):
        """Unit of the CPU metrics."""
        return KINDS[self.kind].unit

    @property
    def busiest(self):
        """The metric of the bottleneck, which limits the flow's rate."""
        return KINDS[self.kind].busiest

    @property
    def total(self):
        return KINDS[self.kind].total

    @property
    def counted(self):
        """The kind, whose properties are the names of the metrics."""
        return KINDS[self.kind]

    @property
    def metrics(self):
        """{metric: unit}"""
        return KINDS[self.kind].metrics

    def amount(self, delivered):
        """Packets, transactions, or bytes of TCP, in the unit of delivered_per_s."""
        return delivered / KINDS[self.kind].each

    def rate(self, delivered):
        """The rate for people, with its unit."""
        digits = 0 if KINDS[self.kind].each == 1 else 1
        return f"{self.amount(delivered):.{digits}f} {KINDS[self.kind].rate}"

    def cpu(self, nanoseconds, delivered):
        """CPU time in the unit of the CPU metrics."""
        return nanoseconds / KINDS[self.kind].cpu_ns / self.amount(delivered)

    def each(self, count, delivered):
        """A count of instructions or lines per packet, MB or transaction."""
        return count / self.amount(delivered)


JUMBO = 9000
FLOWS = (2, 5, 10, 20, 100)     # number of flows; their sum has the rate of one
SIZES = (32, 64, 256, 1024, 1400, 4096, 16384, 65507)   # the last is IPv4's maximum
SURGES = (1, 3, 6)              # of 13 flows

CASES = {case.name: case for case in (
    Case("udp-1400-1flow", size=1400),
    Case("udp-1400-burst32", size=1400, burst=32),
    Case("tcp-mtu-1flow"),
    Case("udp-64-1flow", size=64),
    # the largest payload in one packet of this MTU: IP's and UDP's headers are 28 bytes
    Case("udp-9000-1flow", size=JUMBO - 28, mtu=JUMBO),
    Case("udp-rr", size=64),
    Case("tcp-rr", size=64),
    Case("tcp-crr", size=64, usual=False),
    # sockperf's latency-critical requests, beside many packets of 300 bytes, or alone
    Case("priority-udp-background", size=300 - 28, floor="priority-udp-idle", usual=False),
    Case("priority-udp-idle", size=300 - 28, usual=False, idle=True),
    Case("memcached-background", size=300 - 28, usual=False),
    *(Case(f"udp-1400-surge{'' if surge == 3 else f'-{surge}'}", size=1400, flows=13, surge=surge, loaded=25, usual=False)
      for surge in SURGES),
    Case("udp-1400-gro", size=1400, burst=32, merged=True, usual=False),
    Case("udp-1400-busy", size=1400, share=0.2, usual=False),
    *(Case(f"udp-1400-{flows}flows", size=1400, flows=flows, usual=False) for flows in FLOWS),
    # a datagram above the MTU is a burst of fragments by itself
    *(Case(f"udp-{size}-1flow", size=size, burst=4 if size <= 1400 else 1, usual=False)
      for size in SIZES if size not in (64, 1400)),
    *(Case(f"tcp-mtu-{flows}flows", flows=flows, usual=False) for flows in FLOWS),
)}
