# SPDX-License-Identifier: GPL-2.0
"""Files of results, read with words for people when they are not what they should be."""

import json
from pathlib import Path

from . import schema


class BadInput(Exception):
    """A file cannot be used; the message names it and says why."""


def read(path):
    """What JSON it holds."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise BadInput(f"{path}: no JSON: {error}") from error


def checked(path, check, *args):
    """Likewise, and check(document, *args) has nothing against it."""
    found = read(path)
    try:
        check(found, *args)
    except schema.SchemaError as error:
        raise BadInput(f"{path}: {error}") from error
    return found
