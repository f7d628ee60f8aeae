from __future__ import annotations

import pytest

from tamr_widgets._text import cut, sanitize


@pytest.mark.parametrize(
    ("text", "max_chars", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("a\x00b\x1b[31mc\u202ed\ud800e", 20, "a b [31mc d e"),
        (" a \t\n b ", 10, "a b"),
        ("\x00" * 10, 3, "…"),
        ("", 3, ""),
        ("\u00e9\U0001f600", 5, "\u00e9\U0001f600"),
    ],
)
def test_text_is_sanitized(text, max_chars, shown):
    """Control characters, directional marks and surrogates become blanks."""
    assert sanitize(text, max_chars) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, ""),
        ("", ""),
        (" a\n\tb\u202e ", " a\n\tb\u202e "),
        ("x" * 1000, "x" * 1000),
        ("x" * 2500, "x" * 1000 + "… (1,500 more characters)"),
    ],
)
def test_a_text_that_is_cut_keeps_its_characters(text, shown):
    """Line breaks and directional marks stay; the number of missing characters is shown."""
    assert cut(text) == shown
