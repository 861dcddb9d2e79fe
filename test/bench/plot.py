# SPDX-License-Identifier: GPL-2.0
"""Plots as SVG inside an HTML page. Colours are classes (s0 to s7, kernel, user) of the page's style."""

import math
from html import escape

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 16, 52
COLOURS = 8
MARKERS = ("M-4,-4h8v8h-8z", "M0,-5l5,9h-10z", "M0,-5l5,5l-5,5l-5,-5z", "M-4,-1.5h8v3h-8z M-1.5,-4h3v8h-3z")
BAR, GAP, LABEL, VALUE = 13, 5, 78, 64


def nice_ticks(most, wanted=5):
    """Ticks from 0 to `most` or a little more, in steps of 1, 2 or 5 times a power of ten."""
    if most <= 0:
        return [0.0, 1.0]
    step = 10 ** math.floor(math.log10(most / wanted))
    step = next(step * factor for factor in (1, 2, 5, 10) if most / (step * factor) <= wanted)
    return [step * index for index in range(math.ceil(most / step - 1e-9) + 1)]


def number(value):
    """The value with three significant digits."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


class _Axis:
    """Maps a value to a position between two."""

    def __init__(self, values, begin, end, logarithmic=False):
        self._function = math.log if logarithmic else float
        low, high = self._function(min(values)), self._function(max(values))
        self._low, self._scale, self._begin = low, (end - begin) / (high - low or 1), begin

    def __call__(self, value):
        return self._begin + (self._function(value) - self._low) * self._scale


def lines(series, x_label, y_label, logarithmic=False, reference=None, names=None):
    """Lines of {label: [(x, y, low, high)]}; names: {x: text}; reference: a level drawn across the plot."""
    xs = sorted({point[0] for points in series.values() for point in points})
    if not xs:
        return ""
    ticks = nice_ticks(max([point[3] for points in series.values() for point in points] + [reference or 0]))
    inset = 14
    place_x = _Axis(xs, LEFT + inset, WIDTH - RIGHT - inset, logarithmic and min(xs) > 0)
    place_y = _Axis((0, ticks[-1]), HEIGHT - BOTTOM, TOP)
    parts = [_frame(x_label, y_label)]
    parts += [f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place_y(tick):.1f}" y2="{place_y(tick):.1f}"/>'
              + _text(LEFT - 6, place_y(tick) + 4, number(tick), "end") for tick in ticks]
    parts += [_text(place_x(x), HEIGHT - BOTTOM + 16, (names or {}).get(x, f"{x:,}"), "middle") for x in _apart(xs, place_x)]
    if reference is not None:
        parts.append(f'<line class="reference" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place_y(reference):.1f}" '
                     f'y2="{place_y(reference):.1f}"/>')
    for index, (label, points) in enumerate(series.items()):
        parts += _series(index, label, sorted(points), place_x, place_y)
    return _svg(WIDTH, HEIGHT, f"{y_label} by {x_label}", parts)


def _series(index, label, points, place_x, place_y):
    colour, marker = f"s{index % COLOURS}", MARKERS[index % len(MARKERS)]
    dash = ' stroke-dasharray="6 3"' if index >= COLOURS // 2 else ""
    way = " ".join(f"{place_x(x):.1f},{place_y(y):.1f}" for x, y, _, _ in points)
    parts = [f'<polyline class="line {colour}"{dash} points="{way}"/>']
    for x, y, low, high in points:
        if high > low:
            parts.append(f'<line class="range {colour}" x1="{place_x(x):.1f}" x2="{place_x(x):.1f}" '
                         f'y1="{place_y(low):.1f}" y2="{place_y(high):.1f}"/>')
        parts.append(f'<path class="fill {colour}" transform="translate({place_x(x):.1f},{place_y(y):.1f})" d="{marker}">'
                     f"<title>{escape(label)}: {number(y)} at {x:,}</title></path>")
    top = TOP + 10 + 18 * index
    return parts + [f'<path class="fill {colour}" transform="translate({WIDTH - RIGHT + 16},{top})" d="{marker}"/>',
                    _text(WIDTH - RIGHT + 26, top + 4, label)]


def _apart(xs, place):
    """The positions whose names have room beside each other."""
    shown = []
    for x in xs:
        if not shown or place(x) - place(shown[-1]) >= 40:
            shown.append(x)
    return shown


def bars(rows, most, unit):
    """[(label, [(class, value)])]: a bar for each label, its parts one behind the other; `most` is the full width."""
    width = 420
    scale = (width - LABEL - VALUE) / (most or 1)
    height = len(rows) * (BAR + GAP) + GAP
    parts = []
    for index, (label, values) in enumerate(rows):
        top, left = GAP + index * (BAR + GAP), float(LABEL)
        parts.append(_text(LABEL - 6, top + BAR - 3, label, "end"))
        for colour, value in values:
            parts.append(f'<rect class="{colour}" x="{left:.1f}" y="{top}" width="{value * scale:.1f}" height="{BAR}">'
                         f"<title>{escape(label)}, {escape(colour)}: {number(value)} {escape(unit)}</title></rect>")
            left += value * scale
        parts.append(_text(left + 5, top + BAR - 3, number(sum(value for _, value in values))))
    return _svg(width, height, f"{unit} by vCPU", parts)


def _frame(x_label, y_label):
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return (f'<line class="axis" x1="{LEFT}" x2="{LEFT}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM}"/>'
            + _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label, "middle")
            + f'<text transform="translate(14,{middle}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>')


def _text(x, y, text, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(width, height, title, parts):
    return (f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img"><title>{escape(title)}</title>'
            + "".join(parts) + "</svg>")
