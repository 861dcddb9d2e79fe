# SPDX-License-Identifier: GPL-2.0
"""The kernel's coding style, as far as single lines and a few lines together show it.

Debian ships no checkpatch.pl; this module has the relevant part of `checkpatch --strict`. Each rule is a regular
expression on code whose comments and strings have been blanked, so columns are the original's.
"""

import re

LINE = 100
TAB = 8

# Words before a blank and a parenthesis that do not make a call.
WORDS = ("if for while switch return else do case goto sizeof typeof in and defined int void bool char "
         "long short unsigned signed const static inline extern struct union enum volatile "
         "u8 u16 u32 u64 s8 s16 s32 s64 size_t ssize_t").split()
TYPES = r"(?:(?:struct|union|enum) \w+|void|bool|char|int|long|short|unsigned|[us](?:8|16|32|64)|u?int\d+_t|s?size_t)"

# (pattern on a line of code, complaint)
LINE_RULES = [(re.compile(pattern), complaint) for pattern, complaint in (
    (r"^ {8}| {8}\S", "8 blanks where a tab should be"),
    (r" \t", "blank before a tab"),
    (r"//", "// comment"),
    (r"\btypedef\b(?!.*\(\*\w+\))", "typedef"),     # a function typedef is allowed
    (r"\b(?:if|for|while|switch|do|return)\(", "no blank after a keyword"),
    (r"^[\s}]*(?:else )?(?:if|for|while|switch)\b.*\)\{|^\w.*\)\{|\belse\{|\bdo\{", "no blank before {"),
    (r"\}(?:else|while)\b", "no blank after }"),
    (rf"\b{TYPES} ?\* (?!const\b|volatile\b|__)\w", "* belongs to the name: type *name"),
    (rf"\b{TYPES}\* ?\w", "* belongs to the name: type *name"),
    (r"\S[ \t]+[,;](?!.*\bfor\b)", "blank before , or ;"),
    (r",[^\s\\]", "no blank after ,"),
    (r"[(\[] \S|\S [)\]]", "blank inside parentheses"),
    (r"\w(?:==|!=|<=|>=|&&|\|\||\+=|-=|\|=|&=)|(?:==|!=|<=|>=|&&|\|\||\+=|-=|\|=)[\w(]",
     "no blanks around an operator"),
    (r"^\s*(?:&&|\|\|)", "operator belongs at the end of the line before"),
    (r"[!=]= NULL\b|\bNULL [!=]=", "comparison to NULL"),
    (r"[!=]= (?:true|false)\b", "comparison to true or false"),
    (r"^\s*static\b[^(=]*= *(?:0|NULL|false);", "static set to 0"),
    (r"\bsizeof [^(]", "sizeof without parentheses"),
    (r"^\t+(?!for\b)\w[^;\"]*;[ \t]*\w", "more than one statement on a line"),
    (r"\b(\w+(?:->\w+|\.\w+)*) = \w+(?:->\w+|\.\w+)* = ", "more than one assignment in a statement"),
    (r"\breturn \([^()]*\);", "return is no function"),
    (r"__attribute__\(\(packed\)\)", "__packed"),
    (r"^#\s*if\s+0\b", "#if 0"),
    (r"^\s*extern\b.*\(", "extern before a function"),
)]

# For kernel code only.
KERNEL_RULES = [(re.compile(pattern), complaint) for pattern, complaint in (
    (r"\b(?:strcpy|strncpy|strlcpy|strcat|sprintf|simple_strtou?l+)\(", "function the kernel gives up"),
    (r"\b(?:BUG|BUG_ON|VM_BUG_ON)\(", "BUG: a WARN_ON_ONCE() and a way out instead"),
    (r"\bprintk\(", "pr_*() instead of printk()"),
    (r"\bvolatile\b", "volatile"),
    (r"\bu?int(?:8|16|32|64)_t\b", "u8 to u64 and s8 to s64 are the kernel's types"),
    (r"^#include <asm/(?!byteorder)", "<linux/...> instead of <asm/...>"),
)]

