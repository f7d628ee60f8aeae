"""Waiting jobs in their queue, late jobs, and the past runs of a job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from jobs_page import row
from local_site import NOW_MS
from panel_page import RUNNING, ago
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs
    from panel_page import Widget
    from playwright.sync_api import Locator, Page

PENDING = RUNNING | {"state": "PENDING", "created_at": ago(5)}
del PENDING["started_at"]
QUEUE = {"median": 85, "low": 65, "high": 115, "samples": 25}
ESTIMATE = {"median": 31, "low": 28, "high": 36, "samples": 20}
AHEAD = {"count": 2, "names": ["Update Clusters", "Train Model"]}
WEEK = 7 * 86_400
PAST = {
    "runs": [
        *([ago(3600 * (20 - n)), 30 + n % 3] for n in range(18)),
        [ago(7200), 12, "FAILED"],
        [ago(3600), None, "CANCELED"],
    ],
    "usual": ESTIMATE,
    "change": 0.45,
    "since": ago(4 * WEEK + 60),
}


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (
            {"queue": QUEUE, "ahead": AHEAD},
            (
                "3rd in the queue, starts in about 1 min 20 s (60 to 110 s), "
                "behind Update Clusters and 1 more"
            ),
        ),
        (
            {"queue": QUEUE, "ahead": {"count": 1, "names": ["Train Model"]}, "estimate": ESTIMATE},
            (
                "2nd in the queue, starts in about 1 min 20 s (60 to 110 s), "
                "behind Train Model; ends in about 1 min 50 s"
            ),
        ),
        (
            {"queue": QUEUE | {"high": 95}, "ahead": {"count": 10, "names": ["Train Model"]}},
            (
                "11th in the queue, starts in about 1 min 20 s (60 to 90 s), "
                "behind Train Model and 9 more"
            ),
        ),
        ({"ahead": AHEAD}, "3rd in the queue, behind Update Clusters and 1 more"),
        (
            {"queue": {"median": 12, "low": 8, "high": 60, "samples": 20}, "estimate": ESTIMATE},
            "Starts in about 7 s (3 to 55 s, from 20 past runs); ends in about 40 s",
        ),
    ],
    ids=["third", "second", "eleventh", "no start", "next"],
)
def test_a_waiting_job(show: Callable[..., Widget], facts: dict[str, Any], text: str) -> None:
    """The panel shows its place, the time until its start, jobs ahead, and its end, if known."""
    widget = show(PENDING | facts)

    expect(widget.panel.get_by_text(text, exact=True)).to_be_visible()


def test_the_times_of_a_waiting_job_are_updated(show: Callable[..., Widget], page: Page) -> None:
    """In the end it is queued longer than usual."""
    widget = show(PENDING | {"queue": QUEUE, "ahead": AHEAD})

    page.clock.run_for(40_000)
    expect(widget.panel).to_contain_text("starts in about 40 s (20 to 70 s), behind")
    page.clock.run_for(50_000)
    expect(widget.panel).to_contain_text("starts within 20 s, behind")
    page.clock.run_for(60_000)
    expect(widget.panel).to_contain_text("queued longer than usual: 2 min 35 s, usually 1 min 25 s")


def test_all_jobs_ahead_are_named(show: Callable[..., Widget]) -> None:
    """The list of facts has space for all names."""
    widget = show(PENDING | {"ahead": {"count": 5, "names": ["Aa", "Bb", "Cc"]}})

    expect(widget.panel.get_by_text("Aa, Bb, Cc and 2 more", exact=True)).to_be_visible()


def test_a_late_job_is_marked(show: Callable[..., Widget], page: Page) -> None:
    """Past the upper end of its estimate, its colour, text and announcement change."""
    widget = show(RUNNING | {"estimate": ESTIMATE | {"high": 62}})
    expect(widget.panel).to_have_attribute("data-late", "false")
    bar = widget.panel.get_by_role("progressbar").locator("i")
    usual = bar.evaluate("bar => getComputedStyle(bar).backgroundColor")

    page.clock.run_for(4_000)

    expect(widget.panel).to_have_attribute("data-late", "true")
    expect(widget.panel).to_contain_text("Running longer than usual: 1 min 4 s, usually 30 s")
    expect(widget.panel.get_by_role("status")).to_have_text("Running, longer than usual")
    assert bar.evaluate("bar => getComputedStyle(bar).backgroundColor") != usual


def test_a_job_that_has_ended_is_not_late(show: Callable[..., Widget]) -> None:
    """The mark is removed, even if the job ran longer than usual."""
    widget = show(RUNNING | {"estimate": ESTIMATE})
    expect(widget.panel).to_have_attribute("data-late", "true")

    widget.update(RUNNING | {"state": "SUCCEEDED", "resolved": True, "ended_at": ago(0)})

    expect(widget.panel).to_have_attribute("data-late", "false")
    expect(widget.panel.get_by_role("status")).to_have_text("Succeeded")


def test_details_show_the_last_runs(show: Callable[..., Widget]) -> None:
    """Bars and a text show the usual time, the trend, the failed runs and this run."""
    widget = show(RUNNING | {"past": PAST})
    picture = widget.panel.get_by_role("img")
    expect(picture).to_be_hidden()

    widget.button("Details").click()

    expect(widget.button("Details")).to_have_attribute("aria-expanded", "true")
    expect(widget.panel).to_contain_text("usually 30 s; 45% slower than 4 weeks ago")
    expect(picture).to_have_accessible_name(
        "The last 20 runs, 1 failed, and this one: 1 min; usually 30 s; 45% slower than 4 weeks ago"
    )
    assert picture.locator("[data-state=FAILED]").count() == 1


def heights(picture: Locator) -> list[float]:
    return picture.locator("[data-state]").evaluate_all(
        "bars => bars.map((bar) => bar.offsetHeight)"
    )


def test_the_bar_of_the_current_run_grows(show: Callable[..., Widget], page: Page) -> None:
    """It is the last one, and has the same scale as the others."""
    widget = show(RUNNING | {"started_at": ago(10), "past": PAST})
    widget.button("Details").click()
    picture = widget.panel.get_by_role("img")
    before = heights(picture)

    page.clock.run_for(20_000)

    *others, current = heights(picture)
    assert others == before[:-1]
    assert current > 2 * before[-1]
    assert current == pytest.approx(others[0], abs=2)


def test_the_band_marks_the_usual_time(show: Callable[..., Widget]) -> None:
    """A run of the usual time ends within it, and a short one below."""
    widget = show(RUNNING | {"past": PAST})
    widget.button("Details").click()
    picture = widget.panel.get_by_role("img")

    band = picture.locator(".band").bounding_box()
    usual, failed = (picture.locator("[data-state]").nth(n).bounding_box() for n in (1, 18))

    assert band["y"] <= usual["y"] <= band["y"] + band["height"]
    assert failed["y"] > band["y"] + band["height"]


@pytest.mark.parametrize(
    ("past", "text"),
    [
        ({"usual": ESTIMATE}, "usually 30 s · the last 20 runs, 1 failed"),
        ({"change": -0.2, "since": ago(86_400 * 20)}, "20% faster than 2 weeks ago · the last"),
        ({"change": 1, "since": ago(86_400 * 800)}, "100% slower than 2 years ago · the last"),
        ({"change": 0.1, "since": ago(30)}, "10% slower than 1 minute ago · the last"),
        ({}, "the last 20 runs, 1 failed"),
    ],
)
def test_the_text_beside_the_bars(
    show: Callable[..., Widget], past: dict[str, Any], text: str
) -> None:
    """An unknown trend or usual time is omitted."""
    widget = show(RUNNING | {"past": {"runs": PAST["runs"], **past}})
    widget.button("Details").click()

    expect(widget.panel.get_by_text(re.compile(f"^{re.escape(text)}"))).to_be_visible()


def waiting(key: str, ahead: int, first: str = "97", **facts: Any) -> list[Any]:
    """A row of a job that was created 5 s ago, with `ahead` jobs before it."""
    queue = [[85, 65, 115, 25], ahead, *([first] if ahead else [])]
    times = {"created": NOW_MS - 5_000, "started": None, "ended": None}
    return row(
        key, **{"state": "PENDING", "queue": queue, "estimate": [31, 28, 36, 20], **times, **facts}
    )


def running(key: str, seconds: float, **facts: Any) -> list[Any]:
    """A row of a job that has run for `seconds`."""
    times = {"created": ago(seconds + 12), "started": ago(seconds), "ended": None}
    return row(key, **{"state": "RUNNING", "estimate": [31, 28, 36, 20], **times, **facts})


def test_time_left_of_a_waiting_row(open_jobs: Callable[..., Jobs]) -> None:
    """The cell has a short text, and its title the full one."""
    jobs = open_jobs([waiting("99", 2), waiting("98", 0), running("97", 9, description="Predict")])

    expect(jobs.cell("99", "left")).to_have_text("3rd, in 1 min 20 s")
    expect(jobs.cell("99", "left")).to_have_attribute(
        "title",
        "3rd in the queue, starts in about 1 min 20 s (60 to 110 s), behind Predict and "
        "1 more; ends in about 1 min 50 s",
    )
    expect(jobs.cell("98", "left")).to_have_text("Starts in 1 min 20 s")


def test_a_place_in_the_queue_without_an_estimate(open_jobs: Callable[..., Jobs]) -> None:
    """A very long queue has no estimates at its end."""
    jobs = open_jobs([waiting("99", 60, queue=[None, 60, "97"]), running("97", 9)])

    expect(jobs.cell("99", "left")).to_have_text("61st")


def test_rows_are_sorted_by_their_ends(open_jobs: Callable[..., Jobs]) -> None:
    """A job that waits ends after those that run."""
    jobs = open_jobs([waiting("99", 1), running("98", 5), running("97", 20)])

    jobs.header("Time left").click()

    expect(jobs.grid.locator("[data-key]")).to_have_count(3)
    assert jobs.keys == ["97", "98", "99"]


def test_the_slow_filter(open_jobs: Callable[..., Jobs]) -> None:
    """Jobs past the upper end of their estimates: ended ones and running ones."""
    ended = {"created": ago(900), "started": ago(800)}
    estimate = [31, 28, 36, 20]
    jobs = open_jobs(
        [
            running("99", 60),
            running("98", 20),
            row("97", **ended, ended=ago(760), estimate=estimate),
            row("96", **ended, ended=ago(770), estimate=estimate),
            row("95", **ended, ended=ago(100)),
        ]
    )

    jobs.button("Slow (2)").click()

    expect(jobs.grid.locator("[data-key]")).to_have_count(2)
    assert jobs.keys == ["99", "97"]
    assert jobs.trait("filter_state") == "SLOW"
    expect(jobs.button("Slow (2)")).to_have_attribute("aria-pressed", "true")


def test_a_running_job_becomes_slow(open_jobs: Callable[..., Jobs]) -> None:
    """The filter updates as time passes, without a message."""
    jobs = open_jobs([running("99", 60), running("98", 30)])
    jobs.button("Slow (1)").click()
    expect(jobs.grid.locator("[data-key]")).to_have_count(1)

    jobs.page.clock.run_for(8_000)

    expect(jobs.grid.locator("[data-key]")).to_have_count(2)
    expect(jobs.button("Slow (2)")).to_be_visible()


def test_the_slow_filter_is_hidden_without_slow_jobs(open_jobs: Callable[..., Jobs]) -> None:
    """It appears with the first one."""
    jobs = open_jobs([running("99", 30)])
    slow = jobs.region.get_by_role("button", name="Slow")
    expect(slow).to_have_count(0)

    jobs.page.clock.run_for(8_000)

    expect(slow).to_be_visible()


def test_all_runs_of_a_row(open_jobs: Callable[..., Jobs]) -> None:
    """The button filters by its description, by keyboard, too; the chip shows all rows again."""
    others = [row(str(n), description="Predict") for n in range(10, 20)]
    jobs = open_jobs([*others, *(row(str(n)) for n in range(20, 24))])
    jobs.cell("21", "description").click()

    jobs.button("All its runs").focus()
    jobs.page.keyboard.press("Enter")

    expect(jobs.grid.locator("[data-key]")).to_have_count(4)
    only = jobs.region.get_by_role("button", name="Only runs of Train Mastering Model")
    only.click()
    expect(jobs.search).to_be_focused()
    expect(only).to_be_hidden()
    expect(jobs.grid.locator("[data-key]")).to_have_count(14)


def test_a_rare_description_shows_the_runs_of_its_type(open_jobs: Callable[..., Jobs]) -> None:
    """Their descriptions differ only in names and numbers."""
    jobs = open_jobs([row(str(n), description=f"Profiling [{n}] attributes.") for n in (1, 2)])
    jobs.change(row("3"))
    jobs.cell("1", "description").click()

    jobs.button("All its runs").click()

    expect(jobs.grid.locator("[data-key]")).to_have_count(2)


def test_expected_runs_in_the_timeline(open_jobs: Callable[..., Jobs]) -> None:
    """Waiting jobs have pale bars to the right of now, and are in the accessible name."""
    jobs = open_jobs([waiting("99", 1), running("97", 9)])
    jobs.button("Last hour").click()
    jobs.page.clock.run_for(100)
    picture = jobs.region.get_by_role("img")

    expect(picture.locator("[data-state=EXPECTED]")).to_have_attribute("d", re.compile("M"))
    expected, now, current = (
        picture.locator(f"[data-state={style}]").bounding_box()
        for style in ("EXPECTED", "NOW", "RUNNING")
    )
    assert current["x"] + current["width"] <= now["x"] + 2
    assert expected["x"] > now["x"]
    assert expected["x"] + expected["width"] <= picture.bounding_box()["x"] + 1280
    expect(picture).to_have_accessible_name(re.compile("to now; .*expected to end by 14:03. The"))


def test_the_timeline_ends_now_without_waiting_jobs(open_jobs: Callable[..., Jobs]) -> None:
    """A running job has no pale bar."""
    jobs = open_jobs([running("97", 9)])
    jobs.button("Last hour").click()
    jobs.page.clock.run_for(100)

    expect(jobs.region.get_by_role("img").locator("[data-state=EXPECTED]")).to_have_count(0)
    expect(jobs.region.get_by_role("img")).to_have_accessible_name(re.compile("to now. The"))
