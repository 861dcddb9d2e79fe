# SPDX-License-Identifier: GPL-2.0
"""HTML: tables, chapters and the whole page, which loads nothing from elsewhere."""

from html import escape

STYLE = """
:root { --ink: #1c2026; --faint: #5c6570; --paper: #ffffff; --panel: #f4f6f8; --rule: #d5dae0; --good: #0a7d3c; --bad: #b3261e;
  --c0: #1f6fb4; --c1: #d1660f; --c2: #2a8a46; --c3: #a23ba0; --c4: #7a5a12; --c5: #0c8c93; --c6: #c22d54; --c7: #55606d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ed; --faint: #9aa4b0; --paper: #14181d; --panel: #1d232a;
  --rule: #39424d; --good: #5fca8b; --bad: #ff8a80; --c0: #6fb3ec; --c1: #f2a154; --c2: #71cf8d; --c3: #dd8fdb; --c4: #d1b15e;
  --c5: #5fd0d6; --c6: #f5819d; --c7: #aab4c0; } }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin-bottom: 0; } h2 { margin-top: 2.6rem; border-bottom: 1px solid var(--rule); }
p, li { max-width: 60rem; } .note { color: var(--faint); } .estimate { border-left: 4px solid var(--c1); padding-left: 1rem; }
nav a { margin-right: 1rem; } a { color: var(--c0); }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th { vertical-align: bottom; color: var(--faint); font-weight: 600; font-size: .85rem; } td.text, th.text { text-align: left; }
td.prose { text-align: left; white-space: normal; } td.good { color: var(--good); font-weight: 600; } td.bad { color: var(--bad); }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; } .cards figure { background: var(--panel); margin: 0; padding: .6rem; }
figure { margin: 1rem 0; } figcaption { font-weight: 600; }
svg { max-width: 100%; height: auto; font: 11px system-ui, sans-serif; } svg text { fill: var(--ink); }
.grid { stroke: var(--rule); } .axis { stroke: var(--faint); } .reference { stroke: var(--faint); stroke-dasharray: 3 3; }
.line { fill: none; stroke-width: 2; } .range { stroke-width: 1.5; opacity: .6; } rect.kernel { fill: var(--c0); }
rect.user { fill: var(--c1); } rect.time { fill: var(--c7); }
""" + "".join(f".fill.s{index} {{ fill: var(--c{index}); }} .line.s{index}, .range.s{index} {{ stroke: var(--c{index}); }}\n"
              for index in range(8))


class Raw(str):
    """Text that is HTML already."""


def html(value):
    return value if isinstance(value, Raw) else escape(str(value))


def paragraph(text, kind=""):
    return Raw(f'<p class="{kind}">{html(text)}</p>' if kind else f"<p>{html(text)}</p>")


def table(head, rows, text=1, marks=None):
    """A table whose first `text` columns are words; marks: {(row, column): class}."""
    marks = marks or {}

    def cell(tag, value, row, column):
        kinds = [kind for kind in ("text" if column < text else "", marks.get((row, column), "")) if kind]
        return f"<{tag}" + (f' class="{" ".join(kinds)}"' if kinds else "") + f">{html(value)}</{tag}>"

    lines = ["<tr>" + "".join(cell("th", value, None, column) for column, value in enumerate(head)) + "</tr>"]
    lines += ["<tr>" + "".join(cell("td", value, number, column) for column, value in enumerate(row)) + "</tr>"
              for number, row in enumerate(rows)]
    return Raw('<div class="wide"><table>' + "\n".join(lines) + "</table></div>")


def figure(caption, drawing):
    return Raw(f"<figure><figcaption>{html(caption)}</figcaption>{drawing}</figure>")


def cards(figures):
    return Raw('<div class="cards">' + "\n".join(figures) + "</div>")


def chapter(ident, title, parts):
    return Raw(f'<section id="{ident}"><h2>{html(title)}</h2>' + "\n".join(parts) + "</section>")


def page(title, lead, chapters):
    """chapters: [(ident, title, [part])]"""
    links = "".join(f'<a href="#{ident}">{html(name)}</a>' for ident, name, _ in chapters)
    return ("<!DOCTYPE html>\n"
            f'<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{html(title)}</title><style>{STYLE}</style></head>\n<body><h1>{html(title)}</h1>\n"
            f"{lead}\n<nav>{links}</nav>\n"
            + "\n".join(chapter(*entry) for entry in chapters) + "\n</body></html>\n")
