# SPDX-License-Identifier: GPL-2.0
"""The harness itself: it must report every failed guest as failed, with the right reason, and a good one as good."""

import os
import signal
import subprocess
import sys
import time

import pytest

from vm import crash, debug, module
from vm.guest import CommandFailed, CommandTimeout, Guest, GuestFailed
from vm.paths import REPO


def failing(kernel, script, time_limit=120, timeout=90, **options):
    """Run a script that ruins the guest; the harness's verdict."""
    guest = Guest(kernel=kernel, time_limit=time_limit, **{"vcpus": 2, "memory": 512, **options})
    with pytest.raises(GuestFailed) as caught:
        with guest:
            guest.run(script, timeout=timeout, check=False)
    assert not guest.alive
    assert guest.console.exists(), "the console of a failed guest is kept"
    return caught.value


def test_good_guest(kernel):
    with Guest(kernel=kernel, vcpus=3, memory=512, time_limit=120) as guest:
        result = guest.run("uname -r; echo to stderr >&2")
        assert (result.out, result.err, result.rc) == (f"{guest.kernel.release}\n", "to stderr\n", 0)
        assert guest.run("nproc").out == "3\n"
        assert guest.run("cat /falcon/dkms.conf").out == (REPO / "dkms.conf").read_text()
        assert guest.run("touch /falcon/x", check=False).rc != 0, "the repository is read-only"
        (guest.shared / "in").write_text("from the host")
        guest.run("cat /shared/in > /shared/out; echo >>/shared/out")
        assert (guest.shared / "out").read_text() == "from the host\n"
    assert guest.failure() is None
    assert not guest.alive


@pytest.mark.thorough
def test_command_failure_is_reported(guest):
    with pytest.raises(CommandFailed, match="status 3"):
        guest.run("echo something; exit 3")
    assert guest.run("exit 3", check=False).rc == 3
    assert guest.run("kill -KILL $$", check=False).rc == 128 + signal.SIGKILL


@pytest.mark.thorough
def test_command_timeout_leaves_the_guest_usable(guest):
    began = time.monotonic()
    with pytest.raises(CommandTimeout):
        guest.run("echo begun; exec tail -f /dev/null", timeout=1)
    assert time.monotonic() - began < 10
    assert guest.run("echo alive").out == "alive\n"
    assert guest.run("pgrep -x tail", check=False).rc == 1, "the script was ended"


@pytest.mark.thorough
def test_several_commands_at_a_time(guest):
    waiting = [guest.spawn(f"until [[ -e /tmp/go ]]; do sleep 0.05; done; echo {n}; exit {n}") for n in range(4)]
    assert all(process.running for process in waiting)
    guest.run("touch /tmp/go")
    assert [process.wait(30).rc for process in waiting] == [0, 1, 2, 3]
    assert [process.output()[0] for process in waiting] == ["0\n", "1\n", "2\n", "3\n"]
    guest.run("rm /tmp/go")


@pytest.mark.thorough
def test_stop_and_signals(guest):
    process = guest.spawn("trap 'echo interrupted; exit 5' INT; touch /tmp/trapped\n"
                          "while true; do sleep 0.05; done")
    guest.run("until [[ -e /tmp/trapped ]]; do sleep 0.05; done; rm /tmp/trapped")
    result = process.stop("INT")
    assert (result.rc, result.out) == (5, "interrupted\n")
    assert guest.spawn("exec tail -f /dev/null").stop().rc == 128 + signal.SIGTERM
    deaf = guest.spawn("trap '' TERM; touch /tmp/deaf; while true; do sleep 0.05; done")
    guest.run("until [[ -e /tmp/deaf ]]; do sleep 0.05; done; rm /tmp/deaf")
    assert deaf.stop(timeout=1).rc == 128 + signal.SIGKILL


@pytest.mark.thorough
def test_cpu_time_grows_where_the_work_is(guest):
    before = guest.cpu_time()
    assert len(before) == guest.vcpus
    guest.run("taskset -c 2 timeout 2 sh -c 'while :; do :; done'", check=False)
    spent = [after - start for start, after in zip(before, guest.cpu_time())]
    assert spent[2] == max(spent)
    assert spent[2] > 5e8


