"""Time: nothing that a server or a clock does makes a wait longer than its time limit."""

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

# A busy machine may be so late; without a limit it would be 30 or 60 seconds.
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
    """Returns the time until an error of that kind ends the work, and the error."""
    began = time.monotonic()
    with pytest.raises(kind) as raised:
        work()
    return time.monotonic() - began, raised.value


@pytest.mark.parametrize("word", ["CANCELING", "RESTARTING", "succeeded", "", "\U0001f4a5"])
def test_an_unknown_word_is_polled_at_the_interval(job, wire, clock, word):
    """It is shown unchanged, costs no more requests than any other, and the end is still seen."""
    requested = wire.get(URL + PATH, json=document(word))
    snapshots = job.snapshots(1)

    states = {next(snapshots).state for _ in range(5)}
    wire.replace("GET", URL + PATH, json=document("CANCELED"))

    assert states == {word}
    assert requested.call_count <= 7
    assert clock.now == 1005
    assert next(snapshots).state == "CANCELED"
    assert list(snapshots) == []


@pytest.mark.parametrize("status", [None, {}, ..., "RUNNING", ["RUNNING"], {"state": None}])
def test_an_unreadable_status_is_polled_at_the_interval(job, wire, clock, caplog, status):
    """One warning, not one a poll; the wait goes on to the end."""
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


def test_it_is_warned_of_a_status_that_was_never_readable(client, wire, clock, caplog):
    """Also when the operation in hand had no state either."""
    wire.get(URL + PATH, json=document(status=None))

    with pytest.raises(TimeoutError):
        Operation(client, document(status=None)).wait(1, 3)

    assert len(caplog.records) == 1


def test_no_time_at_all_is_one_poll(job, wire, clock):
    """T=0 on an unresolved operation asks exactly once."""
    requested = wire.get(URL + PATH, json=document("RUNNING"))

    with pytest.raises(TimeoutError):
        job.wait(5, timeout_seconds=0)

    assert requested.call_count == 1
    assert clock.now == 1000


def test_no_time_at_all_finds_a_job_that_has_ended(job, wire, clock):
    """T=0 returns what that one poll brings, and asks nothing about a resolved operation."""
    requested = wire.get(URL + PATH, json=document("SUCCEEDED"))

    done = job.wait(5, timeout_seconds=0)

    assert done.succeeded()
    assert done.wait(5, timeout_seconds=0) is done
    assert requested.call_count == 1


@pytest.mark.parametrize("name", ["poll_interval_seconds", "timeout_seconds"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "3", True, [3]])
def test_an_argument_that_is_no_time_is_named(job, wire, name, value):
    """At once, before any request or wait, and for a resolved operation, too."""
    for operation in (job, Operation(None, document("FAILED"))):
        for wait in (operation.wait, operation.snapshots, operation.apply_options):
            with pytest.raises((ValueError, TypeError), match=name):
                wait(**{name: value})
    assert not wire.calls


def test_the_last_sleep_ends_with_the_time_limit(job, wire, clock):
    """I=5, T=1: the sleep is the smaller of the interval and what is left."""
    wire.get(URL + PATH, json=document("RUNNING"))

    with pytest.raises(TimeoutError):
        job.wait(5, timeout_seconds=1)

    assert clock.sleeps == [1]


def test_a_last_poll_is_made_when_the_time_is_up(job, wire, clock):
    """A job that ended between the last poll and T is returned."""
    wire.add_callback(
        "GET",
        URL + PATH,
        lambda _: (200, {}, json.dumps(document(state_at(clock.now)))),
    )

    assert job.wait(4, timeout_seconds=10).succeeded()
    assert clock.sleeps == [4, 4, 2]


def state_at(now):
    return "SUCCEEDED" if now >= 1009 else "RUNNING"


def test_a_resolved_response_is_never_thrown_away(job, wire, clock):
    """Not even one that arrives after the deadline."""

    def late(_):
        clock.advance(30)
        return 200, {}, '{"id": "17", "status": {"state": "FAILED"}}'

    wire.add_callback("GET", URL + PATH, late)

    assert job.wait(4, timeout_seconds=10).state == "FAILED"


def test_a_slow_server_is_heard_out_at_the_deadline(client, clock):
    """The last poll gets as long as the response before it took, and a little more; no longer."""
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


def test_a_machine_that_slept_through_the_deadline_still_asks_once(client, clock, monkeypatch):
    """A closed laptop: the last poll gets the time of a last poll, however late it is."""
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
    """No sleep is shorter than nothing."""
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
    """Neither the interval nor the time limit is counted by it."""

    def set_the_clock(_):
        clock.time_of_day += jump
        return 200, {}, '{"id": "17", "status": {"state": "RUNNING"}}'

    wire.add_callback("GET", URL + PATH, set_the_clock)

    with pytest.raises(TimeoutError):
        job.wait(1, timeout_seconds=10)

    assert clock.sleeps == [1] * 10


