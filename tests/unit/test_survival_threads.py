"""Many threads and polls: connections, sockets, memory, and the end of requests."""

from __future__ import annotations

import gc
import json
import logging
import sys
import threading
import warnings

import pytest
import requests
from fakes import CannedAdapter, document, wait_until

from tamr_widgets import Client, ClientClosed, Operation, TokenAuth
from tamr_widgets._http import session
from tamr_widgets._http.deadline import deadline
from tamr_widgets.simulator import Fault


def in_threads(count, work):
    """Runs work in many threads at once, and returns their exceptions."""
    errors, start = [], threading.Barrier(count)

    def run():
        start.wait(10)
        try:
            work()
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return errors


@pytest.fixture(params=[12, pytest.param(session.MAX_CONNECTIONS, marks=pytest.mark.slow)])
def connections(request, monkeypatch):
    """The maximum size of a pool; the default of requests is 10, which is no maximum."""
    monkeypatch.setattr(session, "MAX_CONNECTIONS", request.param)
    return request.param


@pytest.mark.parametrize("cookie", [False, True])
def test_many_threads_share_a_client(tamr, caplog, cookie, connections):
    """Each polls twice, without an error, a further connection or a warning of a full pool."""
    caplog.set_level(logging.WARNING)
    with tamr.client(store_auth_cookie=cookie) as client:
        job = client.operation(tamr.jobs.add("RUNNING"))
        tamr.faults.add(Fault.delay(0.05))
        errors = in_threads(connections, lambda: [job.poll() for _ in range(2)])

    assert errors == []
    assert len(tamr.requests.matching("GET")) == 1 + 2 * connections
    assert len({each.connection for each in tamr.requests}) <= connections
    assert caplog.records == []


def test_more_threads_than_connections_share_them(tamr, connections):
    """A thread waits until a connection is free."""
    with tamr.client() as client:
        job = client.operation(tamr.jobs.add("RUNNING"))
        tamr.faults.add(Fault.delay(0.1))
        errors = in_threads(connections + 5, job.poll)

    assert errors == []
    assert len({each.connection for each in tamr.requests}) <= connections


def test_many_polls_use_one_connection(tamr):
    """It is kept alive, and closed with the client, without a warning of an open socket."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with tamr.client() as client:
            job = client.operation(tamr.jobs.add("RUNNING"))
            for _ in range(10):
                job = job.poll()
        del client, job
        gc.collect()

    assert {each.connection for each in tamr.requests} == {1}
    assert [each for each in warned if each.category is ResourceWarning] == []
    wait_until(lambda: tamr.connections == 0)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.hang("start", perform=True),
        Fault.hang("headers"),
        Fault.hang("body"),
        Fault.reset("body"),
        Fault.truncate(),
        Fault.redirect("http://[::1"),
        Fault.status(401),
    ],
    ids=["hang", "headers", "body", "reset", "cut", "redirect", "401"],
)
def test_a_fault_leaves_no_socket_open(tamr, fault):
    """A connection is closed or returned at the end of each request."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        client = tamr.client(total_seconds=0.2)
        with tamr.faults.on(fault), pytest.raises((requests.RequestException, ValueError)):
            client.operation("1")
        client.close()
        gc.collect()

    assert [each for each in warned if each.category is ResourceWarning] == []
    wait_until(lambda: tamr.connections == 0)


def test_polls_do_not_increase_memory():
    """No history, old snapshots or logs of polls are kept."""
    with requests.Session() as canned:
        canned.mount("http://", CannedAdapter(json.dumps(document())))
        job = Operation(Client(TokenAuth("t"), session=canned), document())

        def poll(times):
            snapshot = job
            for _ in range(times):
                snapshot = snapshot.poll()
            del snapshot
            gc.collect()
            return sys.getallocatedblocks()

        def grown():
            before = poll(20)
            return poll(80) - before

        # Other code may allocate at the same time; objects that polls keep would grow each time.
        assert any(grown() < 40 for _ in range(3)), "half an object or more is kept of each poll"


def test_closing_a_client_ends_requests_of_other_threads(tamr):
    """Pending requests get a response or an error; later ones are errors."""
    client = tamr.client(total_seconds=1)
    job = client.operation(tamr.jobs.add("RUNNING"))
    tamr.faults.add(Fault.delay(0.1))
    errors = []
    thread = threading.Thread(target=lambda: errors.extend(in_threads(5, job.poll)))
    thread.start()
    wait_until(lambda: len(tamr.requests) > 3)

    client.close()
    thread.join(5)

    assert not thread.is_alive()
    assert all(isinstance(each, (requests.RequestException, ClientClosed)) for each in errors)
    with pytest.raises(ClientClosed):
        job.poll()


def test_a_cancellation_ends_a_hanging_request(tamr):
    """A poller needs this to end its thread."""
    stop = threading.Event()
    with tamr.client() as client, tamr.faults.on(Fault.hang()):
        threading.Timer(0.1, stop.set).start()
        with deadline(30, stop.is_set) as limit, pytest.raises(requests.ConnectionError):
            client.get("operations")

        assert limit.remaining() > 25


def test_a_deadline_applies_to_one_thread(tamr):
    """Requests of another thread are not affected."""
    with tamr.client() as client, tamr.faults.on(Fault.delay(0.3)):
        results = []
        other = threading.Thread(target=lambda: results.append(client.get("operations").ok))
        other.start()
        with deadline(0.05), pytest.raises(requests.Timeout):
            client.get("operations")
        other.join(5)

    assert results == [True]
