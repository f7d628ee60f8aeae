"""Parses long JSON lists in steps.

`json.loads` holds the interpreter's lock for the whole text: every other thread of the kernel
stands still meanwhile, for seconds where a server has 200,000 jobs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_END = re.compile(r"[ \t\n\r]*\][ \t\n\r]*\Z")
_decode = json.JSONDecoder().raw_decode


def iter_items(text: str) -> Iterator[Any]:
    """Yields the items of the JSON list in `text`, each when it is parsed.

    Raises:
        ValueError: It is not JSON.
        TypeError: It is JSON, but not a list.
    """
    start = _SPACE.match(text).end()  # type: ignore[union-attr] # it matches nothing, too
    if not text.startswith("[", start):
        json.loads(text)
        msg = "The JSON document is not a list."
        raise TypeError(msg)
    at = start + 1
    if _END.match(text, at):
        return
    at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    while True:
        item, at = _decode(text, at)
        yield item
        comma = _COMMA.match(text, at)
        if comma is None:
            break
        at = comma.end()
    if not _END.match(text, at):
        msg = "Expecting ',' or ']'"
        raise json.JSONDecodeError(msg, text, at)
