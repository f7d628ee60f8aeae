"""How the Jobs page looks: complete for everyone, in every theme and width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import axe
from jobs_page import LOOKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jobs_page import Jobs

FAULT = {"fault": "it said 401", "fault_kind": "refused", "callback_error": "A callback raised."}
FAILED = {
    "action": "cancel",
    "done": 1,
    "of": 1,
    "failed": [["69998", "It said 500."]],
    "not_tried": 0,
    "over": True,
}


def busy(open_jobs: Callable[..., Jobs], **options: object) -> Jobs:
    """A page with everything on it at once: a fault, an opened row, a question, a report."""
    jobs = open_jobs(814, runs=True, **options)
    jobs.cell("69997", "description").click()
    jobs.cell("69998", "pick").click()
    jobs.notify("set", "_status", FAULT)
    jobs.notify("say", {"report": FAILED})
    return jobs


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(open_jobs: Callable[..., Jobs], look: str, artifacts: Path) -> None:
    """Neither the table, nor a question, nor a report has a flaw that axe-core knows of."""
    jobs = busy(open_jobs, look=LOOKS[look])
    jobs.page.screenshot(path=artifacts / f"jobs-{look}.png", animations="disabled")
    assert axe(jobs.region) == []

    jobs.button("Delete 1 operation").click()
    jobs.search.fill("clusters")
    assert axe(jobs.region) == []

    jobs.search.fill("nothing like it")
    assert axe(jobs.region) == []


@pytest.mark.parametrize(("width", "scale"), [(320, 1), (640, 2), (900, 1)])
def test_nothing_sticks_out(open_jobs: Callable[..., Jobs], width: int, scale: int) -> None:
    """However narrow the page or large the text, nothing has to be scrolled sideways."""
    look = {"viewport": {"width": width // scale, "height": 640}, "device_scale_factor": scale}
    jobs = busy(open_jobs, look=look)

    wide = jobs.page.evaluate(
        """() => [document.documentElement, ...document.querySelectorAll(".tamr-jobs, [role=grid]")]
          .filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.outerHTML)"""
    )

    assert wide == []
