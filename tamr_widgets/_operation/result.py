"""Decodes the result of an export or import: a protobuf StringValue in base64, as recorded."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from .document import field

# Longer than any path of a file system.
MAX_BASE64_CHARS = 20_000
# Field number 1, of which the value is preceded by its length.
_TAG = 0x0A


def string_value(result: Any) -> str | None:
    """Returns the text of a StringValue; None if it is empty or something else."""
    kind, value = field(result, "typeUrl"), field(result, "value")
    if not (isinstance(kind, str) and kind.endswith("StringValue")):
        return None
    if not isinstance(value, str) or len(value) > MAX_BASE64_CHARS:
        return None
    try:
        message = b64decode(value, validate=True)
        length, start = _varint(message, 1)
        text = message[start : start + length].decode()
    except (ValueError, IndexError):
        return None
    if message[:1] != bytes([_TAG]) or start + length != len(message):
        return None
    return text or None


def _varint(message: bytes, start: int) -> tuple[int, int]:
    """Returns a number in groups of 7 bits, the lowest first, and the position behind it."""
    number = shift = 0
    for position in range(start, len(message)):
        number |= (message[position] & 0x7F) << shift
        shift += 7
        if message[position] < 0x80:
            return number, position + 1
    raise ValueError
