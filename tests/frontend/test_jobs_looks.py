"""The Jobs page in every theme and width: complete for everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from accessibility import violations
from jobs_page import LOOKS, Jobs

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


def busy(page: Page) -> Jobs:
    """Shows everything at once: an error, an opened row, a confirmation, a report."""
    jobs = Jobs(page).open(814)
    jobs.cell("69997", "description").click()
    jobs.cell("69998", "pick").click()
    jobs.notify("set", "_status", ERROR)
    jobs.notify("say", {"report": FAILED})
    return jobs


@pytest.mark.parametrize("name", LOOKS)
def test_axe_finds_nothing(look: Callable[..., Page], name: str, artifacts: Path) -> None:
    """Neither the table, nor a question, nor a report has a flaw that axe-core knows of."""
    jobs = busy(look("jobs.html", **LOOKS[name]))
    jobs.page.screenshot(path=artifacts / f"jobs-{name}.png", animations="disabled")
    assert violations(jobs.region) == []

    jobs.button("Delete 1 operation").click()
    jobs.search.fill("clusters")
    assert violations(jobs.region) == []

    jobs.search.fill("nothing like it")
    assert violations(jobs.region) == []


@pytest.mark.parametrize("width", [320, 900])
def test_nothing_sticks_out(look: Callable[..., Page], width: int) -> None:
    """Nothing has to be scrolled sideways, also on a narrow page or at 400% of the text's size."""
    jobs = busy(look("jobs.html", width=width))

    wide = jobs.page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll(".tamr-jobs, [role=grid]")]
          .filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.outerHTML)"""
    )

    assert wide == []


@pytest.mark.parametrize("name", LOOKS)
def test_axe_finds_nothing_in_failures(
    look: Callable[..., Page], name: str, artifacts: Path
) -> None:
    """Neither in a hint, nor in rows of two lines, nor in those that failed alike."""
    jobs = Jobs(look("jobs.html", **LOOKS[name])).open(814)
    jobs.notify("set", "_status", {"host": "production", "total": 814, "hints": ["Read-only."]})
    jobs.region.get_by_role("button", name="Still failing").click()
    jobs.grid.locator("[role=gridcell][data-column=description]").first.click()
    jobs.page.screenshot(path=artifacts / f"failures-{name}.png", animations="disabled")
    assert violations(jobs.region) == []

    jobs.region.get_by_role("button", name="failed like this").click()
    assert violations(jobs.region) == []
