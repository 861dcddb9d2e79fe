# SPDX-License-Identifier: GPL-2.0
"""Assigns a stack of functions to a part of the path: the innermost function that has a part decides.

memcpy() or an allocation belongs to its caller. Functions that falcon calls belong to falcon, up to the first function
of the path that stock runs as well: GRO, IP, the tunnel.
"""

import re

IDLE = "idle"
UNKNOWN = "other"
SECOND_GRO = "second GRO"
FALCON = "falcon: "

# falcon's source files as the parts of its design. Every other file is a part with its own name.
FALCON_FILES = {
    "hook": "hooks", "sites": "hooks",
    "ingress": "ingress", "bins": "ingress", "gate": "ingress", "gate_poll": "ingress", "sampling": "ingress",
    "transit": "ingress", "inbox": "ingress", "handover": "ingress",
    "key": "parsing", "packet": "parsing", "fragment": "parsing",
    "lane": "lane", "runner": "lane", "rx_handler": "lane", "reorder": "merge", "chain": "merge",
    "steer": "steering", "rps_flow": "steering", "policy": "steering",
}
# Functions that belong to another part than the rest of their file.
FALCON_FUNCTIONS = {
    "falcon_transit_process": "lane", "falcon_transit_deliver": "delivery", "deliver": "delivery",
    "transmit": "delivery", "falcon_lane_deliver": "delivery", "falcon_runner_merge": "merge",
    "falcon_runner_gro_cell": "second GRO",
}

INTERRUPTS = "interrupts"

HALTED = re.compile(r"(pv_)?native_safe_halt|acpi_safe_halt|default_idle|mwait_idle|intel_idle")
# In this order: the first pattern that matches a function counts.
_KERNEL = [(re.compile(pattern), part) for pattern, part in (
    (r"(dev|napi|skb|eth|inet6?|ipv6|udp[46]?|tcp[46]?|vlan|vxlan|geneve|gre)_gro_.*|gro_(?!cell).*"
     r"|napi_gro_.*", "GRO"),
    (r"(default|native|x2apic|flat|physflat|apic)_send_.*|send_call_function_single_ipi|arch_send_call_function.*"
     r"|__smp_call_single_queue|(__)?smp_call_function.*|net_rps_send_ipi|ttwu_queue_wakelist", "waking other CPUs"),
    (r"(arch_)?ftrace_.*", FALCON + FALCON_FILES["hook"]),
    (r"(__)?(ip(?!_tunnel)|ip6|ipv6|udp|udp4|udp6|udpv6|tcp|tcp_v4|tcp_v6|icmp|inet|inet6|raw|raw_local|fib|nf)_.*"
     r"|__udp[46]_.*|sock_def_.*|encap_bypass.*", "IP, UDP, TCP"),
    (r"br_.*", "bridge"),
    (r"(netif_receive_skb|__netif_receive_skb|netif_rx|enqueue_to_backlog|process_backlog|gro_cell|gro_normal"
     r"|dev_queue_xmit|__dev_queue_xmit|dev_hard_start_xmit|get_rps_cpu|skb_defer).*",
     "between the devices"),
    (r"(net_rx_action|__napi_poll|napi_|__napi_|handle_softirqs|__do_softirq|do_softirq|irq_exit|__irq_exit"
     r"|run_ksoftirqd|net_tx_action).*", "softirq and NAPI"),
    (r"(asm_)?(common_interrupt|sysvec_)(?!.*apic_timer).*|__common_interrupt|flush_smp_call_function_queue"
     r"|__flush_smp_call_function_queue|sched_ttwu_pending", INTERRUPTS),
    (r"(asm_)?sysvec_apic_timer_interrupt", "timer"),
    (r"(__)?(do_sys|se_sys|x64_sys)_.*|do_syscall_64|entry_SYSCALL_64.*", "system calls"),
    (r"do_idle|cpu_startup_entry|schedule(_idle)?|__schedule", "idle loop and scheduler"),
)]
_MODULES = {"vxlan": "tunnel", "geneve": "tunnel", "gre": "tunnel", "ip_gre": "tunnel", "ip_tunnel": "tunnel",
            "ipip": "tunnel", "tunnel4": "tunnel", "bridge": "bridge", "br_netfilter": "bridge",
            "veth": "container's device", "netkit": "container's device", "virtio_net": "NIC's driver", "igb": "NIC's driver"}
_TUNNELS = {module for module, part in _MODULES.items() if part == "tunnel"}


class Parts:
    """of(stack) returns the part of a stack of functions, innermost first; `files` is symbols.sources() of falcon."""

    def __init__(self, files):
        self._files = files
        self._known = {}

    def of(self, stack):
        if not stack:
            return "user space"
        if HALTED.fullmatch(stack[0].name):
            return IDLE
        for depth, function in enumerate(stack):
            part = self._part(function)
            if part:
                return SECOND_GRO if part == "GRO" and _inner(stack[depth:]) else part
        return UNKNOWN

    def _part(self, function):
        if function not in self._known:
            self._known[function] = self._find(function)
        return self._known[function]

    def _find(self, function):
        if function.module == "falcon":
            file = self._files.get(function.name, "other")
            return FALCON + (FALCON_FUNCTIONS.get(function.name) or FALCON_FILES.get(file, file))
        for pattern, part in _KERNEL:
            if pattern.fullmatch(function.name):
                return part
        return _MODULES.get(function.module)


def _inner(stack):
    """True if GRO here sees packets that have left the tunnel: behind it, or in its GRO cell."""
    return any(function.name == "gro_cell_poll" or (function.module in _TUNNELS and "_gro_" not in function.name)
               for function in stack)