# (pattern on several lines of code, complaint)
TEXT_RULES = [(re.compile(pattern, re.M), complaint) for pattern, complaint in (
    (r"^(?!struct\b|union\b|enum\b|#|\s|extern|static const|\}).*\) ?\{$", "{ of a function on a line of its own"),
    (r"^(?:static )?(?:inline )?\w[^;=#\n]*\)\s*\n\s+\{$", "{ of a function in the first column"),
    (r"^\t+(?:if|for|while|switch)\b.*\)\n\t+\{", "{ belongs to the line before"),
    (r"^\t+\}\n\t+else\b", "else belongs on the line of the }"),
    (r"^(\t+)(?:if|for|while) \([^\n]*\) \{\n\1\t(?!\t)[^\n]*;\n\1\}$", "braces around one statement"),
    (r"^(\t+)switch \([^\n]*\) \{\n\1\t+case\b", "case belongs under its switch"),
    (r"^\t+(?:if|while) \((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\) [^{\s/&|][^\n]*;$",
     "statement on the line of its condition"),
    (r"\n\n\n", "more than one empty line"),
    (r"\{\n\n", "empty line after {"),
    (r"\n\n\s*\}", "empty line before }"),
)]

CALL = re.compile(r"\b([a-z_]\w*) \((?!\*)")
MEMORY_ORDER = re.compile(r"\bsmp_(?:mb|rmb|wmb|load_acquire|store_release|mb__\w+)\(")
LOCK = re.compile(r"^\s*(?:static )?(?:struct mutex|spinlock_t|raw_spinlock_t) \w+;")
TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def code_of(text):
    """The text with comments and the contents of strings blanked; newlines are kept."""
    def blank(match):
        token = match[0]
        if token.startswith("//"):
            return token if not token.startswith("// SPDX") else " " * len(token)
        if token.startswith("/*"):
            return re.sub(r"[^\n\t]", " ", token)
        return token[0] + "x" * (len(token) - 2) + token[-1]
    # A blanked comment must not leave blanks at the end of the line, or before a tab.
    return re.sub(r"[ \t]+$", "", TOKEN.sub(blank, text), flags=re.M)


def spdx(path):
    """Required start of the first line."""
    return "// SPDX-License-Identifier: " if str(path).endswith(".c") else "/* SPDX-License-Identifier: "


def check(path, text, kernel=False, generated=False):
    """Complaints about a file as "line: text"."""
    found = []

    def say(line, what):
        found.append(f"{path}:{line}: {what}")

    lines, code = text.split("\n"), code_of(text)
    if not lines[0].startswith(spdx(path)):
        say(1, f"must begin with {spdx(path)}")
    for number, (line, plain) in enumerate(zip(lines, code.split("\n")), 1):
        # A message must not be split, because people search for it.
        if len(line.expandtabs(TAB)) > LINE and not generated and not line.lstrip().startswith('"'):
            say(number, f"{len(line.expandtabs(TAB))} columns, {LINE} at most")
        if re.match(r"^ \* .*\S \*/$|^\t+ \* .*\S \*/$", line):
            say(number, "*/ of a comment of several lines on a line of its own")
        previous = lines[number - 2] if number > 1 else ""
        if (MEMORY_ORDER.search(plain) or LOCK.search(plain)) and not re.search(r"/\*|\*/", line + previous):
            say(number, "memory barrier or lock without a comment")
        include = plain.startswith("#include")
        for pattern, complaint in ([] if include else LINE_RULES) + (KERNEL_RULES if kernel else []):
            if _finds(pattern, complaint, plain, line):
                say(number, complaint)
        if not plain.lstrip().startswith(("#", "*")) and not re.search(r"\\$", plain):
            for call in CALL.finditer(plain):
                if call[1] not in WORDS and not call[1].startswith("__"):
                    say(number, f"blank between {call[1]} and (")
    for pattern, complaint in TEXT_RULES:
        for match in pattern.finditer(code if "empty" not in complaint else text):
            say(text.count("\n", 0, match.start()) + 1, complaint)
    return found


def _finds(pattern, complaint, plain, line):
    if complaint.startswith("8 blanks"):
        # Blanks that replace a comment are allowed.
        return re.match(r"^\t* {8}", line)
    if complaint == "blank before a tab":
        return re.search(r" \t", line)
    return pattern.search(plain)
