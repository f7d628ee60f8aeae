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
def test_the_documented_arguments_are_taken(name, parameters):
    """Names, order and defaults are those of the public documentation, plus what is new."""
    signature = inspect.signature(getattr(Operation, name))

    bare = [each.replace(annotation=each.empty) for each in signature.parameters.values()]

    assert str(inspect.Signature(bare)).replace(", /", "") == parameters


def test_a_document_is_read(client):
    """Each documented property says what stands in the document."""
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
def test_an_alias_is_where_it_is_requested_about(make, client, wire):
    """An alias goes before the document's own path, for each later request, too."""
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
def test_every_other_word_is_unresolved(client, state):
    """Only three words say that a job has ended; a word that is not known may not."""
    operation = Operation(client, document(state))

    assert not operation.resolved
    assert not operation.succeeded()
    assert operation.state == state


@pytest.mark.parametrize("state", ["CANCELED", "SUCCEEDED", "FAILED"])
def test_three_words_are_resolved(client, state):
    """A resolved operation is returned by `wait` and `cancel` without a request."""
    operation = Operation(client, document(state))

    assert operation.resolved
    assert operation.succeeded() == (state == "SUCCEEDED")
    assert operation.wait() is operation.cancel() is operation
    assert list(operation.snapshots()) == [operation]


@pytest.mark.parametrize("data", [None, [], "17", 17])
def test_only_an_object_is_an_operation(client, data):
    """Anything but a JSON object is a TypeError, at once."""
    with pytest.raises(OperationTypeError, match=type(data).__name__) as raised:
        Operation(client, data)

    assert isinstance(raised.value, TypeError)


def test_polling_makes_a_new_snapshot(job, wire):
    """The new one says what the server says now; the old one stays as it was."""
    requested = wire.get(URL + PATH, json=document("SUCCEEDED"))

    polled = job.poll()

    assert (job.state, polled.state) == ("RUNNING", "SUCCEEDED")
    assert requested.calls[0].request.headers["Accept"] == "application/json"


def test_a_single_poll_retries_nothing(job, wire):
    """One request, and the plain error."""
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


def test_waiting_has_nothing_to_warn_of(job, wire, clock, caplog):
    """As long as there is a state that can be read."""
    for state in ("RUNNING", "CANCELING", "SUCCEEDED"):
        wire.get(URL + PATH, json=document(state))

    job.wait()

    assert caplog.records == []


def test_waiting_pauses_three_seconds(job, wire, clock):
    """The interval that the documentation names is the default."""
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    job.wait()

    assert clock.sleeps == [3]


def test_every_poll_is_yielded(job, wire, clock):
    """`snapshots` yields what each poll brought, up to the resolved one."""
    for state in ("PENDING", "RUNNING", "FAILED"):
        wire.get(URL + PATH, json=document(state))

    assert [each.state for each in job.snapshots(1)] == ["PENDING", "RUNNING", "FAILED"]


@pytest.mark.usefixtures("own_min_interval")
def test_an_interval_of_zero_is_no_tight_loop(job, wire, clock):
    """Even without an interval the server gets a pause."""
    wire.get(URL + PATH, json=document("RUNNING"))

    with pytest.raises(TimeoutError):
        job.wait(0, timeout_seconds=1)

    assert len(wire.calls) == pytest.approx(1 / 0.05, abs=1)


def test_options_are_applied(job, wire, clock):
    """Asynchronous returns the operation itself; otherwise options go to `wait`."""
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.apply_options(asynchronous=True) is job
    assert job.apply_options(True) is job
    assert job.apply_options(poll_interval_seconds=9).succeeded()
    assert clock.sleeps == [9]


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_a_wait_returns_whatever_the_outcome(job, wire, clock, state):
    """A failed or cancelled job is a result of waiting, not an error."""
    wire.get(URL + PATH, json=document(state))

    assert job.wait().state == state


