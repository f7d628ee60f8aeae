"""Cancel and Delete act on the job that is seen, and no response about another one is believed."""

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
    PATH,
    URL,
    YEARS_THAT_NEVER_WERE,
    document,
    error_of,
    fake_response,
    wait_until,
    with_time,
)
from polling import LIST, FakeTamr, Follower, drive

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
# The same number, years later.
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
    """A document, and without the fields that are None."""
    return {name: each for name, each in document(state, **fields).items() if each is not None}


@pytest.mark.parametrize(
    "ask",
    [lambda client: client.operation("17"), lambda client: Operation(client, document()).poll()],
    ids=["fetch", "poll"],
)
def test_a_response_about_another_operation_is_refused(client, wire, ask):
    """In whichever field it says so."""
    for names in CONTRADICTIONS:
        wire.upsert("GET", URL + PATH, json=document("SUCCEEDED", **names))
        error = error_of(lambda: ask(client))

        assert isinstance(error, UnexpectedResponse), names
        assert "GET operations/17" in str(error), names
        assert "not this operation" in str(error), names


@pytest.mark.parametrize("status", [200, 202])
def test_a_response_that_contradicts_itself_starts_nothing_to_follow(client, wire, status):
    """It is not known which job was started, and the error says that."""
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
def test_a_document_of_something_else_is_no_operation(client, wire, body):
    """A project that was created, say, cannot be waited for or deleted as a job."""
    wire.post(f"{URL}projects", json=body, status=201)

    with pytest.raises(UnexpectedResponse, match="not an operation"):
        client.start("projects", asynchronous=True)


def test_an_error_names_the_operation_that_came_instead(client, wire):
    """All of its names, where they contradict one another."""
    wire.get(URL + PATH, json=document(relativeId="operations/99"))

    with pytest.raises(UnexpectedResponse, match="not this operation but 17 and 99"):
        client.operation("17")


def test_nothing_to_do_is_no_response_to_a_fetch(client, wire):
    """204 says that no job was needed; to a GET it says nothing about the job."""
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
def test_every_recorded_form_of_a_name_is_known(client, wire, requested, path, names):
    """Numbers, encoded and plain names, names that are left out: fetched, polled and deleted."""
    for each in (path, quote(unquote(path))):  # later ones go to the path that the server wrote
        wire.get(f"{URL}operations/{each}", json=written(**names))
        wire.delete(f"{URL}operations/{each}", status=204)
    operation = client.operation(requested)

    assert operation.poll().state == "RUNNING"
    assert operation.delete().status_code == 204


@pytest.mark.parametrize("name", ["17", 17, "a b:c", "a/b"])
def test_a_server_that_writes_no_path_is_followed(client, wire, name):
    """Old servers name an operation by its id alone: the address follows from that."""
    path = {"a b:c": "a%20b:c", "a/b": "a%2Fb"}.get(name, name)
    body = written(id=name, relativeId=None)
    wire.post(f"{URL}projects/1:export", json=body)
    wire.get(f"{URL}operations/{path}", json=body)
    wire.delete(f"{URL}operations/{path}", status=204)

    for operation in (client.start("projects/1:export", True), client.operation(name)):
        assert operation.poll().poll() == operation
        assert operation.delete().ok


@pytest.mark.parametrize("act", [Operation.cancel, Operation.delete])
def test_nothing_is_done_to_a_job_that_is_not_certain(client, wire, act):
    """No request at all is made for a document that contradicts itself, wherever it came from."""
    for names in CONTRADICTIONS[:-1]:
        operation = Operation(client, document(**names))

        error = error_of(lambda operation=operation: act(operation))
        assert isinstance(error, (NotSupported, CrossOriginError)), names
        assert not wire.calls, names


@pytest.mark.parametrize("act", [Operation.cancel, Operation.delete])
@pytest.mark.parametrize(
    "alias", ["projects/12", "operations/99", "operations/17/x", "datasets/17"]
)
def test_an_address_of_something_else_is_not_acted_on(client, wire, act, alias):
    """An alias, or a public operation's odd api_path, may be polled, but nothing is deleted."""

    class Theirs:
        api_path, _data = alias, document()
        poll = None

        def __init__(self):
            self.client = client

    for operation in (
        Operation(client, document(), alias),
        Operation.from_json(client, document(), alias),
        Operation.adopt(Theirs()),
    ):
        with pytest.raises(NotSupported, match="not certain which operation"):
            act(operation)
    assert not wire.calls


