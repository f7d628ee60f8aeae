"""Failed jobs: those that still fail, their reasons, similar failures; and copied rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jobs_page import row
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs

HOUR = 3_600_000
REASON = "AnalysisException: cannot resolve '`compnay_name_{}`'; line {} pos 7;"
ROWS = [
    row("20", description="Update Clusters", state="RUNNING", ended=None),
    row("19", description="Publish Clusters", state="FAILED", reason="no space", since=True),
    row("18", state="FAILED", reason=REASON.format(1, 3), since=True),
    row("17", state="FAILED", reason=REASON.format(2, 9), since=False),
    row("16", state="FAILED", reason=REASON.format(3, 4), since=61_200_000),
    row("15", state="CANCELED", reason="Cancelled by admin, at step 3 of 8"),
]
FAKE_CLIPBOARD = """() => Object.defineProperty(navigator, "clipboard", {
  configurable: true, value: { writeText: async (text) => { globalThis.copied = text; } },
})"""


@pytest.fixture
def jobs(open_jobs: Callable[..., Jobs]) -> Jobs:
    jobs = open_jobs(ROWS, traits={"_status": {"host": "production", "total": len(ROWS)}})
    jobs.page.evaluate(FAKE_CLIPBOARD)
    return jobs


def test_still_failing_is_the_first_filter(jobs: Jobs) -> None:
    """It is shown only while a job still fails."""
    filters = jobs.region.get_by_role("group", name="State").get_by_role("button")
    expect(filters.first).to_have_text("Still failing (2)")

    filters.first.click()

    expect(filters.first).to_have_attribute("aria-pressed", "true")
    assert jobs.keys == ["19", "18"]
    assert jobs.trait("filter_state") == "FAILING"
    filters.first.click()
    jobs.search.focus()
    for key in ("19", "18"):
        jobs.change(row(key, state="FAILED", reason="no space", since=99_000))
    expect(jobs.region.get_by_role("button", name="Still failing")).to_have_count(0)


def test_a_failed_row_shows_its_reason_and_a_later_success(jobs: Jobs) -> None:
    """They are in a second line; a cancelled row shows the user who cancelled it."""
    expect(jobs.cell("18", "description")).to_have_text(
        "Train Mastering Model" + REASON.format(1, 3)
    )
    succeeded_since = jobs.cell("16", "description")
    expect(succeeded_since).to_have_text(
        re.compile("succeeded since, on 1 Jan 1970: AnalysisException")
    )
    expect(jobs.cell("15", "description")).to_contain_text("Cancelled by admin, at step 3 of 8")
    plain, first, second = (
        jobs.row(key).evaluate("row => row.getBoundingClientRect().toJSON()")
        for key in ("20", "19", "18")
    )
    assert first["height"] == second["height"] > plain["height"]
    assert second["top"] == first["bottom"]


def test_the_search_finds_the_reason(jobs: Jobs) -> None:
    """It looks for all words."""
    jobs.search.fill("compnay_name_2 resolve")

    assert jobs.keys == ["17"]


def test_similar_failures_are_shown(jobs: Jobs) -> None:
    """Their reasons differ only in names and numbers; the chip shows all rows again."""
    jobs.cell("18", "description").click()

    jobs.button("3 jobs failed like this").click()

    assert jobs.keys == ["18", "17", "16"]
    only = jobs.region.get_by_role("button", name="Only jobs that failed like: AnalysisException")
    only.click()
    assert len(jobs.keys) == 6


def test_a_unique_failure_has_no_button_for_similar_ones(jobs: Jobs) -> None:
    jobs.cell("19", "description").click()

    expect(jobs.button("All its runs")).to_be_visible()
    expect(jobs.region.get_by_role("button", name="failed like this")).to_have_count(0)


def test_all_matching_rows_are_copied(jobs: Jobs) -> None:
    """They are tab-separated, in the order of the table; the button shows their number."""
    jobs.search.fill("resolve")

    jobs.button("Copy 3 rows").click()

    expect(jobs.button("Copied")).to_be_focused()
    lines = jobs.page.evaluate("copied").split("\n")
    assert [line.split("\t")[0] for line in lines] == ["id", "18", "17", "16"]
    jobs.search.focus()
    expect(jobs.button("Copy 3 rows")).to_be_visible()


def test_only_selected_rows_are_copied(jobs: Jobs) -> None:
    """Selected rows that the filter hides are copied, too."""
    jobs.cell("19", "pick").click()
    jobs.cell("15", "pick").click()
    jobs.search.fill("space")

    jobs.button("Copy 2 rows").click()

    expect(jobs.button("Copied")).to_be_focused()
    lines = jobs.page.evaluate("copied").split("\n")
    assert [line.split("\t")[0] for line in lines] == ["id", "19", "15"]


def test_rows_are_saved_as_csv(jobs: Jobs) -> None:
    """The browser saves a file that is named after the server; the kernel is not needed."""
    jobs.call("connection", {"lost": True})

    with jobs.page.expect_download() as download:
        jobs.button("Save 6 rows as CSV").click()

    assert download.value.suggested_filename == "jobs-production.csv"
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert len(text.splitlines()) == 7
    assert "no space" in text


def test_copying_is_disabled_without_rows(jobs: Jobs) -> None:
    """The button shows the reason."""
    jobs.search.fill("nothing like it")

    expect(jobs.button("Copy 0 rows")).to_have_attribute("aria-disabled", "true")
    expect(jobs.button("Copy 0 rows")).to_have_accessible_description("There are no rows.")


def test_ten_thousand_failures_scroll_to_the_end(open_jobs: Callable[..., Jobs]) -> None:
    """Rows of two lines have the right positions."""
    rows = [
        row(str(number), state="FAILED" if number % 3 else "SUCCEEDED", reason=None)
        for number in range(1, 10_001)
    ]
    for each in rows:
        each[10] = "no space" if each[1] == "FAILED" else None
    jobs = open_jobs(rows)

    jobs.grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight }")

    expect(jobs.row("1")).to_be_attached()
    assert jobs.row("1").evaluate("row => row.offsetTop + row.offsetHeight") == jobs.row(
        "1"
    ).evaluate("row => row.parentElement.offsetHeight")
