from __future__ import annotations

import copy
import inspect
import pickle
import random
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote

import pytest
import requests
from fakes import PATH, URL, PublicOperation, document, fake_response

from tamr_widgets import (
    Client,
    CrossOriginError,
    MethodNotAllowed,
    NotFound,
    NotSucceeded,
    NotSupported,
    Operation,
    OperationCanceled,
    OperationFailed,
    OperationTypeError,
    OperationUnresolved,
    TokenAuth,
    UnexpectedResponse,
    WaitTimeout,
)

UNKNOWN_STATES = ["CANCELING", "RESTARTING", "succeeded", "", None]


@pytest.fixture
def job(client):
    return Operation(client, document("RUNNING"))


@pytest.fixture
def noop(client):
    return Operation.from_response(client, fake_response(204))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("from_json", "(client, data, api_path=None)"),
        ("from_response", "(client, response)"),
        ("from_resource_id", "(client, resource_id)"),
        ("adopt", "(operation, session=None)"),
        ("future", "(self, poll_interval_seconds=3)"),
        ("apply_options", "(self, asynchronous=False, **options)"),
        ("poll", "(self)"),
        ("wait", "(self, poll_interval_seconds=3, timeout_seconds=None)"),
        ("snapshots", "(self, poll_interval_seconds=3, timeout_seconds=None)"),
        ("succeeded", "(self)"),
        ("delete", "(self)"),
        ("cancel", "(self)"),
        ("check", "(self)"),
    ],
)
def test_the_documented_arguments_are_accepted(name, parameters):
    """Names, order and defaults are those of the public documentation, plus the new ones."""
    signature = inspect.signature(getattr(Operation, name))

    bare = [each.replace(annotation=each.empty) for each in signature.parameters.values()]

    assert str(inspect.Signature(bare)).replace(", /", "") == parameters


def test_properties_are_read_from_the_document(client):
    """Each documented property has the value that is in the document."""
    operation = Operation.from_json(client, document("RUNNING"))

    assert operation.client is client
    assert operation.type == "SPARK"
    assert operation.description == "Train Mastering Model"
    assert operation.status == document("RUNNING")["status"]
    assert operation.state == "RUNNING"
    assert operation.relative_id == operation.api_path == PATH
    assert operation.resource_id == "17"
    assert operation.created_by == "admin"
    assert operation.message == ""


@pytest.mark.parametrize("make", [Operation, Operation.from_json])
def test_an_alias_is_polled(make, client, wire):
    """An alias takes precedence over the document's own path, for each later poll, too."""
    wire.get(f"{URL}operations/alias", json=document("RUNNING"))
    operation = make(client, document(), "operations/alias")

    polled = operation.poll()

    assert (operation.api_path, polled.api_path) == ("operations/alias", "operations/alias")
    assert operation.relative_id == PATH


def test_times_are_aware(client):
    """Times are datetimes in UTC, and durations are the differences between them."""
    ended = Operation(client, document("SUCCEEDED"))

    assert ended.created_at == datetime(2021, 1, 29, 18, 24, 40, 326000, timezone.utc)
    assert ended.queued == timedelta(seconds=13)
    assert ended.elapsed == timedelta(minutes=1)
    assert ended.started_at.tzinfo == ended.ended_at.tzinfo == timezone.utc


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", *UNKNOWN_STATES])
def test_any_other_state_is_unresolved(client, state):
    """Only three states mean the end of a job; an unknown state does not."""
    operation = Operation(client, document(state))

    assert not operation.resolved
    assert not operation.succeeded()
    assert operation.state == state


@pytest.mark.parametrize("state", ["CANCELED", "SUCCEEDED", "FAILED"])
def test_three_states_are_resolved(client, state):
    """A resolved operation is returned by `wait` and `cancel` without a request."""
    operation = Operation(client, document(state))

    assert operation.resolved
    assert operation.succeeded() == (state == "SUCCEEDED")
    assert operation.wait() is operation.cancel() is operation
    assert list(operation.snapshots()) == [operation]


@pytest.mark.parametrize("data", [None, [], "17", 17])
def test_a_document_must_be_a_json_object(client, data):
    """Any other JSON value raises a TypeError when the operation is made."""
    with pytest.raises(OperationTypeError, match=type(data).__name__) as raised:
        Operation(client, data)

    assert isinstance(raised.value, TypeError)


def test_polling_makes_a_new_snapshot(job, wire):
    """The new snapshot has the server's current state; the old one does not change."""
    requested = wire.get(URL + PATH, json=document("SUCCEEDED"))

    polled = job.poll()

    assert (job.state, polled.state) == ("RUNNING", "SUCCEEDED")
    assert requested.calls[0].request.headers["Accept"] == "application/json"


