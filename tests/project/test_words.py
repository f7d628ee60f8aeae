"""The files use the project's vocabulary."""

from __future__ import annotations

import pytest
from words import (
    check_faults,
    check_javascript,
    check_markdown,
    check_python,
    check_verbs,
    files,
    located,
)


def found(check, source):
    return sorted((each.line, each.word) for each in check(source))


@pytest.mark.parametrize(
    ("source", "line", "word"),
    [
        ("class Courier: ...", 1, "Courier"),
        ("def f(_answer): ...", 1, "_answer"),
        ("x = 1\nx.asked = 2", 2, "asked"),
        ("from .lessons import Job", 1, "lessons"),
        ("from x import Job as Patience", 1, "Patience"),
        ("f(time_limit=1)", 1, "time_limit"),
        ("MOST_CHARS = 9", 1, "MOST_CHARS"),
        ('"""What came back."""', 1, "what ..."),
        ('def f():\n    """\n    Whoever waits."""', 3, "whoever"),
        ('"""Sends it.\n\nWhat is left stays."""', 3, "what ..."),
        ('"""Sends it.\n\nArgs:\n    x: What to send."""', 4, "what ..."),
        ('"""Leaves it as\nit is."""', 1, "as it is"),
        ("x = 1  # Whoever waits", 1, "whoever"),
        ("# One line.\n# Where is the next?", 1, None),
        ("\n# How soon.\nx = 1", 2, "how ..."),
        ("raise ValueError(f'{x} is told')", 1, "told"),
        ("msg = 'an answer'", 1, "answer"),
        ("x = t.Unicode(\n    help='What went wrong.')", 2, "what ..."),
    ],
)
def test_python_is_searched(source, line, word):
    """A forbidden name, phrase or first word is found with its line."""
    assert ((line, word) in found(check_python, source)) == (word is not None)


@pytest.mark.parametrize(
    "source",
    [
        '"""Whether the job has ended."""',
        '"""Fetches what changed."""',
        "text = 'The server answered; whoever'",
        "# noqa: S101\nalmost = leased = 1",
        "def f(answered): ...",
    ],
)
def test_other_python_passes(source):
    """Plain English is accepted, and so is text that is neither documentation nor an error."""
    assert found(check_python, source) == []


def test_docstrings_are_in_the_third_person():
    """An imperative at the beginning is found."""
    assert found(check_verbs, 'x = 1\ndef f():\n    """Return it."""') == [(3, "imperative Return")]
    assert found(check_verbs, 'def f():\n    """Returns it."""') == []


def test_faults_are_found_in_code_and_text():
    """Other words that end in "fault" are not."""
    source = "default = 1\nfault_kind = 2  # a fault\nonFault(Defaults, faulty)"

    assert found(check_faults, source) == [(2, "fault"), (2, "fault"), (3, "Fault")]


def test_javascript_is_searched():
    """Names are found in the code, phrases in the comments, and neither in strings."""
    source = 'const url = "http://told";\n/** What came.\n * As it is. */\nlet notice = "press";'

    assert found(check_javascript, source) == [(2, "what ..."), (3, "as it is"), (4, "notice")]


def test_markdown_is_searched():
    """Phrases are found in the prose, not in code."""
    text = "Fine.\n\n```\ntold\n```\n\n    told\n\n`told` is told."

    assert found(check_markdown, text) == [(9, "told")]


def test_files_use_the_project_s_vocabulary():
    """Each finding is printed as file:line: word."""
    found = [each for path in files() for each in located(path)]

    assert not found, "\n".join(found)
