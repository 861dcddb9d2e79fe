#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Send generic netlink messages to falcon byte by byte, in the guest. net/rawnl.py is the other half.

	ask FILE                  send each message of the list in FILE, print the answers as JSON
	turns COUNT PAUSE FILE    send the entries of FILE, each one or several messages, COUNT times, and wait PAUSE
	                          milliseconds after each
	join                      join the group of events; print the error number, 0 for none
	listen READY STOP         join, create READY, wait for STOP, print the number of events received
	beside FILE               send each message of FILE; print how many requests of another family (do and dump in
	                          turn) began and ended while it was under way
	interrupt FILE COMMAND    send the dump request in FILE, run COMMAND once its first part is made, then read all of
	                          it; print for each part if it says that the list has changed
"""

import errno
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time

FAMILY = "falcon"
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_MCAST_GROUPS = 1, 2, 7
CTRL_ATTR_MCAST_GRP_ID = 2
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 1, 10, 11
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_ACK_TLVS, NLM_F_DUMP = 1, 4, 0x10, 0x200, 0x300
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2
HEADER = struct.Struct("=IHHII")
ANSWER_SECONDS = 30
# The kernel answers within sendto(). The work of enable and disable takes longer and is answered from there, too.
SILENCE_SECONDS = 0.2
# The smallest buffer that the kernel fills at a time.
PART_BYTES = 4096


def attrs(data):
    """(type, payload) of each attribute."""
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4 or length > len(data):
            raise ValueError("garbled attributes from the kernel")
        yield kind & 0x3fff, data[4:length]
        data = data[(length + 3) & ~3:]


def connect():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    sock.bind((0, 0))
    sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
    sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
    return sock


def messages(sock, seconds):
    """(type, flags, seq, payload) of each message in the next datagram; none if none arrives in time."""
    if not select.select([sock], [], [], seconds)[0]:
        return
    data = sock.recv(65536)
    while len(data) >= HEADER.size:
        length, kind, flags, seq, _ = HEADER.unpack_from(data)
        yield kind, flags, seq, data[HEADER.size:length]
        data = data[(length + 3) & ~3:]


def refusal(kind, flags, payload):
    """The error number and the kernel's message about it."""
    answer = {"error": -struct.unpack_from("=i", payload)[0], "message": None, "offset": None}
    if flags & NLM_F_ACK_TLVS:
        # the request's header follows the number in an error, but not at the end of a dump
        for what, value in attrs(payload[20 if kind == NLMSG_ERROR else 4:]):
            if what == NLMSGERR_ATTR_MSG:
                answer["message"] = value.rstrip(b"\0").decode()
            elif what == NLMSGERR_ATTR_OFFS:
                answer["offset"] = struct.unpack("=I", value)[0]
    return answer


def exchange(sock, message, seq, seconds=ANSWER_SECONDS):
    """Send a message; error, message, offset and replies of the answer, or None if none came."""
    sock.send(message)
    replies, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        for kind, flags, got, payload in messages(sock, deadline - time.monotonic()):
            if got != seq:
                continue
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                return {**refusal(kind, flags, payload), "replies": replies}
            replies.append(payload.hex())
    return None


def family(sock):
    """(id, group of events), or None if the family does not exist."""
    name = FAMILY.encode() + b"\0"
    body = struct.pack("=BBH", CTRL_CMD_GETFAMILY, 1, 0)
    body += struct.pack("=HH", 4 + len(name), CTRL_ATTR_FAMILY_NAME) + name + b"\0" * (-len(name) % 4)
    answer = exchange(sock, HEADER.pack(HEADER.size + len(body), GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK,
                                        1, 0) + body, 1)
    if answer["error"] == errno.ENOENT:
        return None
    found = dict(attrs(bytes.fromhex(answer["replies"][0])[4:]))
    groups = [dict(attrs(group)) for _, group in attrs(found[CTRL_ATTR_MCAST_GROUPS])]
    return (struct.unpack("=H", found[CTRL_ATTR_FAMILY_ID])[0],
            struct.unpack("=I", groups[0][CTRL_ATTR_MCAST_GRP_ID])[0])


def sealed(message, number, seq):
    """The message with the family's number and this sequence number."""
    return message[:4] + struct.pack("=H", number) + message[6:8] + struct.pack("=I", seq) + message[12:]


def split(datagram):
    """The messages of a datagram."""
    while datagram:
        length = (struct.unpack_from("=I", datagram)[0] + 3) & ~3
        yield datagram[:length]
        datagram = datagram[length:]


def ask(path):
    """One socket for all messages, so a late answer is recognised by its sequence number."""
    sock = connect()
    found = family(sock)
    with open(path, encoding="ascii") as file:
        requests = json.load(file)
    if found is None:
        return {"family": None, "group": None, "answers": []}
    answers = []
    for seq, request in enumerate(requests, 100):
        message = sealed(bytes.fromhex(request["message"]), found[0], seq)
        answers.append(exchange(sock, message, seq, SILENCE_SECONDS if request["silent"] else ANSWER_SECONDS))
    return {"family": found[0], "group": found[1], "answers": answers}