def test_a_single_poll_is_not_retried(job, wire):
    """There is one request, and its HTTP error is raised."""
    requested = wire.get(URL + PATH, status=502)

    with pytest.raises(requests.HTTPError) as raised:
        job.poll()

    assert raised.value.response.status_code == 502
    assert requested.call_count == 1


def test_waiting_polls_until_the_end(job, wire, clock):
    """`wait` pauses for the interval before each poll and returns the resolved operation."""
    for state in ("RUNNING", "CANCELING", "CANCELED"):
        wire.get(URL + PATH, json=document(state))

    done = job.wait(poll_interval_seconds=7)

    assert done.state == "CANCELED"
    assert clock.sleeps == [7, 7, 7]


def test_a_wait_with_readable_states_logs_nothing(job, wire, clock, caplog):
    """A readable state may be unknown, such as CANCELING."""
    for state in ("RUNNING", "CANCELING", "SUCCEEDED"):
        wire.get(URL + PATH, json=document(state))

    job.wait()

    assert caplog.records == []


def test_the_default_interval_is_three_seconds(job, wire, clock):
    """The public documentation names this default."""
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    job.wait()

    assert clock.sleeps == [3]


def test_every_poll_is_yielded(job, wire, clock):
    """`snapshots` yields the snapshot of each poll, up to the resolved one."""
    for state in ("PENDING", "RUNNING", "FAILED"):
        wire.get(URL + PATH, json=document(state))

    assert [each.state for each in job.snapshots(1)] == ["PENDING", "RUNNING", "FAILED"]


@pytest.mark.usefixtures("own_min_interval")
def test_an_interval_of_zero_becomes_the_minimum(job, wire, clock):
    """Otherwise a wait would poll in a tight loop."""
    wire.get(URL + PATH, json=document("RUNNING"))

    with pytest.raises(TimeoutError):
        job.wait(0, timeout_seconds=1)

    assert len(wire.calls) == pytest.approx(1 / 0.05, abs=1)


def test_apply_options_waits_unless_asynchronous(job, wire, clock):
    """With `asynchronous` the operation itself is returned; other options are passed to `wait`."""
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.apply_options(asynchronous=True) is job
    assert job.apply_options(True) is job
    assert job.apply_options(poll_interval_seconds=9).succeeded()
    assert clock.sleeps == [9]


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_a_wait_returns_a_failed_or_cancelled_operation(job, wire, clock, state):
    """A failure is a result of waiting, not an error."""
    wire.get(URL + PATH, json=document(state))

    assert job.wait().state == state


def test_a_204_becomes_a_noop(noop):
    """It has succeeded, with id -1 and no times."""
    assert (noop.type, noop.state, noop.resource_id) == ("NOOP", "SUCCEEDED", "-1")
    assert noop.relative_id == "operations/-1"
    assert "204" in noop.description
    assert noop.status["startTime"] == "0000-00-00T00:00:00.000Z"
    assert noop.created_at is noop.started_at is noop.ended_at is None


def test_a_noop_has_the_document_of_the_public_client(noop):
    """Code may read its fields; only the description has another text."""
    never = "0000-00-00T00:00:00.000Z"
    no_user = {"username": "", "time": never, "version": "-1"}

    assert noop.to_json() == {
        "id": "-1",
        "type": "NOOP",
        "description": noop.description,
        "status": {"state": "SUCCEEDED", "startTime": never, "endTime": never, "message": ""},
        "created": no_user,
        "lastModified": no_user,
        "relativeId": "operations/-1",
    }


def test_a_noop_makes_no_requests(noop):
    """Polls and waits return it, and deleting it is an error."""
    assert noop.poll() is noop
    assert noop.wait(3, 0) is noop
    assert noop.apply_options() is noop
    with pytest.raises(NotSupported, match="nothing to delete") as raised:
        noop.delete()
    assert isinstance(raised.value, ValueError)


def test_a_response_becomes_an_operation(client):
    """200 and 202 hold the operation that was started."""
    for status in (200, 202):
        operation = Operation.from_response(client, fake_response(status, document("PENDING")))

        assert operation.state == "PENDING"


@pytest.mark.parametrize("named", [{"id": "17"}, {"relativeId": PATH}])
def test_a_response_needs_an_id_or_a_path(client, named):
    """Either identifies the operation that was started."""
    assert Operation.from_response(client, fake_response(200, named)).resource_id == "17"


def test_a_response_may_lack_its_request(client):
    """Tests of users may make a response by hand."""
    response = fake_response(200, [])
    response.request = None

    with pytest.raises(UnexpectedResponse, match=r"^The request returned"):
        Operation.from_response(client, response)