@pytest.mark.thorough
def test_panic(kernel):
    failure = failing(kernel, "echo c >/proc/sysrq-trigger")
    assert failure.reason == "panic"
    assert "panic" in failure.kinds


@pytest.mark.thorough
def test_warning(kernel):
    failure = failing(kernel, f"insmod {module.fault(kernel)} kind=warn")
    assert failure.reason == "panic", "panic_on_warn"
    assert {"warning", "panic"} <= failure.kinds
    assert "warning: " in failure.detail.splitlines()[0]


@pytest.mark.soak
def test_oops(kernel):
    failure = failing(kernel, f"insmod {module.fault(kernel)} kind=oops")
    assert failure.reason == "panic"
    assert {"oops", "panic"} <= failure.kinds


@pytest.mark.soak
def test_warning_without_panic(one_kernel):
    # The guest survives and ends regularly, but its console shows the warning.
    failure = failing(one_kernel, f"sysctl -qw kernel.panic_on_warn=0; insmod {module.fault(one_kernel)} kind=warn")
    assert failure.reason == "crash"
    assert failure.kinds == {"warning"}


@pytest.mark.soak
def test_bug(one_kernel):
    assert {"bug", "panic"} <= failing(one_kernel, f"insmod {module.fault(one_kernel)} kind=bug").kinds


def test_frozen_guest_meets_its_time_limit(one_kernel):
    began = time.monotonic()
    failure = failing(one_kernel, f"insmod {module.fault(one_kernel)} kind=freeze", time_limit=25)
    assert failure.reason == "hang"
    assert "time limit of 25 s" in failure.detail
    assert 20 < time.monotonic() - began < 60


@pytest.mark.soak
def test_frozen_guest_that_cannot_end_a_command(one_kernel):
    failure = failing(one_kernel, f"insmod {module.fault(one_kernel)} kind=freeze", timeout=2)
    assert failure.reason == "hang"
    assert "does not end a killed script" in failure.detail


@pytest.mark.soak
def test_endless_command_meets_the_time_limit(one_kernel):
    failure = failing(one_kernel, "exec tail -f /dev/null", time_limit=20)
    assert failure.reason == "hang"


def test_stop_before_its_time(one_kernel):
    failure = failing(one_kernel, "busybox poweroff -f")
    assert failure.reason == "stopped early"


@pytest.mark.soak
def test_reboot_is_an_early_stop(one_kernel):
    failure = failing(one_kernel, "busybox reboot -f")
    assert failure.reason == "stopped early"


@pytest.mark.soak
def test_early_stop_while_nobody_waits(one_kernel):
    with pytest.raises(GuestFailed) as caught:
        with Guest(kernel=one_kernel, vcpus=2, memory=512, time_limit=120) as guest:
            guest.spawn("busybox poweroff -f")
            deadline = time.monotonic() + 60
            while guest.alive and time.monotonic() < deadline:
                time.sleep(0.1)
    assert caught.value.reason == "stopped early"


@pytest.mark.soak
def test_failed_boot(one_kernel):
    failure = failing(one_kernel, "true", append="rdinit=/nowhere root=/dev/nothing")
    assert failure.reason == "panic"


@pytest.mark.soak
def test_missing_root_file_system(one_kernel):
    # The kept console has the init's own message.
    failure = failing(one_kernel, "true", append="module_blacklist=overlay")
    assert failure.reason == "boot"
    assert "falcon-init: failed: " in failure.console.read_text()


def test_qemu_that_does_not_start(one_kernel):
    failure = failing(one_kernel, "true", vcpus=100000)
    assert failure.reason == "boot"
    assert "QEMU said" in failure.detail


def test_cpu_stall(one_kernel):
    failure = failing(one_kernel, f"insmod {module.fault(one_kernel)} kind=stall ms=12000",
                      append="watchdog_thresh=2 rcupdate.rcu_cpu_stall_timeout=4")
    assert failure.kinds & {"lockup", "rcu stall"}


def test_hung_task(one_kernel):
    failure = failing(one_kernel, f"sysctl -qw kernel.hung_task_timeout_secs=3; insmod {module.fault(one_kernel)} kind=block")
    assert "hung task" in failure.kinds