def test_nothing_to_do_is_an_operation(noop):
    """204 becomes a NOOP that has succeeded, with id -1 and no times."""
    assert (noop.type, noop.state, noop.resource_id) == ("NOOP", "SUCCEEDED", "-1")
    assert noop.relative_id == "operations/-1"
    assert "204" in noop.description
    assert noop.status["startTime"] == "0000-00-00T00:00:00.000Z"
    assert noop.created_at is noop.started_at is noop.ended_at is None


def test_a_noop_has_the_document_of_the_public_client(noop):
    """Also for code that looks into it; only the description is in words of our own."""
    never = "0000-00-00T00:00:00.000Z"
    nobody = {"username": "", "time": never, "version": "-1"}

    assert noop.to_json() == {
        "id": "-1",
        "type": "NOOP",
        "description": noop.description,
        "status": {"state": "SUCCEEDED", "startTime": never, "endTime": never, "message": ""},
        "created": nobody,
        "lastModified": nobody,
        "relativeId": "operations/-1",
    }


def test_a_noop_is_never_requested_about(noop):
    """Polling and waiting return it, deleting refuses it: all without a request."""
    assert noop.poll() is noop
    assert noop.wait(3, 0) is noop
    assert noop.apply_options() is noop
    with pytest.raises(NotSupported, match="nothing to delete") as raised:
        noop.delete()
    assert isinstance(raised.value, ValueError)


def test_an_response_becomes_an_operation(client):
    """200 and 202 are read as the operation that was started."""
    for status in (200, 202):
        operation = Operation.from_response(client, fake_response(status, document("PENDING")))

        assert operation.state == "PENDING"


@pytest.mark.parametrize("named", [{"id": "17"}, {"relativeId": PATH}])
def test_one_name_makes_an_response_an_operation(client, named):
    """An id or a path is enough to know what was started."""
    assert Operation.from_response(client, fake_response(200, named)).resource_id == "17"


def test_an_response_may_not_know_its_request(client):
    """One that was made by hand, in somebody's test, say."""
    response = fake_response(200, [])
    response.request = None

    with pytest.raises(UnexpectedResponse, match=r"^The request returned"):
        Operation.from_response(client, response)


@pytest.mark.parametrize("body", [[], None, {}, "17", {"status": {}}, b"{", b"<html>", b""])
def test_an_response_without_an_operation_is_refused(client, body):
    """The error names the path and the content type."""
    with pytest.raises(UnexpectedResponse, match=r"operations/17.*text/strange") as raised:
        Operation.from_response(client, fake_response(200, body, Content_Type="text/strange"))

    assert isinstance(raised.value, ValueError)


def test_an_response_that_is_an_error_is_raised(client):
    """from_response never takes an error's body for an operation."""
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
def test_what_is_no_id_is_refused(client, resource_id):
    """Without a request, and without asking for all operations by accident."""
    with pytest.raises(ValueError, match="id is a number or a name"):
        Operation.from_resource_id(client, resource_id)


@pytest.mark.parametrize("resource_id", ["..", "../projects/1", "%2e%2e"])
def test_an_id_does_not_climb(client, resource_id):
    """An id is no way to another address."""
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


def test_a_server_that_does_not_delete(job, wire):
    """405 is an HTTPError of its own class, with the response."""
    wire.get(URL + PATH, json=document())
    wire.delete(URL + PATH, status=405)

    with pytest.raises(MethodNotAllowed) as raised:
        job.delete()

    assert isinstance(raised.value, requests.HTTPError)
    assert raised.value.response.status_code == 405


def test_cancelling_returns_the_polled_operation(job, wire):
    """The request goes to the job of that number; the result is what the server says then."""
    cancel = wire.post("http://tamr.test:9100/api/dataset/jobs/17/cancel", json={"data": {}})
    wire.get(URL + PATH, json=document("CANCELING"))

    assert job.cancel().state == "CANCELING"
    assert cancel.call_count == 1


