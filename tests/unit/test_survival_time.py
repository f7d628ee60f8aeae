"""Timeouts and deadlines: no server and no clock makes a wait longer than its timeout."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress

import pytest
import requests
from fakes import CERTIFICATE, PATH, URL, RawServer, document, http, wait_until

from tamr_widgets import (
    CertificateError,
    Client,
    ConnectionFailed,
    Operation,
    RequestTimeout,
    TokenAuth,
    WaitTimeout,
    _clock,
)
from tamr_widgets._http.deadline import current_deadline, deadline
from tamr_widgets.simulator import Fault

# The delay that a busy machine may add; without a deadline it would be 30 or 60 seconds.
LATE_SECONDS = 15
VERSION = "/api/versioned/service/version"


@pytest.fixture
def job(client):
    return Operation(client, document("RUNNING"))


@pytest.fixture
def few_connections(monkeypatch):
    """A client has a pool of 5 connections, not 50."""
    monkeypatch.setattr("tamr_widgets._http.session.MAX_CONNECTIONS", 5)
    return 5


@pytest.fixture
def running(tamr):
    """An operation of a real server on loopback that does not end by itself."""
    with tamr.client() as client:
        yield client.operation(tamr.jobs.add("RUNNING"))


def seconds_of(work, kind):
    """Returns the time until an error of this class ends the work, and the error."""
    began = time.monotonic()
    with pytest.raises(kind) as raised:
        work()
    return time.monotonic() - began, raised.value


@pytest.mark.parametrize("state", ["CANCELING", "RESTARTING", "succeeded", "", "\U0001f4a5"])
def test_an_unknown_state_is_polled_at_the_interval(job, wire, clock, state):
    """It is shown unchanged, causes no additional requests, and the end is detected."""
    requested = wire.get(URL + PATH, json=document(state))
    snapshots = job.snapshots(1)

    states = {next(snapshots).state for _ in range(5)}
    wire.replace("GET", URL + PATH, json=document("CANCELED"))

    assert states == {state}
    assert requested.call_count <= 7
    assert clock.now == 1005
    assert next(snapshots).state == "CANCELED"
    assert list(snapshots) == []


@pytest.mark.parametrize("status", [None, {}, ..., "RUNNING", ["RUNNING"], {"state": None}])
def test_an_unreadable_status_is_polled_at_the_interval(job, wire, clock, caplog, status):
    """One warning is logged for all polls, and the wait continues until the end."""
    unreadable = document(status=status)
    if status is ...:
        del unreadable["status"]
    for _ in range(4):
        wire.get(URL + PATH, json=unreadable)
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.wait(2).succeeded()

    assert clock.sleeps == [2] * 5
    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert [each.getMessage() for each in warnings] == [
        "Operation operations/17 has no readable state; it counts as not ended."
    ]


def test_a_status_that_was_never_readable_is_logged_as_a_warning(client, wire, clock, caplog):
    """The first snapshot has no state either."""
    wire.get(URL + PATH, json=document(status=None))

    with pytest.raises(TimeoutError):
        Operation(client, document(status=None)).wait(1, 3)

    assert len(caplog.records) == 1


def test_a_timeout_of_zero_polls_once(job, wire, clock):
    """An unresolved operation is polled once, without a sleep."""
    requested = wire.get(URL + PATH, json=document("RUNNING"))

    with pytest.raises(TimeoutError):
        job.wait(5, timeout_seconds=0)

    assert requested.call_count == 1
    assert clock.now == 1000


def test_a_timeout_of_zero_returns_an_operation_that_has_ended(job, wire, clock):
    """An unresolved snapshot is polled once, a resolved one is not polled."""
    requested = wire.get(URL + PATH, json=document("SUCCEEDED"))

    done = job.wait(5, timeout_seconds=0)

    assert done.succeeded()
    assert done.wait(5, timeout_seconds=0) is done
    assert requested.call_count == 1


@pytest.mark.parametrize("name", ["poll_interval_seconds", "timeout_seconds"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "3", True, [3]])
def test_an_invalid_interval_or_timeout_is_named(job, wire, name, value):
    """It is refused before any request or wait, for a resolved operation, too."""
    for operation in (job, Operation(None, document("FAILED"))):
        for wait in (operation.wait, operation.snapshots, operation.apply_options):
            with pytest.raises((ValueError, TypeError), match=name):
                wait(**{name: value})
    assert not wire.calls


def test_the_last_sleep_ends_at_the_timeout(job, wire, clock):
    """It is the minimum of the interval and the remaining time."""
    wire.get(URL + PATH, json=document("RUNNING"))

    with pytest.raises(TimeoutError):
        job.wait(5, timeout_seconds=1)

    assert clock.sleeps == [1]


def test_a_last_poll_is_made_at_the_timeout(job, wire, clock):
    """A job that ended since the previous poll is returned."""
    wire.add_callback(
        "GET",
        URL + PATH,
        lambda _: (200, {}, json.dumps(document(state_at(clock.now)))),
    )

    assert job.wait(4, timeout_seconds=10).succeeded()
    assert clock.sleeps == [4, 4, 2]


def state_at(now):
    return "SUCCEEDED" if now >= 1009 else "RUNNING"


def test_a_resolved_response_is_never_discarded(job, wire, clock):
    """It may even arrive after the deadline."""

    def late(_):
        clock.advance(30)
        return 200, {}, '{"id": "17", "status": {"state": "FAILED"}}'

    wire.add_callback("GET", URL + PATH, late)

    assert job.wait(4, timeout_seconds=10).state == "FAILED"


def test_a_slow_server_gets_time_for_the_last_poll(client, clock):
    """The last poll may take as long as the previous response, and 0.2 s more."""
    limits = []

    class Slow(Operation):
        __slots__ = ()

        def poll(self):
            limits.append(current_deadline().remaining())
            clock.advance(1.5)
            return self

    with pytest.raises(TimeoutError):
        Slow(client, document()).wait(4, timeout_seconds=9)

    assert limits == pytest.approx([5 + 0.2, 0 + 1.5 + 0.2])


def test_a_machine_that_slept_past_the_deadline_polls_once(client, clock, monkeypatch):
    """The last poll still has 0.2 s, however late it is."""
    limits = []

    class Recorded(Operation):
        __slots__ = ()

        def poll(self):
            limits.append(current_deadline().remaining())
            return self

    monkeypatch.setattr(_clock.clock, "sleep", lambda seconds: clock.advance(3600))

    with pytest.raises(TimeoutError):
        Recorded(client, document()).wait(4, timeout_seconds=10)

    assert limits == pytest.approx([0.2])


def test_the_deadline_may_come_between_any_two_lines(job, wire, clock, monkeypatch):
    """No sleep is negative."""
    wire.get(URL + PATH, json=document("RUNNING"))

    def ticking():
        clock.advance(0.013)
        return clock.now

    monkeypatch.setattr(_clock.clock, "monotonic", ticking)

    for n in range(0, 120, 12):  # milliseconds; a line that reads the clock takes 13 of them
        with pytest.raises(TimeoutError):
            job.wait(0.05, timeout_seconds=0.1 + n / 1000)

    assert min(clock.sleeps) >= 0


@pytest.mark.parametrize("jump", [3600, -3600])
def test_the_wall_clock_may_jump(job, wire, clock, jump):
    """Neither the interval nor the timeout is measured by it."""

    def set_the_clock(_):
        clock.time_of_day += jump
        return 200, {}, '{"id": "17", "status": {"state": "RUNNING"}}'

    wire.add_callback("GET", URL + PATH, set_the_clock)

    with pytest.raises(TimeoutError):
        job.wait(1, timeout_seconds=10)

    assert clock.sleeps == [1] * 10


def test_a_wait_timeout_has_the_known_facts(job, wire, clock):
    """They are the last snapshot, the time waited and the last error, which is the cause."""
    wire.get(URL + PATH, json=document("PENDING"))
    wire.get(URL + PATH, status=502)

    with pytest.raises(WaitTimeout, match=r"PENDING when last seen.*502 Bad Gateway") as raised:
        job.wait(6, timeout_seconds=10)

    assert raised.value.operation.state == "PENDING"
    assert raised.value.waited_seconds == 10
    assert isinstance(raised.value.last_error, requests.HTTPError)
    assert raised.value.__cause__ is raised.value.last_error


def test_a_wait_timeout_without_a_current_error_has_no_cause(job, wire, clock):
    """An error before the last response is no cause."""
    wire.get(URL + PATH, status=502)
    wire.get(URL + PATH, json=document("RUNNING"))

    with pytest.raises(WaitTimeout, match=r"RUNNING when last seen\. The job") as raised:
        job.wait(1, timeout_seconds=10)

    assert raised.value.last_error is raised.value.__cause__ is None


HANGING = {
    "before the headers": Fault.hang(),
    "in the headers": Fault.hang("headers"),
    "in the body": Fault.hang("body"),
    "dripping headers": Fault.drip_bytes(0.05, "headers"),
    "dripping body": Fault.drip_bytes(0.05),
}


@pytest.mark.parametrize("fault", HANGING.values(), ids=HANGING)
def test_a_wait_ends_at_its_timeout_while_a_response_hangs(tamr, running, fault):
    """The deadline applies to the socket, also if single bytes arrive."""
    with tamr.faults.on(fault):
        took, error = seconds_of(lambda: running.wait(0.05, timeout_seconds=0.2), TimeoutError)

    assert 0.2 <= took < LATE_SECONDS
    assert isinstance(error.last_error, RequestTimeout)


@pytest.mark.parametrize("fault", HANGING.values(), ids=HANGING)
def test_a_request_ends_at_its_deadline_while_its_response_hangs(tamr, fault):
    """Outside of a wait, each request has its own deadline."""
    tamr.jobs.add("RUNNING")
    with tamr.client(total_seconds=0.2) as client, tamr.faults.on(fault):
        took, _ = seconds_of(lambda: client.get("operations"), RequestTimeout)

    assert 0.2 <= took < LATE_SECONDS


def test_a_timeout_argument_applies_between_bytes(tamr):
    """As in requests, a body that keeps arriving may take longer."""
    with tamr.client() as client:
        with tamr.faults.on(Fault.hang("body")):
            took, _ = seconds_of(lambda: client.get(VERSION, timeout=0.2), RequestTimeout)
        assert 0.2 <= took < LATE_SECONDS
        with tamr.faults.on(Fault.drip_bytes(0.005)):
            assert client.get(VERSION, timeout=5).ok


def test_a_stream_has_no_deadline(tamr, monkeypatch):
    """A download may take longer than a request; the time between bytes is still limited."""
    with tamr.client(total_seconds=60) as client:
        with tamr.faults.on(Fault.hang("body")):
            hung = client.get(VERSION, stream=True, timeout=0.2)
            took, _ = seconds_of(lambda: hung.content, requests.ConnectionError)
        with tamr.faults.on(Fault.drip_bytes(0.005)):
            slow = client.get(VERSION, stream=True)
            monkeypatch.setattr(_clock.clock, "monotonic", lambda: time.monotonic() + 3600)
            assert slow.json()["version"]
    assert took < LATE_SECONDS


def drip(connection, _):
    for byte in http(document())[:200]:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def test_a_deadline_applies_to_tls(monkeypatch):
    """The same reader is used on an encrypted connection."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with (
        RawServer(drip, tls=True) as server,
        Client(TokenAuth("t"), "127.0.0.1", "https", server.port, total_seconds=0.3) as client,
    ):
        took, _ = seconds_of(lambda: client.get("x"), RequestTimeout)

    assert 0.3 <= took < LATE_SECONDS
    assert len(server.requests) <= 1


