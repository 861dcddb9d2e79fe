# SPDX-License-Identifier: GPL-2.0
"""Does a kernel's console tell of a crash?"""

import re

# What the kernel prints at the head of each kind of report. Only lines that a kernel without a
# fault never prints may be here.
SIGNATURES = [
    ("panic", r"Kernel panic - not syncing"),
    ("oops", r"\bOops: |general protection fault|Unable to handle kernel|BUG: unable to handle|BUG: kernel NULL pointer|"
             r"traps: .* in \S+\.ko|invalid opcode: "),
    ("bug", r"kernel BUG at |\bBUG: (?!unable to handle|kernel NULL pointer)|Internal error:"),
    ("warning", r"\bWARNING: (?:CPU: \d|possible|suspicious|bad unlock|inconsistent|lock held|held lock|[Nn]ested lock|.* at \S+\+0x)|"
                r"\[ BUG: |INFO: (?:possible|trying to register|suspicious)|"
                r"DEBUG_LOCKS_WARN_ON|ODEBUG: |refcount_t: |suspicious RCU usage|"
                # a function of falcon's, in what the kernel says of its own accord; not in a stack, as of an
                # allocation that failed
                r"^(?!(?:\[[^\]]*\])?\s*(?:\? )?\S+\+0x[0-9a-f]+/0x[0-9a-f]+ \[falcon\]).*\[falcon\]"),
    ("rcu stall", r"rcu.*(?:self-detected stall|detected stalls|detected expedited stalls|kthread starved)"),
    ("lockup", r"watchdog: BUG: (?:soft|hard) lockup|Watchdog detected hard LOCKUP"),
    ("hung task", r"INFO: task .* blocked for more than"),
    ("sanitizer", r"\b(?-i:KASAN|KCSAN|KFENCE|KMSAN|UBSAN): "),
    ("leak", r"unreferenced object 0x|kmemleak: [1-9]\d* new suspected|unregister_netdevice: waiting for|"
             r"leaked reference|still has \d+ users|Objects remaining"),
    ("memory", r"Out of memory: Killed process|page allocation failure|bad page state|"
               r"BUG: Bad (?:page|rss)|double free|list_(?:add|del) corruption|slab error|\bBUG \S+ \([^)]*\): |"
               r"pagealloc: (?:memory corruption|single bit error)"),
    ("ftrace", r"------------\[ ftrace bug \]"),
]

_PATTERNS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in SIGNATURES]
# A warning ends in a panic (panic_on_warn), so the panic alone is the poorer answer.
_RANK = {kind: rank for rank, kind in enumerate(
    ("sanitizer", "lockup", "rcu stall", "hung task", "ftrace", "leak", "bug", "oops", "warning", "memory",
     "panic"))}


# What GuestFailed says of it, by which conftest.py knows to try the test once more.
STALE = "the emulator ran a breakpoint that was no longer in memory"


def is_stale_breakpoint(text):
    """QEMU's threads may translate code while another one's store to it is on its way, and keep what
    it was: here the breakpoint by which the kernel patches a function's entry. The report shows the
    bytes in memory; a breakpoint that was really there is for the kernel to answer for.

    It is not falcon's: ftrace alone meets it, with no falcon in the guest (test/vm/breakpoint), once in 840 patches
    of the hooked functions on 7.2 at 7,500 packets/s (QEMU 10.0.13), and not in 2,880 when one thread of QEMU's runs
    all vCPUs. falcon, the same way: none in 552, and none in 972 with one thread. On a CPU it cannot be: the last
    bytes are written, and every CPU has answered an interrupt, before the kernel forgets the breakpoint.
    """
    found = re.search(r"Oops: int3: .*?Code: [0-9a-f ]*?([0-9a-f]{2}) <", text, re.S)
    return bool(found) and found[1] != "cc"


# A report of the kernel's sanitizers, between two lines of =.
_RACE = re.compile(r"={60,}\n[^\n]*BUG: KCSAN: .*?={60,}\n?", re.S)


# The first frames of an access: further up falcon is, too, when the kernel's own code that it calls races.
_ACCESS = re.compile(r" to 0x[0-9a-f]+ of \d+ bytes by [^\n]*:\n((?:[^\n]*\+0x[^\n]*\n){1,3})")
_OURS = re.compile(r"\[(?:falcon|fault)\]")

# Between two functions of the kernel's that falcon, as any driver, calls itself: napi_complete_done() looks, by a
# plain read, at bits of the instance's state that an interrupt's napi_schedule_prep() leaves as they are.
_HARMLESS = re.compile(r"BUG: KCSAN: data-race in napi_complete_done / napi_schedule_prep$", re.M)


def _is_of_others(report):
    return bool(_HARMLESS.search(report)) or not any(map(_OURS.search, _ACCESS.findall(report)))


def without_races_of_others(text):
    """The kernel itself has data races that it lives with."""
    return _RACE.sub(lambda report: "" if _is_of_others(report[0]) else report[0], text)


def scan(text):
    """[(kind, line)] of each crash signature in a console's text, the telling one first."""
    found = []
    for line in without_races_of_others(text).splitlines():
        for kind, pattern in _PATTERNS:
            if pattern.search(line):
                found.append((kind, line.strip()))
    return sorted(found, key=lambda item: _RANK[item[0]])
