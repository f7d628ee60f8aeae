"""Parses long JSON lists in steps.

`json.loads` holds the GIL until the whole text is parsed: all other threads of the kernel are
blocked, for seconds if a server has 200,000 jobs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# Of a text that is no list; a longer one is not parsed, but assumed to be JSON.
MAX_OTHER_CHARS = 2**20
_SPACE = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode


def iter_items(text: str) -> Iterator[Any]:
    """Yields the items of the JSON list in `text`, each directly after its parsing.

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
        item, at = _decode(text, at)
        yield item
        at = _after_space(text, at)
        if not text.startswith(",", at):
            break
        at = _after_space(text, at + 1)
    _check_end(text, at)


def _after_space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr] # it always matches


def _check_end(text: str, at: int) -> None:
    if not text.startswith("]", at) or _after_space(text, at + 1) != len(text):
        msg = "Expecting ',' or ']'"
        raise json.JSONDecodeError(msg, text, at)