@pytest.mark.parametrize("body", [[], None, {}, "17", {"status": {}}, b"{", b"<html>", b""])
def test_a_response_without_an_operation_is_an_error(client, body):
    """The error names the path and the content type."""
    with pytest.raises(UnexpectedResponse, match=r"operations/17.*text/strange") as raised:
        Operation.from_response(client, fake_response(200, body, Content_Type="text/strange"))

    assert isinstance(raised.value, ValueError)


def test_an_error_response_is_raised(client):
    """`from_response` never reads an operation from the body of an error."""
    with pytest.raises(requests.HTTPError, match="No result found"):
        Operation.from_response(
            client, fake_response(404, {"id": "x", "message": "No result found"})
        )


@pytest.mark.parametrize(
    ("resource_id", "path"),
    [
        ("17", "17"),
        (17, "17"),
        ("projectExport-a-2021-07-05_16-16-30-425", "projectExport-a-2021-07-05_16-16-30-425"),
        ("a b:c", "a%20b:c"),
        ("a%20b", "a%20b"),
        ("100%", "100%25"),
        ("a%%20b", "a%25%20b"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("\u00e9", "%C3%A9"),
        ("\ud800", "%3F"),
    ],
)
def test_an_operation_is_fetched_by_its_id(client, wire, resource_id, path):
    """An id may be a number, a name with blanks, or percent-encoded already."""
    names = {"id": unquote(path), "relativeId": f"operations/{path}"}
    wire.get(f"{URL}operations/{path}", json=document(**names))

    assert Operation.from_resource_id(client, resource_id).state == "RUNNING"
    assert wire.calls[0].request.url == f"{URL}operations/{path}"
    assert wire.calls[0].request.headers["Accept"] == "application/json"


@pytest.mark.parametrize("resource_id", ["", "  ", None, True, 1.5, []])
def test_an_invalid_id_is_refused(client, resource_id):
    """No request is sent; with an empty id, it would return the list of all operations."""
    with pytest.raises(ValueError, match="id is a number or a name"):
        Operation.from_resource_id(client, resource_id)


@pytest.mark.parametrize("resource_id", ["..", "../projects/1", "%2e%2e"])
def test_an_id_cannot_lead_to_another_path(client, resource_id):
    """An id with `..` is refused, also if it is percent-encoded."""
    with pytest.raises(CrossOriginError):
        Operation.from_resource_id(client, resource_id)


def test_an_unknown_id_is_not_found(client, wire):
    """404 is an HTTPError of its own class."""
    wire.get(f"{URL}operations/4711", status=404, json={"message": "No result found"})

    with pytest.raises(NotFound):
        Operation.from_resource_id(client, "4711")


def test_deleting_returns_the_response(job, wire):
    """As in the public client, the result is the server's response."""
    wire.get(URL + PATH, json=document())
    wire.delete(URL + PATH, status=204)

    response = job.delete()

    assert isinstance(response, requests.Response)
    assert response.status_code == 204


def test_an_unsupported_delete_raises_method_not_allowed(job, wire):
    """405 is an HTTPError of its own class, with the response."""
    wire.get(URL + PATH, json=document())
    wire.delete(URL + PATH, status=405)

    with pytest.raises(MethodNotAllowed) as raised:
        job.delete()

    assert isinstance(raised.value, requests.HTTPError)
    assert raised.value.response.status_code == 405


def test_cancelling_returns_the_polled_operation(job, wire):
    """The job of that number is cancelled; the result is the snapshot of a later poll."""
    cancel = wire.post("http://tamr.test:9100/api/dataset/jobs/17/cancel", json={"data": {}})
    wire.get(URL + PATH, json=document("CANCELING"))

    assert job.cancel().state == "CANCELING"
    assert cancel.call_count == 1


def test_cancelling_keeps_a_path_prefix(wire):
    """A Tamr below a path of its host has its jobs there, too."""
    client = Client(TokenAuth("t"), host="tamr.test", base_path="/one/api/versioned/v1")
    wire.post("http://tamr.test:9100/one/api/dataset/jobs/17/cancel", json={})
    wire.get(f"http://tamr.test:9100/one/api/versioned/v1/{PATH}", json=document("CANCELED"))

    assert Operation(client, document()).cancel().state == "CANCELED"


@pytest.mark.parametrize("name", ["projectExport-a", "-1", "1a", "\u0661", ""])
def test_only_numeric_ids_can_be_cancelled(client, name):
    """Tamr cannot cancel an export; no request is sent."""
    operation = Operation(client, document(id=name, relativeId=f"operations/{name}"))

    for each in (operation, Operation(client, {})):
        with pytest.raises(NotSupported, match="by number"):
            each.cancel()


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ("FAILED", OperationFailed, "failed: no space left"),
        ("CANCELED", OperationCanceled, "was cancelled: no space left"),
        ("RUNNING", OperationUnresolved, "has not ended: it was RUNNING"),
        (None, OperationUnresolved, "it was in no readable state when"),
    ],
)
def test_checking_raises_the_servers_reason(client, state, kind, words):
    """The error names the operation and the reason, and holds the snapshot."""
    status = {"state": state, "message": "no space left"}
    operation = Operation(client, document(status=status))

    with pytest.raises(kind, match=words) as raised:
        operation.check()

    assert "17 (Train Mastering Model)" in str(raised.value)
    assert isinstance(raised.value, NotSucceeded)
    assert isinstance(raised.value, RuntimeError)
    assert raised.value.operation is operation


