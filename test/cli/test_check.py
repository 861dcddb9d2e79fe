# SPDX-License-Identifier: GPL-2.0
"""falconctl check on simulated hosts: each finding, good and bad."""

import gzip

import pytest

RELEASE = "6.12.9-amd64"
CONFIG = ("CONFIG_MODULES=y\nCONFIG_KALLSYMS=y\nCONFIG_DYNAMIC_FTRACE_WITH_ARGS=y\nCONFIG_RPS=y\n"
          "CONFIG_NF_SOCKET_IPV4=m\nCONFIG_NF_SOCKET_IPV6=m\n")
FUNCTIONS = ("get_rps_cpu", "gro_cells_receive", "napi_gro_receive", "napi_gro_frags", "enqueue_to_backlog", "veth_xmit")
KALLSYMS = "".join(f"0000000000000000 t {name}\n" for name in (*FUNCTIONS, "get_rps_cpus", "napi_gro_receiver"))
AVAILABLE = "get_rps_cpu\ngro_cells_receive\nnapi_gro_receive\nnapi_gro_frags\nenqueue_to_backlog\nveth_xmit [veth]\n"
FIT = {
    "proc/sys/kernel/osrelease": RELEASE + "\n",
    "proc/sys/kernel/version": "#1 SMP PREEMPT_DYNAMIC Debian 6.12.9-1\n",
    "proc/sys/kernel/ftrace_enabled": "1\n",
    "proc/kallsyms": KALLSYMS,
    "proc/cmdline": "root=/dev/vda quiet\n",
    "proc/sys/net/core/rps_sock_flow_entries": "0\n",
    f"boot/config-{RELEASE}": CONFIG,
    "sys/kernel/tracing/available_filter_functions": AVAILABLE,
    "sys/kernel/tracing/enabled_functions": "tcp_ack (1) R       \ttramp: 0xffffffffc0000000 (x+0x0/0x10)\n",
    "sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
    "sys/module/module/parameters/sig_enforce": "N\n",
    "sys/module/veth/refcnt": "0\n",
    "sys/devices/system/cpu/online": "0-3\n",
    "sys/class/net/eth0/uevent": "INTERFACE=eth0\nIFINDEX=2\n",
    "sys/class/net/eth0/type": "1\n",
    "sys/class/net/eth0/threaded": "0\n",
    "sys/class/net/eth0/queues/rx-0/rps_cpus": "00000000,00000000\n",
    "sys/class/net/eth0/queues/rx-0/rps_flow_cnt": "0\n",
    "sys/class/net/eth0/device/uevent": "DRIVER=virtio_net\n",
    "sys/class/net/vx0/uevent": "DEVTYPE=vxlan\nINTERFACE=vx0\n",
    "sys/class/net/vx0/type": "1\n",
}
MODULE = f"lib/modules/{RELEASE}/updates/dkms/falcon.ko"
SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
SIGNED = "\x7fELF~Module signature appended~\n"
LOCKDOWN = {"sys/kernel/security/lockdown": "none [integrity] confidentiality\n"}
CLEARS = (CONFIG + "CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y\n").encode()
CLEARING = {f"boot/config-{RELEASE}": CLEARS}
REDIRECTED = "{} (1)   I     \ttramp: 0xffffffffc0401000 (klp_ftrace_handler+0x0/0x1b0)\n"
BY_FALCON = "{} (1)   I     \ttramp: 0xffffffffc0401000 (on_get_rps_cpu+0x0/0x40 [falcon]) ->x+0x0/0x1\n"
ENABLED = "sys/kernel/tracing/enabled_functions"
NOT_THERE = None


def without(text, name, other=None):
    """The text with a line removed, or with another name in it."""
    return "".join(line for line in text.replace(name + "\n", (other or "GONE") + "\n").splitlines(True) if "GONE" not in line)


