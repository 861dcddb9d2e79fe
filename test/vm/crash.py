# SPDX-License-Identifier: GPL-2.0
"""Searches a kernel's console for signs of a crash."""

import re

# The first line of each kind of the kernel's reports. Only lines that a kernel without a fault never prints belong
# here.
SIGNATURES = [
    ("panic", r"Kernel panic - not syncing"),
    ("oops", r"\bOops: |general protection fault|Unable to handle kernel|BUG: unable to handle|BUG: kernel NULL pointer|"
             r"traps: .* in \S+\.ko|invalid opcode: "),
    ("bug", r"kernel BUG at |\bBUG: (?!unable to handle|kernel NULL pointer)|Internal error:"),
    ("warning", r"\bWARNING: (?:CPU: \d|possible|suspicious|bad unlock|inconsistent|lock held|held lock|[Nn]ested lock|.* at \S+\+0x)|"
                r"\[ BUG: |INFO: (?:possible|trying to register|suspicious)|"
                r"DEBUG_LOCKS_WARN_ON|ODEBUG: |refcount_t: |suspicious RCU usage|"
                # a function of falcon's in a message of the kernel itself; not in a stack, such as that of a failed
                # allocation
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
# A warning leads to a panic (panic_on_warn), so the panic alone is the less useful answer.
_RANK = {kind: rank for rank, kind in enumerate(
    ("sanitizer", "lockup", "rcu stall", "hung task", "ftrace", "leak", "bug", "oops", "warning", "memory",
     "panic"))}


# GuestFailed's text for this fault. conftest.py repeats a test that has it.
STALE = "the emulator ran a breakpoint that was no longer in memory"


def is_stale_breakpoint(text):
    """QEMU's threads may translate code while another thread's store to it is under way, and keep the old translation:
    here the breakpoint by which the kernel patches a function's entry. The report shows the bytes in memory. A
    breakpoint that really is in memory is the kernel's responsibility.

    It is not falcon's fault: ftrace alone triggers it, with no falcon in the guest (test/vm/breakpoint), once in 840
    patches of the hooked functions on 7.2 at 7,500 packets/s (QEMU 10.0.13), and not in 2,880 if one thread of QEMU
    runs all vCPUs. With falcon it was none in 552, and none in 972 with one thread. It cannot happen on a real CPU: the
    kernel forgets the breakpoint only after it has written the last bytes and every CPU has answered an interrupt.
    """
    found = re.search(r"Oops: int3: .*?Code: [0-9a-f ]*?([0-9a-f]{2}) <", text, re.S)
    return bool(found) and found[1] != "cc"


# A report of the kernel's sanitizers, between two lines of =.
_RACE = re.compile(r"={60,}\n[^\n]*BUG: KCSAN: .*?={60,}\n?", re.S)


# The innermost frames of an access. falcon may be further up the stack even if only the kernel's own code races.
_ACCESS = re.compile(r" to 0x[0-9a-f]+ of \d+ bytes by [^\n]*:\n((?:[^\n]*\+0x[^\n]*\n){1,3})")
_OURS = re.compile(r"\[(?:falcon|fault)\]")

# A race between two kernel functions that falcon calls, like any driver: napi_complete_done() reads, without an
# annotation, state bits of the instance that an interrupt's napi_schedule_prep() does not change.
_HARMLESS = re.compile(r"BUG: KCSAN: data-race in napi_complete_done / napi_schedule_prep$", re.M)


def _is_of_others(report):
    return bool(_HARMLESS.search(report)) or not any(map(_OURS.search, _ACCESS.findall(report)))


def without_races_of_others(text):
    """Remove reports of data races in the kernel itself, which the kernel tolerates."""
    return _RACE.sub(lambda report: "" if _is_of_others(report[0]) else report[0], text)


def scan(text):
    """[(kind, line)] of each crash signature in a console's text, the most informative one first."""
    found = []
    for line in without_races_of_others(text).splitlines():
        for kind, pattern in _PATTERNS:
            if pattern.search(line):
                found.append((kind, line.strip()))
    return sorted(found, key=lambda item: _RANK[item[0]])