def test_an_unknown_certificate_is_not_trusted():
    """No request is sent, and the error ends a wait."""
    with (
        RawServer(drip, tls=True) as server,
        Client(TokenAuth("t"), "127.0.0.1", "https", server.port) as client,
    ):
        took, _ = seconds_of(lambda: Operation(client, document()).wait(0.05), CertificateError)

    assert server.requests == []
    assert took < LATE_SECONDS


class PlainServer(RawServer):
    """A server that responds to any bytes, such as a TLS handshake, in plain HTTP."""

    def _talk(self, connection):
        connection.sendall(http(b"", "400 Bad Request"))


def test_a_server_without_tls_is_no_certificate_error():
    """The error says to check whether the server speaks https."""
    with (
        PlainServer(drip) as server,
        Client(TokenAuth("t"), "127.0.0.1", "https", server.port) as client,
        pytest.raises(ConnectionFailed, match="speak https"),
    ):
        client.get("x")


@pytest.fixture
def interrupt():
    """Sends this process the signal of Ctrl-C and Jupyter's Interrupt when a condition is true."""
    threads = []

    def interrupt_when(condition):
        def run():
            wait_until(condition)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield interrupt_when
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("fault", [None, *HANGING.values()], ids=["in a sleep", *HANGING])
def test_interrupt_ends_a_wait_at_once(tamr, running, interrupt, monkeypatch, fault):
    """It ends a sleep or a read; the job is not changed, and no request follows."""
    sleeps, sleep = [], _clock.clock.sleep
    monkeypatch.setattr(_clock.clock, "sleep", lambda each: (sleeps.append(each), sleep(each)))
    if fault is None:
        interrupt(lambda: sleeps)
    else:
        tamr.faults.add(fault)
        interrupt(lambda: len(tamr.requests) > 1)

    took, _ = seconds_of(lambda: running.wait(30 if fault is None else 0), KeyboardInterrupt)

    assert took < LATE_SECONDS
    assert len(tamr.requests) == (1 if fault is None else 2)
    assert {each.method for each in tamr.requests} == {"GET"}
    assert tamr.jobs.state("1") == "RUNNING"


