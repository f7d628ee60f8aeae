"""Identity of jobs: responses about another job are refused, and no other job is acted on."""

from __future__ import annotations

import json
import pickle
import sys
import threading
import time
from urllib.parse import quote, unquote

import pytest
import responses
from fakes import (
    EXTREME_TIMES,
    PATH,
    URL,
    document,
    error_of,
    fake_response,
    wait_until,
    with_time,
)
from polling import LIST, FakeTamr, Subscriber, drive

from tamr_widgets import (
    Client,
    CrossOriginError,
    JobsWidget,
    NotFound,
    NotSupported,
    Operation,
    OperationReplaced,
    OperationWidget,
    Poller,
    TamrError,
    TokenAuth,
    UnexpectedResponse,
)
from tamr_widgets._json_list import iter_items
from tamr_widgets._operation.html import html_table
from tamr_widgets._operation.operation_list import OperationList
from tamr_widgets._polling import history_loader
from tamr_widgets.history import JobHistory
from tamr_widgets.simulator import Simulator
from tamr_widgets.widgets.job_table import JobTable, row
from tamr_widgets.widgets.payload import snapshot_facts

CANCEL = "http://tamr.test:9100/api/dataset/jobs/{}/cancel"
PROJECT = {"id": "12", "name": "Suppliers", "type": "DEDUP", "relativeId": "projects/12"}
# Another job with the same number, created years later.
OTHER = document(
    description="Somebody else's job",
    created={"username": "bob", "time": "2024-03-01T08:00:00.000Z", "version": "9"},
)
CONTRADICTIONS = [
    {"relativeId": "operations/99"},
    {"relativeId": "projects/17"},
    {"relativeId": "operations/17/logs"},
    {"relativeId": "operations/17?force=true"},
    {"relativeId": "operations"},
    {"relativeId": "/api/dataset/jobs/17"},
    {"relativeId": "http://tamr.test:9100/api/versioned/v1/operations/17"},
    {"relativeId": 17},
    {"relativeId": ["operations/17"]},
    {"id": "99"},
    {"id": 99},
    {"id": True},
    {"id": ["17"]},
    {"id": "17 "},
    {"id": "18", "relativeId": "operations/18"},
]


@pytest.fixture
def job(client):
    return Operation(client, document("RUNNING"))


def written(state="RUNNING", **fields):
    """Returns a document without the fields that are None."""
    return {name: each for name, each in document(state, **fields).items() if each is not None}


@pytest.mark.parametrize(
    "fetch",
    [lambda client: client.operation("17"), lambda client: Operation(client, document()).poll()],
    ids=["fetch", "poll"],
)
def test_a_response_about_another_operation_is_refused(client, wire, fetch):
    """Any of its fields may name the other operation."""
    for names in CONTRADICTIONS:
        wire.upsert("GET", URL + PATH, json=document("SUCCEEDED", **names))
        error = error_of(lambda: fetch(client))

        assert isinstance(error, UnexpectedResponse), names
        assert "GET operations/17" in str(error), names
        assert "not this operation" in str(error), names


@pytest.mark.parametrize("status", [200, 202])
def test_a_start_with_a_contradictory_response_is_an_error(client, wire, status):
    """The error says that it is not known whether a job was started."""
    url = f"{URL}projects/1:export"
    for names in CONTRADICTIONS[:-1]:
        wire.upsert("POST", url, json=document("PENDING", **names), status=status)
        error = error_of(lambda: client.start("projects/1:export", asynchronous=True))

        assert isinstance(error, UnexpectedResponse), names
        assert "not known whether" in str(error), names


