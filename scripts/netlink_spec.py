# SPDX-License-Identifier: GPL-2.0
"""The specification of falcon's netlink interface, include/netlink/falcon.yaml: reading and validating.

It uses a subset of the kernel's YNL genetlink schema: the part that falcon needs. Everything outside this subset is an
error, because a key that is silently ignored would be a promise that no code keeps.
"""

import yaml

SCALARS = {"u32": "NLA_U32", "u64": "NLA_U64"}
TYPES = [*SCALARS, "string", "binary", "nest"]
FLAGS = {"admin-perm": "GENL_ADMIN_PERM"}
# NLA_POLICY_RANGE keeps its limits in an s16.
RANGE_LIMIT = 32767


class SpecError(Exception):
    """The specification is invalid. The message names the place and the error."""


class Loader(yaml.SafeLoader):
    """Rejects a repeated key; PyYAML would keep the last value."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise SpecError(f"line {key_node.start_mark.line + 1}: key '{key}' given twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


def want(where, obj, required, optional=()):
    """Checks that obj is a mapping with all required keys and no others than the optional ones."""
    if not isinstance(obj, dict):
        raise SpecError(f"{where}: a mapping is expected, not {type(obj).__name__}")
    for key in obj:
        if key not in required and key not in optional:
            raise SpecError(f"{where}: unknown key '{key}'")
    for key in required:
        if key not in obj:
            raise SpecError(f"{where}: '{key}' is missing")
    if "doc" in required and not (isinstance(obj["doc"], str) and obj["doc"].strip()):
        raise SpecError(f"{where}: 'doc' is empty")


def items(where, seq, kind):
    """Yield (where, item) of a list whose items have unique names."""
    if not isinstance(seq, list):
        raise SpecError(f"{where}: a list is expected")
    seen = set()
    for pos, item in enumerate(seq):
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or not name:
            raise SpecError(f"{where}: {kind} number {pos + 1} has no 'name'")
        if not name.replace("-", "").isalnum() or name != name.lower():
            raise SpecError(f"{where}: {kind} '{name}': lower-case letters, digits and '-' only")
        if name in seen:
            raise SpecError(f"{where}: {kind} '{name}' given twice")
        seen.add(name)
        yield f"{kind} '{name}'" if where == "spec" else f"{where}: {kind} '{name}'", item


def choice(where, value, allowed, what):
    if value not in allowed:
        raise SpecError(f"{where}: unknown {what} '{value}' (known: {', '.join(allowed) or 'none'})")


def integer(where, value):
    if not isinstance(value, int) or isinstance(value, bool):
        raise SpecError(f"{where}: '{value}' is not an integer")
    return value


class Spec:
    """The validated specification."""

    def __init__(self, raw):
        want("spec", raw, ["name", "protocol", "uapi-header", "doc", "definitions",
                           "attribute-sets", "operations", "mcast-groups"])
        choice("spec", raw["protocol"], ["genetlink"], "protocol")
        self.name, self.doc, self.header = raw["name"], raw["doc"], raw["uapi-header"]
        self.consts, self.enums, self.sets = {}, {}, {}
        self._definitions(raw["definitions"])
        self._sets(raw["attribute-sets"])
        self._operations(raw["operations"])
        want("mcast-groups", raw["mcast-groups"], ["list"])
        self.groups = [g for where, g in items("spec", raw["mcast-groups"]["list"], "mcast-group")
                       if want(where, g, ["name"], ["doc"]) is None]

    def _definitions(self, raw):
        for where, item in items("spec", raw, "definition"):
            kind = item.get("type")
            choice(where, kind, ["const", "enum"], "type")
            if kind == "const":
                want(where, item, ["type", "name", "value", "doc"])
                integer(where, item["value"])
                self.consts[item["name"]] = item
                continue
            want(where, item, ["type", "name", "doc", "entries"])
            for sub, entry in items(where, item["entries"], "entry"):
                want(sub, entry, ["name", "doc"])
            if not item["entries"]:
                raise SpecError(f"{where}: no entries")
            self.enums[item["name"]] = item

    def _sets(self, raw):
        for where, item in items("spec", raw, "attribute-set"):
            want(where, item, ["name", "attributes"], ["doc"])
            if not item["attributes"]:
                raise SpecError(f"{where}: no attributes")
            self.sets[item["name"]] = item
        for name, item in self.sets.items():
            for where, attr in items(f"attribute-set '{name}'", item["attributes"], "attribute"):
                self._attribute(where, attr)

    def _attribute(self, where, attr):
        want(where, attr, ["name", "type", "doc"],
             ["enum", "checks", "nested-attributes", "multi-attr"])
        kind = attr["type"]
        choice(where, kind, TYPES, "type")
        if "enum" in attr:
            if kind != "u32":
                raise SpecError(f"{where}: an enum must be a u32")
            choice(where, attr["enum"], list(self.enums), "enum")
        if (kind == "nest") != ("nested-attributes" in attr):
            raise SpecError(f"{where}: 'nested-attributes' belongs to type nest, and to no other")
        if kind == "nest":
            choice(where, attr["nested-attributes"], list(self.sets), "attribute-set")
        if attr.get("multi-attr", True) is not True:
            raise SpecError(f"{where}: 'multi-attr' is true or absent")
        self._checks(where, attr)

    def _checks(self, where, attr):
        if "checks" not in attr:
            return
        checks, kind = attr["checks"], attr["type"]
        allowed = {"u32": ["min", "max"], "string": ["max-len"], "binary": ["max-len"]}
        want(f"{where}: checks", checks, [], allowed.get(kind, []))
        if not checks:
            raise SpecError(f"{where}: checks: empty")
        if "enum" in attr:
            raise SpecError(f"{where}: an enum is its own check")
        for key in checks:
            value = self.value(f"{where}: {key}", checks[key])
            # max-len is a size in the policy's u16; limits are in an s16.
            if not 0 <= value <= RANGE_LIMIT or (key == "max-len" and value == 0):
                raise SpecError(f"{where}: {key}: {value} does not fit a policy")
        if "min" in checks and "max" in checks and self.limits(attr)[0] > self.limits(attr)[1]:
            raise SpecError(f"{where}: min is larger than max")

    def _operations(self, raw):
        want("operations", raw, ["list"])
        self.ops = []
        for where, op in items("spec", raw["list"], "operation"):
            want(where, op, ["name", "doc", "attribute-set"], ["flags", "do", "dump", "event"])
            choice(where, op["attribute-set"], list(self.sets), "attribute-set")
            modes = [m for m in ("do", "dump", "event") if m in op]
            if len(modes) != 1:
                raise SpecError(f"{where}: exactly one of do, dump and event is expected")
            for flag in op.get("flags", []):
                choice(where, flag, list(FLAGS), "flag")
            if modes[0] != "event" and "admin-perm" not in op.get("flags", []):
                raise SpecError(f"{where}: flag admin-perm is missing")
            if modes[0] == "event":
                if "flags" in op:
                    raise SpecError(f"{where}: an event has no flags")
                messages = {"event": op["event"]}
            else:
                want(f"{where}: {modes[0]}", op[modes[0]], [], ["request", "reply"])
                messages = op[modes[0]]
            known = [a["name"] for a in self.sets[op["attribute-set"]]["attributes"]]
            for key, message in messages.items():
                want(f"{where}: {key}", message, ["attributes"])
                for attr in message["attributes"]:
                    choice(f"{where}: {key}", attr, known, "attribute")
            self.ops.append(op)
        self._unused()

    def _unused(self):
        """An attribute that no operation uses was forgotten. A nested set counts as a whole."""
        for name in {op["attribute-set"] for op in self.ops}:
            used = {attr for op in self.ops if op["attribute-set"] == name
                    for mode in ("do", "dump", "event") for part in [op.get(mode, {})]
                    for message in ([part] if mode == "event" else part.values())
                    for attr in message.get("attributes", [])}
            for attr in self.sets[name]["attributes"]:
                if attr["name"] not in used:
                    raise SpecError(f"attribute-set '{name}': attribute '{attr['name']}': in no operation")

    def value(self, where, value):
        """An integer, or the value of the constant with that name."""
        if isinstance(value, str):
            choice(where, value, list(self.consts), "constant")
            return self.consts[value]["value"]
        return integer(where, value)

    def limits(self, attr):
        """(min, max) of an integer attribute."""
        checks = attr.get("checks", {})
        if "enum" in attr:
            return 0, len(self.enums[attr["enum"]]["entries"]) - 1
        top = (1 << int(attr["type"][1:])) - 1
        return self.value("min", checks.get("min", 0)), self.value("max", checks.get("max", top))

    def request(self, op):
        """The attributes that a request of op may have, in the set's order."""
        names = op.get("do", op.get("dump", {})).get("request", {}).get("attributes", [])
        return [a for a in self.sets[op["attribute-set"]]["attributes"] if a["name"] in names]
