"""An opened row: the same panel as OperationWidget's, with the same names and questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs_page import row
from panel_page import RUNNING
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs
    from playwright.sync_api import Locator

FACTS = RUNNING | {"message": "Spark driver running on worker 10.0.0.7"}


def opened(jobs: Jobs, key: str = "17") -> Locator:
    """Open a row by a click, let the kernel send its facts, and return its panel."""
    jobs.cell(key, "description").click()
    jobs.notify("say", {"panel": key, "facts": FACTS | {"id": key}})
    return jobs.region.get_by_role("group", name=f"Operation {key}: Train Mastering Model")


def test_a_click_opens_and_closes(open_jobs: Callable[..., Jobs]) -> None:
    """The kernel hears which rows are open; the panel shows what it says of them."""
    jobs = open_jobs([row("17"), row("18")])

    panel = opened(jobs)
    expect(panel).to_contain_text("Spark driver running on worker 10.0.0.7")
    jobs.cell("17", "user").click()

    expect(panel).to_have_count(0)
    assert jobs.sent("expand", "collapse") == [
        {"action": "expand", "id": "17"},
        {"action": "collapse", "id": "17"},
    ]


def test_a_row_that_another_page_closes_is_open_here(open_jobs: Callable[..., Jobs]) -> None:
    """Its panel gets facts again; a row that is closed here, too, does not."""
    jobs = open_jobs([row("17"), row("18")])
    opened(jobs)

    jobs.notify("say", {"collapsed": "17"})
    jobs.notify("say", {"collapsed": "18"})

    assert [message["id"] for message in jobs.sent("expand")] == ["17", "17"]


def test_the_row_tells_what_it_knows_until_then(open_jobs: Callable[..., Jobs]) -> None:
    """Before the kernel sends more, the panel shows the row's own facts."""
    jobs = open_jobs([row("17", state="RUNNING", ended=None)])

    jobs.cell("17", "description").click()

    panel = jobs.region.get_by_role("group", name="Operation 17: Train Mastering Model")
    expect(panel).to_have_attribute("data-state", "RUNNING")
    expect(panel.get_by_role("button", name="Cancel job")).to_be_enabled()


def test_actions_say_which_job_is_meant(open_jobs: Callable[..., Jobs]) -> None:
    """The panel has its own confirmation, and its messages have the row's key."""
    jobs = open_jobs([row("17"), row("18")])
    panel = opened(jobs)
    other = opened(jobs, "18")

    panel.get_by_role("button", name="Cancel job").click()
    expect(panel.get_by_role("button", name="Keep running")).to_be_focused()
    panel.get_by_role("button", name="Yes, cancel it").click()
    other.get_by_role("button", name="Wait").click()

    assert jobs.sent("cancel", "wait") == [
        {"action": "cancel", "id": "17"},
        {"action": "wait", "id": "18"},
    ]


def test_rows_below_make_room(open_jobs: Callable[..., Jobs]) -> None:
    """An opened row is as high as its panel, and no row lies below another."""
    jobs = open_jobs(100)
    jobs.cell("69998", "description").click()
    panel = jobs.region.get_by_role("group", name="Operation 69998")

    expect(panel).to_be_visible()
    jobs.page.wait_for_function(
        """() => {
          const boxes = [...document.querySelectorAll("[data-key]")]
            .map((row) => row.getBoundingClientRect());
          return boxes.slice(1).every(({top}, i) => Math.abs(top - boxes[i].bottom) < 1);
        }"""
    )


def test_escape_leads_out_of_the_panel(open_jobs: Callable[..., Jobs]) -> None:
    """First it closes a confirmation, then it moves the focus to the row."""
    jobs = open_jobs([row("17"), row("18")])
    panel = opened(jobs)
    panel.get_by_role("button", name="Cancel job").click()

    jobs.page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Cancel job")).to_be_focused()
    jobs.page.keyboard.press("Escape")

    expect(jobs.cell("17", "description")).to_be_focused()
    expect(panel).to_be_visible()


def test_tab_goes_into_the_panel(open_jobs: Callable[..., Jobs]) -> None:
    """From the opened row, Tab reaches the panel's buttons."""
    jobs = open_jobs([row("17"), row("18")])
    panel = opened(jobs)

    jobs.page.keyboard.press("Tab")

    expect(panel.get_by_role("button", name="Wait")).to_be_focused()


def test_an_opened_row_is_open_when_it_comes_back(open_jobs: Callable[..., Jobs]) -> None:
    """Scrolled out of the page and back, the panel is there, and up to date."""
    jobs = open_jobs([row("17", created=10**9), *(row(str(n)) for n in range(100, 400))])
    panel = opened(jobs)
    jobs.search.focus()
    jobs.grid.evaluate("grid => { grid.scrollTop = 6000 }")
    jobs.cell("165", "user").focus()
    expect(panel).to_have_count(0)

    jobs.notify("say", {"panel": "17", "facts": FACTS | {"message": "Step 3 of 8"}})
    jobs.grid.evaluate("grid => { grid.scrollTop = 0 }")

    expect(panel).to_contain_text("Step 3 of 8")


def test_a_job_that_is_gone_closes_its_panel(open_jobs: Callable[..., Jobs]) -> None:
    """With its row goes the panel, and the focus that it had goes to the next row."""
    jobs = open_jobs([row("17"), row("18"), row("16")])
    panel = opened(jobs)
    panel.get_by_role("button", name="Wait").focus()

    jobs.change(gone=("17",))

    expect(panel).to_have_count(0)
    expect(jobs.cell("16", "description")).to_be_focused()


def test_a_new_view_shows_what_the_old_one_did(open_jobs: Callable[..., Jobs]) -> None:
    """A notebook draws a cell anew when it is moved: open rows, place and focus are kept."""
    jobs = open_jobs([row(str(n)) for n in range(1, 301)])
    jobs.grid.evaluate("grid => { grid.scrollTop = 2000 }")
    jobs.cell("220", "pick").click()
    jobs.cell("219", "description").click()
    jobs.header("Created").evaluate("header => header.blur()")
    jobs.cell("219", "description").focus()
    before = jobs.grid.evaluate("grid => grid.scrollTop")

    jobs.notify("drawAgain")
    jobs.page.clock.run_for(100)

    expect(jobs.cell("219", "description")).to_be_focused()
    expect(jobs.region.get_by_role("group", name="Operation 219")).to_be_visible()
    assert jobs.selected == ["220"]
    jobs.page.wait_for_function(
        "([grid, before]) => grid.scrollTop === before", arg=[jobs.grid.element_handle(), before]
    )


def test_nothing_is_left_behind(open_jobs: Callable[..., Jobs]) -> None:
    """A widget that is closed has no listener and no timer left."""
    jobs = open_jobs([row("17", state="RUNNING", ended=None)])
    opened(jobs)

    jobs.notify("close")
    sent = len(jobs.notify("sent"))
    jobs.page.clock.run_for(120_000)

    assert jobs.notify("listeners") == 0
    assert len(jobs.notify("sent")) == sent
