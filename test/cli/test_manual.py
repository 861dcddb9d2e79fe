# SPDX-License-Identifier: GPL-2.0
"""The manual page is well-formed, and agrees with the program and the specification."""

import re
import subprocess

import pytest

from cli.conftest import TOP
from cli.fake_kernel import ENUMS, SETS, SPEC

PAGE = TOP / "tools/falconctl.8"


def flat(text):
    return " ".join(text.split())


@pytest.fixture(scope="module")
def page():
    """The page as people read it, in one line, without bold and underline."""
    done = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=1000", str(PAGE)], check=True, capture_output=True, text=True)
    text = re.sub(".\b", "", done.stdout)
    for fancy, plain in {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "}.items():
        text = text.replace(fancy, plain)
    return flat(text)


def test_lint():
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(PAGE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("attribute", SETS["config"], ids=lambda a: a["name"])
def test_keys(page, attribute):
    assert f"{attribute['name']}=" in page
    assert flat(attribute["doc"]) in page
    checks = attribute.get("checks", {})
    if "min" in checks:
        assert f"{attribute['name']}={checks['min']}..{checks['max']}" in page


    values = ENUMS.get(attribute.get("enum"), ())
    assert f"{attribute['name']}={'|'.join(values)}" in page
    for value in values:
        assert f"{value}: {doc_of(attribute['enum'], value)}" in page


def doc_of(enum, value):
    entries = next(d["entries"] for d in SPEC["definitions"] if d["name"] == enum)
    return flat(next(e["doc"] for e in entries if e["name"] == value))


def test_flow_list(page):
    """Every state, every reason with its sentence, and every merge point."""
    section = page.split(" flow list ", 1)[1].split(" stats show ", 1)[0]
    for value in ENUMS["reason"]:
        assert f" {value} {doc_of('reason', value)}" in section
    for value in ENUMS["flow-state"] + ENUMS["merge-point"]:
        assert re.search(rf" {value}\b", section)


def test_no_other_keys(page):
    section = page.split(" CONFIGURATION mode", 1)[1].split(" RULES ", 1)[0]
    assert set(re.findall(r"([a-z-]+)=", "mode" + section)) == {a["name"] for a in SETS["config"]}


def test_rules(page, falconctl):
    """The keys of a rule as in the help, and no others."""
    section = page.split(" RULES ", 1)[1].split(" ENVIRONMENT ", 1)[0]
    keys = falconctl("help", "--json", "priority", "add").json()["keys"]
    assert set(re.findall(r" ([a-z-]+)=", " " + section)) == {key["name"] for key in keys}
    for key in keys:
        assert f"{key['name']}=" in section and flat(key["doc"]) in section
    for value in ENUMS["priority-mode"]:
        assert f"{value}: {doc_of('priority-mode', value)}" in section


def walk(falconctl, *path):
    """(words, its help) of every command."""
    found = falconctl("help", "--json", *path).json()
    if path and "commands" not in found:
        yield path, found
    for command in found.get("commands", []):
        yield from walk(falconctl, *path, command["name"])


def test_commands(page, falconctl):
    for words, help_json in walk(falconctl):
        assert f" {' '.join(words)}" in page
        assert flat(help_json["summary"]).rstrip(".").rstrip(",") in page, words
        for option in help_json.get("options", []):
            assert option["name"] in page and flat(option["doc"]) in page
        # The page has commands in bold, not in quotes.
        assert flat(help_json.get("doc", "")).replace("'", "") in page.replace("'", ""), words


def test_exit_codes(page, falconctl):
    codes = falconctl("help", "--json").json()["exit-codes"]
    section = page.split(" EXIT STATUS ", 1)[1].split(" EXAMPLES ", 1)[0]
    assert section == " ".join(f"{c['code']} {c['doc']}" for c in codes)


def test_global_options(page, falconctl):
    for option in falconctl("help", "--json").json()["options"]:
        assert f"{option['name']} {flat(option['doc'])}" in page


def test_examples(falconctl):
    """falconctl accepts every example: it fails only because the module is missing."""
    lines = re.findall(r"^(?:\.Dl )?# (.*)$", PAGE.read_text(), re.M)
    ours = [line.split("|")[0].split(">")[0].split("<")[0].split() for line in lines if "falconctl" in line]
    assert len(ours) >= 7
    for words in ours:
        words = words[words.index("falconctl") + 1:]
        if words == ["config", "set"]:
            words.append("cpus=")       # added by xargs
        expected = {5, 0} if words == ["check"] else {3}
        assert falconctl(*words).code in expected, words
