# SPDX-License-Identifier: GPL-2.0
"""Each libFuzzer program runs for some seconds, in a soak for minutes, and detects faults put into the sources.

build/fuzz/found keeps the failing inputs. To repeat one, give the file to the program.
"""

import os
import re
import shutil
import subprocess

import pytest

from fuzz import seeds
from vm import tools
from vm.paths import BUILD, REPO

SECONDS = 200 if os.environ.get("SOAK") else 5
OUT = BUILD / "fuzz"
FUZZERS = ("fuzz_packet", "fuzz_fragment", "fuzz_rule", "fuzz_args", "fuzz_answers")
# Longer inputs find nothing that shorter ones do not find.
LENGTHS = {"fuzz_packet": 512, "fuzz_fragment": 2048, "fuzz_rule": 1024, "fuzz_args": 1024, "fuzz_answers": 4096}
# Code locations reached from the seeds alone. Fewer mean that the seeds, or the program, no longer work.
PLACES = {"fuzz_packet": 110, "fuzz_fragment": 15, "fuzz_rule": 45, "fuzz_args": 450, "fuzz_answers": 420}


@pytest.fixture(scope="session")
def built():
    tools.make("test/fuzz", OUT)
    return OUT


def execute(fuzzer, build, corpus, seconds, found):
    """The program's exit code, its output without progress lines, and the locations reached at first and at last."""
    corpus.mkdir()
    found.mkdir(exist_ok=True)
    seeds.make(fuzzer, corpus, OUT)
    done = subprocess.run(
        [build / fuzzer, f"-max_total_time={seconds}", f"-max_len={LENGTHS[fuzzer]}", "-timeout=10", "-seed=1",
         "-use_value_profile=1", "-print_final_stats=1", f"-artifact_prefix={found}/", corpus],
        text=True, errors="replace", check=False, timeout=seconds + 120, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    progress = re.findall(r"^#\d+\s+(?:INITED|DONE)\s+cov: (\d+)", done.stdout, re.M)
    return done.returncode, re.sub(r"^(?:#\d+\t|\").*\n", "", done.stdout, flags=re.M)[-6000:], [int(places) for places in progress]


@pytest.mark.parametrize("fuzzer", FUZZERS)
def test_nothing_is_found_by(fuzzer, built, tmp_path, record_property):
    code, said, places = execute(fuzzer, built, tmp_path / "corpus", SECONDS, built / "found")
    assert code == 0, said
    inputs = int(re.search(r"^stat::number_of_executed_units: (\d+)$", said, re.M)[1])
    record_property("inputs", inputs)
    assert inputs > 1000
    record_property("places", places[-1])
    assert places[0] >= PLACES[fuzzer], said


# Possible faults: id, fuzzer, the module's file, its text, and the fault.
FAULTS = [
    ("read-beyond", "fuzz_packet", "flow/packet.c", "if (at->len < bytes) {", "if (at->len + 1 < bytes) {"),
    ("quick-reads-beyond", "fuzz_packet", "flow/packet.c", "len < QUICK_LEN || ", ""),
    ("quick-takes-more", "fuzz_packet", "flow/packet.c", "(inner->protocol != IPPROTO_TCP && inner->protocol != IPPROTO_UDP)", "false"),
    ("unseen-network", "fuzz_packet", "flow/packet.c", "mark(at, p, 3, 0xff);", ""),
    ("unseen-protocol", "fuzz_packet", "flow/packet.c", "see_u8(at, &ip->protocol, 0xff)", "ip->protocol"),
    ("template-of-a-fragment", "fuzz_packet", "flow/template.c", " || packet.firsts", ""),
    ("another-datagram", "fuzz_fragment", "flow/fragment.c", "entry >> 32 == tag", "entry"),
    ("ports-of-icmp", "fuzz_rule", "rules/rule.c", "return !a[0] && !b[0];", "return true;"),
    ("ranges-touch", "fuzz_rule", "rules/rule.c", "return a[0] <= b[1] && b[0] <= a[1];", "return a[0] < b[1] && b[0] < a[1];"),
    ("one-port-more", "fuzz_rule", "rules/rule.c", "first + (2 << (16 - bits)) - 1 <= last", "first + (2 << (16 - bits)) - 2 <= last"),
]


@pytest.mark.parametrize("fuzzer, name, text, fault", [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_fault_is_found(fuzzer, name, text, fault, built, tmp_path):
    """The fault is put into a copy of the module's source."""
    module = tmp_path / "module"
    shutil.copytree(REPO / "module", module)
    source = (module / name).read_text()
    assert source.count(text) == 1, f"{name} has not one {text}"
    (module / name).write_text(source.replace(text, fault))
    tools.make("test/fuzz", tmp_path / "out", f"module={module}", str(tmp_path / "out" / fuzzer))
    code, said, _ = execute(fuzzer, tmp_path / "out", tmp_path / "corpus", 60, tmp_path / "found")
    assert code != 0 and re.search("heap-buffer-overflow|deadly signal", said), said
    assert list((tmp_path / "found").iterdir())
