# SPDX-License-Identifier: GPL-2.0
"""Checks results.json: its form by schema.json, and facts beyond a schema."""

import json
import math
import re
from pathlib import Path

from .case import KINDS, kind_of

SCHEMA = Path(__file__).with_name("schema.json")

_FIRST = ("udp", "tcp", "priority", "memcached")      # first words of a case's name
_COUNTS = ("rounds", "sent", "received", "lost", "duplicated", "reordered")


class SchemaError(Exception):
    """A document is invalid. The message names the place."""


def _number(value):
    # in Python bool is an int, and its JSON accepts NaN as a number; this check accepts neither
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


_TYPES = {
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
    "number": _number,
    "integer": lambda value: _number(value) and isinstance(value, int),
}
_NOTES = {"$schema", "title", "description"}


def _fail(where, what):
    raise SchemaError(f"{where}: {what}")


def check_form(value, schema, where="document"):
    """Checks the part of JSON Schema that schema.json uses. An unknown keyword is an error, too."""
    known = {"type", "enum", "pattern", "minimum", "minItems", "items", "required", "properties",
             "additionalProperties"}
    if set(schema) - known - _NOTES:
        _fail(where, f"schema has keywords unknown here: {sorted(set(schema) - known - _NOTES)}")
    if not _TYPES[schema["type"]](value):
        _fail(where, f"{value!r} is not of type {schema['type']}")
    if "enum" in schema and value not in schema["enum"]:
        _fail(where, f"{value!r} is none of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        _fail(where, f"{value!r} does not match {schema['pattern']}")
    if "minimum" in schema and value < schema["minimum"]:
        _fail(where, f"{value!r} is below {schema['minimum']}")
    if schema["type"] == "array":
        if len(value) < schema.get("minItems", 0):
            _fail(where, f"fewer than {schema['minItems']} items")
        for index, item in enumerate(value):
            check_form(item, schema["items"], f"{where}[{index}]")
    if schema["type"] == "object":
        _check_object(value, schema, where)


def _check_object(value, schema, where):
    for name in schema.get("required", ()):
        if name not in value:
            _fail(where, f"'{name}' is missing")
    for name, item in value.items():
        if name in schema["properties"]:
            check_form(item, schema["properties"][name], f"{where}.{name}")
        elif schema.get("additionalProperties", True) is False:
            _fail(where, f"'{name}' is not expected")


def check(results, whole=True):
    """Raises SchemaError unless the results are valid for results.json. With whole=False some metrics may be missing.
    """
    check_form(results, json.loads(SCHEMA.read_text()))
    groups = {}
    for index, row in enumerate(results):
        where = f"document[{index}]"
        _check_row(row, where)
        group = groups.setdefault((row["case"], row["variant"], row["kernel"], row["vcpus"]), {})
        if row["metric"] in group:
            _fail(where, f"{row['metric']} of {row['case']}, {row['variant']} is there twice")
        group[row["metric"]] = row
    for key, group in groups.items():
        _check_group(key, group, whole)


def _check_row(row, where):
    first = row["case"].split("-")[0]
    if first not in _FIRST:
        _fail(where, f"case '{row['case']}' begins with none of {sorted(_FIRST)}")
    kind = kind_of(row["case"])
    units = KINDS[kind].metrics
    if row["metric"] not in units:
        _fail(where, f"{row['metric']} is no metric of {kind}")
    if row["unit"] != units[row["metric"]]:
        _fail(where, f"{row['metric']} of {kind} is in {units[row['metric']]}, not {row['unit']}")
    if not row["min"] <= row["median"] <= row["max"]:
        _fail(where, f"not min <= median <= max: {row['min']}, {row['median']}, {row['max']}")
    if row["received"] > row["sent"]:
        _fail(where, f"{row['received']} received of {row['sent']} sent")
    if first == "udp" and row["sent"] != row["received"] + row["lost"]:
        _fail(where, f"sent {row['sent']} is not received {row['received']} and lost {row['lost']}")


def _check_group(key, group, whole):
    where = f"{key[0]}, {key[1]}"
    kind = KINDS[kind_of(key[0])]
    # lines are counted in rounds of their own, which are optional
    missing = set(kind.metrics) - set(group) - {kind.lines_moved}
    if missing and whole:
        _fail(where, f"no {', '.join(sorted(missing))}")
    for name in _COUNTS:
        if len({row[name] for metric, row in group.items() if metric != kind.lines_moved}) != 1:
            _fail(where, f"the metrics differ in '{name}'")
