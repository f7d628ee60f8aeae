"""Threads, connections and memory: much use costs no more than little."""

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
    """Do something in many threads at once, and return what was raised."""
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
    """The size of a pool; that of requests is 10, which is no bound."""
    monkeypatch.setattr(session, "MAX_CONNECTIONS", request.param)
    return request.param


@pytest.mark.parametrize("cookie", [False, True])
def test_many_threads_share_a_client(tamr, caplog, cookie, connections):
    """Two polls each: no error, a connection for each at most, and no warning of a full pool."""
    caplog.set_level(logging.WARNING)
    with tamr.client(store_auth_cookie=cookie) as client:
        job = client.operation(tamr.jobs.add("RUNNING"))
        tamr.faults.add(Fault.delay(0.05))
        errors = in_threads(connections, lambda: [job.poll() for _ in range(2)])

    assert errors == []
    assert len(tamr.requests.matching("GET")) == 1 + 2 * connections
    assert len({each.connection for each in tamr.requests}) <= connections
    assert caplog.records == []


def test_more_threads_than_connections_take_turns(tamr, connections):
    """The pool is a bound; a thread without one waits a moment."""
    with tamr.client() as client:
        job = client.operation(tamr.jobs.add("RUNNING"))
        tamr.faults.add(Fault.delay(0.1))
        errors = in_threads(connections + 5, job.poll)

    assert errors == []
    assert len({each.connection for each in tamr.requests}) <= connections


def test_many_polls_are_one_connection(tamr):
    """It is kept alive, and closed with the client; nothing warns of a socket left open."""
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
    """The end of a request also ends or returns its connection."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        client = tamr.client(total_seconds=0.2)
        with tamr.faults.on(fault), pytest.raises((requests.RequestException, ValueError)):
            client.operation("1")
        client.close()
        gc.collect()

    assert [each for each in warned if each.category is ResourceWarning] == []
    wait_until(lambda: tamr.connections == 0)


def test_memory_stays_flat():
    """Nothing is kept of a poll: no history, no old snapshots, no logs."""
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

        # Something else may allocate at the same time; what is kept of polls grows each time.
        assert any(grown() < 40 for _ in range(3)), "half an object or more is kept of each poll"


def test_a_closed_client_ends_other_threads_requests_soon(tamr):
    """Later requests are errors; those under way get a response or an error."""
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


def test_a_cancellation_is_noticed_soon(tamr):
    """While a server says nothing: a poller needs this to end its thread."""
    stop = threading.Event()
    with tamr.client() as client, tamr.faults.on(Fault.hang()):
        threading.Timer(0.1, stop.set).start()
        with deadline(30, stop.is_set) as limit, pytest.raises(requests.ConnectionError):
            client.get("operations")

        assert limit.remaining() > 25


def test_a_limit_is_of_one_thread(tamr):
    """The deadline of one thread does not bound another."""
    with tamr.client() as client, tamr.faults.on(Fault.delay(0.3)):
        results = []
        other = threading.Thread(target=lambda: results.append(client.get("operations").ok))
        other.start()
        with deadline(0.05), pytest.raises(requests.Timeout):
            client.get("operations")
        other.join(5)

    assert results == [True]