@pytest.mark.parametrize(
    "body",
    [
        PROJECT,
        {**PROJECT, "status": {"state": "SUCCEEDED"}},
        {name: each for name, each in PROJECT.items() if name != "relativeId"},
        {"id": "12", "relativeId": "datasets/12"},
        {"name": "Suppliers", "status": {"state": "SUCCEEDED"}},
        {"id": "", "relativeId": ""},
    ],
)
def test_a_document_of_another_resource_is_no_operation(client, wire, body):
    """For example, a project that was created cannot be waited for or deleted as a job."""
    wire.post(f"{URL}projects", json=body, status=201)

    with pytest.raises(UnexpectedResponse, match="not an operation"):
        client.start("projects", asynchronous=True)


def test_an_error_names_the_operation_of_the_response(client, wire):
    """All names are listed if they contradict each other."""
    wire.get(URL + PATH, json=document(relativeId="operations/99"))

    with pytest.raises(UnexpectedResponse, match="not this operation but 17 and 99"):
        client.operation("17")


def test_a_204_is_no_response_to_a_fetch(client, wire):
    """It means that no job was needed, and says nothing about an existing one."""
    wire.get(URL + PATH, status=204)

    with pytest.raises(UnexpectedResponse):
        client.operation("17")


@pytest.mark.parametrize(
    ("requested", "path", "names"),
    [
        ("17", "17", {"id": 17}),
        (17, "17", {"relativeId": None}),
        ("17", "17", {"id": None}),
        ("17", "17", {"id": "", "relativeId": PATH}),
        ("a b:c", "a%20b:c", {"id": "a b:c", "relativeId": "operations/a%20b:c"}),
        ("a b:c", "a%20b:c", {"id": "a b:c", "relativeId": "operations/a b:c"}),
        ("a%20b", "a%20b", {"id": "a b", "relativeId": "operations/a%20b"}),
        ("a%20b", "a%20b", {"id": "a%20b", "relativeId": "operations/a%20b"}),
        ("a b:c", "a%20b:c", {"id": "a b:c", "relativeId": "operations/a%20b%3Ac"}),
        ("\u00e9", "%C3%A9", {"id": "\u00e9", "relativeId": "operations/%c3%a9"}),
        (
            "projectExport-a-2021-07-05_16-16-30-425",
            "projectExport-a-2021-07-05_16-16-30-425",
            {
                "id": "projectExport-a-2021-07-05_16-16-30-425",
                "relativeId": "operations/projectExport-a-2021-07-05_16-16-30-425",
            },
        ),
    ],
)
def test_every_recorded_form_of_an_id_is_accepted(client, wire, requested, path, names):
    """Numbers, encoded, plain and missing ids are fetched, polled and deleted."""
    for each in (path, quote(unquote(path))):  # later ones go to the path that the server wrote
        wire.get(f"{URL}operations/{each}", json=written(**names))
        wire.delete(f"{URL}operations/{each}", status=204)
    operation = client.operation(requested)

    assert operation.poll().state == "RUNNING"
    assert operation.delete().status_code == 204


@pytest.mark.parametrize("name", ["17", 17, "a b:c", "a/b"])
def test_an_operation_without_a_path_is_polled_by_its_id(client, wire, name):
    """Old servers send only the id, from which the path is derived."""
    path = {"a b:c": "a%20b:c", "a/b": "a%2Fb"}.get(name, name)
    body = written(id=name, relativeId=None)
    wire.post(f"{URL}projects/1:export", json=body)
    wire.get(f"{URL}operations/{path}", json=body)
    wire.delete(f"{URL}operations/{path}", status=204)

    for operation in (client.start("projects/1:export", True), client.operation(name)):
        assert operation.poll().poll() == operation
        assert operation.delete().ok


@pytest.mark.parametrize("act", [Operation.cancel, Operation.delete])
def test_a_contradictory_document_is_not_acted_on(client, wire, act):
    """No request is sent, since it is not certain which job is meant."""
    for names in CONTRADICTIONS[:-1]:
        operation = Operation(client, document(**names))

        error = error_of(lambda operation=operation: act(operation))
        assert isinstance(error, (NotSupported, CrossOriginError)), names
        assert not wire.calls, names


