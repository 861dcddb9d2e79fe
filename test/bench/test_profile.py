# SPDX-License-Identifier: GPL-2.0
"""The profile: names for addresses, parts for stacks, time for samples."""

import json
import re
import subprocess

import pytest

from bench import hotspot, sampler, symbols
from bench.case import BenchError
from bench.parts import FALCON_FILES, FALCON_FUNCTIONS, IDLE, SECOND_GRO, Parts
from bench.symbols import Function, Symbols
from bench.variant import REPO

KALLSYMS = """\
ffffffff81000000 T first
ffffffff81000100 t __pfx_second
ffffffff81000110 t second.isra.0
ffffffff81000110 W second_alias
ffffffff81000200 D data_in_between
ffffffffc0001000 t falcon_take\t[falcon]
"""


@pytest.mark.parametrize("address, name", [
    (0xffffffff81000000, "first"),
    (0xffffffff8100010f, "first"),
    (0xffffffff81000110, "second.isra.0"),
    (0xffffffff81000250, "second.isra.0"),
    (0xffffffffc0001010, "falcon_take [falcon]"),
    (0xffffffff80ffffff, "(unknown)"),
])
def test_address_has_the_name_of_the_function_that_holds_it(address, name):
    assert str(Symbols(KALLSYMS).at(address)) == name


def test_functions_of_an_object_file_have_its_name(tmp_path):
    source = tmp_path / "lane.c"
    source.write_text("int number; static __attribute__((noinline)) int hidden(void) { return number; }\n"
                      "int seen(void) { return hidden(); }\n")
    subprocess.run(["gcc", "-O0", "-c", "-o", tmp_path / "lane.o", source], check=True)
    assert symbols.sources([tmp_path / "lane.o"]) == {"hidden": "lane", "seen": "lane"}


def test_samples_are_read_as_bpftrace_prints_them():
    text = ('{"type": "attached_probes", "data": {"probes": 2}}\n{"type": "printf", "data": "ready\\n"}\n\n\n'
            '{"type": "map", "data": {"@": {"0,\\\\nffffffff81000010\\\\nffffffff81000110\\\\n": 3, '
            '"5,\\\\n": 2, "5,\\\\nffffffff81000010\\\\n": 1}}}\n')
    assert sampler.parse(text) == {0: {(0xffffffff81000010, 0xffffffff81000110): 3},
                                   5: {(): 2, (0xffffffff81000010,): 1}}


def test_no_samples_are_an_error():
    with pytest.raises(BenchError, match="no samples"):
        sampler.parse('{"type": "attached_probes", "data": {"probes": 2}}\n')


def stack(text):
    """Functions from "name[module] < name < ...", the innermost first."""
    found = []
    for word in filter(None, text.split(" < ")):
        name, _, module = word.partition("[")
        found.append(Function(name, module.rstrip("]")))
    return found


POLL = " < virtnet_poll[virtio_net] < __napi_poll < net_rx_action < handle_softirqs < __irq_exit_rcu < common_interrupt"
LANE = " < lane_poll[falcon] < __napi_poll < net_rx_action < handle_softirqs"
STACKS = {
    "": "user space",
    "pv_native_safe_halt < default_idle < do_idle": IDLE,
    "handle_softirqs < __irq_exit_rcu < common_interrupt < pv_native_safe_halt": "interrupts",
    "virtnet_poll[virtio_net] < __napi_poll": "NIC's driver",
    "clear_page_erms < get_page_from_freelist < page_to_skb[virtio_net]" + POLL: "NIC's driver",
    "csum_partial < udp_gro_receive < inet_gro_receive < dev_gro_receive < napi_gro_receive" + POLL: "GRO",
    "memcpy < vxlan_gro_receive[vxlan] < udp_gro_receive < dev_gro_receive" + POLL: "GRO",
    "skb_gro_receive < dev_gro_receive < gro_cell_poll < __napi_poll": SECOND_GRO,
    "skb_gro_receive < dev_gro_receive < inner[falcon] < vxlan_rcv[vxlan] < udp_queue_rcv_one_skb" + LANE: SECOND_GRO,
    "memcpy < take[falcon]" + POLL: "falcon: input hook",
    "transmit[falcon] < falcon_elephant_deliver[falcon] < lane_poll[falcon]": "falcon: delivery",
    "lane_poll[falcon] < __napi_poll": "falcon: lane",
    "kfree < release[falcon] < gone[falcon]": "falcon: merge",
    "unheard_of[falcon]": "falcon: other",
    "notice[falcon]": "falcon: notice",
    "memcpy < ip_rcv_core < ip_rcv < __netif_receive_skb_one_core" + LANE: "IP, UDP, TCP",
    "vxlan_rcv[vxlan] < udp_queue_rcv_one_skb" + LANE: "tunnel",
    "veth_xmit[veth] < dev_hard_start_xmit < br_dev_queue_push_xmit[bridge]": "container's device",
    "dev_hard_start_xmit < br_dev_queue_push_xmit[bridge]": "between the devices",
    "default_send_IPI_single_phys < native_send_call_func_single_ipi < wake[falcon]": "waking other CPUs",
    "_copy_to_iter < simple_copy_to_iter < udp_recvmsg < do_syscall_64": "IP, UDP, TCP",
    "fput < do_syscall_64 < entry_SYSCALL_64_after_hwframe": "system calls",
    "memcpy < who_knows": "other",
}


