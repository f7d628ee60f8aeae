from __future__ import annotations

import json
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fakes import document
from hypothesis import given
from hypothesis import strategies as st

from tamr_widgets import Operation
from tamr_widgets._operation.html import duration, facts, html_rows, html_table, plain_text

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</td></tr></table><h1>",
    "&lt;b&gt;",
    "a\x00b\x1b[31m",
    "\u202egnitirw\u202c \u2066",
    "x" * 1_000_000,
    "\ud800",
]
TAGS = {"table", "caption", "tbody", "thead", "tr", "th", "td", "bdi"}


class Page(HTMLParser):
    """The elements, attributes and text of a piece of HTML."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.open, self.words = set(), set(), [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


def hostile_operation(text):
    return Operation(
        None,
        document(
            text,
            type=text,
            description=text,
            id=text,
            relativeId=f"operations/{text}",
            created={"username": text},
            status={"state": text, "message": text},
        ),
    )


def assert_harmless(html):
    page = Page(html)
    assert page.tags <= TAGS
    assert page.attributes <= {"class", "style"}
    assert page.open == []
    assert all(each.isprintable() for each in page.words)
    html.encode()
    return page


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_hostile_text_is_escaped(text):
    """A table, a table row and a line of text contain no markup of a server."""
    operation = hostile_operation(text)

    page = assert_harmless(html_table(operation))
    assert_harmless(html_rows([operation], text[:100]))

    if text.isprintable() and len(text) < 100:
        assert text in page.words
    assert len(page.words) < 10_000
    assert plain_text(operation).isprintable()
    assert len(plain_text(operation)) <= 1000


def test_right_to_left_text_is_isolated():
    """Arabic or Hebrew must not reverse the text beside it."""
    assert "<bdi>\u05e9\u05dc\u05d5\u05dd</bdi>" in html_table(
        Operation(None, document(description="\u05e9\u05dc\u05d5\u05dd"))
    )


def test_the_facts_of_an_ended_job():
    """Known facts are in the order of importance; unknown ones are left out."""
    assert facts(Operation(None, document("SUCCEEDED"))) == [
        ("State", "SUCCEEDED"),
        ("Description", "Train Mastering Model"),
        ("Id", "17"),
        ("Type", "SPARK"),
        ("Started by", "admin"),
        ("Created", "2021-01-29 18:24:40 UTC"),
        ("Queued for", "13 s"),
        ("Ran for", "1 min"),
    ]


def test_the_facts_of_an_empty_document():
    """Only the state is shown, as unknown."""
    assert facts(Operation(None, {})) == [("State", "unknown")]


def test_a_running_job_shows_the_time_of_its_snapshot():
    """Its duration has another label, since it still grows."""
    operation = Operation(None, document("RUNNING"))

    assert "Running for" in dict(facts(operation))
    assert f"As it was on {operation.as_of:%Y-%m-%d %H:%M:%S} UTC." in html_table(operation)
    assert "As it was" not in html_table(Operation(None, document("FAILED")))


def test_a_line_of_text():
    """It has id, state and description, and the message if there is one."""
    failed = {"state": "FAILED", "message": "java.io.IOException: full\n\tat x"}

    assert plain_text(Operation(None, document())) == (
        "Operation 17: RUNNING: Train Mastering Model"
    )
    assert plain_text(Operation(None, document(status=failed))) == (
        "Operation 17: FAILED: Train Mastering Model (IOException: full)"
    )


DURATIONS = json.loads((Path(__file__).parents[1] / "durations.json").read_text("utf-8"))


@pytest.mark.parametrize(("seconds", "words"), DURATIONS)
def test_a_duration_as_text(seconds, words):
    """The page is tested with the same cases; an unknown duration is an empty text."""
    assert duration(None if seconds is None else timedelta(seconds=seconds)) == words


@given(st.text(st.characters(), max_size=50))
def test_any_text_is_harmless(text):
    """No text of a server becomes markup."""
    assert_harmless(html_table(hostile_operation(text)))
