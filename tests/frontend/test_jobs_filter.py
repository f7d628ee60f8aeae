"""The search, and the filter by state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jobs_page import row
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs

ROWS = [
    row("170", description="Train Mastering Model", user="Priya"),
    row("171", description="Update Clusters", state="FAILED"),
    row("172", description="Update Unified Dataset [x]", state="FAILED"),
    row("173", description="Train Mastering Model", state="QUARANTINED"),
    row("174", description="Publish Clusters", state=None),
]


def test_typing_and_deleting_text(open_jobs: Callable[..., Jobs]) -> None:
    """Each typed and each deleted letter updates the rows at once."""
    jobs = open_jobs(ROWS)

    jobs.search.press_sequentially("clust")
    assert jobs.keys == ["174", "171"]
    jobs.search.press_sequentially("x")
    assert jobs.keys == []
    jobs.search.press("Backspace")
    assert jobs.keys == ["174", "171"]
    jobs.search.press("Escape")
    assert len(jobs.keys) == 5


def test_each_state_has_a_filter_with_its_count(open_jobs: Callable[..., Jobs]) -> None:
    """Unknown states have a filter of their own; counts follow the search."""
    jobs = open_jobs(ROWS)
    states = jobs.region.get_by_role("group", name="State").get_by_role("button")

    expect(states).to_have_text(
        ["All (5)", "State not known (1)", "QUARANTINED (1)", "Failed (2)", "Succeeded (1)"]
    )
    jobs.search.fill("update")
    expect(states).to_have_text(
        ["All (2)", "State not known (0)", "QUARANTINED (0)", "Failed (2)", "Succeeded (0)"]
    )


def test_a_filter_is_switched_on_and_off(open_jobs: Callable[..., Jobs]) -> None:
    """A click filters by the state, and another one shows all rows again."""
    jobs = open_jobs(ROWS)

    for name, found in [("Failed (2)", ["172", "171"]), ("State not known (1)", ["174"])]:
        jobs.button(name).click()
        assert jobs.keys == found
        expect(jobs.button(name)).to_have_attribute("aria-pressed", "true")

        jobs.button(name).click()
        assert len(jobs.keys) == 5


def test_a_filter_follows_changes(open_jobs: Callable[..., Jobs]) -> None:
    """Jobs that enter or leave the state appear or disappear; a new state gets a button."""
    jobs = open_jobs(ROWS)
    jobs.button("Failed (2)").click()

    jobs.change(row("170", state="FAILED"), row("171", state="CANCELING"))

    assert jobs.keys == ["172", "170"]
    expect(jobs.button("Cancelling (1)")).to_be_visible()


def test_the_page_and_the_kernel_share_the_filter(open_jobs: Callable[..., Jobs]) -> None:
    """Values from Python are shown; those of the page are saved after a delay, in one message."""
    jobs = open_jobs(ROWS, traits={"search": "update", "filter_state": "FAILED"})
    expect(jobs.search).to_have_value("update")
    assert jobs.keys == ["172", "171"]

    jobs.call("set", "search", "clusters")
    expect(jobs.search).to_have_value("clusters")
    assert jobs.keys == ["171"]

    jobs.search.press("End")
    jobs.search.press_sequentially("!?")
    jobs.button("Failed (0)").click()
    assert (jobs.trait("search"), jobs.trait("filter_state")) == ("clusters!?", "")
    assert jobs.page.evaluate("jobs.model.saved") == 0
    jobs.page.clock.run_for(400)
    assert jobs.page.evaluate("jobs.model.saved") == 1


def test_a_filter_without_matches(open_jobs: Callable[..., Jobs]) -> None:
    """The page shows that no job matches, and a button that clears the filter."""
    jobs = open_jobs(ROWS, traits={"filter_state": "RUNNING"})
    expect(jobs.region).to_contain_text("None of 5 jobs matches")
    expect(jobs.button("Running (0)")).to_have_attribute("aria-pressed", "true")

    jobs.button("Clear the filter").click()

    assert len(jobs.keys) == 5
    expect(jobs.search).to_be_focused()
    expect(jobs.button("Clear the filter")).to_be_hidden()


def test_the_number_of_matches_is_announced_after_a_delay(open_jobs: Callable[..., Jobs]) -> None:
    """Screen readers announce it once, not at every letter."""
    jobs = open_jobs(ROWS)
    status = jobs.region.locator("> [role=status]")

    jobs.search.press_sequentially("update")
    expect(status).to_be_empty()
    jobs.page.clock.run_for(2_000)

    expect(status).to_have_text("2 found")


@pytest.mark.parametrize("event", ["handled", "pending"])
def test_a_search_scrolls_to_its_first_match(open_jobs: Callable[..., Jobs], event: str) -> None:
    """It does so, too, if it comes before the event of an earlier scroll."""
    jobs = open_jobs(1_000)

    jobs.page.evaluate(
        """async ([grid, search, event]) => {
          grid.scrollTop = 9000;
          if (event === "handled") await new Promise((done) => grid.onscrollend = done);
          search.value = "clusters";
          search.dispatchEvent(new Event("input"));
        }""",
        [jobs.grid.element_handle(), jobs.search.element_handle(), event],
    )

    jobs.page.wait_for_function("grid => grid.scrollTop === 0", arg=jobs.grid.element_handle())
    expect(jobs.grid.locator("[aria-rowindex='2']")).to_be_in_viewport()
