"""Bounds texts of a server, and makes them safe for one line of a message, a log or a page.

A text that a page shows, or code compares, keeps its characters (`cut`); one within a sentence
keeps only those that are printable (`sanitize`).
"""

from __future__ import annotations

# The limits of all texts, in characters.
MAX_LABEL_CHARS = 60  # what people call a server or a recipient
MAX_FACT_CHARS = 100  # an id, a state, a user or another job within a sentence
MAX_NAME_CHARS = 200  # a job's description, or another error's reason, within a sentence
MAX_LINE_CHARS = 300  # an address, a request line, or the reason of a failure in a table's row
MAX_SUMMARY_CHARS = 500  # a status message in words; some list all columns of a dataset
MAX_TEXT_CHARS = 1000  # any other text: in a page, a cell of a table, a line of a log
MAX_BODY_CHARS = 2000  # the body of a response in an error message
MAX_MESSAGE_CHARS = 4000  # an error message as a whole
MAX_DETAILS_CHARS = 100_000  # a status message in full, often with a stack trace


def sanitize(text: str, max_chars: int = MAX_FACT_CHARS) -> str:
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


def cut(text: str | None, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Returns a text cut to `max_chars`, with a note of how many characters were cut off."""
    if not text or len(text) <= max_chars:
        return text or ""
    return f"{text[:max_chars]}… ({len(text) - max_chars:,} more characters)"
