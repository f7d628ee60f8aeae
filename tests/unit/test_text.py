from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tamr_widgets
from tamr_widgets import _text
from tamr_widgets._text import cut, sanitize

LIMITS = {name for name in vars(_text) if name.startswith("MAX_")}


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
    """No control characters, no turned direction, no halves of characters, no endless length."""
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
    """Lines and directions stay; the number of characters that are missing is shown."""
    assert cut(text) == shown


def test_limits_of_text_are_in_one_table():
    """No other module has a limit of its own for the texts that it shows."""
    others = {
        (path.name, ast.unparse(limit))
        for path in Path(tamr_widgets.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("cut", "sanitize")
        for limit in call.args[1:]
        if ast.unparse(limit) not in LIMITS
    }

    assert others == set()
