"""The timeline: when jobs were queued and ran, for those who would rather look than read."""

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
    """A job that was created so long ago, queued a minute and ran ten."""
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
    """The last hour, day, week, or everything; in words for those who can't see it."""
    jobs = open_jobs(ROWS)

    for span, count in [("Last hour", 2), ("Last day", 3), ("Last week", 4), ("All", 4)]:
        jobs.button(span).click()

        expect(timeline(jobs)).to_have_accessible_name(
            re.compile(f"^Timeline of {count} jobs, .* to now. The .*: 1 failed, 3 succeeded.$")
        )
        expect(jobs.button(span)).to_have_attribute("aria-pressed", "true")


def test_it_begins_with_the_shortest_span_that_shows_something(
    open_jobs: Callable[..., Jobs],
) -> None:
    """A server whose jobs are days old is not shown as an empty day."""
    jobs = open_jobs(ROWS[3:])

    expect(jobs.button("Last week")).to_have_attribute("aria-pressed", "true")


def test_it_follows_the_filter(open_jobs: Callable[..., Jobs]) -> None:
    """Only what the table shows is drawn."""
    jobs = open_jobs(ROWS)
    expect(timeline(jobs).locator("[data-state=SUCCEEDED]")).not_to_have_attribute("d", "")

    jobs.button("Failed (1)").click()

    expect(timeline(jobs).locator("[data-state=FAILED]")).not_to_have_attribute("d", "")
    expect(timeline(jobs).locator("[data-state=SUCCEEDED]")).to_have_attribute("d", "")


def test_a_bar_leads_to_its_row(open_jobs: Callable[..., Jobs]) -> None:
    """A click on a bar opens the row, and moves the focus there."""
    jobs = open_jobs(ROWS)
    jobs.button("Last hour").click()
    box = timeline(jobs).locator("[data-state=FAILED]").bounding_box()

    jobs.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(jobs.cell("3", "description")).to_be_focused()
    expect(jobs.region.get_by_role("group", name="Operation 3")).to_be_visible()


def test_ten_thousand_jobs_are_few_bars(open_jobs: Callable[..., Jobs]) -> None:
    """Bars count the jobs if there is no room for each; a click looks closer."""
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


def test_it_folds(open_jobs: Callable[..., Jobs]) -> None:
    """It can be put away, and stays away in the next view."""
    jobs = open_jobs(ROWS)

    jobs.button("Timeline").click()
    expect(jobs.region.get_by_role("img")).to_have_count(0)
    jobs.notify("drawAgain")

    expect(jobs.button("Timeline")).to_have_attribute("aria-expanded", "false")
    expect(jobs.region.get_by_role("img")).to_have_count(0)
