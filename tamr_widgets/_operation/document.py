"""Reading a server's JSON document, in which anything may stand where something is expected."""

from __future__ import annotations

import math
import re
from typing import Any

# Deeper than any document of Tamr's, and far from where Python's recursion ends.
MAX_LEVELS = 20
MAX_TEXT_CHARS = 1000

# Halves of characters, which JSON can write and nothing can encode.
_HALVES = re.compile("[\ud800-\udfff]")


def normalized_copy(value: Any, levels: int = MAX_LEVELS) -> Any:
    """A copy of a JSON value that can be compared, pickled and encoded, whatever a server sent."""
    if isinstance(value, dict):
        return (
            {key: normalized_copy(each, levels - 1) for key, each in value.items()}
            if levels
            else {}
        )
    if isinstance(value, list):
        return [normalized_copy(each, levels - 1) for each in value] if levels else []
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, float) and math.isnan(value):
        return None  # Python reads it in JSON, and it is not equal to itself
    return value


def is_equal(first: object, second: object) -> bool:
    """Whether two JSON values are equal; False for those that are too deep to be compared."""
    try:
        return first == second
    except RecursionError:
        return False


def field(value: object, name: str) -> Any:
    """A field of an object, or None if there is no such field or no object."""
    return value.get(name) if isinstance(value, dict) else None


def text(value: object) -> str | None:
    """What should be a string, as one; None if it is missing."""
    if value is None:
        return None
    if isinstance(value, str):
        return _whole(value)
    try:
        return str(normalized_copy(value))[:MAX_TEXT_CHARS]
    except ValueError:  # an integer of more digits than Python writes
        return None


def _whole(characters: str) -> str:
    return _HALVES.sub("\ufffd", characters)
