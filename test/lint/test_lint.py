# SPDX-License-Identifier: GPL-2.0
"""Rules for every file, and for each rule a test that a violation is detected."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import floors  # noqa: E402  pylint: disable=wrong-import-position
import kernel_style  # noqa: E402  pylint: disable=wrong-import-position
import rules  # noqa: E402  pylint: disable=wrong-import-position
from files import Files  # noqa: E402  pylint: disable=wrong-import-position

REPO = Path(__file__).resolve().parents[2]
RULES = [rules.generated_files_current, rules.kernel_style_of_c, rules.shellcheck, rules.shell_is_strict,
         rules.python_compiles, rules.python_flakes, rules.python_style, rules.version_conditions, rules.man_pages,
         rules.top_level, rules.machine_paths, rules.archive_hosts, rules.unfinished, rules.file_lengths,
         rules.blanks, rules.licences, rules.executable_bits, rules.one_version, rules.documented, floors.floors,
         floors.circles, floors.folder_table_current]

LICENCE = "SPDX-License-Identifier: GPL-2.0"
BASH = f"#!/bin/bash\n# {LICENCE}\nset -euo pipefail\n"
PYTHON = f"#!/usr/bin/python3\n# {LICENCE}\n"
DKMS = 'PACKAGE_VERSION="1.2.3"\n'
SPEC = """\
definitions: [{name: d, doc: A sentence about it., entries: [{name: e, doc: A sentence about it.}]}]
attribute-sets: [{name: s, attributes: [{name: a, doc: A sentence about it.}]}]
operations: {list: [{name: o, doc: A sentence about it.}]}
"""
MAN = f""".\\" {LICENCE}
.Dd November 21, 2026
.Dt THING 8
.Os
.Sh NAME
.Nm thing
.Nd do it
"""

# Violations of each rule: {file: text}. A text may be (text, mode).
BAD = [
    (rules.shellcheck, {"a": BASH + "rm $1\n"}),
    (rules.shellcheck, {"a.bash": f"# {LICENCE}\n# shellcheck shell=bash\nrm $1\n"}),
    (rules.shell_is_strict, {"a": f"#!/bin/bash\n# {LICENCE}\nset -e\n"}),
    (rules.shell_is_strict, {"a": f"#!/bin/busybox sh\n# {LICENCE}\n"}),
    (rules.python_compiles, {"a.py": "def f(:\n"}),
    (rules.python_compiles, {"a": PYTHON + "if\n"}),
    (rules.python_flakes, {"a.py": "import os\n"}),
    (rules.python_flakes, {"a": PYTHON + "print(nothing)\n"}),
    (rules.python_style, {"a": "#!/usr/bin/env python3\n"}),
    (rules.python_style, {"a.py": "if 1:\n\tprint()\n"}),
    (rules.version_conditions, {"module/a.c": "#if LINUX_VERSION_" "CODE >= 1\n#endif\n"}),
    (rules.version_conditions, {"module/compat/include/net/a.h": "#if KERNEL_VERSION" "(6, 1, 0)\n#endif\n"}),
    (rules.version_conditions, {"module/compat/a.sh": "echo LINUX_VERSION_" "CODE\n"}),
    (rules.version_conditions, {"test/net/kmod/a.c": "#include <linux/" "version.h>\n"}),
    (rules.version_conditions, {"module/a.h": "int a = KERNEL_" "VERSION(6, 1, 0);\n"}),
    (rules.man_pages, {"a.8": MAN.replace(".Nd do it", ".Xx unknown")}),
    (rules.top_level, {"NOTES": "\n"}),
    (rules.top_level, {"src/a.c": "\n"}),
    (rules.machine_paths, {"a": "cd /wor" "k/main\n"}),
    (rules.machine_paths, {"a": 'x = "/hom' 'e/me/falcon"\n'}),
    (rules.archive_hosts, {"a": "deb http:/" "/x main\n"}),
    (rules.archive_hosts, {"a": "url=deb.debi" "an.org\n"}),
    (rules.archive_hosts, {"a": "https:/" "/mirror.exam" "ple.org/\n"}),
    (rules.unfinished, {"a.c": "/* FIX" "ME: later */\n"}),
    (rules.unfinished, {"a": "# TO" "DO\n"}),
    (rules.file_lengths, {"a.c": "\n" * (rules.LINES + 1)}),
    (rules.blanks, {"a": "x \n"}),
    (rules.blanks, {"a": "x"}),
    (rules.blanks, {"a": "x\n\n"}),
    (rules.licences, {"a.py": "import os\n"}),
    (rules.licences, {"a": f"#!/bin/bash\n\n# {LICENCE}\n"}),
    (rules.executable_bits, {"a": (BASH, 0o644)}),
    (rules.executable_bits, {"a": ("text\n", 0o755)}),
    (rules.one_version, {"dkms.conf": DKMS, "a.c": '"1.2' '.3"\n'}),
    (rules.one_version, {"dkms.conf": "nothing\n"}),
    (rules.documented, {rules.SPEC: SPEC.replace("a, doc: A sentence about it.", "a")}),
    (rules.documented, {rules.SPEC: SPEC.replace("e, doc: A sentence about it.", "e, doc: short")}),
    (rules.documented, {rules.SPEC: SPEC.replace("o, doc: A sentence about it.", "o")}),
    (rules.kernel_style_of_c, {"module/a.c": "int a;\n"}),
    (floors.floors, {"module/host/a.c": '#include "lanes/b.h"\n'}),
    (floors.floors, {"module/a.c": "\n"}),
    (floors.floors, {"module/attic/a.c": "\n"}),
    (floors.circles, {"module/host/a.c": '#include "host/b.h"\n', "module/host/b.h": "\n", "module/host/b.c": '#include "host/a.h"\n',
                      "module/host/a.h": "\n"}),
    (floors.circles, {"tools/falconctl/a.c": '#include "b.h"\n', "tools/falconctl/b.h": '#include "c.h"\n',
                      "tools/falconctl/c.h": '#include "a.h"\n', "tools/falconctl/a.h": "\n"}),
    (floors.folder_table_current, {"module/a.md": "\n"}),
    (floors.folder_table_current, {floors.README: "# A module without a table\n"}),
    (floors.folder_table_current, {floors.README: floors.BEGIN + floors.table()}),
    (floors.folder_table_current, {floors.README: floors.BEGIN + floors.table().replace("host", "guest") + floors.END}),
]

# Text about which no rule complains.
GOOD = {
    "module/compat/a.h": f"/* {LICENCE} */\n#if FALCON_HAS_A\n#endif\n",
    "scripts/a": (BASH + 'rm "$1"\n', 0o755),
    "scripts/b": (PYTHON + "import os\nimport sys  # noqa: F401\nprint(os.name)\n", 0o755),
    "tools/a.8": MAN,
    "dkms.conf": DKMS,
    "module/lanes/a.c": f'// {LICENCE}\n\n#include "host/a.h"\n#include "lanes/b.h"\n',
    "module/lanes/b.h": f"/* {LICENCE} */\n",
    "module/host/a.h": f'/* {LICENCE} */\n\n#include "core/a.h"\n',
    "module/core/a.h": f"/* {LICENCE} */\n",
    "test/a.c": f'// {LICENCE}\n\nconst char *other = "11.2' '.3 1.2.3' '.4";\n',
    rules.SPEC: f"# {LICENCE}\n" + SPEC,
    floors.README: "# A module\n\n" + floors.BEGIN + floors.table() + floors.END + "\nMore.\n",
}

HEAD = f"// {LICENCE}\n\n"
BAD_STYLE = {
    "long": "int a;" + " " * 95 + "/* */\n",
    "spaces": "int f(void)\n{\n        return 0;\n}\n",
    "blank before tab": "int a; \t/* a */\n",
    "c99": "int a; // no\n",
    "typedef": "typedef int number;\n",
    "keyword": "void f(void)\n{\n\tif(a)\n\t\tg();\n}\n",
    "brace": "void f(void)\n{\n\tif (a){\n\t\tg();\n\t\tg();\n\t}\n}\n",
    "function brace": "int f(void) {\n\treturn 0;\n}\n",
    "brace line": "void f(void)\n{\n\tif (a)\n\t{\n\t\tg();\n\t}\n}\n",
    "else line": "void f(void)\n{\n\tif (a) {\n\t\tg();\n\t\tg();\n\t}\n\telse\n\t\th();\n}\n",
    "one statement": "void f(void)\n{\n\tif (a) {\n\t\tg();\n\t}\n}\n",
    "condition line": "void f(void)\n{\n\tif (a) g();\n}\n",
    "two statements": "void f(void)\n{\n\tg(); g();\n}\n",
    "pointer": "char* a;\n",
    "pointer blank": "int f(char * a);\n",
    "comma": "int f(int a,int b);\n",
    "semicolon": "int a ;\n",
    "parenthesis": "int f( int a);\n",
    "operator": "int a = b==c;\n",
    "operator line": "int a = b\n\t&& c;\n",
    "null": "int a = b == NULL;\n",
    "true": "int a = b == true;\n",
    "static": "static int a = 0;\n",
    "sizeof": "int a = sizeof b;\n",
    "call": "int a = f (b);\n",
    "return": "int f(void)\n{\n\treturn (0);\n}\n",
    "assignments": "void f(void)\n{\n\ta = b = c;\n}\n",
    "case": "void f(void)\n{\n\tswitch (a) {\n\t\tcase 1:\n\t\tg();\n\t}\n}\n",
    "empty lines": "int a;\n\n\nint b;\n",
    "empty after brace": "int f(void)\n{\n\n\treturn 0;\n}\n",
    "empty before brace": "int f(void)\n{\n\treturn 0;\n\n}\n",
    "if 0": "#if 0\nint a;\n#endif\n",
    "comment end": "/*\n * a\n * b */\nint a;\n",
    "barrier": "void f(void)\n{\n\tg();\n\tsmp_wmb();\n}\n",
    "lock": "int b;\nstatic spinlock_t a;\n",
    "volatile": "volatile int a;\n",
    "bug": "void f(void)\n{\n\tBUG_ON(a);\n}\n",
    "printk": "void f(void)\n{\n\tprintk(a);\n}\n",
    "strcpy": "void f(void)\n{\n\tstrcpy(a, b);\n}\n",
    "uint32_t": "uint32_t a;\n",
    "asm header": "#include <asm/page.h>\n",
}

GOOD_STYLE = HEAD + r"""#include <linux/types.h>