@pytest.mark.parametrize("act", [Operation.cancel, Operation.delete])
@pytest.mark.parametrize(
    "alias", ["projects/12", "operations/99", "operations/17/x", "datasets/17"]
)
def test_an_address_of_another_resource_is_not_acted_on(client, wire, act, alias):
    """An operation with such an alias or `api_path` is neither cancelled nor deleted."""

    class Public:
        api_path, _data = alias, document()
        poll = None

        def __init__(self):
            self.client = client

    for operation in (
        Operation(client, document(), alias),
        Operation.from_json(client, document(), alias),
        Operation.adopt(Public()),
    ):
        with pytest.raises(NotSupported, match="not certain which operation"):
            act(operation)
    assert not wire.calls


def test_an_alias_may_include_the_base_path(client, wire):
    """The path then starts at the root of the server."""
    path = f"{client.base_path}operations/17"
    wire.get(URL + PATH, json=document())
    wire.delete(URL + PATH, status=204)

    assert Operation(client, document(), path).delete().status_code == 204


@pytest.mark.parametrize("act", [Operation.cancel, Operation.delete])
@pytest.mark.parametrize(
    ("now", "kind"),
    [
        ({"json": OTHER}, OperationReplaced),
        ({"json": document(description="Another")}, UnexpectedResponse),
        ({"json": document(type="projectExport")}, UnexpectedResponse),
        ({"json": document(id="18", relativeId="operations/18")}, UnexpectedResponse),
        ({"status": 404, "json": {"message": "No result found"}}, NotFound),
        ({"status": 502}, TamrError),
        ({"body": "<html>login"}, UnexpectedResponse),
    ],
)
def test_a_job_is_polled_before_it_is_cancelled_or_deleted(job, wire, act, now, kind):
    """Neither is sent unless the server returns the job of the snapshot."""
    wire.get(URL + PATH, **now)

    with pytest.raises(kind):
        act(job)
    assert [call.request.method for call in wire.calls] == ["GET"]


def test_a_job_that_ended_meanwhile_is_not_cancelled(job, wire):
    """The poll before the cancel returns the resolved operation."""
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.cancel().succeeded()
    assert len(wire.calls) == 1


@pytest.mark.parametrize("state", ["RUNNING", "SUCCEEDED"])
def test_a_reused_number_ends_a_wait(job, wire, clock, state):
    """The first poll raises an error that describes both jobs, whatever the new one's state."""
    wire.get(URL + PATH, json={**OTHER, "status": document(state)["status"]})

    with pytest.raises(OperationReplaced, match=r"is gone.*another job") as raised:
        job.wait()

    assert len(wire.calls) == 1
    assert isinstance(raised.value, (NotFound, UnexpectedResponse))
    assert raised.value.response.json()["description"] == "Somebody else's job"
    for word in ("17", "Train Mastering Model", "2021-01-29", "Somebody else's job", "2024-03-01"):
        assert word in str(raised.value)


@pytest.mark.parametrize(
    "created",
    [
        "2021-01-29T18:24:40.326Z",
        "2021-01-29T18:24:40.326114Z",
        "2021-01-29T18:24:40Z",
        "2021-01-29T19:24:40.326+01:00",
        "2021-01-29_18-24-40-326",
        "0000-00-00T00:00:00.000Z",
        "",
        None,
        17,
        "soon",
    ],
)
def test_a_creation_time_may_have_many_formats(job, wire, created):
    """Only a readable time that differs identifies another job."""
    wire.get(URL + PATH, json=document("SUCCEEDED", created={"time": created}))

    assert job.poll().succeeded()


@pytest.mark.parametrize("created", ["2021-01-29T18:24:42.326Z", "2020-01-29T18:24:40.326Z"])
def test_another_creation_time_is_of_another_job(job, wire, created):
    """It may be later or earlier."""
    wire.get(URL + PATH, json=document("SUCCEEDED", created={"time": created}))

    with pytest.raises(OperationReplaced):
        job.poll()