@pytest.fixture
def host(tmp_path, falconctl):
    """check(changes) on a fit host in which some files are changed, or removed (None)."""
    def check(changes, *args):
        root = tmp_path / "host"
        for path, text in {**FIT, **changes}.items():
            if text is not NOT_THERE:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(text if isinstance(text, bytes) else text.encode())
        return falconctl("check", "--root", str(root), *args)
    return check


def findings(result):
    return result.json()["findings"]


def test_fit(host):
    result = host({}, "--json")
    assert (result.code, result.json()["result"]) == (0, "ok")
    assert {f["result"] for f in findings(result)} == {"ok"}
    assert result.json()["ok"] == len(findings(result))


def test_clearing_of_pages_is_advice_and_no_more(host):
    result = host(CLEARING, "--json")
    assert (result.code, result.json()["result"]) == (0, "ok")
    assert [f["name"] for f in findings(result) if "init_on_alloc=0" in f.get("advice", "")] == ["init-on-alloc"]


def test_text_says_the_same(host):
    found, text = host(LOCKDOWN, "--json"), host(LOCKDOWN)
    assert text.code == found.code
    lines = [" ".join(line.split()) for line in text.out.splitlines()]
    for f in findings(found):
        assert f"{f['result']} {f['name']} {f['message']}" in lines
        assert "advice" not in f or f"-> {f['advice']}" in lines
    assert any("advice" in f for f in findings(found))


def test_environment(falconctl, tmp_path):
    """FALCONCTL_ROOT has the effect of --root. An empty host is unknown, not fit."""
    result = falconctl("check", "--json")
    assert result.json()["unknown"] >= 8 and result.json()["ok"] < 8
    (tmp_path / "no-host/proc/sys/kernel").mkdir(parents=True)
    (tmp_path / "no-host/proc/sys/kernel/ftrace_enabled").write_text("0\n")
    assert falconctl("check", "--json").code == 5


