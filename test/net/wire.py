# SPDX-License-Identifier: GPL-2.0
"""The sender's datagrams on the wire: the header of each, as in test/net/traffic/wire.h."""

import struct

MAGIC = struct.pack(">I", 0x66616c63)
HEADER = struct.Struct(">4sIIIQ")           # magic, run, flow, size, seq
SIZE = HEADER.size + 8                      # with the time at which it was sent
