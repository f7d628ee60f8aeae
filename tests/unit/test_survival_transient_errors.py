"""Transient errors: waits retry them, and no request that changes the server is repeated."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
import requests
from fakes import PATH, URL, RawServer, document, http, wait_until

from tamr_widgets import (
    Client,
    ConnectionFailed,
    Forbidden,
    HTTPStatusError,
    MethodNotAllowed,
    NotFound,
    Operation,
    RequestTimeout,
    TokenAuth,
    Unauthorized,
    UnexpectedResponse,
    WaitTimeout,
)
from tamr_widgets._http.retry import MAX_ERRORS_IN_A_ROW
from tamr_widgets._operation import wait
from tamr_widgets.simulator import Fault


@pytest.fixture
def job(client):
    return Operation(client, document("RUNNING"))


@pytest.fixture
def ending(tamr, tamr_client, clock):
    """An operation that has ended on the server, which its snapshot does not show."""
    operation = tamr_client.operation(tamr.jobs.start(queued_seconds=600))
    tamr.jobs.finish(operation.resource_id)
    return operation


@pytest.fixture
def few_errors(monkeypatch):
    """A wait without a timeout ends after 5 consecutive errors, not 25."""
    monkeypatch.setattr(wait, "MAX_ERRORS_IN_A_ROW", 5)
    return 5


@contextmanager
def times_out_when(condition, clock):
    """Advances the clock past the deadline of a request when a condition is true."""

    def run():
        wait_until(condition)
        clock.advance(61)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_server_is_retried(job, wire, clock, status):
    """The delay grows with each consecutive error."""
    for _ in range(4):
        wire.get(URL + PATH, status=status)
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.wait(3).succeeded()

    first, *delays = clock.sleeps
    assert first == 3
    assert len(delays) == 4
    assert all(0.5 <= delay / 2**n <= 1 for n, delay in enumerate(delays))


def test_endless_errors_end_a_wait_at_its_timeout(job, wire, clock, few_errors):
    """With a timeout, their number is not limited; the last one is the cause."""
    wire.get(URL + PATH, status=503)

    with pytest.raises(WaitTimeout) as raised:
        job.wait(3, timeout_seconds=600)

    assert raised.value.waited_seconds == 600
    assert len(wire.calls) > 2 * few_errors
    assert raised.value.__cause__.response.status_code == 503


def test_an_outage_does_not_end_a_wait_with_a_timeout(job, wire, clock, few_errors):
    """The server may be updated meanwhile."""

    def restarting(_):
        return (
            (200, {}, '{"id": "17", "status": {"state": "FAILED"}}')
            if clock.now > 1300
            else UNAVAILABLE
        )

    wire.add_callback("GET", URL + PATH, restarting)

    assert job.wait(3, timeout_seconds=7200).state == "FAILED"
    assert len(wire.calls) > few_errors


UNAVAILABLE = (503, {}, "")


def test_endless_errors_end_a_wait_after_a_documented_number(job, wire, clock):
    """Without a timeout, the 25th consecutive error ends the wait."""
    wire.get(URL + PATH, status=503)

    with pytest.raises(HTTPStatusError, match="Given up after 25 consecutive errors") as raised:
        job.wait(3)

    assert len(wire.calls) == MAX_ERRORS_IN_A_ROW == 25
    assert raised.value.response.status_code == raised.value.__cause__.response.status_code == 503
    assert 600 < clock.now - 1000 < 1800


def test_only_consecutive_errors_are_counted(job, wire, clock, few_errors):
    """A response resets the count."""
    for _ in range(3):
        for _ in range(few_errors - 1):
            wire.get(URL + PATH, status=503)
        wire.get(URL + PATH, json=document("RUNNING"))
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.wait(3).succeeded()


@pytest.mark.parametrize("at", ["start", "headers", "body"])
@pytest.mark.parametrize("fault", [Fault.reset, Fault.close])
def test_a_broken_connection_is_replaced(tamr, ending, fault, at):
    """It is reset or closed, at any point of the response."""
    tamr.faults.add(fault(at, times=1))

    assert ending.wait(3).succeeded()
    assert not tamr.faults


@pytest.mark.parametrize("at", ["start", "headers", "body"])
def test_a_hanging_connection_is_replaced(tamr, ending, clock, at):
    """It is closed at the deadline of the request, at any point of the response."""
    tamr.faults.add(Fault.hang(at, times=1))

    with times_out_when(lambda: not tamr.faults, clock):
        assert ending.wait(3).succeeded()


@pytest.mark.parametrize(
    "fault",
    [
        Fault.truncate(times=1),
        Fault.login_page(times=1),
        Fault.body("[]", times=1),
        Fault.body("null", times=1),
        Fault.body("{}", times=1),
        Fault.body("", times=1),
        Fault.body('{"id": "1", "status', times=1),
        Fault.other_id("4711", times=1),
        Fault.redirect("/api/versioned/v1/projects", times=1),
    ],
    ids=["cut", "login", "[]", "null", "{}", "empty", "half", "other", "redirect"],
)
def test_an_invalid_response_is_retried(tamr, ending, fault):
    """It may have come from a proxy, or have been cut off."""
    with tamr.faults.on(fault):
        assert ending.wait(3).succeeded()
        assert not tamr.faults


@pytest.mark.parametrize("body", ["<html>Sign in</html>", "[]", "null", "{}", '{"id": "18"}'])
def test_a_response_that_stays_invalid_is_described(job, wire, clock, few_errors, body):
    """The final error names the path and the content type."""
    wire.get(URL + PATH, body=body, content_type="text/html")

    with pytest.raises(UnexpectedResponse, match=r"GET operations/17.*text/html"):
        job.wait(3)


def test_a_refused_connection_is_retried(tamr, ending):
    """The server is down for a while, and then accepts connections again."""
    tamr.refuse()
    snapshots = ending.snapshots(3, timeout_seconds=60)
    with pytest.raises(WaitTimeout) as raised:
        next(snapshots)
    assert isinstance(raised.value.last_error, ConnectionFailed)

    tamr.accept()

    assert ending.wait(3).succeeded()


def test_a_stale_connection_is_no_error(tamr, ending):
    """A proxy may close connections that were idle for too long; the next poll opens a new one."""
    assert ending.poll().succeeded()
    tamr.drop_connections()

    assert ending.poll().succeeded()


def test_a_temporary_failure_of_dns_is_retried(tamr, ending, monkeypatch):
    resolve, failures = socket.getaddrinfo, iter([socket.gaierror(-3, "Temporary failure")])

    def once(*args, **kwargs):
        for failure in failures:
            raise failure
        return resolve(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", once)
    ending.client.session.close()

    assert ending.wait(3).succeeded()


@pytest.mark.parametrize(
    ("value", "shortest", "longest"),
    [("10", 10.5, 11), ("1e12", 120.5, 121), ("soon", 0.5, 1), ("-3", 0.5, 1), ("0", 0.5, 1)],
)
def test_retry_after_of_an_error_is_respected(job, wire, clock, value, shortest, longest):
    """The delay is two minutes at most; an invalid value is ignored."""
    wire.get(URL + PATH, status=429, headers={"Retry-After": value})
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.wait(3).succeeded()
    assert shortest <= clock.sleeps[1] <= longest


@pytest.mark.parametrize(("value", "delay"), [("30", 30), ("1", 3), ("soon", 3), ("1e12", 120)])
def test_retry_after_of_a_successful_response_is_respected(job, wire, clock, value, delay):
    """The next poll is delayed by this time, and at least by the interval."""
    wire.get(URL + PATH, json=document("RUNNING"), headers={"Retry-After": value})
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.wait(3).succeeded()
    assert clock.sleeps == [3, delay]


def test_retry_after_does_not_exceed_the_timeout(job, wire, clock):
    """The delay ends at the timeout, and a last poll is sent."""
    wire.get(URL + PATH, status=503, headers={"Retry-After": "100"})

    with pytest.raises(WaitTimeout):
        job.wait(3, timeout_seconds=10)

    assert clock.sleeps == [3, 7]


def test_a_new_job_may_not_be_found_for_five_seconds(job, wire, clock):
    """A server that has just started it may respond with 404 at first."""
    for _ in range(2):
        wire.get(URL + PATH, status=404)
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.wait(1).succeeded()


def test_a_deleted_job_ends_a_wait(job, wire, clock):
    """A 404 is retried only in the first five seconds."""
    wire.get(URL + PATH, status=404)

    with pytest.raises(NotFound):
        job.wait(1)
    assert 5 <= clock.now - 1000 < 5 + 8
    clock.sleeps.clear()
    with pytest.raises(NotFound):
        job.wait(6)
    assert clock.sleeps == [6]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Unauthorized), (403, Forbidden), (405, MethodNotAllowed), (400, HTTPStatusError)],
)
def test_a_refusal_ends_a_wait_at_once(wire, clock, status, kind):
    """The error is typed, has the response, and is not retried."""
    wire.get(URL + PATH, status=status)
    job = Operation(Client(TokenAuth("t"), "tamr.test"), document("RUNNING"))

    with pytest.raises(kind) as raised:
        job.wait(3)

    assert raised.value.response.status_code == status
    assert len(wire.calls) == 1


def close_after_reading(connection, request):
    """Closes the connection after the request was read."""
    connection.close()


def respond_once(connection, request):
    """Responds to a GET, and closes the kept-alive connection at another request."""
    if request.startswith(b"GET "):
        connection.sendall(http(document()))
    else:
        connection.close()


@pytest.mark.parametrize("serve", [close_after_reading, respond_once], ids=["new", "kept alive"])
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_a_request_that_changes_the_server_is_never_repeated(serve, method):
    """Neither this package nor its libraries repeat it, on a new or on a kept-alive connection."""
    with (
        RawServer(serve) as server,
        Client(TokenAuth("t"), "127.0.0.1", port=server.port) as client,
    ):
        if serve is respond_once:
            client.get("x")
        with pytest.raises(ConnectionFailed, match="not known whether"):
            client.request(method, "x", data=b"body" if method != "DELETE" else None)

    sent = [each.split(b" ", 1)[0].decode() for each in server.requests]
    assert sent.count(method) == 1


ACTIONS = pytest.mark.parametrize(
    ("act", "method"),
    [
        (lambda job: job.delete(), "DELETE"),
        (lambda job: job.cancel(), "POST"),
        (lambda job: job.client.start("projects/1/unifiedDataset:refresh"), "POST"),
    ],
    ids=["delete", "cancel", "start"],
)


@ACTIONS
@pytest.mark.parametrize(
    "fault",
    [
        Fault.reset("headers", perform=True),
        Fault.status(502, perform=True),
        Fault.status(504, perform=True),
        Fault.status(500, perform=True),
    ],
    ids=["reset", "502", "504", "500"],
)
def test_an_action_with_a_lost_response_has_an_unknown_outcome(
    tamr, tamr_client, act, method, fault
):
    """The server carries it out once; the error says that this is not known."""
    job = tamr_client.operation(tamr.jobs.start(queued_seconds=600))
    tamr.jobs.allow_delete(job.resource_id)
    with (
        tamr.faults.on(replace(fault, method=method)),
        pytest.raises((ConnectionFailed, HTTPStatusError)) as raised,
    ):
        act(job)

    assert "not known whether the server has carried it out" in str(raised.value)
    assert len(tamr.requests.matching(method)) == 1


@ACTIONS
def test_an_action_without_a_response_is_not_repeated(tamr, tamr_client, clock, act, method):
    """The error at the deadline says that it is not known whether it was carried out."""
    job = tamr_client.operation(tamr.jobs.start(queued_seconds=600))
    tamr.jobs.allow_delete(job.resource_id)
    with (
        tamr.faults.on(Fault.hang("start", perform=True, method=method)),
        times_out_when(lambda: tamr.requests.matching(method), clock),
        pytest.raises(RequestTimeout) as raised,
    ):
        act(job)

    assert "not known whether the server has carried it out" in str(raised.value)
    assert len(tamr.requests.matching(method)) == 1


def test_an_expired_session_does_not_lose_an_action(tamr):
    """A 401 means that it was not carried out, so it is repeated once, after the login."""
    with tamr.client(store_auth_cookie=True) as client:
        tamr.expire_sessions()
        client.start("projects/1/unifiedDataset:refresh", asynchronous=True)

    assert len(tamr.requests.matching("POST", "unifiedDataset:refresh")) == 2
    assert len(tamr.jobs) == 1


def test_a_refused_connection_starts_no_job(tamr):
    """The error does not say that one may have been started."""
    with tamr.client() as client:
        tamr.refuse()
        with pytest.raises(ConnectionFailed, match="Is the server running") as raised:
            client.start("projects/1/unifiedDataset:refresh")

    assert "not known" not in str(raised.value)


def test_retry_delays_of_many_waits_are_spread(client, wire, clock):
    """Waits that fail at the same time are not retried at the same time."""
    wire.get(URL + PATH, status=503)
    ends = set()
    for _ in range(15):
        with pytest.raises(WaitTimeout):
            Operation(client, document()).wait(1, timeout_seconds=2)
        ends.add(round(clock.sleeps[-1], 6))

    assert len(ends) > 12


def test_a_response_with_contradictory_lengths_is_retried(clock):
    """The error of requests is about the request, although the response is invalid."""

    def serve(connection, request):
        body = http(document("SUCCEEDED"))
        if len(server.requests) == 1:
            body = body.replace(b"Content-Length: ", b"Content-Length: 7, ")
        connection.sendall(body)

    with (
        RawServer(serve) as server,
        Client(TokenAuth("t"), "127.0.0.1", port=server.port) as client,
    ):
        assert Operation(client, document()).wait(3).succeeded()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02garbage\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: banana\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: \xff=;;;=\r\nContent-Length: 4\r\n\r\nnull",
        b"HTTP/1.1 200 OK\r\nDate: Fri, 31 Dec 9999 23:59:59 -2359\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nRetry-After: \xff\r\nContent-Length: 2\r\n\r\n[]",
    ],
    ids=range(13),
)
def test_invalid_http_is_a_typed_error(clock, sent):
    """A poll ends with an error of the package, and a wait continues."""

    broken = [True]

    def serve(connection, request):
        bad = bool(broken)
        connection.sendall(sent if bad else http(document("SUCCEEDED")))
        if bad:
            connection.shutdown(socket.SHUT_RDWR)

    with (
        RawServer(serve) as server,
        Client(TokenAuth("t"), "127.0.0.1", port=server.port) as client,
    ):
        operation = Operation(client, document())
        with pytest.raises((requests.RequestException, UnexpectedResponse, ValueError)) as raised:
            operation.poll()
        broken.clear()

        assert raised.type.__module__ == "tamr_widgets.errors"
        assert operation.wait(3).succeeded()
