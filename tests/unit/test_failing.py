"""Kinds of job that are still failing."""

from __future__ import annotations

from typing import Any

from fakes import document
from hypothesis import given
from hypothesis import strategies as st

from tamr_widgets import Operation
from tamr_widgets._operation.failing import still_failing

CLIENT: Any = None


def jobs(*states: str, description: str = "Train", **fields: Any) -> list[Operation]:
    """Operations of one kind, the newest first, as a server lists them."""
    made = []
    for number, state in zip(range(len(states), 0, -1), states, strict=True):
        created = {"username": "ada", "time": f"2021-01-29T18:{number:02}:00.000Z"}
        facts = {"id": f"{description}-{number}", "relativeId": None, "created": created, **fields}
        made.append(Operation(CLIENT, document(state, description=description, **facts)))
    return made


def ids(operations: list[Operation]) -> list[str | None]:
    return [each.resource_id for each in operations]


def test_the_newest_failure_of_a_kind_is_reported():
    """One for each kind, however often it failed."""
    assert ids(still_failing(jobs("FAILED", "FAILED", "SUCCEEDED"))) == ["Train-3"]


def test_a_later_success_clears_a_failure():
    """Only failures since the last success are reported."""
    assert still_failing(jobs("SUCCEEDED", "FAILED")) == []


def test_a_cancelled_or_active_run_clears_no_failure():
    """The last outcome of the kind is still the failure."""
    assert ids(still_failing(jobs("RUNNING", "CANCELED", "PENDING", "FAILED"))) == ["Train-1"]


def test_kinds_differ_in_description_and_type():
    """A success of another kind clears no failure."""
    mixed = [
        *jobs("SUCCEEDED", description="Publish"),
        *jobs("FAILED"),
        *jobs("FAILED", type="projectExport"),
    ]

    assert len(still_failing(mixed)) == 2


def test_without_creation_times_the_order_of_the_list_counts():
    """Servers list the newest first."""
    assert still_failing(jobs("SUCCEEDED", "FAILED", created={})) == []
    assert len(still_failing(jobs("FAILED", "SUCCEEDED", created={}))) == 1


@given(st.permutations(jobs("RUNNING", "FAILED", "SUCCEEDED", "FAILED", "CANCELED")))
def test_the_order_given_has_no_effect(shuffled):
    """Creation times decide."""
    assert ids(still_failing(shuffled)) == ["Train-4"]