@pytest.mark.soak
def test_error_of_the_block_is_kept(one_kernel):
    with pytest.raises(ZeroDivisionError):
        with Guest(kernel=one_kernel, vcpus=1, memory=512, time_limit=120) as guest:
            print(1 / 0)
    assert not guest.alive


OWNER = """
import sys
sys.path.insert(0, {test!r})
from vm.guest import Guest
with Guest(kernel={kernel!r}, vcpus=1, memory=512, time_limit=300) as guest:
    print(guest.pid, flush=True)
    guest.run("exec tail -f /dev/null", timeout=300)
"""


def test_qemu_does_not_outlive_its_owner(one_kernel):
    with subprocess.Popen([sys.executable, "-c", OWNER.format(test=str(REPO / "test"), kernel=one_kernel)],
                          stdout=subprocess.PIPE, text=True) as owner:
        pid = int(owner.stdout.readline())
        assert os.path.exists(f"/proc/{pid}")
        owner.kill()
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{pid}")


@pytest.mark.parametrize("kind, line", [
    ("panic", "[  1.2] Kernel panic - not syncing: Fatal exception"),
    ("oops", "[  1.2] Oops: 0002 [#1] PREEMPT SMP NOPTI"),
    ("oops", "[  1.2] BUG: unable to handle page fault for address: ffff888003e6d000"),
    ("oops", "[  1.2] BUG: kernel NULL pointer dereference, address: 0000000000000000"),
    ("bug", "[  1.2] kernel BUG at module/flow.c:12!"),
    ("bug", "[  1.2] BUG: scheduling while atomic: swapper/0/0/0x00000100"),
    ("bug", "[  1.2] BUG: sleeping function called from invalid context at mm/slab.h:1"),
    ("warning", "[  1.2] WARNING: CPU: 0 PID: 1 at net/core/dev.c:4 get_rps_cpu+0x4/0x10"),
    ("warning", "[  1.2] WARNING: module/flow.c:12 at flow_get+0x4/0x10 [falcon], CPU#1: insmod/12"),
    ("warning", "[  1.2] WARNING: possible circular locking dependency detected"),
    ("warning", "[  1.2] WARNING: suspicious RCU usage"),
    ("warning", "[  1.2] WARNING: inconsistent lock state"),
    ("warning", "[  1.2] WARNING: lock held when returning to user space!"),
    ("warning", "[  1.2] refcount_t: underflow; use-after-free."),
    ("warning", "[  1.2] workqueue: work func look [falcon] enqueued on deprecated workqueue."),
    ("warning", "[  1.2] ODEBUG: free active (active state 0) object: ffff"),
    ("rcu stall", "[  1.2] rcu: INFO: rcu_preempt self-detected stall on CPU"),
    ("rcu stall", "[  1.2] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"),
    ("lockup", "[  1.2] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [insmod:123]"),
    ("hung task", "[  1.2] INFO: task insmod:123 blocked for more than 120 seconds."),
    ("sanitizer", "[  1.2] BUG: KASAN: slab-use-after-free in flow_get+0x1/0x2 [falcon]"),
    ("sanitizer", "[  1.2] KASAN: null-ptr-deref in range [0x0000000000000000-0x0000000000000007]"),
    ("sanitizer", "[  1.2] UBSAN: array-index-out-of-bounds in module/flow.c:3:4"),
    ("leak", "unreferenced object 0xffff888104a3c000 (size 64):"),
    ("leak", "[  1.2] unregister_netdevice: waiting for veth0 to become free. Usage count = 2"),
    ("ftrace", "[  1.2] ------------[ ftrace bug ]------------"),
    ("memory", "[  1.2] Out of memory: Killed process 12 (bash)"),
    ("memory", "[  1.2] BUG kmalloc-64 (Tainted: G           OE     ): Left Redzone overwritten"),
    ("memory", "[  1.2] pagealloc: memory corruption"),
], ids=lambda text: text if len(text) < 12 else "")
def test_crash_signature(kind, line):
    assert kind in {found for found, _ in crash.scan(f"[  1.1] fine\n{line}\n[  1.3] fine\n")}


