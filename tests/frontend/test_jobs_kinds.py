from __future__ import annotations

from typing import TYPE_CHECKING

from tamr_widgets.history import description_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs

DESCRIPTIONS = [
    "Train Mastering Model",
    "Update Unified Dataset [customers_unified]",
    "Profiling [81] attributes.",
    "projectExport with artifact: minimal mastering 2021",
    'Publish "the best" of a/b (today)',
    "Load file.csv for user@host in 3 steps",
    "12 34",
    "[x]",
    "",
]


def test_both_sides_agree_on_kinds(open_jobs: Callable[..., Jobs]) -> None:
    """What counts as the same kind of job in the page is what history.py counts as one."""
    jobs = open_jobs()

    kinds = jobs.page.evaluate(
        """async (descriptions) => {
          const { kindOf } = await import("/static/kinds.js");
          return descriptions.map((description) => kindOf("SPARK", description));
        }""",
        DESCRIPTIONS,
    )

    assert kinds == [f"SPARK {description_template(description)}" for description in DESCRIPTIONS]