def first_refusal(sock, count):
    """Read the ends of so many answers; the first refusal, or None. All answers are there when send() returns."""
    found = None
    while count:
        for kind, flags, _, payload in messages(sock, 0):
            if kind != NLMSG_ERROR:
                continue    # the replies come before the end
            count -= 1
            if payload[:4] != b"\0\0\0\0":
                found = found or refusal(kind, flags, payload)
    return found


def turns(count, pause, path):
    sock = connect()
    number = family(sock)[0]
    with open(path, encoding="ascii") as file:
        requests = [[sealed(message, number, 1) for message in split(bytes.fromhex(request["message"]))]
                    for request in json.load(file)]
    datagrams = [(b"".join(request), len(request)) for request in requests]
    for _ in range(count):
        for datagram, answers in datagrams:
            sock.send(datagram)
            refused = first_refusal(sock, answers)
            if refused:
                return refused
            time.sleep(pause / 1000)
    return None


def join(sock):
    try:
        sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, family(sock)[1])
    except OSError as error:
        return error.errno
    return 0


def listen(ready, stop):
    sock = connect()
    failed = join(sock)
    with open(ready, "w", encoding="ascii"):
        pass
    deadline = time.monotonic() + ANSWER_SECONDS
    while not os.path.exists(stop):
        if time.monotonic() > deadline:
            sys.exit("not told to stop")
        time.sleep(0.02)
    heard = 0
    while list(messages(sock, 0)):
        heard += 1
    return {"joined": failed, "heard": heard}


class Others:
    """Sends requests to the controller's family, which takes the mutex that families share by default."""

    def __init__(self):
        self.sock, self.spans, self.over = connect(), [], False
        self.thread = threading.Thread(target=self._ask)
        name = FAMILY.encode() + b"\0"
        one = struct.pack("=BBH", CTRL_CMD_GETFAMILY, 1, 0) + struct.pack("=HH", 4 + len(name), CTRL_ATTR_FAMILY_NAME) + name
        self.requests = [(one + b"\0" * (-len(one) % 4), NLM_F_ACK),
                         (struct.pack("=BBH", CTRL_CMD_GETFAMILY, 1, 0), NLM_F_DUMP)]

    def _ask(self):
        seq = 1
        while not self.over:
            body, flags = self.requests[seq % 2]
            seq += 1
            began = time.monotonic()
            answer = exchange(self.sock, HEADER.pack(HEADER.size + len(body), GENL_ID_CTRL, NLM_F_REQUEST | flags,
                                                     seq, 0) + body, seq)
            if answer is None or answer["error"] or not answer["replies"]:
                raise ValueError(f"the controller answers {answer}")
            self.spans.append((began, time.monotonic()))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.over = True
        self.thread.join()


def beside(path):
    sock = connect()
    number = family(sock)[0]
    with open(path, encoding="ascii") as file:
        requests = json.load(file)
    found = []
    with Others() as others:
        for seq, request in enumerate(requests, 100):
            began = time.monotonic()
            answer = exchange(sock, sealed(bytes.fromhex(request["message"]), number, seq), seq)
            ended = time.monotonic()
            found.append({"error": answer["error"], "message": answer["message"], "span": (began, ended)})
    for entry in found:
        began, ended = entry.pop("span")
        entry["others"] = sum(began < first and last < ended for first, last in others.spans)
    return found


def interrupt(path, command):
    number = family(connect())[0]
    with open(path, encoding="ascii") as file:
        message = sealed(bytes.fromhex(json.load(file)[0]["message"]), number, 1)
    sock = connect()
    # This call makes the first part. Each later part is made when the one before is read.
    sock.send(message)
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)
    parts, done = [], False
    while not done:
        data, interrupted = sock.recv(PART_BYTES), False
        while len(data) >= HEADER.size:
            length, kind, flags, _, _ = HEADER.unpack_from(data)
            if kind == NLMSG_ERROR:
                raise ValueError("the dump is refused")
            interrupted |= bool(flags & NLM_F_DUMP_INTR)
            done |= kind == NLMSG_DONE
            data = data[(length + 3) & ~3:]
        parts.append(interrupted)
    return parts


def main(verb, *words):
    if verb == "ask":
        print(json.dumps(ask(words[0])))
    elif verb == "turns":
        print(json.dumps(turns(int(words[0]), float(words[1]), words[2])))
    elif verb == "join":
        print(json.dumps(join(connect())))
    elif verb == "listen":
        print(json.dumps(listen(*words)))
    elif verb == "beside":
        print(json.dumps(beside(words[0])))
    elif verb == "interrupt":
        print(json.dumps(interrupt(words[0], " ".join(words[1:]))))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
