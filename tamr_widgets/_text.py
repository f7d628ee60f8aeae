"""Makes text of a server safe for one line of a message, a log or a page."""

from __future__ import annotations


def sanitize(text: str, max_chars: int) -> str:
    """Collapses whitespace and unprintable characters to spaces, and cuts at `max_chars`.

    Characters that are not printable could move a cursor, reverse the direction of the text, or, as
    lone surrogates, fail to be encoded.
    """
    start = text[: 2 * max_chars]
    if not start.isprintable():
        start = "".join(c if c.isprintable() else " " for c in start)
    shown = " ".join(start.split())
    return (
        shown
        if len(text) == len(start) and len(shown) <= max_chars
        else shown[: max_chars - 1] + "…"
    )