def test_cancelling_keeps_a_prefix(wire):
    """A Tamr below a path of its host has its jobs there, too."""
    client = Client(TokenAuth("t"), host="tamr.test", base_path="/one/api/versioned/v1")
    wire.post("http://tamr.test:9100/one/api/dataset/jobs/17/cancel", json={})
    wire.get(f"http://tamr.test:9100/one/api/versioned/v1/{PATH}", json=document("CANCELED"))

    assert Operation(client, document()).cancel().state == "CANCELED"


@pytest.mark.parametrize("name", ["projectExport-a", "-1", "1a", "\u0661", ""])
def test_only_numbers_are_cancelled(client, name):
    """Tamr has no way to cancel an export; no request is made."""
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


def test_checking_passes_what_succeeded(client):
    """`check` returns the operation itself, to go on with."""
    operation = Operation(client, document("SUCCEEDED"))

    assert operation.check() is operation


def test_checking_without_a_reason_ends_the_sentence(client):
    """There is no dangling colon."""
    with pytest.raises(OperationFailed, match=r"failed\.$"):
        Operation(client, document("FAILED")).check()


def test_an_operation_of_the_public_client_is_adopted(client):
    """The document is copied; client and path stay."""
    theirs = PublicOperation(client, document("RUNNING"), "operations/alias")

    ours = Operation.adopt(theirs)
    theirs._data["status"]["state"] = "FAILED"

    assert (ours.state, ours.client, ours.api_path) == ("RUNNING", client, "operations/alias")


def test_our_own_operation_is_adopted_as_it_is(job):
    """There is nothing to make of it."""
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
    ],
)
def test_only_operations_are_adopted(thing):
    """The error says what was given and how to fetch an operation, but shows nothing of it."""
    with pytest.raises(OperationTypeError, match="from_resource_id") as raised:
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


def test_an_operation_without_an_address_cannot_be_requested_about(client):
    """The error says so, without a request."""
    with pytest.raises(NotSupported, match="no path"):
        Operation(client, {"id": "17"}).poll()


def test_another_operations_response_is_not_believed(job, wire):
    """A response for another id is refused."""
    wire.get(URL + PATH, json=document("SUCCEEDED", id="18", relativeId="operations/18"))

    with pytest.raises(UnexpectedResponse, match="not this operation"):
        job.poll()


@pytest.mark.parametrize("missing", ["id", "relativeId"])
def test_one_name_is_enough(job, wire, missing):
    """A server may leave out the id or the path in a response."""
    answered = document("SUCCEEDED")
    del answered[missing]
    wire.get(URL + PATH, json=answered)

    assert job.poll().succeeded()


def test_a_table_is_drawn_for_a_notebook(job):
    """The last value of a cell is a table, not a line of Python."""
    assert "<table" in job._repr_html_()
    assert "Train Mastering Model" in job._repr_html_()


def test_a_repr_has_the_important_facts(job):
    """As in the public client: path, description and state."""
    assert repr(job) == (
        "tamr_widgets.Operation(relative_id='operations/17', "
        "description='Train Mastering Model', state='RUNNING')"
    )


def test_a_time_out_is_caught_as_usual(job, wire, clock):
    """It is a TimeoutError with the snapshot, and says how to go on."""
    wire.get(URL + PATH, json=document("RUNNING"))

    with pytest.raises(
        TimeoutError, match=r"Operation 17 did not end within 10 seconds.*wait\(\) again"
    ) as out:
        job.wait(4, timeout_seconds=10)

    assert isinstance(out.value, WaitTimeout)
    assert out.value.operation.state == "RUNNING"
    assert out.value.waited_seconds == 10


def test_copies_are_the_same_object(job):
    """A snapshot never changes, so a copy would be no other."""
    assert copy.copy(job) is job
    assert copy.deepcopy([job])[0] is job


def test_a_pickle_keeps_the_facts(job, clock):
    """Also when it was fetched, by which a running job's time is counted; but no client."""
    clock.advance(random.uniform(10, 1000))
    thawed = pickle.loads(pickle.dumps(job))

    assert thawed == job
    assert (thawed.as_of, thawed.elapsed) == (job.as_of, job.elapsed)
    assert thawed.client is None