CASES = [
    # name, result, part of the message, changes
    ("kernel", "fail", "older than 6.1", {"proc/sys/kernel/osrelease": "5.10.0-1-amd64\n"}),
    ("kernel", "ok", "7.2.12", {"proc/sys/kernel/osrelease": "7.2.12-amd64\n"}),
    ("kernel", "unknown", "cannot tell", {"proc/sys/kernel/osrelease": "strange\n"}),
    ("kernel", "unknown", "cannot be read", {"proc/sys/kernel/osrelease": NOT_THERE}),
    ("kernel-options", "fail", "CONFIG_RPS", {f"boot/config-{RELEASE}": CONFIG.replace("CONFIG_RPS=y", "# CONFIG_RPS is not set")}),
    ("kernel-options", "fail", "CONFIG_NF_SOCKET_IPV6", {f"boot/config-{RELEASE}": CONFIG.replace("IPV6=m", "IPV6=n")}),
    ("kernel-options", "fail", "WITH_ARGS", {f"boot/config-{RELEASE}": CONFIG.replace("WITH_ARGS", "WITH_REGS")}),
    ("kernel-options", "fail", "CONFIG_MODULES", {f"boot/config-{RELEASE}": CONFIG.replace("CONFIG_MODULES=y", "CONFIG_MODULES=yes")}),
    ("kernel-options", "unknown", "neither", {f"boot/config-{RELEASE}": NOT_THERE}),
    ("kernel-options", "ok", "CONFIG_RPS", {f"boot/config-{RELEASE}": NOT_THERE, "proc/config.gz": gzip.compress(CONFIG.encode())}),
    ("kernel-options", "fail", "CONFIG_RPS is not in /proc/config.gz", {f"boot/config-{RELEASE}": NOT_THERE,
                                                                        "proc/config.gz": gzip.compress(b"")}),
    ("kernel-options", "unknown", "neither", {f"boot/config-{RELEASE}": NOT_THERE, "proc/config.gz": gzip.compress(CONFIG.encode())[:30]}),
    ("preempt-rt", "fail", "PREEMPT_RT", {"sys/kernel/realtime": "1\n"}),
    ("preempt-rt", "fail", "PREEMPT_RT", {"proc/sys/kernel/version": "#1 SMP PREEMPT_RT Debian\n"}),
    ("preempt-rt", "ok", "not a", {"sys/kernel/realtime": "0\n"}),
    ("preempt-rt", "unknown", "cannot tell", {"proc/sys/kernel/version": NOT_THERE}),
    ("ftrace", "fail", "switched off", {"proc/sys/kernel/ftrace_enabled": "0\n"}),
    ("ftrace", "unknown", "cannot be read", {"proc/sys/kernel/ftrace_enabled": NOT_THERE}),
    ("init-on-alloc", "ok", "init_on_alloc is off", {}),
    ("init-on-alloc", "ok", "init_on_alloc is off", {"proc/cmdline": "init_on_alloc=off\n", **CLEARING}),
    ("init-on-alloc", "ok", "init_on_alloc is off", {"proc/cmdline": "init_on_alloc=1 init_on_alloc=0 quiet\n"}),
    ("init-on-alloc", "ok", "init_on_alloc is off", {"proc/cmdline": "init_on_alloc=0\n", f"boot/config-{RELEASE}": NOT_THERE}),
    ("init-on-alloc", "ok", "init_on_alloc is off", {"proc/cmdline": "init_on_alloc=0 init_on_alloc=\n", **CLEARING}),
    ("init-on-alloc", "ok", "init_on_alloc is on:", CLEARING),
    ("init-on-alloc", "ok", "init_on_alloc is on:", {"proc/cmdline": "quiet init_on_alloc=maybe init_on_alloc\n", **CLEARING}),
    ("init-on-alloc", "ok", "init_on_alloc is on:", {"proc/cmdline": "xinit_on_alloc=0 init_on_alloc=On\n"}),
    ("init-on-alloc", "ok", "init_on_alloc is on:", {f"boot/config-{RELEASE}": NOT_THERE, "proc/config.gz": gzip.compress(CLEARS)}),
    *(("init-on-alloc", "ok", "init_on_alloc is off", {"proc/cmdline": line, **CLEARING}) for line in (
        'init_on_alloc="0"\n', 'quiet "init_on_alloc=0"\n', "init-on-alloc=0\n", "quiet\tinit_on_alloc=0\n", "  init_on_alloc=0  \n")),
    *(("init-on-alloc", "ok", "init_on_alloc is on:", {"proc/cmdline": line}) for line in (
        "init_on_alloc=1 -- init_on_alloc=0\n", 'init_on_alloc=1 x="a init_on_alloc=0 b"\n', 'init_on_alloc=1 "unclosed init_on_alloc=0\n')),
    ("init-on-alloc", "unknown", "cannot tell", {f"boot/config-{RELEASE}": NOT_THERE}),
    ("init-on-alloc", "unknown", "cannot tell", {"proc/cmdline": NOT_THERE, **CLEARING}),
    ("symbols", "fail", "no get_rps_cpu", {"proc/kallsyms": KALLSYMS.replace("t get_rps_cpu\n", "t other\n")}),
    ("symbols", "fail", "get_rps_cpu.isra.0", {"proc/kallsyms": KALLSYMS.replace("get_rps_cpu\n", "get_rps_cpu.isra.0\n")}),
    ("symbols", "fail", "2 functions are called get_rps_cpu", {"proc/kallsyms": KALLSYMS + "0 t get_rps_cpu\t[other]\n"}),
    ("symbols", "warn", "no gro_cells_receive", {"proc/kallsyms": KALLSYMS.replace("gro_cells_receive", "gro")}),
    ("symbols", "ok", "get_rps_cpu is there", {"proc/kallsyms": KALLSYMS + "0 d get_rps_cpu\n"}),
    ("symbols", "ok", "napi_gro_receive is there", {}),
    ("symbols", "ok", "gro_receive_skb is there", {"proc/kallsyms": without(KALLSYMS, "napi_gro_receive", "gro_receive_skb")}),
    ("symbols", "ok", "gro_receive_skb is there", {"proc/kallsyms": KALLSYMS + "0 T gro_receive_skb\n"}),
    ("symbols", "warn", "no gro_receive_skb or napi_gro_receive; without it mode lanes takes no flow",
     {"proc/kallsyms": without(KALLSYMS, "napi_gro_receive")}),
    ("symbols", "warn", "2 functions are called napi_gro_receive", {"proc/kallsyms": KALLSYMS + "0 t napi_gro_receive\t[other]\n"}),
    ("symbols", "warn", "no napi_gro_frags; without it mode lanes takes no flow from a driver", {"proc/kallsyms": without(KALLSYMS, "napi_gro_frags")}),
    ("symbols", "warn", "enqueue_to_backlog.part.0 of enqueue_to_backlog",
     {"proc/kallsyms": without(KALLSYMS, "enqueue_to_backlog", "enqueue_to_backlog.part.0")}),
    ("symbols", "warn", "no veth_xmit; without it mode lanes takes no flow to a veth", {"proc/kallsyms": without(KALLSYMS, "veth_xmit")}),
    ("symbols", "unknown", "module veth, which has veth_xmit, is not loaded",
     {"proc/kallsyms": without(KALLSYMS, "veth_xmit"), "sys/module/veth/refcnt": NOT_THERE}),
    ("symbols", "ok", "veth_xmit is there", {"sys/module/veth/refcnt": NOT_THERE}),     # built into the kernel
    ("symbols", "ok", "module macvlan, which has macvlan_handle_frame, is not loaded", {}),
    ("symbols", "warn", "no macvlan_handle_frame; without it a flow to a macvlan stays on the kernel's path", {"sys/module/macvlan/refcnt": "0\n"}),
    ("symbols", "ok", "ipvlan_handle_frame is there", {"proc/kallsyms": KALLSYMS + "0 T ipvlan_handle_frame\t[ipvlan]\n"}),
    ("symbols", "unknown", "cannot be read", {"proc/kallsyms": NOT_THERE}),
    ("traceable", "fail", "cannot hook get_rps_cpu", {"sys/kernel/tracing/available_filter_functions": "gro_cells_receive\n"}),
    ("traceable", "fail", "2 functions called get_rps_cpu", {"sys/kernel/tracing/available_filter_functions": AVAILABLE + "get_rps_cpu [other]\n"}),
    ("traceable", "warn", "without it nic-split has no effect and mode lanes takes no flow", {"sys/kernel/tracing/available_filter_functions": without(AVAILABLE, "gro_cells_receive")}),
    ("traceable", "ok", "hook gro_receive_skb", {"sys/kernel/tracing/available_filter_functions":
                                                 without(AVAILABLE, "napi_gro_receive", "gro_receive_skb")}),
    ("traceable", "warn", "hook gro_receive_skb or napi_gro_receive; without it mode lanes",
     {"sys/kernel/tracing/available_filter_functions": without(AVAILABLE, "napi_gro_receive")}),
    ("traceable", "warn", "hook enqueue_to_backlog", {"sys/kernel/tracing/available_filter_functions":
                                                      without(AVAILABLE, "enqueue_to_backlog")}),
    ("traceable", "unknown", "module veth, which has veth_xmit, is not loaded", {"sys/kernel/tracing/available_filter_functions": without(AVAILABLE, "veth_xmit [veth]"),
                                               "sys/module/veth/refcnt": NOT_THERE}),
    ("traceable", "unknown", "cannot be read", {"sys/kernel/tracing/available_filter_functions": NOT_THERE}),
    ("traceable", "ok", "gro_cells_receive", {"sys/kernel/tracing/available_filter_functions": NOT_THERE,
                                              "sys/kernel/debug/tracing/available_filter_functions": AVAILABLE}),
    ("conflicts", "fail", "another module redirects get_rps_cpu", {ENABLED: REDIRECTED.format("get_rps_cpu")}),
    ("conflicts", "warn", "nic-split", {ENABLED: REDIRECTED.format("gro_cells_receive")}),
    ("conflicts", "warn", "another module redirects napi_gro_receive already", {ENABLED: REDIRECTED.format("napi_gro_receive")}),
    ("conflicts", "warn", "another module redirects gro_receive_skb already", {ENABLED: REDIRECTED.format("gro_receive_skb")}),
    ("conflicts", "warn", "mode lanes takes no flow to a veth", {ENABLED: REDIRECTED.format("veth_xmit [veth]")}),
    ("conflicts", "ok", "no module redirects gro_receive_skb or napi_gro_receive", {}),
    ("conflicts", "ok", "by falcon itself", {ENABLED: BY_FALCON.format("get_rps_cpu"), "sys/module/falcon/version": "1\n"}),
    ("conflicts", "unknown", "or by another module", {ENABLED: "get_rps_cpu (2)   I     \n", "sys/module/falcon/version": "1\n"}),
    ("conflicts", "ok", "no module redirects get_rps_cpu", {ENABLED: "get_rps_cpu (1) R       \ttramp: 0x1 (I+0x0/0x1)\n"}),
    ("conflicts", "unknown", "cannot be read", {ENABLED: NOT_THERE}),
    ("livepatch", "fail", "replaces get_rps_cpu", {"sys/kernel/livepatch/fix/vmlinux/get_rps_cpu,1/patched": "1\n"}),
    ("livepatch", "warn", "replaces gro_cells_receive", {"sys/kernel/livepatch/fix/vmlinux/gro_cells_receive,1/patched": "1\n"}),
    ("livepatch", "warn", "replaces napi_gro_receive:", {"sys/kernel/livepatch/fix/vmlinux/napi_gro_receive,1/patched": "1\n"}),
    ("livepatch", "warn", "replaces veth_xmit:", {"sys/kernel/livepatch/fix/veth/veth_xmit,1/patched": "1\n"}),
    ("livepatch", "ok", "no livepatch", {"sys/kernel/livepatch/fix/vmlinux/other,1/patched": "1\n"}),
    ("secure-boot", "ok", "Secure Boot is on, but", {SECURE_BOOT: b"\6\0\0\0\1"}),
    ("secure-boot", "ok", "Secure Boot is off", {SECURE_BOOT: b"\6\0\0\0\0"}),
    ("signature", "warn", "not installed yet", LOCKDOWN),
    ("signature", "fail", "is unsigned", {**LOCKDOWN, MODULE: "\x7fELF and more than a trailer would be\n"}),
    ("signature", "fail", "is unsigned", {**LOCKDOWN, MODULE: "short"}),
    ("signature", "ok", "is signed", {**LOCKDOWN, MODULE: SIGNED}),
    ("signature", "unknown", "compressed", {**LOCKDOWN, MODULE + ".xz": "\xfd7zXZ"}),
    ("signature", "fail", "sig_enforce", {"sys/module/module/parameters/sig_enforce": "Y\n", MODULE: "short"}),
    ("signature", "unknown", "cannot tell", {"sys/kernel/security/lockdown": NOT_THERE, "sys/module/module/parameters/sig_enforce": NOT_THERE}),
    ("nic", "ok", "NICs: eth0", {}),
    ("nic", "warn", "every device is virtual", {"sys/class/net/eth0/device/uevent": NOT_THERE}),
    ("nic", "warn", "every device is virtual", {"sys/class/net/eth0/type": "24\n"}),
    ("wireguard", "ok", "no WireGuard device", {}),
    ("wireguard", "warn", "WireGuard: wg0; a tunnel over it is not seen at the NIC",
     {"sys/class/net/wg0/uevent": "DEVTYPE=wireguard\nINTERFACE=wg0\n"}),
    ("ipsec", "ok", "no module for ESP is in use", {"sys/module/esp4/refcnt": "0\n"}),
    ("ipsec", "warn", "ESP is in use", {"sys/module/esp4/refcnt": "2\n"}),
    ("ipsec", "ok", "no module for ESP is in use", {"sys/module/esp4/refcnt": "1\n", "sys/module/esp4/holders/esp4_offload": ""}),
    ("ipsec", "warn", "ESP is in use", {"sys/module/esp4/refcnt": "2\n", "sys/module/esp4/holders/esp4_offload": ""}),
    ("ipsec", "warn", "ESP is in use", {"sys/module/esp6/refcnt": "1\n"}),
    ("cpus", "fail", "one CPU", {"sys/devices/system/cpu/online": "0\n"}),
    ("cpus", "warn", "2 CPUs", {"sys/devices/system/cpu/online": "0,5\n"}),
    ("cpus", "ok", "13 CPUs", {"sys/devices/system/cpu/online": "0-1,4-7,9,120-125\n"}),
    ("cpus", "unknown", "cannot be read", {"sys/devices/system/cpu/online": "none\n"}),
    ("rps", "warn", "a queue of eth0;", {"sys/class/net/eth0/queues/rx-0/rps_cpus": "00000000,0000000f\n"}),
    ("rps", "warn", "eth0, p0, p1, p2 and 2 more", {"sys/class/net/eth0/queues/rx-0/rps_cpus": "f\n",
                                                    **{f"sys/class/net/p{i}/queues/rx-0/rps_cpus": "1\n" for i in range(5)}}),
    ("rfs", "warn", "a queue of eth0", {"sys/class/net/eth0/queues/rx-0/rps_flow_cnt": "4096\n", "proc/sys/net/core/rps_sock_flow_entries": "32768\n"}),
    ("rfs", "ok", "not in use", {"sys/class/net/eth0/queues/rx-0/rps_flow_cnt": "4096\n"}),
    ("threaded-napi", "warn", "eth0", {"sys/class/net/eth0/threaded": "1\n"}),
    ("backlog-threads", "warn", "threads", {"proc/cmdline": "quiet thread_backlog_napi=1\n"}),
    ("backlog-threads", "warn", "threads", {"proc/cmdline": 'quiet "thread-backlog-napi=1"\n'}),
    ("backlog-threads", "ok", "softirqs", {"proc/cmdline": "quiet thread_backlog_napi=0\n"}),
    ("backlog-threads", "ok", "softirqs", {"proc/cmdline": "quiet -- thread_backlog_napi=1\n"}),
    ("backlog-threads", "unknown", "cannot be read", {"proc/cmdline": NOT_THERE}),
    ("tunnels", "warn", "no VXLAN", {"sys/class/net/vx0/uevent": "INTERFACE=vx0\n"}),
    ("tunnels", "ok", "gre1, vx0", {"sys/class/net/gre1/uevent": "INTERFACE=gre1\n", "sys/class/net/gre1/type": "778\n"}),
]


@pytest.mark.parametrize("name,result,message,changes", CASES, ids=[f"{c[0]}-{c[1]}-{i}" for i, c in enumerate(CASES)])
def test_finding(host, name, result, message, changes):
    answer = host(changes, "--json")
    matching = [f for f in findings(answer) if f["name"] == name and message in f["message"]]
    assert [f["result"] for f in matching] == [result], [f for f in findings(answer) if f["name"] == name]
    if result in ("warn", "fail"):
        assert matching[0]["advice"]
    everything = [f["result"] for f in findings(answer)]
    assert answer.code == (5 if "fail" in everything else 0)
    worst = max(everything, key=["ok", "unknown", "warn", "fail"].index)
    assert answer.json()["result"] == worst
