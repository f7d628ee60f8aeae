from __future__ import annotations

import gc
import pickle
import weakref
from datetime import datetime, timedelta, timezone

import pytest
from fakes import PATH, document, fake_response

from tamr_widgets import Operation

NOON = datetime(2021, 1, 29, 12, tzinfo=timezone.utc)
HTTP_NOON = "Fri, 29 Jan 2021 12:00:00 GMT"
THERE = "2021-01-29T{}.000Z"


def received(date="", retry_after="", **fields):
    """A snapshot from a response."""
    headers = {"Date": date, "Retry_After": retry_after}
    response = fake_response(200, document(**fields), **{k: v for k, v in headers.items() if v})
    return Operation.from_response(None, response)


@pytest.mark.parametrize(
    "status", [None, {}, ..., "RUNNING", ["RUNNING"], 7, {"state": 7}, {"state": ["x"]}]
)
def test_an_unreadable_status_is_unresolved(status):
    """No exception; state is None, and the raw status is there as it came."""
    data = document(status=status)
    if status is ...:
        del data["status"]
    operation = Operation(None, data)

    assert operation.state is None
    assert not operation.resolved
    assert operation.status == (None if status is ... else status)
    assert operation.message == ""
    assert operation.started_at is operation.ended_at is None
    assert "state=None" in repr(operation)


def test_the_source_can_be_changed():
    """The snapshot has a copy of its own, at every depth."""
    data = document("RUNNING", result={"list": [{"value": 1}]})
    operation = Operation(None, data)

    data["status"]["state"] = "FAILED"
    data["result"]["list"][0]["value"] = 2
    data["id"] = "18"

    assert operation.state == "RUNNING"
    assert operation.to_json()["result"] == {"list": [{"value": 1}]}


def test_what_is_handed_out_can_be_changed():
    """Neither `status` nor `to_json` is a way into the snapshot."""
    operation = Operation(None, document("RUNNING"))

    operation.status["state"] = "FAILED"
    operation.to_json()["status"]["state"] = "FAILED"

    assert operation.state == "RUNNING"


def test_equal_content_is_equal():
    """Equality and hash go by content, not by client or by when it was fetched."""
    one = Operation("a client", document("RUNNING"))
    other = Operation("another", document("RUNNING"))

    assert one == other
    assert len({one, other}) == 1


def test_whether_a_document_says_the_same():
    """So that a list of many is made into snapshots only where something is new."""
    operation = Operation(None, document("RUNNING"))

    assert operation.has_same_document(document("RUNNING")) is True
    assert operation.has_same_document(document("FAILED")) is False
    assert operation.has_same_document(document("RUNNING", newField=None)) is False


def test_a_document_deeper_than_python_compares_says_something_new():
    """It is taken for a change, not for an error."""

    def nested(levels):
        value = []
        for _ in range(levels):
            value = [value]
        return {"id": "17", "description": value}

    operation = Operation(None, {}).from_same_response(nested(30_000))

    assert operation.has_same_document(nested(30_000)) is False


@pytest.mark.parametrize(
    "other",
    [
        Operation(None, document("FAILED")),
        Operation(None, document("RUNNING", description="other")),
        Operation(None, document("RUNNING"), "operations/alias"),
        document("RUNNING"),
        None,
    ],
)
def test_other_content_is_not_equal(other):
    """One difference is enough, also in the path."""
    operation = Operation(None, document("RUNNING"))

    assert operation != other
    assert (operation == other) is False
    assert (operation == "operation") is False


def test_the_id_is_the_last_part_of_the_path():
    """As in the public client; a document without a path has its `id`."""
    assert Operation(None, {"relativeId": "operations/a%20b", "id": "x"}).resource_id == "a%20b"
    assert Operation(None, {"id": 17}).resource_id == "17"
    assert Operation(None, {}).resource_id is None


@pytest.mark.parametrize("name", ["type", "description", "relative_id", "resource_id"])
@pytest.mark.parametrize("value", [7, 1.5, True, ["a"], {"a": 1}])
def test_what_should_be_text_is_text(name, value):
    """Wrong types in a document don't become wrong types in Python."""
    fields = {"type": value, "description": value, "relativeId": value}

    assert isinstance(getattr(Operation(None, document(**fields)), name), str)


@pytest.mark.parametrize("created", [None, "admin", [], {}, {"username": ""}, {"username": None}])
def test_nobody_is_none(created):
    """A user who is not named is None, never an empty name."""
    operation = Operation(None, document(created=created))

    assert operation.created_by is None
    assert operation.created_at is None
    assert operation.queued is None


