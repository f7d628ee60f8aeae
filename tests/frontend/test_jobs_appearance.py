"""The Jobs page in every theme and width: accessible, and without overflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from accessibility import violations
from jobs_page import APPEARANCES, Jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

ERROR = {"error": "it said 401", "error_kind": "refused", "callback_error": "A callback raised."}
FAILED = {
    "action": "cancel",
    "done": 1,
    "of": 1,
    "failed": [["69998", "It said 500."]],
    "not_tried": 0,
    "over": True,
}


def open_all_parts(page: Page) -> Jobs:
    """Shows all parts at once: an error, an expanded row, a selection and a report."""
    jobs = Jobs(page).open(814)
    jobs.cell("69997", "description").click()
    jobs.cell("69998", "pick").click()
    jobs.call("set", "_status", ERROR)
    jobs.call("receive", {"report": FAILED})
    return jobs


@pytest.mark.parametrize("name", APPEARANCES)
def test_axe_finds_no_violation(
    open_document: Callable[..., Page], name: str, artifacts: Path
) -> None:
    """The table, a confirmation, a report and an empty result are checked."""
    jobs = open_all_parts(open_document("jobs.html", **APPEARANCES[name]))
    jobs.page.screenshot(path=artifacts / f"jobs-{name}.png", animations="disabled")
    assert violations(jobs.region) == []

    jobs.button("Delete 1 operation").click()
    jobs.search.fill("clusters")
    assert violations(jobs.region) == []

    jobs.search.fill("nothing like it")
    assert violations(jobs.region) == []


@pytest.mark.parametrize("width", [320, 900])
def test_no_element_overflows(open_document: Callable[..., Page], width: int) -> None:
    """Nothing scrolls sideways, also on a narrow page or at 400% of the text's size."""
    jobs = open_all_parts(open_document("jobs.html", width=width))

    overflowing = jobs.page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll(".tamr-jobs, [role=grid]")]
          .filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.outerHTML)"""
    )

    assert overflowing == []


@pytest.mark.parametrize("name", APPEARANCES)
def test_axe_finds_no_violation_in_failures(
    open_document: Callable[..., Page], name: str, artifacts: Path
) -> None:
    """A hint, rows of two lines and similar failures are checked."""
    jobs = Jobs(open_document("jobs.html", **APPEARANCES[name])).open(814)
    jobs.call("set", "_status", {"host": "production", "total": 814, "hints": ["Read-only."]})
    jobs.region.get_by_role("button", name="Still failing").click()
    jobs.grid.locator("[role=gridcell][data-column=description]").first.click()
    jobs.page.screenshot(path=artifacts / f"failures-{name}.png", animations="disabled")
    assert violations(jobs.region) == []

    jobs.region.get_by_role("button", name="failed like this").click()
    assert violations(jobs.region) == []
