"""Failures without a later success, and the first success after each of the others."""

from __future__ import annotations

from typing import Any

from fakes import document
from hypothesis import given
from hypothesis import strategies as st

from tamr_widgets import Operation
from tamr_widgets._operation.failing import still_failing, successes_since
from tamr_widgets.widgets.failures import Failures

NIGHTLY = "Update Unified Dataset [x]"


def run(number: int, state: str, description: str | None = NIGHTLY, **more: Any) -> Operation:
    """Returns a job that was created in the minute `number`."""
    status = {"state": state, "endTime": f"2021-01-29T18:{number:02}:30Z", "message": ""}
    created = {"username": "admin", "time": f"2021-01-29T18:{number:02}:00Z"}
    path = f"operations/{number}"
    fields = {"id": f"{number}", "relativeId": path, "description": description, **more}
    return Operation(None, document(state, status=status, created=created, **fields))  # type: ignore[arg-type]


def ids(operations: Any) -> list[str]:
    return [each.resource_id for each in operations]


def test_a_failure_after_a_success_is_still_failing():
    assert ids(still_failing([run(1, "FAILED"), run(2, "SUCCEEDED"), run(3, "FAILED")])) == ["3"]


def test_the_success_of_a_job_with_another_name_does_not_count():
    """The two jobs are of different datasets."""
    assert ids(
        still_failing([run(1, "FAILED", "Profiling [a]"), run(2, "SUCCEEDED", "Profiling [b]")])
    ) == ["1"]


def test_exports_of_different_times_are_of_one_kind():
    """The time is a part of their description."""
    name = "projectExport with artifact: minimal-2021-07-{}_16-16-30-425"
    jobs = [
        run(1, "FAILED", name.format("05"), type="projectExport"),
        run(2, "SUCCEEDED", name.format("06"), type="projectExport"),
    ]

    assert still_failing(jobs) == []


def test_a_failure_is_paired_with_the_next_success():
    """Later successes are ignored."""
    jobs = [
        run(1, "FAILED"),
        run(2, "FAILED"),
        run(3, "SUCCEEDED"),
        run(4, "SUCCEEDED"),
        run(5, "FAILED"),
    ]

    found = [
        (failed.resource_id, success and success.resource_id)
        for failed, success in successes_since(jobs)
    ]

    assert found == [("5", None), ("2", "3"), ("1", "3")]


STATES = st.sampled_from(["FAILED", "SUCCEEDED", "CANCELED", "RUNNING"])
STEPS = st.lists(
    st.tuples(st.integers(1, 8), STATES | st.none(), st.sampled_from(["a", "b"])), max_size=25
)


@given(STEPS)
def test_incremental_updates_give_the_same_failures_as_one_update(steps):
    """A page that received each change once shows the same as a new page."""
    table: dict[str, Operation] = {}
    shown: dict[str, Any] = {}
    failures = Failures(table.get)
    for number, state, description in steps:
        key = str(number)
        removed = [key] if state is None else []
        changed = [] if state is None else [(key, run(number, state, description))]
        for each in removed:
            table.pop(each, None)
            shown.pop(each, None)
        table.update(changed)
        for each in {*failures.update(changed, removed), *dict(changed)}:
            shown[each] = failures.since(each)

    fresh = Failures(table.get)
    fresh.update(table.items(), [])
    assert {key: value for key, value in shown.items() if value is not None} == {
        key: fresh.since(key) for key in table if fresh.since(key) is not None
    }
    assert list(failures.failing()) == still_failing(table.values())


def test_a_job_with_the_id_of_another_job_replaces_it():
    """A server that was restored assigns old ids again."""
    jobs = {"1": run(1, "FAILED"), "2": run(2, "SUCCEEDED")}
    failures = Failures(jobs.get)
    failures.update(jobs.items(), ())
    assert failures.failing() == ()

    jobs["2"] = run(2, "SUCCEEDED", "Profiling [a]")
    failures.update([("2", jobs["2"])], ())

    assert ids(failures.failing()) == ["1"]


def test_only_the_newest_failure_of_a_kind_is_still_failing():
    """An older one is still failing again if the newer one is deleted."""
    table = {str(number): run(number, "FAILED") for number in (1, 2)}
    failures = Failures(table.get)

    assert failures.update(table.items(), []) == {"1", "2"}
    assert [failures.since(key) for key in table] == [False, True]
    assert ids(failures.failing()) == ["2"]

    del table["2"]
    assert failures.update([], ["2"]) == {"1"}
    assert failures.since("1") is True
