"""Reads fields of JSON documents, whose values may have any type."""

from __future__ import annotations

import math
import re
from typing import Any

from .._text import MAX_TEXT_CHARS

# More than any document of Tamr's has, and far below Python's recursion limit.
MAX_LEVELS = 20

# JSON can contain lone surrogates, which cannot be encoded as UTF-8.
_SURROGATES = re.compile("[\ud800-\udfff]")


def normalized_copy(value: Any, levels: int = MAX_LEVELS) -> Any:
    """Copies a JSON value so that it can be compared, pickled and encoded.

    Containers below `levels` become empty, lone surrogates U+FFFD, and NaN None.
    """
    if isinstance(value, dict):
        return (
            {key: normalized_copy(each, levels - 1) for key, each in value.items()}
            if levels
            else {}
        )
    if isinstance(value, list):
        return [normalized_copy(each, levels - 1) for each in value] if levels else []
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float) and math.isnan(value):
        return None  # json.loads() accepts NaN, which is not equal to itself
    return value


def have_equal_copies(first: object, second: object, levels: int = MAX_LEVELS) -> bool:
    """Whether the normalized copies of two JSON values are equal."""
    if is_equal(first, second):
        return True
    if isinstance(first, dict) and isinstance(second, dict) and levels:
        return first.keys() == second.keys() and all(
            have_equal_copies(each, second[name], levels - 1) for name, each in first.items()
        )
    if isinstance(first, list) and isinstance(second, list) and levels:
        return len(first) == len(second) and all(
            have_equal_copies(each, other, levels - 1)
            for each, other in zip(first, second, strict=True)
        )
    # Texts and numbers, or of different types, or empty in a copy.
    return bool(normalized_copy(first, levels) == normalized_copy(second, levels))


def is_equal(first: object, second: object) -> bool:
    """Whether two JSON values are equal; False if their nesting is too deep to compare."""
    try:
        return first is second or first == second
    except RecursionError:
        return False


def field(value: object, name: str) -> Any:
    """Returns a field of an object; None if the field is missing or the value is no object."""
    return value.get(name) if isinstance(value, dict) else None


def text(value: object) -> str | None:
    """Converts a value to a string; None if it is None or cannot be converted."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
    if value is None:
        return None
    try:
        return str(normalized_copy(value))[:MAX_TEXT_CHARS]
    except ValueError:  # an integer of more digits than Python converts
        return None