def test_interrupt_ends_a_wait_for_another_threads_login(tamr, running, interrupt):
    """The main thread waits for the lock that the other thread holds."""
    done = threading.Event()

    def log_in():
        with deadline(60, done.is_set), suppress(requests.RequestException):
            running.client.get("operations")

    def is_waiting():
        stack = traceback.walk_stack(sys._current_frames()[threading.main_thread().ident])
        return any(frame.f_code.co_name == "renew" for frame, _ in stack)

    tamr.faults.add(Fault.hang(path="login"), Fault.unauthorised())
    other = threading.Thread(target=log_in)
    other.start()
    wait_until(lambda: tamr.requests.matching("POST", "login"))
    interrupt(is_waiting)

    took, _ = seconds_of(lambda: running.wait(0), KeyboardInterrupt)
    done.set()
    other.join()

    assert took < LATE_SECONDS
    assert len(tamr.requests.matching("POST", "login")) == 1


def test_a_wait_for_a_full_pool_ends_at_the_timeout(few_connections, tamr, running):
    """Unread responses hold all connections, so a request fails at its deadline."""
    client = running.client
    with tamr.faults.on(Fault.hang("body")):
        held = [client.get("operations", stream=True) for _ in range(few_connections)]
        took, error = seconds_of(lambda: running.wait(0.05, timeout_seconds=0.2), TimeoutError)
        for each in held:
            each.close()

    assert took < LATE_SECONDS
    assert isinstance(error.last_error, RequestTimeout)
    assert running.poll().state == "RUNNING"
