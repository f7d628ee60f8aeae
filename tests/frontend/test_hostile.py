"""Any values are drawn as text, within limits, and never as "NaN" or an invalid date."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from panel_page import RUNNING
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs
    from panel_page import Widget
    from playwright.sync_api import Page

MARKUP = "<img src=x onerror=alert(1)><script>alert(1)</script>\"'&amp;"
TEXTS = {
    "markup": MARKUP,
    "a null byte": "a\u0000b\u001b[31m\u009b",
    "right to left": "\u202egnorw \u2066\u05d0",
    "a megabyte": "x" * 1_000_000,
    "a megabyte of words": "word " * 200_000,
    "lines": "a\n\n\n\tb\u2028c\x85d",
    "half a surrogate": "\ud800",
    "a property of objects": "__proto__",
    "nothing": "",
}
DAY = 86_400_000
YEAR_1, YEAR_9999 = -62_135_596_800_000, 253_402_300_799_000
TIMES = [YEAR_1, YEAR_9999, 0, -1, 8.64e15, 8.65e15, 1e300, "2021", [], {}]
FORBIDDEN = ["NaN", "Invalid", "undefined", "Infinity", "[object", "null"]
TEXT_FACTS = ["id", "type", "description", "state", "message", "created_by", "error", "outcome"]
TIME_FACTS = ["created_at", "started_at", "ended_at", "as_of"]


def expect_text_only(page: Page, text: str) -> None:
    assert page.locator("main img, main script").count() == 0
    assert [word for word in FORBIDDEN if word in text] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", TEXTS)
def test_facts_are_text(show: Callable[..., Widget], page: Page, name: str) -> None:
    """All parts of the panel are checked; a megabyte is cut, and the buttons are still visible."""
    text = TEXTS[name]
    more = {"callback_error": text, "details": text, "error_kind": "action"}

    widget = show(RUNNING | dict.fromkeys(TEXT_FACTS, text) | more)
    page.clock.run_for(2_000)

    expect(widget.button("Cancel job")).to_be_visible()
    shown = widget.panel.inner_text()
    assert len(shown) < 6_000
    expect_text_only(page, shown)
    assert len(widget.panel.get_attribute("aria-label") or "") < 2_000


@pytest.mark.parametrize("name", TEXTS)
def test_rows_are_text(open_jobs: Callable[..., Jobs], name: str) -> None:
    """Cells, a confirmation, a report and an error are checked; a row stays one line high."""
    text = TEXTS[name]
    jobs = open_jobs(
        [
            [text, text, text, text, 1000, 2000, 3000, text, None],
            [*[text] * 4, *[None] * 3, text, None],
        ]
    )
    jobs.call("set", "_status", {"error": text, "error_kind": "action", "callback_error": text})
    jobs.grid.locator("[data-key] [data-column=pick]").first.click()
    jobs.region.locator(".bulk button[value=delete]").click()
    assert len(jobs.region.inner_text()) < 8_000
    jobs.button("Yes, delete it").click()
    jobs.call(
        "receive",
        {
            "report": {
                "action": "delete",
                "done": 1,
                "of": 1,
                "failed": [[text, text]],
                "over": True,
            }
        },
    )
    jobs.page.clock.run_for(2_000)

    shown = jobs.region.inner_text()
    assert len(shown) < 8_000
    expect_text_only(jobs.page, shown)
    assert jobs.grid.locator("[data-key]").first.bounding_box()["height"] < 40


@pytest.mark.parametrize("time", TIMES, ids=str)
def test_invalid_times_of_facts(show: Callable[..., Widget], page: Page, time: Any) -> None:
    """A time out of range is omitted; the other facts are shown."""
    for name in TIME_FACTS:
        widget = show(RUNNING | {name: time, "resolved": name == "ended_at"})
        page.clock.run_for(1_000)
        expect_text_only(page, widget.panel.inner_text())
    widget = show(
        RUNNING
        | dict.fromkeys([*TIME_FACTS, "checked_at", "retry_at"], time)
        | {"error": "x", "error_kind": "retrying"}
    )
    page.clock.run_for(1_000)
    expect_text_only(page, widget.panel.inner_text())
    expect(widget.panel).to_contain_text("Train Mastering Model")


@pytest.mark.parametrize("time", TIMES, ids=str)
def test_invalid_times_of_rows(open_jobs: Callable[..., Jobs], time: Any) -> None:
    """The table, its sorting, the timeline and expanded rows are checked."""
    row = ["SUCCEEDED", "Train", "admin"]
    jobs = open_jobs(
        [
            ["1", *row, time, time, time, "SPARK", None],
            ["2", "RUNNING", *row[1:], time, time, None, "SPARK", [time, time, time, time]],
            ["3", *row, 1000, time, 3000, "SPARK", None],
            ["4", *row, 1000, 2000, time, "SPARK", None],
            ["5", "PENDING", *row[1:], time, None, None, "SPARK", [1, 1, 1, 1]],
        ]
    )
    for column in ("Created", "Queued", "Ran", "Time left"):
        jobs.header(column).click()
    for span in ("Last hour", "Last week", "All"):
        jobs.button(span).click()
        jobs.page.clock.run_for(1_000)
        expect_text_only(jobs.page, jobs.region.inner_text())
        labels = jobs.region.locator("[aria-label]").evaluate_all(
            "all => all.map(each => each.ariaLabel)"
        )
        shapes = jobs.region.locator("path").evaluate_all(
            "all => all.map(each => each.getAttribute('d'))"
        )
        assert [word for word in FORBIDDEN if word in json.dumps([labels, shapes])] == []
    assert sorted(jobs.keys) == ["1", "2", "3", "4", "5"]
    for key in "1234":
        jobs.cell(key, "description").click()
    jobs.page.clock.run_for(1_000)
    expect_text_only(jobs.page, jobs.region.inner_text())
