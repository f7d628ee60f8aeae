"""The timeline: a picture of the times when jobs were queued and ran."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jobs_page import row
from local_site import NOW_MS
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs
    from playwright.sync_api import Locator

MINUTE, DAY = 60_000, 86_400_000


def job(key: str, ago: int, **facts: object) -> list[object]:
    """The row of a job that was created some time ago, queued a minute and ran ten."""
    created = NOW_MS - ago
    times = {"created": created, "started": created + MINUTE, "ended": created + 11 * MINUTE}
    return row(key, **(times | facts))


ROWS = [
    job("4", 30 * MINUTE),
    job("3", 50 * MINUTE, state="FAILED"),
    job("2", 5 * 60 * MINUTE),
    job("1", 3 * DAY),
]


def timeline(jobs: Jobs) -> Locator:
    jobs.page.clock.run_for(100)
    return jobs.region.get_by_role("img")


def test_spans(open_jobs: Callable[..., Jobs]) -> None:
    """They are the last hour, day, week, or all; the accessible name describes the picture."""
    jobs = open_jobs(ROWS)

    for span, count in [("Last hour", 2), ("Last day", 3), ("Last week", 4), ("All", 4)]:
        jobs.button(span).click()

        expect(timeline(jobs)).to_have_accessible_name(
            re.compile(f"^Timeline of {count} jobs, .* to now. The .*: 1 failed, 3 succeeded.$")
        )
        expect(jobs.button(span)).to_have_attribute("aria-pressed", "true")


def test_the_initial_span_is_the_shortest_with_jobs(
    open_jobs: Callable[..., Jobs],
) -> None:
    """If all jobs are days old, an empty day is not shown."""
    jobs = open_jobs(ROWS[3:])

    expect(jobs.button("Last week")).to_have_attribute("aria-pressed", "true")


def test_the_timeline_follows_the_filter(open_jobs: Callable[..., Jobs]) -> None:
    """Only jobs in the table are drawn."""
    jobs = open_jobs(ROWS)
    expect(timeline(jobs).locator("[data-state=SUCCEEDED]")).not_to_have_attribute("d", "")

    jobs.button("Failed (1)").click()

    expect(timeline(jobs).locator("[data-state=FAILED]")).not_to_have_attribute("d", "")
    expect(timeline(jobs).locator("[data-state=SUCCEEDED]")).to_have_attribute("d", "")


def test_a_click_on_a_bar_expands_its_row(open_jobs: Callable[..., Jobs]) -> None:
    """The focus moves to the row."""
    jobs = open_jobs(ROWS)
    jobs.button("Last hour").click()
    box = timeline(jobs).locator("[data-state=FAILED]").bounding_box()

    jobs.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(jobs.cell("3", "description")).to_be_focused()
    expect(jobs.region.get_by_role("group", name="Operation 3")).to_be_visible()


def test_many_jobs_are_drawn_as_few_bars(open_jobs: Callable[..., Jobs]) -> None:
    """Bars count the jobs if there is no space for each; a click zooms in."""
    jobs = open_jobs(10_000)
    jobs.button("All").click()
    picture = timeline(jobs)

    expect(picture.locator("[data-state=SUCCEEDED]")).to_be_visible()
    assert picture.locator("path").count() < 10
    shapes = picture.locator("path").evaluate_all(
        "all => all.map((path) => path.getAttribute('d'))"
    )
    assert 1_000 < sum(map(len, shapes)) < 60_000
    name = picture.get_attribute("aria-label")
    box = picture.locator("[data-state=SUCCEEDED]").bounding_box()
    jobs.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 2)

    expect(timeline(jobs)).not_to_have_attribute("aria-label", name)
    assert jobs.sent("expand") == []


def test_the_timeline_collapses(open_jobs: Callable[..., Jobs]) -> None:
    """It stays collapsed in the next view."""
    jobs = open_jobs(ROWS)

    jobs.button("Timeline").click()
    expect(jobs.region.get_by_role("img")).to_have_count(0)
    jobs.call("drawAgain")

    expect(jobs.button("Timeline")).to_have_attribute("aria-expanded", "false")
    expect(jobs.region.get_by_role("img")).to_have_count(0)
