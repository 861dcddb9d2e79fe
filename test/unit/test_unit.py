# SPDX-License-Identifier: GPL-2.0
"""The pure parts of the module, compiled as they are for user space, under ASan and UBSan.

Every case of every program is a test here. A program runs once; what it printed says how each of
its cases ended, and a case that began and did not end took the program with it.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
OUT = HERE.parents[1] / "build/unit"
LIMIT = 300
PROGRAMS = sorted(path.stem for path in HERE.glob("test_*.c"))


def cases(program):
    return re.findall(r"^\t\tcmocka_unit_test\((\w+)\),$", (HERE / f"{program}.c").read_text(), re.M)


CASES = [(program, case) for program in PROGRAMS for case in cases(program)]


class Run:
    """What a program said of its cases, and how it ended."""

    def __init__(self, status, output):
        self.status, self.output = status, output

    def outcome(self, case):
        """passed, failed, unfinished or missing."""
        for outcome, mark in (("failed", "  FAILED  "), ("passed", "       OK "), ("unfinished", " RUN      ")):
            if f"[{mark}] {case}\n" in self.output:
                return outcome
        return "missing"

    def about(self, case):
        """From the case's beginning on; all of it when it never began."""
        _, begin, rest = self.output.partition(f"[ RUN      ] {case}\n")
        return (begin + rest.partition("[ RUN ")[0])[-6000:] if begin else self.output[-6000:]


@pytest.fixture(scope="session")
def built():
    done = subprocess.run(["make", "-s", "-C", str(HERE), f"O={OUT}", "all"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="session")
def run(built):
    runs = {}

    def once(program):
        if program not in runs:
            runs[program] = execute([OUT / program])
        return runs[program]
    return once


def execute(argv):
    environ = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "CMOCKA_MESSAGE_OUTPUT": "STDOUT",
               "UBSAN_OPTIONS": "print_stacktrace=1"}
    done = subprocess.run(argv, text=True, env=environ, timeout=LIMIT, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return Run(done.returncode, done.stdout)


@pytest.mark.parametrize("program, case", CASES, ids=[f"{program}-{case}" for program, case in CASES])
def test_case(run, program, case):
    result = run(program)
    assert result.outcome(case) == "passed", result.about(case)


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_ends_well(run, program):
    """No leak and no sanitizer's report, also after the last case; and no case but those above."""
    result = run(program)
    assert result.status == 0, result.output[-6000:]
    assert re.findall(r"^\[ RUN      \] (\w+)$", result.output, re.M) == cases(program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_function_that_looks_like_a_case_is_one(program):
    text = (HERE / f"{program}.c").read_text()
    assert sorted(re.findall(r"^static void (\w+__\w+)\(void \*\*state\)$", text, re.M)) == sorted(cases(program))
    assert cases(program)


BAD = r"""
#include "unit.h"
#include "packet.h"

static void good(void **state) { assert_true(1); }
static void bad(void **state) { assert_int_equal(1, 2); }

/* What the tests of the parser count on: one byte too far is seen. */
static void beyond(void **state)
{
	u8 *volatile block = calloc(20, 1);	/* so that no check but ASan's knows its size */

	assert_int_equal(block[0] & 0, 0);
	assert_int_not_equal(block[20] | 1, 0);
}

static void after(void **state) { assert_true(1); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good), cmocka_unit_test(bad), cmocka_unit_test(beyond), cmocka_unit_test(after),
	};
	return unit_run(tests);
}
"""


def test_failures_are_seen(built, tmp_path):
    """A program whose cases fail by an assertion, and by a read one byte too far."""
    (tmp_path / "test_bad.c").write_text(BAD)
    made = subprocess.run(["make", "-s", "-C", str(HERE), f"O={tmp_path}", "programs=test_bad",
                           f"{tmp_path}/test_bad.o"], text=True, check=False, capture_output=True,
                          env={**os.environ, "VPATH": str(tmp_path)})
    assert made.returncode == 0, made.stderr
    subprocess.run(["cc", "-fsanitize=address,undefined", "-o", tmp_path / "bad", tmp_path / "test_bad.o",
                    "-lcmocka"], check=True)
    result = execute([tmp_path / "bad"])
    assert result.status != 0
    assert [result.outcome(case) for case in ("good", "bad", "beyond", "after")] == [
        "passed", "failed", "unfinished", "missing"]
    assert "heap-buffer-overflow" in result.output
