# SPDX-License-Identifier: GPL-2.0
"""Reads files of results, with readable errors if they are invalid."""

import json
from pathlib import Path

from . import schema


class BadInput(Exception):
    """A file cannot be used. The message names it and the reason."""


def read(path):
    """The decoded JSON of the file."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise BadInput(f"{path}: no JSON: {error}") from error


def checked(path, check, *args):
    """The decoded JSON of the file, after check(document, *args) has accepted it."""
    found = read(path)
    try:
        check(found, *args)
    except schema.SchemaError as error:
        raise BadInput(f"{path}: {error}") from error
    return found