def test_options_that_a_debug_kernel_did_not_get_are_named():
    fragments = ["# SPDX\nCONFIG_A=y\n# CONFIG_B is not set\n", "CONFIG_C=m\nCONFIG_D=16\n\n"]
    assert debug.unmet(fragments, "CONFIG_A=y\nCONFIG_C=m\nCONFIG_D=16\n") == []
    got = "# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=y\n# a comment\n"
    assert debug.unmet(fragments, got) == ["CONFIG_A=y", "CONFIG_B=n", "CONFIG_C=m", "CONFIG_D=16"]


@pytest.mark.parametrize("frames, seen", [
    ([" count+0x8/0x40 [falcon]"], True),
    ([" __list_add_valid+0x8/0x40", " count+0x8/0x40 [falcon]"], True),
    ([" count+0x8/0x40"], False),
    ([" pollwake+0x1/0x2", " __wake_up+0x1/0x2", " udp_rcv+0x1/0x2", " deliver+0x8/0x40 [falcon]"], False),
])
def test_data_races_are_reported_when_falcon_has_a_part_in_them(frames, seen):
    def report(name, frames):
        line = "=" * 66
        return "\n".join([line, f"BUG: KCSAN: data-race in put / {name}", "",
                          "write to 0xff11 of 4 bytes by interrupt on cpu 1:", " put+0x1/0x2", "",
                          "read to 0xff11 of 4 bytes by task 295 on cpu 5:", *frames, "", line, ""])

    console = report("other", [" other+0x1/0x2"]) + report("count", frames)
    assert ("sanitizer" in {kind for kind, _ in crash.scan(console)}) == seen
    # No line of an irrelevant report remains.
    assert (crash.without_races_of_others(f"before\n{console}after\n") == "before\nafter\n") == (not seen)


@pytest.mark.parametrize("ours, seen", [("napi_schedule_prep", False), ("wake_here [falcon]", True)])
def test_the_data_race_that_every_driver_has_with_its_poll_is_no_report(ours, seen):
    line = "=" * 66
    console = "\n".join([line, f"BUG: KCSAN: data-race in napi_complete_done / {ours}", "",
                         "read-write (marked) to 0xff11 of 8 bytes by interrupt on cpu 1:", f" {ours.split()[0]}+0x1/0x2",
                         " wake_here+0x1/0x2 [falcon]", "",
                         "read to 0xff11 of 8 bytes by interrupt on cpu 2:", " napi_complete_done+0x1/0x2",
                         " lane_poll+0x1/0x2 [falcon]", "", line, ""])
    assert bool(crash.scan(console)) == seen


@pytest.mark.parametrize("byte, stale", [("0f", True), ("e8", True), ("cc", False)])
def test_breakpoint_that_is_not_in_memory(byte, stale):
    report = (f"[  1.2] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI\n[  1.2] RIP: 0010:veth_xmit+0x5/0x350 [veth]\n"
              f"[  1.2] Code: f3 0f 1e fa {byte} <1f> 44 00 00\n[  1.2] Code: 22 d7 <c3> cc\n")
    assert crash.is_stale_breakpoint(report) == stale
    assert not crash.is_stale_breakpoint(report.replace("int3", "0002"))


@pytest.mark.parametrize("line", [
    "[  1.2] falcon: loading out-of-tree module taints kernel.",
    "[  0.2] kcsan: non-strict mode configured - use CONFIG_KCSAN_STRICT=y to see all data races",
    "[  1.2] falcon: module verification failed: signature and/or required key missing - tainting kernel",
    "[  1.2]  ? falcon_promote_alloc+0xaa/0xf0 [falcon]",
    " falcon_enable+0xaa/0xf0 [falcon]",
    "[  1.2] rcu: Hierarchical RCU implementation.",
    "[  1.2] rcu: \tRCU calculated value of scheduler-enlistment delay is 25 jiffies.",
    "[  1.2] mtrr: your CPUs had inconsistent fixed MTRR settings",
    "[  1.2] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on",
    "[  1.2] debug: unmapping init [mem 0xffffffffb8d2c000-0xffffffffb8dfffff]",
    "[  1.2] kmemleak: Kernel memory leak detector initialized (mem pool available: 15708)",
    "[  1.2] reboot: Power down",
    "[  1.2] ACPI: PCI: Interrupt link LNKA configured for IRQ 10",
])
def test_harmless_line(line):
    assert crash.scan(line) == []
