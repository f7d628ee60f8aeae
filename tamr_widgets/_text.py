"""Makes text of a server fit for a line of a message, a log or a page."""

from __future__ import annotations


def sanitize(text: str, max_chars: int) -> str:
    """Removes control characters and line breaks, and cuts at `max_chars` characters.

    What is not printable could move a cursor, turn the direction of what follows, or (half of a
    surrogate pair) break whatever encodes it.
    """
    start = text[: 2 * max_chars]
    shown = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    return (
        shown
        if len(text) == len(start) and len(shown) <= max_chars
        else shown[: max_chars - 1] + "…"
    )
