# SPDX-License-Identifier: GPL-2.0
"""The profile: names for addresses, parts for stacks, and their instructions."""

import json
import re
import subprocess
from xml.etree import ElementTree

import pytest

from bench import flame, hotspot, symbols
from bench.hotspot import Spent
from bench.parts import FALCON_FILES, FALCON_FUNCTIONS, IDLE, SECOND_GRO, Parts
from bench.symbols import Function, Symbols
from bench.variant import REPO
from vm.meter import Node

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
    "handle_softirqs < __irq_exit_rcu < common_interrupt < pv_native_safe_halt": "softirq and NAPI",
    "virtnet_poll[virtio_net] < __napi_poll": "NIC's driver",
    "clear_page_erms < get_page_from_freelist < page_to_skb[virtio_net]" + POLL: "NIC's driver",
    "csum_partial < udp_gro_receive < inet_gro_receive < dev_gro_receive < napi_gro_receive" + POLL: "GRO",
    "memcpy < vxlan_gro_receive[vxlan] < udp_gro_receive < dev_gro_receive" + POLL: "GRO",
    "skb_gro_receive < dev_gro_receive < gro_cell_poll < __napi_poll": SECOND_GRO,
    "skb_gro_receive < dev_gro_receive < inner[falcon] < vxlan_rcv[vxlan] < udp_queue_rcv_one_skb" + LANE: SECOND_GRO,
    "memcpy < take[falcon]" + POLL: "falcon: ingress",
    "transmit[falcon] < falcon_transit_deliver[falcon] < lane_poll[falcon]": "falcon: delivery",
    "lane_poll[falcon] < __napi_poll": "falcon: lane",
    "kfree < release[falcon] < gone[falcon]": "falcon: merge",
    "unheard_of[falcon]": "falcon: other",
    "notice[falcon]": "falcon: event",
    "memcpy < ip_rcv_core < ip_rcv < __netif_receive_skb_one_core" + LANE: "IP, UDP, TCP",
    "vxlan_rcv[vxlan] < udp_queue_rcv_one_skb" + LANE: "tunnel",
    "ip_tunnel_rcv[ip_tunnel] < gre_rcv[ip_gre] < gre_rcv[gre] < ip_protocol_deliver_rcu" + LANE: "tunnel",
    "ipip_rcv[ipip] < tunnel4_rcv[tunnel4] < ip_protocol_deliver_rcu" + LANE: "tunnel",
    "igb_clean_rx_irq[igb] < igb_poll[igb]" + POLL: "NIC's driver",
    "veth_xmit[veth] < dev_hard_start_xmit < br_dev_queue_push_xmit[bridge]": "container's device",
    "dev_hard_start_xmit < br_dev_queue_push_xmit[bridge]": "between the devices",
    "default_send_IPI_single_phys < native_send_call_func_single_ipi < wake[falcon]": "waking other CPUs",
    "_copy_to_iter < simple_copy_to_iter < udp_recvmsg < do_syscall_64": "IP, UDP, TCP",
    "fput < do_syscall_64 < entry_SYSCALL_64_after_hwframe": "system calls",
    "memcpy < who_knows": "other",
}


@pytest.mark.parametrize("text", STACKS)
def test_stack_is_part_of(text):
    parts = Parts({"take": "ingress", "lane_poll": "lane", "inner": "lane", "wake": "lane", "release": "reorder",
                   "gone": "device", "transmit": "transit", "notice": "event"})
    assert parts.of(stack(text)) == STACKS[text]


def test_parts_of_falcon_are_where_they_are_looked_for():
    files = {path.stem: path.read_text() for path in (REPO / "module").rglob("*.c")}
    assert set(FALCON_FILES) <= set(files)
    text = "".join(files.values())
    assert [name for name in FALCON_FUNCTIONS if not re.search(rf"^[a-z][^;]*\b{name}\(", text, re.M)] == []


class Names:
    """Symbols whose addresses are the names in the stacks."""

    @staticmethod
    def at(address):
        return stack(address)[0]


def make_hotspots():
    """Hotspots of 10 packets."""
    stacks = [
        {("memcpy", "take[falcon]"): Spent(500, 10), ("virtnet_poll[virtio_net]",): Spent(1500, 30)},
        {(): Spent(0, 5), ("udp_recvmsg",): Spent(100, 0)},
    ]
    return hotspot.Hotspots(stacks, [0, 300], Names, Parts({"take": "ingress"}), 10)


def test_stacks_of_a_window_are_what_has_grown():
    first = [[Node(0, 0, 0, 0), Node(0, 0xa, 5, 1), Node(1, 0xb, 7, 0)]]
    last = [[Node(0, 0, 0, 3), Node(0, 0xa, 5, 1), Node(1, 0xb, 9, 1), Node(2, 0xc, 4, 0)]]
    assert hotspot.spent_by_stack(first, last) == [{(): Spent(0, 3), (0xb, 0xa): Spent(2, 1), (0xc, 0xb, 0xa): Spent(4, 0)}]


def test_stacks_that_were_followed_for_longer_than_the_window_are_scaled():
    stacks = [{(0xa,): Spent(900, 1), (0xb, 0xa): Spent(300, 0)}, {(): Spent(0, 5), (0xc,): Spent(600, 0)}]
    assert hotspot.stretch(stacks, [[800, 50], [400, 700]]) == pytest.approx(1.5)


def test_what_is_executed_is_by_part_and_by_function():
    found = make_hotspots()
    assert found.parts[0] == {"falcon: ingress": Spent(50, 1), "NIC's driver": Spent(150, 3)}
    assert found.functions[0] == {"memcpy": Spent(50, 1), "virtnet_poll [virtio_net]": Spent(150, 3)}
    assert found.parts[1] == {"user space": Spent(30, 0.5), "IP, UDP, TCP": Spent(10, 0)}
    assert found.falcon() == pytest.approx(50)
    assert found.part_names() == ["falcon: ingress", "NIC's driver", "user space", "IP, UDP, TCP"]


def test_lines_show_each_vcpu_and_its_functions():
    text = "\n".join(hotspot.lines(make_hotspots(), "instructions/packet", ["nic", "application"]))
    rows = [line.split() for line in text.splitlines()]
    assert ["instructions/packet", "NIC", "0", "app", "1", "all", "vCPUs"] in rows
    assert ["falcon:", "ingress", "50", "0", "50"] in rows
    assert ["falcon:", "ingress", "1.0", "0.0", "1.0"] in rows
    assert ["of", "these,", "waiting", "for", "locks", "0", "0", "0"] in rows
    assert ["all", "200", "40", "240"] in rows
    assert ["75.0%", "150.0", "3.00", "virtnet_poll", "[virtio_net]"] in rows


def test_stacks_are_folded_and_drawn():
    folded = make_hotspots().folded(["nic", "application"])
    assert folded == ["cpu0 NIC;take [falcon];memcpy 50", "cpu0 NIC;virtnet_poll [virtio_net] 150",
                      "cpu1 app;(user space) 30", "cpu1 app;udp_recvmsg 10"]
    picture = ElementTree.fromstring(flame.svg(folded, "a < b"))
    width = {group.find("{*}title").text: float(group.find("{*}rect").get("width"))
             for group in picture.findall("{*}g")}
    assert width["all: 240 (100.0%)"] == flame.WIDTH
    assert width["virtnet_poll [virtio_net]: 150 (62.5%)"] == pytest.approx(flame.WIDTH * 0.625)


def test_document_is_json():
    assert json.loads(json.dumps(make_hotspots().document()))["per_cpu"][0] == {"instructions": 200.0, "lines": 4.0}