def test_an_address_with_the_base_path_is_the_same(client, wire):
    """It may be written from the root of the server."""
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
def test_a_job_is_looked_at_before_it_is_acted_on(job, wire, act, now, kind):
    """Cancel and Delete send nothing unless the server shows the job that the snapshot shows."""
    wire.get(URL + PATH, **now)

    with pytest.raises(kind):
        act(job)
    assert [call.request.method for call in wire.calls] == ["GET"]


def test_a_job_that_ended_meanwhile_is_not_cancelled(job, wire):
    """There is nothing to cancel any more."""
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.cancel().succeeded()
    assert len(wire.calls) == 1


@pytest.mark.parametrize("state", ["RUNNING", "SUCCEEDED"])
def test_a_number_that_was_given_away_ends_a_wait(job, wire, clock, state):
    """At once, whatever the other job's state, with an error that tells both jobs apart."""
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
def test_one_moment_may_be_written_in_many_ways(job, wire, created):
    """Only a different time that can be read makes another job."""
    wire.get(URL + PATH, json=document("SUCCEEDED", created={"time": created}))

    assert job.poll().succeeded()


@pytest.mark.parametrize("created", ["2021-01-29T18:24:42.326Z", "2020-01-29T18:24:40.326Z"])
def test_another_moment_is_another_job(job, wire, created):
    """Later or earlier."""
    wire.get(URL + PATH, json=document("SUCCEEDED", created={"time": created}))

    with pytest.raises(OperationReplaced):
        job.poll()


def follow_many(clock):
    """A poller that refreshes operations by the list, and a follower of operation 1."""
    tamr, follower = FakeTamr(clock), Follower()
    poller = Poller(tamr, background=False)
    jobs = tamr.add_many(30)
    for each in jobs[1:]:
        poller.subscribe(each, lambda _: None)
    follower.follow(poller, jobs[0])
    return tamr, poller, follower


def test_a_list_with_a_stranger_under_the_path_ends_the_following(clock):
    """No other job is delivered, and the follower is notified that its job is gone."""
    tamr, poller, follower = follow_many(clock)
    drive(poller, clock, 30)
    assert tamr.count(LIST)
    follower.results.clear()

    tamr.jobs["1"] = {**OTHER, "id": "1", "relativeId": "operations/1"}
    drive(poller, clock, 10)

    assert follower.results == []
    assert [type(each) for each in follower.errors] == [OperationReplaced]
    assert follower.errors[0].retry_in_seconds is None


def test_a_list_that_contradicts_itself_is_not_delivered(clock):
    """The path is this job's, the id another's: single polls decide."""
    tamr, poller, follower = follow_many(clock)
    drive(poller, clock, 30)
    follower.results.clear()
    listed = [{**tamr.jobs["1"], "id": "99", "description": "Another"}]
    tamr.faults[LIST] = fake_response(200, listed)
    drive(poller, clock, 10)

    assert follower.results
    assert {each.description for each in follower.results} == {"Train Mastering Model"}


def test_two_jobs_of_one_number_are_followed_apart(clock):
    """Followers of the new one hear nothing of the old one, and the other way round."""
    tamr = FakeTamr(clock)
    poller = Poller(tamr, background=False)
    old, new = Follower(), Follower()
    old.follow(poller, tamr.add("17"))
    new.follow(poller, tamr.add("17", created=OTHER["created"]))
    drive(poller, clock, 10)

    assert old.results == []
    assert [type(each) for each in old.errors] == [OperationReplaced]
    assert new.errors == []
    assert {each.created_by for each in new.results} == {"bob"}


def click(widget, **content):
    """Sends the message of a click, as a page does."""
    data = {"method": "custom", "content": content}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})


def test_a_widget_says_that_its_job_is_gone():
    """It keeps the last known state, and never shows the stranger's."""
    with Simulator(past_jobs=5) as tamr, tamr.client() as client:
        number = tamr.jobs.start(queued_seconds=600)
        operation = client.operation(number)
        widget = OperationWidget(operation, poll_interval_seconds=0.1, estimate=False)
        stranger = {**OTHER, "id": number, "relativeId": f"operations/{number}"}
        tamr.jobs.put({**stranger, "status": {"state": "SUCCEEDED"}}, number)

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
    """Another host, port, protocol or base path is another job; another client of it is not."""
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