#define each(a, b) for (a = 0; a < (b); a++)

/*
 * if(a){ b; } in a comment; TAB	and  blanks // too
 */
struct thing {
	u32	*word;		/* if(a) */
	int	(*call)(struct thing *thing, void *data);
};

static DEFINE_MUTEX(lock);	/* of the table */
static const char *text = "a,b ;if(c){ // not a comment";

static inline const struct thing *find(const struct thing *from, unsigned int count,
				       struct thing **to)
{
	const struct thing wanted = (struct thing){ .word = NULL };
	unsigned int i;

	for (i = 0; i < count && from; i++)
		if (from[i].word != wanted.word || !from->call(&from[i], *to))
			return &from[i];
	if (a) {
		g();
	} else {
		h();
		i();
	}
	switch (*from->word) {
	case 1:
		break;
	default:
		return (void *)from - sizeof(*from);
	}
	for (;;)
		cpu_relax();
	do {
		i--;
	} while (i > 0);
	smp_wmb();	/* what g() wrote before what comes */
	return NULL;
}
"""


@pytest.fixture(scope="module")
def files():
    return Files(REPO)


def make(root, texts):
    for name, text in texts.items():
        text, mode = text if isinstance(text, tuple) else (text, 0o644)
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
    return Files(root, list(texts))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_repository(files, rule):
    found = rule(files)
    assert not found, f"{len(found)} complaints:\n" + "\n".join(found[:60])


def test_files_are_found(files):
    assert {"Kbuild", "module/main.c", "tools/falconctl.8", rules.SPEC} <= set(files.names)
    assert not [name for name in files.names if name.startswith("build/")]
    assert "scripts/setup" in files.shell()
    assert "scripts/netlink-gen" in files.python() and "test/conftest.py" in files.python()


@pytest.mark.parametrize("rule, texts", BAD, ids=[f"{rule.__name__}-{index}" for index, (rule, _) in enumerate(BAD)])
def test_rule_sees(rule, texts, tmp_path):
    assert rule(make(tmp_path, texts))


@pytest.mark.parametrize("rule", RULES[1:], ids=lambda rule: rule.__name__)
def test_rule_is_content(rule, tmp_path):
    assert not rule(make(tmp_path, GOOD))


def test_every_rule_has_a_bad_sample():
    assert {rule for rule, _ in BAD} | {rules.generated_files_current} == set(RULES)


@pytest.mark.parametrize("what", ["spec", "header"])
def test_stale_generated_files_are_seen(what, tmp_path, files):
    """In a copy of the repository, the specification or a generated file was changed."""
    for name in files.names:
        if name.startswith(("include/", "module/", "tools/", "scripts/", "dkms.conf")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, tmp_path / name)
    copy = Files(tmp_path, [])
    assert not rules.generated_files_current(copy)
    if what == "spec":
        path = tmp_path / rules.SPEC
        path.write_text(path.read_text().replace("max: 100", "max: 99", 1))
    else:
        path = tmp_path / "include/uapi/linux/falcon.h"
        path.write_text(path.read_text() + "\n")
    assert rules.generated_files_current(copy)


@pytest.mark.parametrize("what", BAD_STYLE)
def test_style_sees(what):
    found = kernel_style.check("module/a.c", HEAD + BAD_STYLE[what], kernel=True)
    assert found and not any("must begin" in complaint for complaint in found), found


@pytest.mark.parametrize("path, begin", [("a.c", "/*"), ("a.h", "//")])
def test_style_wants_the_licence_first(path, begin):
    end = " */" if begin == "/*" else ""
    assert kernel_style.check(path, f"{begin} {LICENCE}{end}\n\nint a;\n")


def test_style_is_content():
    assert not kernel_style.check("module/a.c", GOOD_STYLE, kernel=True)
