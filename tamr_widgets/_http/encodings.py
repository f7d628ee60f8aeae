"""Encodings in which a server, a gateway or another library can echo a text.

A text may be escaped for JSON, HTML or JavaScript, percent-encoded, read in another charset, or in
base64.
"""

from __future__ import annotations

import html
import html.entities
import json
import re
from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, quote_plus

# Nested encodings, such as HTML in JSON in a JSON string.
MAX_ENCODINGS = 2


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _slash(text: str) -> str:
    return text.replace("/", r"\/")


def _apostrophe(text: str) -> str:
    return text.replace("'", r"\'")


def _quote_all(text: str) -> str:
    return quote(text, safe="")


def _each(form: str, charset: str = "") -> Callable[[str], str]:
    """Returns an encoder that formats each character, or each byte in a charset, by `form`."""

    def encode(text: str) -> str:
        units = text.encode(charset, "replace") if charset else map(ord, text)
        return "".join(form.format(unit) for unit in units)

    return encode


def _utf16(form: str) -> Callable[[str], str]:
    def encode(text: str) -> str:
        units = text.encode("utf-16-be", "surrogatepass")
        pairs = zip(units[::2], units[1::2], strict=True)
        return "".join(form.format(high * 256 + low) for high, low in pairs)

    return encode


def _entities(text: str) -> str:
    names = html.entities.codepoint2name
    return "".join(f"&{names[ord(c)]};" if ord(c) in names else c for c in text)


# The innermost encoding of several; `_WRAPPERS` are those around it.
_ENCODERS: tuple[Callable[[str], str], ...] = (
    _utf16(r"\u{:04x}"),
    _utf16(r"\u{:04X}"),
    _each("&#{};"),
    _each("&#x{:x};"),
    _each("&#x{:X};"),
    _each("&#{:03};"),
    _entities,
    lambda text: html.escape(text).replace("&#x27;", "&apos;"),
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    _each("%{:02x}", "utf-8"),
    _each("%{:02X}", "latin-1"),
    _each("%{:02x}", "latin-1"),
    _each(r"\x{:02x}", "utf-8"),
    _each(r"\x{:02x}", "latin-1"),
    # UTF-8 that was read as Latin-1, as http.client reads headers
    lambda text: text.encode("utf-8", "replace").decode("latin-1"),
)
_WRAPPERS = (_json, _slash, _apostrophe, html.escape, _quote_all, quote_plus)


def pattern_of(text: str) -> bytes:
    """Returns a pattern for a text in which each character may be in any encoding.

    Runs of one character are encoded together: consecutive backslashes could be grouped in many
    ways, and a pattern for single ones would backtrack exponentially.
    """
    runs = (run[0] for run in re.finditer(r"[A-Za-z0-9]+|([^A-Za-z0-9])\1*", text))
    return b"".join(map(_pattern_of_run, runs))


@lru_cache(maxsize=256)
def _pattern_of_run(run: str) -> bytes:
    if run.isascii() and run.isalnum():  # no encoder changes these
        return run.encode()
    forms = {run} | {encode(run) for encode in _ENCODERS}
    for _ in range(MAX_ENCODINGS):
        forms |= {encode(form) for form in forms for encode in _WRAPPERS}
    written = {form.encode("utf-8", "replace") for form in forms}
    written |= {form.encode("latin-1") for form in forms if max(form) <= "\xff"}
    return b"(?:" + b"|".join(map(re.escape, sorted(written, key=len, reverse=True))) + b")"


def base64_forms(text: str) -> set[str]:
    """Returns the base64 forms of a text, without padding."""
    raw = {text.encode(charset, "replace") for charset in ("utf-8", "latin-1")}
    plain = {b64encode(each).decode().rstrip("=") for each in raw}
    return plain | {each.replace("+", "-").replace("/", "_") for each in plain}
