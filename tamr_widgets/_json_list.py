"""Parses long JSON lists in steps, and only the objects that are not in the previous list.

`json.loads` holds the GIL until the whole text is parsed: all other threads of the kernel are
blocked, for seconds if a server has 200,000 jobs.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any

# A text that is no list is parsed to see whether it is JSON; a longer one is assumed to be.
MAX_OTHER_CHARS = 2**20
_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r",[ \t\n\r]*")

Decode = Callable[[str, int], tuple[Any, int]]
_decode: Decode = json.JSONDecoder().raw_decode


def iter_items(text: str, decode: Decode = _decode) -> Iterator[Any]:
    """Yields the items of the JSON list in `text`, each directly after its parsing.

    Args:
        text: The JSON document.
        decode: Returns the item at a position of `text`, and the position of its end.

    Raises:
        ValueError: It is not JSON.
        TypeError: It is JSON, but not a list.
    """
    at = _after_space(text, 0)
    if not text.startswith("[", at):
        if len(text) <= MAX_OTHER_CHARS:
            json.loads(text)
        msg = "The JSON document is not a list."
        raise TypeError(msg)
    at = _after_space(text, at + 1)
    if text.startswith("]", at):
        _check_end(text, at)
        return
    while True:
        item, at = decode(text, at)
        yield item
        comma = _COMMA.match(text, at) or _COMMA.match(text, _after_space(text, at))
        if comma is None:
            break
        at = comma.end()
    _check_end(text, _after_space(text, at))


class ObjectTexts:
    """The lengths and hashes of the texts of a list's objects."""

    def __init__(self) -> None:
        self._lengths, self._hashes = array("q"), array("q")

    def add(self, text: str) -> None:
        """Adds the text of the next object."""
        self._lengths.append(len(text))
        self._hashes.append(hash(text))

    def at(self, index: int, text: str, start: int) -> str:
        """Returns the text of the object with this index if `text` has it at `start`, else ""."""
        if index < len(self._lengths):
            candidate = text[start : start + self._lengths[index]]
            if hash(candidate) == self._hashes[index]:
                return candidate
        return ""


class ObjectDecoder:
    """Decodes the items of a list; objects of the previous list are recognized by their texts.

    They are expected in the same order. No text of an object is the beginning of another's.

    Args:
        texts: Gets the text of each object.
    """

    def __init__(self, texts: ObjectTexts) -> None:
        self._texts = texts
        self.recognize((), ObjectTexts())

    def recognize(self, objects: Sequence[Any], texts: ObjectTexts) -> None:
        """Sets the objects of the previous list, and their texts."""
        self._known, self._known_texts, self._next = objects, texts, 0
        self._index = {id(each): index for index, each in enumerate(objects)}

    def decode(self, text: str, start: int) -> tuple[Any, int]:
        """Returns the item at a position, and the position of its end."""
        known_text = self._known_texts.at(self._next, text, start)
        if known_text:
            self._texts.add(known_text)
            self._next += 1
            return self._known[self._next - 1], start + len(known_text)
        item, end = _decode(text, start)
        if isinstance(item, dict):
            self._texts.add(text[start:end])
        return item, end

    def expect_after(self, item: object) -> None:
        """Expects next the object that follows `item`, an object of the previous list."""
        self._next = self._index[id(item)] + 1


def _after_space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr] # it always matches


def _check_end(text: str, at: int) -> None:
    if not text.startswith("]", at) or _after_space(text, at + 1) != len(text):
        msg = "Expecting ',' or ']'"
        raise json.JSONDecodeError(msg, text, at)
