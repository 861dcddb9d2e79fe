# SPDX-License-Identifier: GPL-2.0
"""Which file may include which: the module's folders are floors, and no files include each other in a circle.

module/README.md shows the floors in a table, which scripts/folder-table writes.
"""

import re
from pathlib import PurePath

# From the top down: a file includes its own folder and those below it.
FLOORS = {
    "main": "loads the module and unloads it",
    "control": "requests of user space, enabling and disabling, and the plan that every packet reads",
    "hook": "the functions of the kernel that falcon hooks, and the handler of each",
    "lanes": "mode lanes: the packets of a flow from the NIC's poll to the container",
    "pipeline": "mode pipeline: steering by RPS, and the path past the GRO cell",
    "rules": "the flows that have priority",
    "host": "devices, CPUs and sockets of the host",
    "policy": "pure functions that choose CPUs, their number, and the moment of a change",
    "core": "the plan as packets read it, configuration, counters, events",
    "flow": "pure functions that tell the flow of a packet",
}
ROOTS = ("module/", "tools/falconctl/", "test/unit/")

README = "module/README.md"
BEGIN = "<!-- folders: scripts/folder-table writes this table from test/lint/floors.py -->\n"
END = "<!-- end of folders -->\n"

_INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def table():
    """The folders from the top down, each with the folders that it may include."""
    rows = ["| folder | purpose | may include |", "|---|---|---|"]
    names = list(FLOORS)
    for number, name in enumerate(names):
        place = "[`main.c`](main.c)" if name == "main" else f"[`{name}/`]({name}/README.md)"
        below = ", ".join(f"`{other}`" for other in names[number + 1:])
        rows.append(f"| {place} | {FLOORS[name]} | {below or 'no other folder'} |")
    return "\n".join(rows) + "\n"


def with_table(text):
    """The text with the current table between its two markers, or None if it lacks them."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return head + begin + table() + end + tail if begin and end else None


def folder_table_current(files):
    """Complains if module/README.md's table of folders is missing or stale."""
    if README not in files.names:
        return [f"{README}: is missing"]
    wanted = with_table(files.text(README))
    if wanted is None:
        return [f"{README}: lacks the markers of the table of folders"]
    return [] if wanted == files.text(README) else [f"{README}: the table of folders is stale, run make generate"]


def _floor(path):
    """The floor of a path below module/, or None for compat/, which every floor may include."""
    parts = PurePath(path).parts
    name = parts[0] if len(parts) > 1 else PurePath(path).stem
    return list(FLOORS).index(name) if name in FLOORS else None


def _sources(files, root):
    return [name for name in files.ending(".c", ".h") if name.startswith(root) and "/compat/" not in name]


def floors(files):
    """Complains about a file of the module that includes a file of a higher floor, or belongs to no floor."""
    found = []
    for name in _sources(files, "module/"):
        path = name.removeprefix("module/")
        own = _floor(path)
        if own is None:
            found.append(f"{name}: is on no floor")
            continue
        for target in _INCLUDE.findall(files.text(name)):
            floor = _floor(target)
            if floor is not None and floor < own:
                found.append(f"{name}: includes {target}, which is above it")
    return found


def _arrows(files, root):
    """{room: rooms that it includes}; a source and its header are one room."""
    names = _sources(files, root)
    rooms = {str(PurePath(name).with_suffix("")) for name in names}
    arrows = {room: set() for room in rooms}
    for name in names:
        room = str(PurePath(name).with_suffix(""))
        for target in _INCLUDE.findall(files.text(name)):
            stem = str(PurePath(target).with_suffix(""))
            for other in (f"{root}{stem}", f"{PurePath(name).parent}/{stem}"):
                if other in rooms and other != room:
                    arrows[room].add(other)
    return arrows


def circles(files):
    """Complains about files that include each other, directly or indirectly. It removes files that include no other
    until none is left to remove.
    """
    found = []
    for root in ROOTS:
        arrows = _arrows(files, root)
        while True:
            ends = {room for room, targets in arrows.items() if not targets & set(arrows)}
            starts = set(arrows) - set().union(*arrows.values()) if arrows else set()
            if not ends | starts:
                break
            arrows = {room: targets for room, targets in arrows.items() if room not in ends | starts}
        found += [f"{room}: is in a circle with {', '.join(sorted(targets & set(arrows)))}"
                  for room, targets in sorted(arrows.items())]
    return found