def subscribe_to_many(clock):
    """Returns a poller that refreshes operations by the list, and a subscriber of operation 1."""
    tamr, subscriber = FakeTamr(clock), Subscriber()
    poller = Poller(tamr, background=False)
    jobs = tamr.add_many(30)
    for each in jobs[1:]:
        poller.subscribe(each, lambda _: None)
    subscriber.subscribe(poller, jobs[0])
    return tamr, poller, subscriber


def test_a_list_with_another_job_of_the_same_path_ends_polling(clock):
    """The other job is not delivered; the subscriber is notified that its job is gone."""
    tamr, poller, subscriber = subscribe_to_many(clock)
    drive(poller, clock, 30)
    assert tamr.count(LIST)
    subscriber.results.clear()

    tamr.jobs["1"] = {**OTHER, "id": "1", "relativeId": "operations/1"}
    drive(poller, clock, 10)

    assert subscriber.results == []
    assert [type(each) for each in subscriber.errors] == [OperationReplaced]
    assert subscriber.errors[0].retry_in_seconds is None


def test_a_contradictory_document_of_a_list_is_not_delivered(clock):
    """Its path and its id are of different jobs, so single polls are made."""
    tamr, poller, subscriber = subscribe_to_many(clock)
    drive(poller, clock, 30)
    subscriber.results.clear()
    listed = [{**tamr.jobs["1"], "id": "99", "description": "Another"}]
    tamr.faults[LIST] = fake_response(200, listed)
    drive(poller, clock, 10)

    assert subscriber.results
    assert {each.description for each in subscriber.results} == {"Train Mastering Model"}


def test_two_jobs_with_the_same_number_are_polled_separately(clock):
    """Subscribers of one job are not notified of the other."""
    tamr = FakeTamr(clock)
    poller = Poller(tamr, background=False)
    old, new = Subscriber(), Subscriber()
    old.subscribe(poller, tamr.add("17"))
    new.subscribe(poller, tamr.add("17", created=OTHER["created"]))
    drive(poller, clock, 10)

    assert old.results == []
    assert [type(each) for each in old.errors] == [OperationReplaced]
    assert new.errors == []
    assert {each.created_by for each in new.results} == {"bob"}


def click(widget, **content):
    """Sends the message of a click, as a page does."""
    data = {"method": "custom", "content": content}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})


def test_a_widget_shows_that_its_job_is_gone():
    """It keeps the last known state, and never shows that of the other job."""
    with Simulator(past_jobs=5) as tamr, tamr.client() as client:
        number = tamr.jobs.start(queued_seconds=600)
        operation = client.operation(number)
        widget = OperationWidget(operation, poll_interval_seconds=0.1, estimate=False)
        other_job = {**OTHER, "id": number, "relativeId": f"operations/{number}"}
        tamr.jobs.put({**other_job, "status": {"state": "SUCCEEDED"}}, number)

        wait_until(lambda: widget.get_state("_panel")["_panel"].get("error_kind") == "gone")
        with pytest.raises(OperationReplaced):
            widget.wait(1)
        assert "another job" in widget.error
        assert (widget.state, widget.description) == (operation.state, operation.description)
        click(widget, action="delete", seq=1)
        wait_until(lambda: tamr.requests.matching("GET", f"operations/{number}")[1:])
        widget.close()

    assert not tamr.requests.matching("DELETE")


