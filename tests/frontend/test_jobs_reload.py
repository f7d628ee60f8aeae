"""The order and the expanded rows are restored after a reload of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs_page import row
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs

VIEW = {"column": "description", "descending": False, "opened": ["18", "gone"]}
ROWS = [row("17", description="b"), row("18", description="a"), row("19", description="c")]


def test_the_order_and_the_expanded_rows_are_saved(open_jobs: Callable[..., Jobs]) -> None:
    jobs = open_jobs(ROWS)

    jobs.header("Description").click()
    jobs.cell("18", "description").click()

    assert jobs.trait("_table_state") == {
        "column": "description",
        "descending": False,
        "opened": ["18"],
    }


def test_the_order_and_the_expanded_rows_are_restored(open_jobs: Callable[..., Jobs]) -> None:
    """They are restored with the list; a row that is not in it is ignored."""
    jobs = open_jobs(ROWS, traits={"_table_state": VIEW})

    expect(jobs.row("18").get_by_role("group", name="Operation 18")).to_be_visible()
    assert jobs.keys == ["18", "17", "19"]
    assert jobs.sent("expand") == [{"action": "expand", "id": "18"}]


def test_sorting_while_the_list_is_loading_keeps_the_expanded_rows(
    open_jobs: Callable[..., Jobs],
) -> None:
    """Rows that are not loaded yet stay saved as expanded."""
    jobs = open_jobs(traits={"_table_state": VIEW})
    jobs.call("change", [row("17")])
    jobs.header("State").click()

    assert jobs.trait("_table_state")["opened"] == VIEW["opened"]