def test_the_servers_clock_is_in_the_response():
    """A running job's time is counted by the clock that also wrote when it started."""
    operation = received(
        HTTP_NOON,
        created={"time": THERE.format("11:58:00")},
        status={"state": "RUNNING", "startTime": THERE.format("11:59:00")},
    )

    assert operation.as_of == NOON
    assert operation.elapsed == timedelta(minutes=1)
    assert operation.queued == timedelta(minutes=1)


def test_the_difference_of_the_clocks_is_kept(clock):
    """The response says how far the server's clock is ahead."""
    clock.time_of_day = NOON.timestamp() - 300

    assert received(HTTP_NOON).clock_offset_seconds == 300


@pytest.mark.parametrize(("ahead", "offset"), [(1.9, 0), (-1.9, 0), (2, -2), (-2, 2), (-2.5, 2.5)])
def test_a_small_difference_is_none(clock, ahead, offset):
    """HTTP dates are whole seconds: a second or two may be rounding, and the finer clock counts."""
    clock.time_of_day = NOON.timestamp() + ahead

    operation = received(HTTP_NOON)

    assert operation.clock_offset_seconds == offset
    assert (operation.as_of - NOON).total_seconds() == pytest.approx(ahead + offset)


@pytest.mark.parametrize("date", ["", "soon", "Fri, 31 Dec 9999 23:59:59 -2359"])
def test_without_a_date_this_machines_clock_counts(clock, date):
    """A date that is missing, nonsense or out of every range disturbs nothing."""
    operation = received(date)

    assert operation.as_of.timestamp() == clock.time_of_day
    assert operation.clock_offset_seconds == 0


def test_times_that_cannot_be_are_left_out():
    """An end before the start makes no negative duration."""
    status = {"state": "FAILED", "startTime": THERE.format("12:00:00")}
    operation = received(status={**status, "endTime": THERE.format("11:00:00")})

    assert operation.elapsed is None


def test_a_job_may_take_no_time():
    """That is a duration of zero, and is known."""
    status = {"state": "FAILED", "startTime": THERE.format("12:00:00")}
    operation = received(status={**status, "endTime": THERE.format("12:00:00")})

    assert operation.elapsed == timedelta(0)


def test_durations_go_on_until_the_job_has_ended():
    """An ended job without an end has no duration; one that never ran was queued to its end."""
    never_ran = {"state": "CANCELED", "endTime": THERE.format("12:00:30")}
    created = {"time": THERE.format("12:00:00")}

    assert received(created=created, status=never_ran).queued == timedelta(seconds=30)
    assert received(created=created, status=never_ran).elapsed is None
    ended = {"state": "FAILED", "startTime": THERE.format("12:00:00")}
    assert received(HTTP_NOON, status=ended).elapsed is None


def test_a_wish_to_be_left_alone_is_kept():
    """A Retry-After on a good response is part of the snapshot."""
    assert received(retry_after="30").retry_after == 30
    assert received().retry_after == Operation(None, document()).retry_after == 0


def test_siblings_share_when_they_were_fetched():
    """The documents of one list were fetched at one time, by one client."""
    first = received(HTTP_NOON, retry_after="30")
    second = first.from_same_response(document("FAILED"), "operations/alias")

    assert (second.as_of, second.retry_after) == (first.as_of, 30)
    assert (second.state, second.api_path) == ("FAILED", "operations/alias")
    assert first.from_same_response(document()).api_path == PATH


def test_snapshots_are_small_and_let_go():
    """No attribute dictionary, and a weak reference is possible."""
    operation = Operation(None, document())
    gone = weakref.ref(operation)

    assert not hasattr(operation, "__dict__")
    del operation
    gc.collect()
    assert gone() is None


def test_a_pickle_holds_the_clocks_difference(clock):
    """The facts of a snapshot beside its document survive, too."""
    clock.time_of_day = NOON.timestamp() - 300
    thawed = pickle.loads(pickle.dumps(received(HTTP_NOON, retry_after="30")))

    assert thawed.as_of == NOON
    assert thawed.clock_offset_seconds == 300
    assert thawed.retry_after == 30
    assert thawed.api_path == PATH


def test_taking_over_an_earlier_creation_time_makes_a_new_snapshot():
    """The snapshot itself stays as the server sent it, without a time."""
    earlier, later = Operation(None, document()), Operation(None, document(created=None))
    another_job = document(created={"time": "2022-01-29T18:24:40.582Z"})

    known = later.after(earlier)

    assert known.is_replaced_by(another_job)
    assert not later.is_replaced_by(another_job)
    assert known == later
