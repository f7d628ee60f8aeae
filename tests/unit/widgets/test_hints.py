"""Hints about the server that are derived from several jobs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tamr_widgets import Operation
from tamr_widgets.widgets.hints import DISK, READ_ONLY, hints

# When the jobs were cancelled; the snapshots are of now.
END = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=1)


def time(seconds: float) -> str:
    return (END + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(
    number: int, state: str, start: float | None, end: float | None = None, **more: Any
) -> Operation:
    status = {
        "state": state,
        "startTime": "" if start is None else time(start),
        "endTime": "" if end is None else time(end),
        "message": more.pop("message", ""),
    }
    document = {"id": f"{number}", "relativeId": f"operations/{number}", "status": status, **more}
    return Operation(None, document)  # type: ignore[arg-type]


CANCELLED = [job(number, "CANCELED", -600, number) for number in (1, 2, 3)]
NAMED = "Running job canceled by carla at step 3 of 8"


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], [DISK]),
        ([job(9, "SUCCEEDED", -900, -700)], [DISK]),
        ([job(9, "PENDING", None)], [DISK]),
        ([job(9, "FAILED", 60, 70)], [DISK]),
        ([job(9, "SUCCEEDED", 60, 70)], []),
        ([job(9, "RUNNING", -600)], []),
        ([job(9, "SUCCEEDED", -600, 600)], []),
        ([job(9, "CANCELED", -600, 3, message=NAMED)], [DISK]),
    ],
)
def test_jobs_that_are_cancelled_together_hint_at_a_full_disk(others, expected):
    """All running jobs ended CANCELED, no user is named, and no job has succeeded since."""
    assert hints([*others, *CANCELLED]) == expected


@pytest.mark.parametrize(
    "jobs",
    [
        [],
        CANCELLED[:1],
        [job(number, "CANCELED", -600, number * 60) for number in (1, 2, 3)],
        [job(number, "CANCELED", -600, 1, message=NAMED) for number in (1, 2, 3)],
        [job(number, "CANCELED", None, 1) for number in (1, 2, 3)],
        [job(number, "CANCELED", -600) for number in (1, 2, 3)],
        [job(number, "CANCELED", -99_000, -90_000) for number in (1, 2, 3)],
    ],
    ids=["none", "one", "one by one", "by a user", "never ran", "no end", "long ago"],
)
def test_other_cancellations_are_no_hint(jobs):
    """One alone, spread over time, by a user, of waiting jobs, without a time, or days ago."""
    assert hints(jobs) == []


def test_jobs_that_were_cancelled_here_are_no_hint():
    """The message of such a job need not name the user."""
    assert hints(CANCELLED, {each.identity for each in CANCELLED}) == []


@pytest.mark.parametrize("kind", ["projectExport", "projectImport"])
def test_tamr_is_read_only_while_an_export_or_import_runs(kind):
    """It is not while the job is pending, nor after it has ended."""
    assert hints([job(1, "RUNNING", -60, type=kind)]) == [READ_ONLY]
    assert hints([job(1, "PENDING", None, type=kind), job(2, "SUCCEEDED", 1, 2, type=kind)]) == []
    assert hints([job(1, "RUNNING", -60, type="SPARK")]) == []
