from __future__ import annotations

import random
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
    " a  blank before, and after ",
    "Load: \rfile",
    "Arabic ٣ files",
    "half a\u00bd.b, x² y.² z",
]
# Of these, random texts are made: what the two languages might see differently.
PIECES = [
    *"a1é٣²½Ⅷ中ǅ_/\\.@:#[]()\"'",
    *" \t\n\r\x0b\x1c\x85\xa0\u2028\u3000\ufeff\u200b\u0301\U0001d7d9",
]


def test_both_sides_agree_on_kinds(open_jobs: Callable[..., Jobs]) -> None:
    """What counts as the same kind of job in the page is what history.py counts as one."""
    jobs = open_jobs()
    dice = random.Random(1)
    made = ("".join(dice.choices(PIECES, k=dice.randrange(12))) for _ in range(5_000))
    descriptions = [*DESCRIPTIONS, *made]

    kinds = jobs.page.evaluate(
        """async (descriptions) => {
          const { jobTypeOf } = await import("/static/jobs/job-types.js");
          return descriptions.map((description) => jobTypeOf("SPARK", description));
        }""",
        descriptions,
    )

    assert kinds == [f"SPARK {description_template(description)}" for description in descriptions]
