# SPDX-License-Identifier: GPL-2.0
"""A flame graph as an SVG picture: a function's width is proportional to its instructions."""

import html
import zlib

WIDTH, HEIGHT, ROW, LETTER = 1600, 17, 16, 6.6
LEAST = 0.5         # units of the picture: narrower frames are not drawn
FALCON = "[falcon]"


class Frame:
    """A function in a stack."""

    def __init__(self):
        self.count, self.called = 0, {}


def tree(folded):
    """A tree of frames from lines `outermost;...;innermost count`."""
    root = Frame()
    for line in folded:
        stack, _, count = line.rpartition(" ")
        frame = root
        frame.count += int(count)
        for name in stack.split(";"):
            frame = frame.called.setdefault(name, Frame())
            frame.count += int(count)
    return root


def depth(frame):
    return 1 + max(map(depth, frame.called.values()), default=0)


def _colour(name):
    """falcon's functions have a colour of their own. The others differ a little, always in the same way."""
    shade = zlib.crc32(name.encode()) % 50
    return f"rgb({60 + shade},{120 + shade},220)" if FALCON in name else f"rgb(240,{140 + shade},{60 + shade})"


def svg(folded, title):
    """The picture's text."""
    root = tree(folded)
    rows = depth(root)
    scale = WIDTH / max(1, root.count)
    parts = []

    def draw(name, frame, left, level):
        width = frame.count * scale
        if width < LEAST:
            return
        top = (rows - level) * ROW + HEIGHT
        shown = name if len(name) * LETTER < width else name[:max(0, int(width / LETTER) - 1)]
        label = html.escape(f"{name}: {frame.count} ({frame.count / root.count:.1%})")
        parts.append(f'<g><title>{label}</title><rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{ROW - 1}" '
                     f'fill="{_colour(name)}"/><text x="{left + 2:.1f}" y="{top + 11}">{html.escape(shown)}</text></g>')
        for called, inner in sorted(frame.called.items()):
            draw(called, inner, left, level + 1)
            left += inner.count * scale

    draw("all", root, 0.0, 1)
    height = (rows + 1) * ROW + HEIGHT
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        "<style>text { font: 11px monospace } rect:hover { stroke: black }</style>",
        f'<text x="4" y="13">{html.escape(title)}</text>', *parts, "</svg>", ""])
