# SPDX-License-Identifier: GPL-2.0
"""The rules: each function takes Files and returns complaints, none if all is well."""

import re
import subprocess
import tokenize

import yaml

import kernel_style

TOP = {"module", "include", "tools", "test", "scripts", "dkms.conf", "Kbuild", "Makefile", "LICENSE", "README.md"}
LINES = 500
NO_COMMENTS = (".json", ".md", "LICENSE", "dkms.conf", ".gitignore")     # no comments, or DKMS's format
FIRST_PROCESSES = ("test/vm/init", "test/vm/agent")    # if these ended, the kernel would panic
SPEC = "include/netlink/falcon.yaml"
UAPI = "include/uapi/linux/falcon.h"     # generated, with the name under which it is installed

# Split, because otherwise these lines would match themselves.
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b")
MACHINE = re.compile(r"(?<![\w.$}~*-])/(?:work|home|scratch|Users|mnt|media)/[\w.]")
ARCHIVE = re.compile(r"\b(?:deb|security|ftp|snapshot|archive|mirrors?|packages)\.(?:[\w-]+\.)*\w+\.(?:org|com|net|io)\b"
                     r"|\b(?:debian|ubuntu|pypi|pythonhosted)\.(?:org|com|net)\b"
                     r"|^\s*deb(?:-src)? .*:/{2}")
VERSION_CONDITION = re.compile(r"\bLINUX_VERSION_CODE\b|\bKERNEL_VERSION *\(|\bLINUX_VERSION_(?:MAJOR|PATCHLEVEL)\b"
                               r"|[<\"](?:linux|generated/uapi/linux)/version\.h")