def test_a_time_out_says_what_is_known(job, wire, clock):
    """The last snapshot, the time waited and the last fault, which is also the cause."""
    wire.get(URL + PATH, json=document("PENDING"))
    wire.get(URL + PATH, status=502)

    with pytest.raises(WaitTimeout, match=r"PENDING when last seen.*502 Bad Gateway") as raised:
        job.wait(6, timeout_seconds=10)

    assert raised.value.operation.state == "PENDING"
    assert raised.value.waited_seconds == 10
    assert isinstance(raised.value.last_error, requests.HTTPError)
    assert raised.value.__cause__ is raised.value.last_error


def test_a_time_out_without_a_fault_has_no_cause(job, wire, clock):
    """A fault that has passed is over."""
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
def test_a_wait_ends_in_time_whatever_hangs(tamr, running, fault):
    """The limit reaches down to the socket, also where a byte comes now and then."""
    with tamr.faults.on(fault):
        took, error = seconds_of(lambda: running.wait(0.05, timeout_seconds=0.2), TimeoutError)

    assert 0.2 <= took < LATE_SECONDS
    assert isinstance(error.last_error, RequestTimeout)


@pytest.mark.parametrize("fault", HANGING.values(), ids=HANGING)
def test_each_request_ends_in_time_whatever_hangs(tamr, fault):
    """Without a time limit of a wait, each request still has its own."""
    tamr.jobs.add("RUNNING")
    with tamr.client(total_seconds=0.2) as client, tamr.faults.on(fault):
        took, _ = seconds_of(lambda: client.get("operations"), RequestTimeout)

    assert 0.2 <= took < LATE_SECONDS


def test_a_read_limit_of_ones_own_counts_between_bytes(tamr):
    """As in requests, `timeout` is about silence; a body that keeps coming is fine."""
    with tamr.client() as client:
        with tamr.faults.on(Fault.hang("body")):
            took, _ = seconds_of(lambda: client.get(VERSION, timeout=0.2), RequestTimeout)
        assert 0.2 <= took < LATE_SECONDS
        with tamr.faults.on(Fault.drip_bytes(0.005)):
            assert client.get(VERSION, timeout=5).ok


def test_a_stream_has_no_total_limit(tamr):
    """A download may take longer than a request; silence still ends it."""
    with tamr.client(total_seconds=0.4) as client:
        with tamr.faults.on(Fault.drip_bytes(0.02)):
            slow = client.get(VERSION, stream=True)
            began = time.monotonic()
            assert slow.json()["version"]
        assert time.monotonic() - began > 0.4
        with tamr.faults.on(Fault.hang("body")):
            hung = client.get(VERSION, stream=True, timeout=0.2)
            took, _ = seconds_of(lambda: hung.content, requests.ConnectionError)
    assert took < LATE_SECONDS


def drip(connection, _):
    for byte in http(document())[:200]:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def test_a_limit_holds_through_tls(monkeypatch):
    """The same reader, on an encrypted connection."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with (
        RawServer(drip, tls=True) as server,
        Client(TokenAuth("t"), "127.0.0.1", "https", server.port, total_seconds=0.3) as client,
    ):
        took, _ = seconds_of(lambda: client.get("x"), RequestTimeout)

    assert 0.3 <= took < LATE_SECONDS
    assert len(server.requests) <= 1


def test_a_certificate_that_nobody_knows_is_not_trusted():
    """Nothing is sent, the error says what to check, and no wait goes on about it."""
    with (
        RawServer(drip, tls=True) as server,
        Client(TokenAuth("t"), "127.0.0.1", "https", server.port) as client,
    ):
        took, _ = seconds_of(lambda: Operation(client, document()).wait(0.05), CertificateError)

    assert server.requests == []
    assert took < LATE_SECONDS


class PlainServer(RawServer):
    """A server that responds to all bytes, a TLS greeting for example, in plain HTTP."""

    def _talk(self, connection):
        connection.sendall(http(b"", "400 Bad Request"))


def test_a_server_without_tls_is_no_certificate_problem():
    """The error asks whether it speaks https at all."""
    with (
        PlainServer(drip) as server,
        Client(TokenAuth("t"), "127.0.0.1", "https", server.port) as client,
        pytest.raises(ConnectionFailed, match="speak https"),
    ):
        client.get("x")


@pytest.fixture
def interrupt():
    """Sends this process the signal of Ctrl-C and of Jupyter's Interrupt, on a condition."""
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
    """In a sleep as in a read; the job is not touched, and nothing is requested afterwards."""
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
    """Also while the main thread waits for the lock that the other one holds."""
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


def test_a_full_pool_is_not_waited_for_beyond_the_limit(few_connections, tamr, running):
    """Responses that nobody reads hold their connections; a request without one fails in time."""
    client = running.client
    with tamr.faults.on(Fault.hang("body")):
        held = [client.get("operations", stream=True) for _ in range(few_connections)]
        took, error = seconds_of(lambda: running.wait(0.05, timeout_seconds=0.2), TimeoutError)
        for each in held:
            each.close()

    assert took < LATE_SECONDS
    assert isinstance(error.last_error, RequestTimeout)
    assert running.poll().state == "RUNNING"