@pytest.mark.parametrize("text", STACKS)
def test_stack_is_part_of(text):
    parts = Parts({"take": "intake", "lane_poll": "lane", "inner": "lane", "wake": "lane", "release": "merge",
                   "gone": "device", "transmit": "elephant", "notice": "notice"})
    assert parts.of(stack(text)) == STACKS[text]


def test_parts_of_falcon_are_where_they_are_looked_for():
    files = {path.stem: path.read_text() for path in (REPO / "module").glob("*.c")}
    assert set(FALCON_FILES) <= set(files)
    text = "".join(files.values())
    assert [name for name in FALCON_FUNCTIONS if not re.search(rf"^[a-z][^;]*\b{name}\(", text, re.M)] == []


class Names:
    """Symbols whose addresses are the texts of stacks' functions."""

    @staticmethod
    def at(address):
        return stack(address)[0]


def make_hotspots(spent=(30.0, 10.0)):
    """A window of 100 us for each packet, 1000 samples in it."""
    samples = {
        0: {("pv_native_safe_halt",): 800, ("memcpy", "take[falcon]"): 50, ("virtnet_poll[virtio_net]",): 150},
        1: {("pv_native_safe_halt",): 300, (): 200},
    }
    return hotspot.Hotspots(samples, Names, Parts({"take": "intake"}), list(spent), 100.0)


def test_samples_become_time():
    found = make_hotspots()
    assert found.parts[0] == pytest.approx({"falcon: input hook": 5, "NIC's driver": 15, hotspot.UNSEEN: 10})
    assert found.functions[0] == pytest.approx({"memcpy": 5, "virtnet_poll [virtio_net]": 15})
    assert found.falcon() == pytest.approx(5)
    assert found.part_names() == ["falcon: input hook", "NIC's driver", "user space", hotspot.UNSEEN]


def test_no_more_time_than_was_used():
    """The vCPU that was sampled busy for 20 us, of which it waited 5 for a CPU of the host."""
    found = make_hotspots(spent=(30.0, 15.0))
    assert found.parts[1] == pytest.approx({"user space": 15, hotspot.UNSEEN: 0})


def test_idle_vcpu_has_no_parts():
    found = hotspot.Hotspots({0: {("memcpy",): 9}}, Names, Parts({}), [9.0, 0.1], 9.0)
    assert found.parts[1] == {hotspot.UNSEEN: 0.1}
    assert found.shown() == [0]


def test_lines_show_each_vcpu_and_its_functions():
    text = "\n".join(hotspot.lines(make_hotspots(), "us/packet", ["nic", "application"], [28.0, 9.0]))
    rows = [line.split() for line in text.splitlines()]
    assert ["us/packet", "NIC", "0", "app", "1", "all", "vCPUs"] in rows
    assert ["falcon:", "input", "hook", "5.00", "0.00", "5.00"] in rows
    assert ["of", "these,", "waiting", "for", "locks", "0.00", "0.00", "0.00"] in rows
    assert ["all", "30.00", "10.00", "40.00"] in rows
    assert ["all,", "while", "not", "sampled", "28.00", "9.00", "37.00"] in rows
    assert ["75.0%", "15.00", "virtnet_poll", "[virtio_net]"] in rows


def test_document_is_json():
    assert json.loads(json.dumps(make_hotspots().document()))["per_cpu"] == [30.0, 10.0]