def test_operations_of_two_servers_are_not_equal(client):
    """Host, port, protocol and base path are compared, clients are not."""
    ours = Operation(client, document())
    others = [
        Client(TokenAuth("t"), "other.test"),
        Client(TokenAuth("t"), "tamr.test", port=9101),
        Client(TokenAuth("t"), "tamr.test", "https"),
        Client(TokenAuth("t"), "tamr.test", base_path="/two/api/versioned/v1"),
    ]

    assert all(Operation(other, document()) != ours for other in others)
    assert len({Operation(other, document()) for other in [*others, client]}) == 5
    for same in (Client(TokenAuth("u"), "tamr.test"), Client(TokenAuth("u"), "TAMR.test")):
        assert Operation(same, document()) == ours
        assert hash(Operation(same, document())) == hash(ours)


def test_an_unpickled_operation_keeps_its_server(client):
    """It equals the operation that was pickled, and none of another server."""
    other = Client(TokenAuth("t"), "other.test")
    unpickled = pickle.loads(pickle.dumps(Operation(client, document())))
    again = pickle.loads(pickle.dumps(unpickled))

    assert unpickled == again == Operation(client, document())
    assert unpickled != Operation(other, document())
    assert unpickled != pickle.loads(pickle.dumps(Operation(other, document())))


def test_only_the_current_job_of_rows_with_the_same_id_is_deleted(client, wire):
    """The list keeps all rows; the server's response shows which job is the current one."""
    wire.get(f"{URL}operations", json=[OTHER, document(), document(relativeId="operations/99")])
    wire.get(URL + PATH, json=OTHER)
    wire.delete(URL + PATH, status=204)
    table = JobTable()
    table.take(OperationList(client))
    newer, older, odd = table.operations()

    for each in (older, odd):
        with pytest.raises((OperationReplaced, NotSupported)):
            each.delete()
    assert newer.delete().status_code == 204


def test_many_rows_with_the_same_id_are_processed_quickly(clock):
    """2,000 documents with the same id each get a key."""
    tamr = FakeTamr(clock)
    tamr.faults[LIST] = fake_response(200, [document(), {"id": "17'1"}] + [document()] * 2_000)
    table, start = JobTable(), time.process_time()
    table.take(OperationList(tamr))

    assert len(table) == 2_002
    assert time.process_time() - start < 0.3


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        " [ ] \n",
        "[1]",
        '[{"a": [1, 2]}, "x]", null]',
        "\t[\r\n1 ,\n2\n,3 ]\n",
        '["\\"],[", {}]',
    ],
)
def test_a_list_is_parsed_as_by_json_loads(text):
    """It is parsed item by item."""
    assert list(iter_items(text)) == json.loads(text)


