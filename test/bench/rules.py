# SPDX-License-Identifier: GPL-2.0
"""Rules as a host may have them. None of them matches the bench's own flows."""

import ipaddress

from net import rawnl
from net.rawnl import message, rule

TCP, UDP = 6, 17
SHAPES = 6


def _fields(number):
    """The fields of rule `number`. No two rules match the same flow: each shape has ports of its own, or differs in
    them.
    """
    shape, index = number % SHAPES, number // SHAPES
    v4, v6 = ipaddress.ip_address("10.0.0.0"), ipaddress.ip_address("fd00::")
    return (
        # a client of a web server
        {"protocol": TCP, "saddr": (v4 + index).packed, "saddr-len": 32, "dport-first": 443, "dport-last": 443},
        # a name server
        {"protocol": UDP, "daddr": (v4 + index).packed, "daddr-len": 32, "dport-first": 53, "dport-last": 53},
        # a network's access to some services
        {"protocol": TCP, "saddr": (v4 + 256 * index).packed, "saddr-len": 24, "dport-first": 8000, "dport-last": 8015},
        # a tenant's data base
        {"vni": 1000 + index, "dport-first": 6379, "dport-last": 6379},
        {"protocol": TCP, "saddr": (v6 + (index << 64)).packed, "saddr-len": 64, "dport-first": 5432, "dport-last": 5432},
        # marked packets, for one of many services
        {"dscp": 46, "dport-first": 20000 + index, "dport-last": 20000 + index},
    )[shape]


def messages(end, begin=0):
    """Messages that add the rules with these numbers."""
    return [message("priority-add", b"".join(rule(name, value) for name, value in _fields(number).items()))
            for number in range(begin, end)]


def add(guest, end, begin=0):
    """Add the rules from one process in the guest."""
    rawnl.Raw(guest).together(messages(end, begin))
