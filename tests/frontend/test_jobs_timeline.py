"""The timeline: when jobs were queued and ran, for those who would rather look than read."""

from __future__ import annotations

import datetime
import itertools
import re
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from conftest import NOW_MS
from jobs_page import row
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs
    from playwright.sync_api import Locator

MINUTE, DAY = 60_000, 86_400_000
UTC = datetime.timezone.utc
# Zones and a day on which their clocks are changed: by an hour, by half an hour, at midnight.
CHANGES = [
    ("America/New_York", 2026, 11, 1),
    ("America/New_York", 2026, 3, 8),
    ("Europe/London", 2026, 10, 25),
    ("Europe/London", 2026, 3, 29),
    ("Australia/Lord_Howe", 2026, 4, 5),
    ("Australia/Lord_Howe", 2026, 10, 4),
    ("America/Havana", 2026, 11, 1),
    ("America/Havana", 2026, 3, 8),
    ("Asia/Kathmandu", 2026, 1, 1),
]
MARKS = """async ([from, to, most]) => {
  const { ticks } = await import("/static/jobs/timeline/ticks.js");
  return ticks(from, to, most).map(({ time, text }) => [time, text]);
}"""


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


@pytest.mark.parametrize(
    ("span", "count"), [("Last hour", 2), ("Last day", 3), ("Last week", 4), ("All", 4)]
)
def test_spans(open_jobs: Callable[..., Jobs], span: str, count: int) -> None:
    """The last hour, day, week, or everything; in words for those who can't see it."""
    jobs = open_jobs(ROWS)

    jobs.button(span).click()

    expect(timeline(jobs)).to_have_accessible_name(
        re.compile(f"^Timeline of {count} jobs, .* to now. The table .*: 1 failed, 3 succeeded.$")
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
    """Where there is no room for each job, bars count them; a click looks closer."""
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


@pytest.mark.parametrize(("zone", "year", "month", "day"), CHANGES)
def test_days_have_not_always_24_hours(
    open_jobs: Callable[..., Jobs], zone: str, year: int, month: int, day: int
) -> None:
    """Around a change of the clocks each day is marked once, where it begins."""
    jobs = open_jobs(look={"timezone_id": zone})
    middle = datetime.datetime(year, month, day, 12, tzinfo=ZoneInfo(zone))
    for days in (3, 5, 8, 20, 60):
        start, end = (
            int((middle + sign * datetime.timedelta(days=days)).timestamp() * 1000)
            for sign in (-1, 1)
        )

        marks = jobs.page.evaluate(MARKS, [start, end, 2 * days + 1])

        dates = [datetime.datetime.fromtimestamp(time / 1000, ZoneInfo(zone)) for time, _ in marks]
        assert len(dates) >= days
        assert [text for _, text in marks] == [
            f"{date.day} {date:%b}".replace("Sep", "Sept") for date in dates
        ]
        # Where midnight is left out, the day begins at one.
        assert {date.hour for date in dates} <= {0, 1}
        assert {later - earlier for earlier, later in pairwise(date.date() for date in dates)} == {
            datetime.timedelta(days=1)
        }


@pytest.mark.parametrize(("zone", "year", "month", "day"), CHANGES)
def test_marks_stand_at_full_hours(
    open_jobs: Callable[..., Jobs], zone: str, year: int, month: int, day: int
) -> None:
    """Also on a day on which the clocks are changed, marks are round times, in order, and true."""
    jobs = open_jobs(look={"timezone_id": zone})
    midnight = datetime.datetime(year, month, day, tzinfo=ZoneInfo(zone)).timestamp()
    for minutes, before in itertools.product([5, 15, 30, 60, 120, 180, 360, 720], range(-12, 30)):
        start = (midnight - before * 900) * 1000

        marks = jobs.page.evaluate(MARKS, [start, start + 20 * minutes * 60_000, 20])

        dates = [datetime.datetime.fromtimestamp(time / 1000, ZoneInfo(zone)) for time, _ in marks]
        assert 17 <= len(marks) <= 22
        assert all(a[0] < b[0] for a, b in pairwise(marks))
        assert all((date.hour * 60 + date.minute) % minutes == 0 for date in dates)
        days = [text for _, text in marks if ":" not in text]
        assert len(set(days)) == len(days)
        hours = [
            (f"{date:%H:%M}", text)
            for date, (_, text) in zip(dates, marks, strict=True)
            if ":" in text
        ]
        assert [date for date, _ in hours] == [text for _, text in hours]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (-62_135_596_800_000, 253_402_300_799_000),
        (-62_135_596_800_000, -62_135_510_400_000),
        (253_402_214_400_000, 253_402_300_799_000),
        (0, 0),
        (1, 0),
    ],
)
def test_the_first_and_the_last_year(open_jobs: Callable[..., Jobs], start: int, end: int) -> None:
    """Years 1 and 9999, a moment, and none: few marks, and no text that is no date."""
    jobs = open_jobs()

    marks = jobs.page.evaluate(MARKS, [start, end, 10])

    assert len(marks) <= 12
    assert (len(marks) > 0) == (start < end)
    assert not any("Invalid" in text or "NaN" in text for _, text in marks)