def test_an_unpickled_operation_remembers_its_server(client):
    """It is equal to the one that was pickled, and to none of another server."""
    other = Client(TokenAuth("t"), "other.test")
    thawed = pickle.loads(pickle.dumps(Operation(client, document())))
    again = pickle.loads(pickle.dumps(thawed))

    assert thawed == again == Operation(client, document())
    assert thawed != Operation(other, document())
    assert thawed != pickle.loads(pickle.dumps(Operation(other, document())))


def test_rows_of_one_name_are_shown_and_the_wrong_one_is_not_deleted(client, wire):
    """The list keeps both; only the one that the server means is acted on."""
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


def test_many_rows_of_one_name_take_no_longer(clock):
    """2,000 documents with one id: each gets a key, soon."""
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
def test_a_list_is_parsed_as_json_does(text):
    """Item by item."""
    assert list(iter_items(text)) == json.loads(text)


def test_what_is_no_json_is_no_list():
    """Cut off in the middle, say."""
    for text in "", "[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "[1]]", "[1] x", "[}", "x", "[[]":
        assert isinstance(error_of(lambda text=text: list(iter_items(text))), ValueError), text


def big_list(number):
    """The body of a list of so many jobs."""
    one = json.dumps(document("SUCCEEDED", id="NUMBER", relativeId="operations/NUMBER"))
    return f"[{','.join(one.replace('NUMBER', str(each)) for each in range(number))}]".encode()


def turns_of_another_thread(work):
    """Counts how often another thread gets to run during some work."""
    turns, done, usual = [], threading.Event(), sys.getswitchinterval()

    def take_turns():
        while not done.is_set():
            turns.append(1)
            time.sleep(0)

    thread = threading.Thread(target=take_turns)
    thread.start()
    # Between two bytecodes a thread that waits is let in after this time, on any machine.
    sys.setswitchinterval(0.001)
    try:
        before = len(turns)
        work()
        return len(turns) - before
    finally:
        sys.setswitchinterval(usual)
        done.set()
        thread.join()


def test_a_long_list_does_not_stop_other_threads(clock):
    """It is parsed in steps, between which they run; `json.loads` lets none of them run."""
    tamr, body = FakeTamr(clock), big_list(4_000)
    tamr.faults[LIST] = fake_response(200, body)

    def lets_others_run():
        at_once = turns_of_another_thread(lambda: json.loads(body))
        return turns_of_another_thread(lambda: OperationList(tamr)) >= at_once + 5

    # A busy machine may let the other thread run just before `json.loads` begins.
    assert any(lets_others_run() for _ in range(3))


def test_no_list_of_any_length_is_parsed_for_an_estimate(clock, caplog, monkeypatch):
    """It is requested once, given up, and noted once; polls go on without an estimate."""
    caplog.set_level("INFO", logger="tamr_widgets")
    tamr, follower = FakeTamr(clock), Follower()
    operation = tamr.add()
    monkeypatch.setattr(history_loader, "MAX_LIST_BYTES", 1000)
    tamr.faults[LIST] = fake_response(200, big_list(10))
    monkeypatch.setattr(
        "tamr_widgets._operation.operation_list.parse_json", lambda *_: pytest.fail("parsed")
    )
    poller = Poller(tamr, background=False)
    follower.follow(poller, operation, interval=60)
    poller.learn(lambda _: pytest.fail("nothing was learnt"))
    drive(poller, clock, 2000)

    assert tamr.count(LIST) == 1
    assert len(follower.results) > 2000 / 61
    assert follower.errors == []
    assert poller.history.estimate(operation) is None
    assert sum("no estimates" in each.message for each in caplog.records) == 1


@pytest.mark.parametrize("moment", YEARS_THAT_NEVER_WERE)
@pytest.mark.parametrize("field", ["created", "startTime", "endTime"])
def test_years_that_never_were_spoil_nothing_else(client, field, moment):
    """A time that can't be is left out or right; the rest of the row, and the other rows, are."""
    written = with_time(field, moment)
    odd, usual = Operation(client, written), Operation(client, document("SUCCEEDED"))

    for length in (odd.queued, odd.elapsed):
        assert length is None or length.days < 40_000
    assert "SUCCEEDED" in html_table(odd)
    assert snapshot_facts(odd)["state"] == row("17", odd, None)[1] == "SUCCEEDED"
    history = JobHistory([odd, usual])
    assert history.estimate(usual) is None or history.estimate(usual).median_seconds < 100


@pytest.mark.parametrize("date", ["Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_server_with_a_clock_that_is_off(client, wire, date):
    """Times that are counted by it are left out."""
    wire.get(URL + PATH, json=document(), headers={"Date": date})
    operation = client.operation("17")

    assert operation.elapsed is None
    assert "RUNNING" in html_table(operation)
    assert row("17", operation, None)[1] == "RUNNING"


def test_responses_in_a_row_are_each_compared(client):
    """A poll that was answered with another job, as after a mix-up, is retried and passes."""
    with responses.RequestsMock() as wire:
        wire.get(URL + PATH, json=document("SUCCEEDED", relativeId="operations/99"))
        wire.get(URL + PATH, json=document("FAILED"))
        assert Operation(client, document()).wait(0).state == "FAILED"


def by_key(table: JobTable) -> dict[str, Operation]:
    return dict(zip(table.keys(), table.operations(), strict=True))


def test_a_row_never_becomes_another_job(clock):
    """A row that a page has selected is gone with its job; the new one has its own key."""
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


def test_rows_of_one_name_keep_their_keys(clock):
    """However often the list comes, each row is what a page has selected, and none is news."""
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
    """Also where the list was without the old job for a while, and when that comes back."""
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
def test_a_row_whose_time_is_written_in_another_way_is_the_same(clock, created):
    """It stays selected."""
    tamr, table = FakeTamr(clock), JobTable()
    for each in (document(), document("SUCCEEDED", created=created), document("SUCCEEDED")):
        tamr.faults[LIST] = lambda each=each: fake_response(200, [each])
        _, gone, _ = table.take(OperationList(tamr))
        assert gone == []
    assert table.keys() == ["17"]


def test_a_start_that_joins_follows_no_other_job(client, wire):
    """The number of the one that was started was given away: another one is started."""
    url = f"{URL}projects/1:refresh"
    wire.post(url, json=document())
    wire.get(URL + PATH, json=OTHER)
    wire.post(url, json=document(id="18", relativeId="operations/18"))

    client.start("projects/1:refresh", asynchronous=True)
    operation = client.start("projects/1:refresh", asynchronous=True, join=True)

    assert operation.resource_id == "18"


def test_a_start_that_could_not_wait_sends_nothing(client, wire):
    """On a poller's thread the wait is refused: before the job is started."""
    outcomes = []
    poller = Poller.of(client)

    poller.submit(lambda: client.start("projects/1:refresh"), outcomes.append, outcomes.append)

    assert wait_until(lambda: outcomes)
    assert "Use on_resolved()" in str(outcomes[0])
    assert not wire.calls


def test_a_response_without_a_time_makes_nobody_forget_it(job, wire, clock):
    """The one after that is compared with what was known before."""
    wire.get(URL + PATH, json=document(created={"time": "soon"}))
    wire.get(URL + PATH, json=OTHER)

    with pytest.raises(OperationReplaced):
        job.wait(timeout_seconds=30)
    assert len(wire.calls) == 2


def test_a_cancelled_row_is_news_once(client, wire):
    """A job that a bulk action ended has resolved: `on_resolved` hears of it, and only once."""
    ended, news = document("CANCELED"), []
    wire.get(f"{URL}operations", json=[document()])
    wire.get(URL + PATH, json=document())
    wire.post(CANCEL.format(17), json={})
    wire.get(URL + PATH, json=ended)
    widget = JobsWidget(client, poll_interval_seconds=0.01)
    widget.on_resolved(lambda operation: news.append((operation, widget.operations)))
    wait_until(lambda: widget.operations)

    wire.replace("GET", f"{URL}operations", json=[ended])
    click(widget, action="cancel_all", ids=["17"])
    wait_until(lambda: news)
    requested = len(wire.calls)
    wait_until(lambda: len(wire.calls) > requested + 2)
    widget.close()

    [(operation, listed)] = news
    assert operation.state == "CANCELED"
    assert listed == (operation,)