def test_checking_returns_a_succeeded_operation(client):
    """`check` returns the operation itself, for chained calls."""
    operation = Operation(client, document("SUCCEEDED"))

    assert operation.check() is operation


def test_an_error_without_a_reason_ends_with_a_full_stop(client):
    """There is no dangling colon."""
    with pytest.raises(OperationFailed, match=r"failed\.$"):
        Operation(client, document("FAILED")).check()


def test_an_operation_of_the_public_client_is_adopted(client):
    """The document is copied; client and path stay."""
    public = PublicOperation(client, document("RUNNING"), "operations/alias")

    own = Operation.adopt(public)
    public._data["status"]["state"] = "FAILED"

    assert (own.state, own.client, own.api_path) == ("RUNNING", client, "operations/alias")


def test_adopting_our_own_operation_returns_it(job):
    """A snapshot never changes, so no copy is needed."""
    assert Operation.adopt(job) is job


@pytest.mark.parametrize(
    "thing",
    [
        None,
        17,
        "17",
        document(),
        PublicOperation(None, document()),
        PublicOperation("client", document())._data,
        fake_response(200, document()),
    ],
)
def test_only_operations_are_adopted(thing):
    """The error names the type and how to get an operation, but shows no content."""
    with pytest.raises(OperationTypeError, match=r"from_resource_id.*from_response") as raised:
        Operation.adopt(thing)

    assert type(thing).__name__ in str(raised.value)


def test_a_snapshot_cannot_be_changed(job):
    """Neither by assignment nor by deletion."""
    for change in (
        lambda: setattr(job, "state", "SUCCEEDED"),
        lambda: setattr(job, "client", None),
        lambda: delattr(job, "api_path"),
        lambda: setattr(job, "anything", 1),
    ):
        with pytest.raises(AttributeError, match=r"poll\(\) returns a new one"):
            change()


def test_an_operation_without_a_path_cannot_be_polled(client):
    """The error says so, and no request is sent."""
    with pytest.raises(NotSupported, match="no path"):
        Operation(client, {"id": "17"}).poll()


def test_a_response_of_another_operation_is_refused(job, wire):
    """Its id differs from that of the polled operation."""
    wire.get(URL + PATH, json=document("SUCCEEDED", id="18", relativeId="operations/18"))

    with pytest.raises(UnexpectedResponse, match="not this operation"):
        job.poll()


@pytest.mark.parametrize("missing", ["id", "relativeId"])
def test_a_poll_needs_an_id_or_a_path_in_the_response(job, wire, missing):
    """A server may leave out either of them."""
    body = document("SUCCEEDED")
    del body[missing]
    wire.get(URL + PATH, json=body)

    assert job.poll().succeeded()


def test_a_notebook_shows_a_table(job):
    """Jupyter shows it where an operation is the last value of a cell."""
    assert "<table" in job._repr_html_()
    assert "Train Mastering Model" in job._repr_html_()


def test_a_repr_has_the_important_facts(job):
    """As in the public client: path, description and state."""
    assert repr(job) == (
        "tamr_widgets.Operation(relative_id='operations/17', "
        "description='Train Mastering Model', state='RUNNING')"
    )


def test_a_wait_timeout_is_a_timeout_error(job, wire, clock):
    """It holds the snapshot, and says how to continue."""
    wire.get(URL + PATH, json=document("RUNNING"))

    with pytest.raises(
        TimeoutError, match=r"Operation 17 did not end within 10 seconds.*wait\(\) again"
    ) as raised:
        job.wait(4, timeout_seconds=10)

    assert isinstance(raised.value, WaitTimeout)
    assert raised.value.operation.state == "RUNNING"
    assert raised.value.waited_seconds == 10


def test_copies_are_the_same_object(job):
    """A snapshot never changes, so no copy is needed."""
    assert copy.copy(job) is job
    assert copy.deepcopy([job])[0] is job


def test_a_pickle_keeps_the_document_and_its_time(job, clock):
    """A running job's duration is counted up to that time. The client is not kept."""
    clock.advance(random.uniform(10, 1000))
    unpickled = pickle.loads(pickle.dumps(job))

    assert unpickled == job
    assert (unpickled.as_of, unpickled.elapsed) == (job.as_of, job.elapsed)
    assert unpickled.client is None
