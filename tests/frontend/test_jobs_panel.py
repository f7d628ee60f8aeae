"""An expanded row: the same panel as OperationWidget's, with the same confirmations."""

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


def expand(jobs: Jobs, key: str = "17") -> Locator:
    """Expand a row by a click, send its facts as the kernel does, and return its panel."""
    jobs.cell(key, "description").click()
    jobs.call("receive", {"panel": key, "facts": FACTS | {"id": key}})
    return jobs.region.get_by_role("group", name=f"Operation {key}: Train Mastering Model")


def test_a_click_expands_and_collapses_a_row(open_jobs: Callable[..., Jobs]) -> None:
    """The kernel gets a message for each; the panel shows the facts that the kernel sends."""
    jobs = open_jobs([row("17"), row("18")])

    panel = expand(jobs)
    expect(panel).to_contain_text("Spark driver running on worker 10.0.0.7")
    jobs.cell("17", "user").click()

    expect(panel).to_have_count(0)
    assert jobs.sent("expand", "collapse") == [
        {"action": "expand", "id": "17"},
        {"action": "collapse", "id": "17"},
    ]


def test_a_row_that_another_page_collapses_stays_expanded(open_jobs: Callable[..., Jobs]) -> None:
    """Its facts are requested again; those of a row that is collapsed here, too, are not."""
    jobs = open_jobs([row("17"), row("18")])
    expand(jobs)

    jobs.call("receive", {"collapsed": "17"})
    jobs.call("receive", {"collapsed": "18"})

    assert [message["id"] for message in jobs.sent("expand")] == ["17", "17"]


def test_a_new_panel_shows_the_facts_of_the_row(open_jobs: Callable[..., Jobs]) -> None:
    """They are shown until the kernel sends more."""
    jobs = open_jobs([row("17", state="RUNNING", ended=None)])

    jobs.cell("17", "description").click()

    panel = jobs.region.get_by_role("group", name="Operation 17: Train Mastering Model")
    expect(panel).to_have_attribute("data-state", "RUNNING")
    expect(panel.get_by_role("button", name="Cancel job")).to_be_enabled()


def test_actions_have_the_key_of_their_job(open_jobs: Callable[..., Jobs]) -> None:
    """Each panel has a confirmation of its own."""
    jobs = open_jobs([row("17"), row("18")])
    panel = expand(jobs)
    other = expand(jobs, "18")

    panel.get_by_role("button", name="Cancel job").click()
    expect(panel.get_by_role("button", name="Keep running")).to_be_focused()
    panel.get_by_role("button", name="Yes, cancel it").click()
    other.get_by_role("button", name="Wait").click()

    assert jobs.sent("cancel", "wait") == [
        {"action": "cancel", "id": "17"},
        {"action": "wait", "id": "18"},
    ]


def test_rows_below_an_expanded_one_move_down(open_jobs: Callable[..., Jobs]) -> None:
    """An expanded row is as high as its panel, and rows do not overlap."""
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


def test_escape_moves_the_focus_out_of_the_panel(open_jobs: Callable[..., Jobs]) -> None:
    """It first closes a confirmation, then moves the focus to the row."""
    jobs = open_jobs([row("17"), row("18")])
    panel = expand(jobs)
    panel.get_by_role("button", name="Cancel job").click()

    jobs.page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Cancel job")).to_be_focused()
    jobs.page.keyboard.press("Escape")

    expect(jobs.cell("17", "description")).to_be_focused()
    expect(panel).to_be_visible()


def test_tab_moves_the_focus_into_the_panel(open_jobs: Callable[..., Jobs]) -> None:
    """It moves from the expanded row to the first button of the panel."""
    jobs = open_jobs([row("17"), row("18")])
    panel = expand(jobs)

    jobs.page.keyboard.press("Tab")

    expect(panel.get_by_role("button", name="Wait")).to_be_focused()


def test_a_row_stays_expanded_when_it_is_scrolled_out(open_jobs: Callable[..., Jobs]) -> None:
    """Scrolled back, its panel is shown with the latest facts."""
    jobs = open_jobs([row("17", created=10**9), *(row(str(n)) for n in range(100, 400))])
    panel = expand(jobs)
    jobs.search.focus()
    jobs.grid.evaluate("grid => { grid.scrollTop = 6000 }")
    jobs.cell("165", "user").focus()
    expect(panel).to_have_count(0)

    jobs.call("receive", {"panel": "17", "facts": FACTS | {"message": "Step 3 of 8"}})
    jobs.grid.evaluate("grid => { grid.scrollTop = 0 }")

    expect(panel).to_contain_text("Step 3 of 8")


def test_the_panel_of_a_removed_row_is_removed(open_jobs: Callable[..., Jobs]) -> None:
    """The focus that it had moves to the next row."""
    jobs = open_jobs([row("17"), row("18"), row("16")])
    panel = expand(jobs)
    panel.get_by_role("button", name="Wait").focus()

    jobs.change(gone=("17",))

    expect(panel).to_have_count(0)
    expect(jobs.cell("16", "description")).to_be_focused()


def test_a_new_view_restores_the_state_of_the_old_one(open_jobs: Callable[..., Jobs]) -> None:
    """Expanded rows, position and focus are kept when a notebook moves a cell."""
    jobs = open_jobs([row(str(n)) for n in range(1, 301)])
    jobs.grid.evaluate("grid => { grid.scrollTop = 2000 }")
    jobs.cell("220", "pick").click()
    jobs.cell("219", "description").click()
    jobs.header("Created").evaluate("header => header.blur()")
    jobs.cell("219", "description").focus()
    before = jobs.grid.evaluate("grid => grid.scrollTop")

    jobs.call("drawAgain")
    jobs.page.clock.run_for(100)

    expect(jobs.cell("219", "description")).to_be_focused()
    expect(jobs.region.get_by_role("group", name="Operation 219")).to_be_visible()
    assert jobs.selected == ["220"]
    jobs.page.wait_for_function(
        "([grid, before]) => grid.scrollTop === before", arg=[jobs.grid.element_handle(), before]
    )


def test_a_closed_widget_has_no_listeners_and_timers(open_jobs: Callable[..., Jobs]) -> None:
    """It sends no more messages."""
    jobs = open_jobs([row("17", state="RUNNING", ended=None)])
    expand(jobs)

    jobs.call("close")
    sent = len(jobs.call("sent"))
    jobs.page.clock.run_for(120_000)

    assert jobs.call("listeners") == 0
    assert len(jobs.call("sent")) == sent
