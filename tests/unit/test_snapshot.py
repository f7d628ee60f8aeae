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
SERVER_TIME = "2021-01-29T{}.000Z"


def received(date="", retry_after="", **fields):
    """Returns a snapshot of a response."""
    headers = {"Date": date, "Retry_After": retry_after}
    response = fake_response(200, document(**fields), **{k: v for k, v in headers.items() if v})
    return Operation.from_response(None, response)


@pytest.mark.parametrize(
    "status", [None, {}, ..., "RUNNING", ["RUNNING"], 7, {"state": 7}, {"state": ["x"]}]
)
def test_an_unreadable_status_is_unresolved(status):
    """The state is None, and `status` is the unchanged value; no exception is raised."""
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


def test_a_snapshot_is_independent_of_its_source():
    """It has its own copy, at every depth."""
    data = document("RUNNING", result={"list": [{"value": 1}]})
    operation = Operation(None, data)

    data["status"]["state"] = "FAILED"
    data["result"]["list"][0]["value"] = 2
    data["id"] = "18"

    assert operation.state == "RUNNING"
    assert operation.to_json()["result"] == {"list": [{"value": 1}]}


def test_a_snapshot_is_independent_of_returned_documents():
    """`status` and `to_json` return copies."""
    operation = Operation(None, document("RUNNING"))

    operation.status["state"] = "FAILED"
    operation.to_json()["status"]["state"] = "FAILED"

    assert operation.state == "RUNNING"


def test_snapshots_with_equal_content_are_equal():
    """Equality and hash depend on the content, not on the client or the time of the response."""
    one = Operation("a client", document("RUNNING"))
    other = Operation("another", document("RUNNING"))

    assert one == other
    assert len({one, other}) == 1


def test_an_equal_document_is_recognized():
    """Of a list, only the documents that have changed become new snapshots."""
    operation = Operation(None, document("RUNNING"))

    assert operation.has_same_document(document("RUNNING")) is True
    assert operation.has_same_document(document("FAILED")) is False
    assert operation.has_same_document(document("RUNNING", newField=None)) is False


def test_a_document_too_deep_to_compare_counts_as_changed():
    """The comparison raises no error."""

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
def test_snapshots_with_different_content_are_not_equal(other):
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
def test_text_properties_are_always_text(name, value):
    """Values of wrong types in a document are converted."""
    fields = {"type": value, "description": value, "relativeId": value}

    assert isinstance(getattr(Operation(None, document(**fields)), name), str)


@pytest.mark.parametrize("created", [None, "admin", [], {}, {"username": ""}, {"username": None}])
def test_a_missing_user_is_none(created):
    """A name is never an empty text."""
    operation = Operation(None, document(created=created))

    assert operation.created_by is None
    assert operation.created_at is None
    assert operation.queued is None


def test_a_running_job_is_timed_by_the_servers_clock():
    """The date of the response and the start of the job are of the same clock."""
    operation = received(
        HTTP_NOON,
        created={"time": SERVER_TIME.format("11:58:00")},
        status={"state": "RUNNING", "startTime": SERVER_TIME.format("11:59:00")},
    )

    assert operation.as_of == NOON
    assert operation.elapsed == timedelta(minutes=1)
    assert operation.queued == timedelta(minutes=1)


def test_the_clock_offset_is_kept(clock):
    """The response shows how far ahead the server's clock is."""
    clock.time_of_day = NOON.timestamp() - 300

    assert received(HTTP_NOON).clock_offset_seconds == 300


@pytest.mark.parametrize(("ahead", "offset"), [(1.9, 0), (-1.9, 0), (2, -2), (-2, 2), (-2.5, 2.5)])
def test_a_small_clock_offset_is_ignored(clock, ahead, offset):
    """Below two seconds it may be due to rounding, since HTTP dates are whole seconds."""
    clock.time_of_day = NOON.timestamp() + ahead

    operation = received(HTTP_NOON)

    assert operation.clock_offset_seconds == offset
    assert (operation.as_of - NOON).total_seconds() == pytest.approx(ahead + offset)


@pytest.mark.parametrize("date", ["", "soon", "Fri, 31 Dec 9999 23:59:59 -2359"])
def test_without_a_date_the_local_clock_is_used(clock, date):
    """A date that is missing, invalid or out of range is no error."""
    operation = received(date)

    assert operation.as_of.timestamp() == clock.time_of_day
    assert operation.clock_offset_seconds == 0


def test_impossible_times_are_left_out():
    """An end before the start makes no negative duration."""
    status = {"state": "FAILED", "startTime": SERVER_TIME.format("12:00:00")}
    operation = received(status={**status, "endTime": SERVER_TIME.format("11:00:00")})

    assert operation.elapsed is None


def test_a_job_may_take_zero_seconds():
    """The duration is zero, not unknown."""
    status = {"state": "FAILED", "startTime": SERVER_TIME.format("12:00:00")}
    operation = received(status={**status, "endTime": SERVER_TIME.format("12:00:00")})

    assert operation.elapsed == timedelta(0)


def test_durations_end_with_the_job():
    """Without an end there is no duration; a job that never ran was queued until its end."""
    never_ran = {"state": "CANCELED", "endTime": SERVER_TIME.format("12:00:30")}
    created = {"time": SERVER_TIME.format("12:00:00")}

    assert received(created=created, status=never_ran).queued == timedelta(seconds=30)
    assert received(created=created, status=never_ran).elapsed is None
    ended = {"state": "FAILED", "startTime": SERVER_TIME.format("12:00:00")}
    assert received(HTTP_NOON, status=ended).elapsed is None


def test_the_retry_after_of_a_success_is_kept():
    """It is a part of the snapshot."""
    assert received(retry_after="30").retry_after == 30
    assert received().retry_after == Operation(None, document()).retry_after == 0


def test_operations_of_one_response_share_its_time():
    """They share its Retry-After, too, but not the path."""
    first = received(HTTP_NOON, retry_after="30")
    second = first.from_same_response(document("FAILED"), "operations/alias")

    assert (second.as_of, second.retry_after) == (first.as_of, 30)
    assert (second.state, second.api_path) == ("FAILED", "operations/alias")
    assert first.from_same_response(document()).api_path == PATH


def test_snapshots_are_small_and_garbage_collected():
    """They have no attribute dictionary, and can be weakly referenced."""
    operation = Operation(None, document())
    reference = weakref.ref(operation)

    assert not hasattr(operation, "__dict__")
    del operation
    gc.collect()
    assert reference() is None


def test_a_pickle_keeps_the_clock_offset(clock):
    """The time, the Retry-After and the path are kept, too."""
    clock.time_of_day = NOON.timestamp() - 300
    unpickled = pickle.loads(pickle.dumps(received(HTTP_NOON, retry_after="30")))

    assert unpickled.as_of == NOON
    assert unpickled.clock_offset_seconds == 300
    assert unpickled.retry_after == 30
    assert unpickled.api_path == PATH


def test_taking_over_an_earlier_creation_time_makes_a_new_snapshot():
    """The original snapshot still has no creation time."""
    earlier, later = Operation(None, document()), Operation(None, document(created=None))
    another_job = document(created={"time": "2022-01-29T18:24:40.582Z"})

    known = later.after(earlier)

    assert known.is_replaced_by(another_job)
    assert not later.is_replaced_by(another_job)
    assert known == later