def test_a_list_of_invalid_json_is_an_error():
    """For example, it is cut off."""
    for text in "", "[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "[1]]", "[1] x", "[}", "x", "[[]":
        assert isinstance(error_of(lambda text=text: list(iter_items(text))), ValueError), text


def big_list(number):
    """Returns the body of a list with this number of jobs."""
    one = json.dumps(document("SUCCEEDED", id="NUMBER", relativeId="operations/NUMBER"))
    return f"[{','.join(one.replace('NUMBER', str(each)) for each in range(number))}]".encode()


def runs_of_another_thread(work):
    """Counts how often another thread runs during some work."""
    runs, done, usual = [], threading.Event(), sys.getswitchinterval()

    def count_runs():
        while not done.is_set():
            runs.append(1)
            time.sleep(0)

    thread = threading.Thread(target=count_runs)
    thread.start()
    # Between two bytecodes, Python switches to a waiting thread after this time, on any machine.
    sys.setswitchinterval(0.001)
    try:
        before = len(runs)
        work()
        return len(runs) - before
    finally:
        sys.setswitchinterval(usual)
        done.set()
        thread.join()


def test_a_long_list_does_not_stop_other_threads(clock):
    """It is parsed in steps, between which they run; `json.loads` blocks them."""
    tamr, body = FakeTamr(clock), big_list(4_000)
    tamr.faults[LIST] = fake_response(200, body)

    def other_threads_run():
        at_once = runs_of_another_thread(lambda: json.loads(body))
        return runs_of_another_thread(lambda: OperationList(tamr)) >= at_once + 5

    # A busy machine may let the other thread run just before `json.loads` begins.
    assert any(other_threads_run() for _ in range(3))


def test_a_list_that_is_too_long_is_not_parsed_for_an_estimate(clock, caplog, monkeypatch):
    """It is requested and logged once; polls continue without an estimate."""
    caplog.set_level("INFO", logger="tamr_widgets")
    tamr, subscriber = FakeTamr(clock), Subscriber()
    operation = tamr.add()
    monkeypatch.setattr(history_loader, "MAX_LIST_BYTES", 1000)
    tamr.faults[LIST] = fake_response(200, big_list(10))
    monkeypatch.setattr(
        "tamr_widgets._operation.operation_list.parse_json", lambda *_: pytest.fail("parsed")
    )
    poller = Poller(tamr, background=False)
    subscriber.subscribe(poller, operation, interval=60)
    poller.learn(lambda _: pytest.fail("estimates were learnt"))
    drive(poller, clock, 2000)

    assert tamr.count(LIST) == 1
    assert len(subscriber.results) > 2000 / 61
    assert subscriber.errors == []
    assert poller.history.estimate(operation) is None
    assert sum("no estimates" in each.message for each in caplog.records) == 1


@pytest.mark.parametrize("moment", EXTREME_TIMES)
@pytest.mark.parametrize("field", ["created", "startTime", "endTime"])
def test_an_impossible_year_affects_no_other_value(client, field, moment):
    """The rest of the row and the other rows are correct."""
    written = with_time(field, moment)
    odd, usual = Operation(client, written), Operation(client, document("SUCCEEDED"))

    for length in (odd.queued, odd.elapsed):
        assert length is None or length.days < 40_000
    assert "SUCCEEDED" in html_table(odd)
    assert snapshot_facts(odd)["state"] == row("17", odd, None)[1] == "SUCCEEDED"
    history = JobHistory([odd, usual])
    assert history.estimate(usual) is None or history.estimate(usual).median_seconds < 100


@pytest.mark.parametrize("date", ["Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_durations_are_left_out_if_the_servers_clock_is_wrong(client, wire, date):
    """The `Date` header shows the server's clock."""
    wire.get(URL + PATH, json=document(), headers={"Date": date})
    operation = client.operation("17")

    assert operation.elapsed is None
    assert "RUNNING" in html_table(operation)
    assert row("17", operation, None)[1] == "RUNNING"


def test_each_response_of_a_wait_is_compared(client):
    """A response about another job is retried."""
    with responses.RequestsMock() as wire:
        wire.get(URL + PATH, json=document("SUCCEEDED", relativeId="operations/99"))
        wire.get(URL + PATH, json=document("FAILED"))
        assert Operation(client, document()).wait(0).state == "FAILED"


def by_key(table: JobTable) -> dict[str, Operation]:
    return dict(zip(table.keys(), table.operations(), strict=True))


def test_a_row_never_becomes_another_job(clock):
    """A row is removed with its job; another job with the same id gets a new key."""
    tamr, table = FakeTamr(clock), JobTable()
    tamr.add("17")
    tamr.add("18")
    table.take(OperationList(tamr))
    tamr.add("17", created=OTHER["created"])

    changed, gone, _ = table.take(OperationList(tamr))

    assert gone == ["17"]
    [key] = changed
    assert key != "17"
    assert table.get(key).created_at == Operation(tamr, OTHER).created_at
    assert table.take(OperationList(tamr)) == ([], [], [])


def test_rows_with_the_same_id_keep_their_keys(clock):
    """A list that is fetched again changes no key, and reports no unchanged row."""
    tamr, table = FakeTamr(clock), JobTable()
    rows = [OTHER, document(), document(), document(id="99"), {"id": "17"}]
    tamr.faults[LIST] = lambda: fake_response(200, rows)
    table.take(OperationList(tamr))
    known = by_key(table)

    for each in (rows[:1], [*rows, document("SUCCEEDED", id="18", relativeId="")], rows):
        tamr.faults[LIST] = lambda each=each: fake_response(200, each)
        table.take(OperationList(tamr))

    assert len(known) == len(rows)
    assert by_key(table) == known
    assert table.take(OperationList(tamr)) == ([], [], [])


def test_a_key_is_never_given_to_another_job(clock):
    """The list may lack the old job for a while, and contain it again later."""
    tamr, table = FakeTamr(clock), JobTable()
    keys = []
    for rows in ([document()], [], [OTHER], [document()], [OTHER, document()]):
        tamr.faults[LIST] = lambda rows=rows: fake_response(200, rows)
        table.take(OperationList(tamr))
        keys.append({key: each.created_by for key, each in by_key(table).items()})

    [old], [new] = keys[0], keys[2]
    assert old != new
    assert keys[3:] == [{old: "admin"}, {new: "bob", old: "admin"}]


@pytest.mark.parametrize("created", [None, {"time": ""}, {"time": "2021-01-29T18:24:40Z"}])
def test_a_row_whose_creation_time_has_another_format_is_the_same(clock, created):
    """It keeps its key, and so stays selected."""
    tamr, table = FakeTamr(clock), JobTable()
    for each in (document(), document("SUCCEEDED", created=created), document("SUCCEEDED")):
        tamr.faults[LIST] = lambda each=each: fake_response(200, [each])
        _, gone, _ = table.take(OperationList(tamr))
        assert gone == []
    assert table.keys() == ["17"]


def test_a_start_that_joins_does_not_return_another_job(client, wire):
    """The number of the first job was reused, so a new one is started."""
    url = f"{URL}projects/1:refresh"
    wire.post(url, json=document())
    wire.get(URL + PATH, json=OTHER)
    wire.post(url, json=document(id="18", relativeId="operations/18"))

    client.start("projects/1:refresh", asynchronous=True)
    operation = client.start("projects/1:refresh", asynchronous=True, join=True)

    assert operation.resource_id == "18"


def test_a_start_that_cannot_wait_sends_no_request(client, wire):
    """On a poller's thread, the wait is refused before the job is started."""
    outcomes = []
    poller = Poller.of(client)

    poller.submit(lambda: client.start("projects/1:refresh"), outcomes.append, outcomes.append)

    assert wait_until(lambda: outcomes)
    assert "Use on_resolved()" in str(outcomes[0])
    assert not wire.calls


def test_a_response_without_a_creation_time_keeps_the_known_one(job, wire, clock):
    """The next response is compared with it."""
    wire.get(URL + PATH, json=document(created={"time": "soon"}))
    wire.get(URL + PATH, json=OTHER)

    with pytest.raises(OperationReplaced):
        job.wait(timeout_seconds=30)
    assert len(wire.calls) == 2


def test_on_resolved_is_called_once_for_a_job_of_a_bulk_action(client, wire):
    """Both the bulk action and the next list contain the resolved operation."""
    ended, resolved = document("CANCELED"), []
    wire.get(f"{URL}operations", json=[document()])
    wire.get(URL + PATH, json=document())
    wire.post(CANCEL.format(17), json={})
    wire.get(URL + PATH, json=ended)
    widget = JobsWidget(client, poll_interval_seconds=0.01)
    widget.on_resolved(lambda operation: resolved.append((operation, widget.operations)))
    wait_until(lambda: widget.operations)

    wire.replace("GET", f"{URL}operations", json=[ended])
    click(widget, action="cancel_all", ids=["17"])
    wait_until(lambda: resolved)
    requested = len(wire.calls)
    wait_until(lambda: len(wire.calls) > requested + 2)
    widget.close()

    [(operation, listed)] = resolved
    assert operation.state == "CANCELED"
    assert listed == (operation,)