def run(argv, cwd):
    """Output lines of a command, or its status if it failed without output."""
    done = subprocess.run(argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    said = done.stdout.splitlines()
    return said or ([f"{argv[0]} ended with status {done.returncode}"] if done.returncode else [])


def generated_files_current(files):
    done = subprocess.run([files.root / "scripts/netlink-gen", "--check"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return [done.stdout.strip() or f"status {done.returncode}"] if done.returncode else []


def kernel_style_of_c(files):
    found = []
    for name in files.ending(".c", ".h"):
        if not name.startswith("test/unit/shim/"):      # the shim imitates the kernel's own headers
            found += kernel_style.check(name, files.text(name), kernel=name.startswith("module/"),
                                        generated="-gen." in name)
    return found


def shellcheck(files):
    names = files.shell()
    # SC2187: shellcheck checks busybox' sh as dash, which is intended.
    argv = ["shellcheck", "--external-sources", "--exclude=SC2187", "--format=gcc", *names]
    return run(argv, files.root) if names else []


def shell_is_strict(files):
    """A script must end at the first failure. busybox' sh has no pipefail."""
    wanted = {"bash": "set -euo pipefail", "sh": "set -eu"}
    return [f"{name}: lacks {wanted[kind]}" for name in files.shell()
            if files.shebang(name) and name not in FIRST_PROCESSES
            for kind in [re.split("[/ ]", files.shebang(name))[-1]]
            if not re.search(rf"^{wanted[kind]}", files.text(name), re.M)]


def python_compiles(files):
    found = []
    for name in files.python():
        try:
            compile(files.text(name), name, "exec", dont_inherit=True)
        except SyntaxError as error:
            found.append(f"{name}:{error.lineno}: {error.msg}")
    return found


def python_flakes(files):
    """pyflakes, except for lines marked noqa and redefinitions of names imported on such a line: pytest's fixtures."""
    found = []
    for line in run(["/usr/bin/python3", "-m", "pyflakes", *files.python()], files.root):
        match = re.match(r"(.+?):(\d+):\d+:? (.*)", line)
        if not match or match[1] not in files.names:
            found.append(line)
            continue
        lines = files.text(match[1]).split("\n")
        import_line = re.search(r"redefinition of unused .* from line (\d+)", match[3])
        numbers = [match[2]] + ([import_line[1]] if import_line else [])
        if not any("noqa" in lines[int(number) - 1] for number in numbers):
            found.append(line)
    return found


def python_style(files):
    found = []
    for name in files.python():
        if files.shebang(name) not in ("", "/usr/bin/python3"):
            found.append(f"{name}:1: Debian's own python: #!/usr/bin/python3")
        # Python's tokenizer knows which lines belong to a string; a tab in a string is no indentation.
        with open(files.root / name, "rb") as source:
            for token in tokenize.tokenize(source.readline):
                if token.type == tokenize.INDENT and "\t" in token.string:
                    found.append(f"{name}:{token.start[0]}: indented by a tab")
    return found


def version_conditions(files):
    """Maintainers backport changes to older kernels, so module/compat/kernel-has.sh asks the compiler instead of the
    version.
    """
    return files.grep(VERSION_CONDITION, [name for name in files.names
                                          if name.endswith((".c", ".h", ".S", "Kbuild", ".def"))
                                          or name.startswith("module/")])


def man_pages(files):
    return [line for name in files.ending(*(f".{section}" for section in range(1, 9)))
            for line in run(["mandoc", "-T", "lint", "-W", "warning", name], files.root)]


def top_level(files):
    tops = {name.split("/")[0] for name in files.names}
    return [f"{top} does not belong at the top" for top in sorted(tops) if top not in TOP and not top.startswith(".")]


def machine_paths(files):
    return files.grep(MACHINE)


def archive_hosts(files):
    return files.grep(ARCHIVE, [name for name in files.names if name != "LICENSE"])


def unfinished(files):
    return files.grep(UNFINISHED)


def file_lengths(files):
    """The specification, and files generated from it, are as long as the interface requires. A manual page is one
    document.
    """
    return [f"{name}: {files.text(name).count(chr(10))} lines, {LINES} at most" for name in files.names
            if name not in ("LICENSE", SPEC, UAPI) and "-gen." not in name and not name.endswith(".8")
            and files.text(name).count("\n") > LINES]


def blanks(files):
    found = files.grep(re.compile(r"[ \t\r]$"))
    for name in files.names:
        text = files.text(name)
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            found.append(f"{name}: must end with one newline")
    return found


def licences(files):
    return [f"{name}: no SPDX-License-Identifier on its first line (or below #!)" for name in files.names
            if not name.endswith(NO_COMMENTS) and files.text(name)
            and "SPDX-License-Identifier: " not in files.text(name).split("\n")[1 if files.shebang(name) else 0]]


def executable_bits(files):
    found = []
    for name in files.names:
        executable = bool((files.root / name).stat().st_mode & 0o111)
        if executable != bool(files.shebang(name)):
            found.append(f"{name}: " + ("executable, but no #! line" if executable else "#! line, but not executable"))
    return found


def one_version(files):
    match = re.search(r'^PACKAGE_VERSION="(\d+(?:\.\d+)+)"$', files.text("dkms.conf"), re.M)
    if not match:
        return ["dkms.conf: no PACKAGE_VERSION"]
    version = re.compile(rf"(?<![\d.]){re.escape(match[1])}(?![\d.]*\d)")
    return files.grep(version, [name for name in files.names if name not in ("dkms.conf", "LICENSE")])


def documented(files):
    """Every part of the netlink specification that users may see has a sentence."""
    spec, found = yaml.safe_load(files.text(SPEC)), []

    def need(where, thing):
        doc = (thing.get("doc") or "").strip()
        if " " not in doc or not doc.endswith("."):
            found.append(f"{SPEC}: {where} {thing['name']}: no sentence in doc")

    for definition in spec["definitions"]:
        need("definition", definition)
        for entry in definition.get("entries", []):
            need(f"entry of {definition['name']}", entry)
    for group in spec["attribute-sets"]:
        for attribute in group["attributes"]:
            need(f"attribute of {group['name']}", attribute)
    for operation in spec["operations"]["list"]:
        need("operation", operation)
    return found
