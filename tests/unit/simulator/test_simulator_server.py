from __future__ import annotations

import contextlib
import gc
import json
import re
import socket
import threading
import time
from typing import Any

import pytest
import requests

from tamr_widgets.auth import TokenAuth
from tamr_widgets.simulator import DEMO_PASSWORD, Fault, Simulator
from tamr_widgets.simulator.http.request_log import RequestLog, RequestRecord

SOON = 0.5


def simulator_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "tamr-simulator"]


def until(condition: Any) -> None:
    """Waits until a condition is true; fails after five seconds."""
    deadline = time.monotonic() + 5
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "still not true after five seconds"
        tick.wait(0.005)


def test_start_and_stop_can_be_repeated() -> None:
    """A second start adds no thread, and a second stop is no error."""
    simulator = Simulator(past_jobs=0)
    simulator.stop()

    simulator.start()
    assert simulator.start() is simulator
    assert len(simulator_threads()) == 1
    simulator.stop()
    simulator.stop()

    assert simulator_threads() == []
    assert not simulator.running


def test_a_restarted_server_has_its_port_and_its_jobs(browser: Any) -> None:
    """Clients can use it as before."""
    url = browser.simulator.url
    browser.simulator.stop()
    with pytest.raises(requests.ConnectionError):
        browser.get("operations")

    browser.simulator.start()

    assert browser.simulator.url == url
    assert len(browser.get("operations").json()) == 3


def test_only_loopback_is_served(simulator: Simulator) -> None:
    """Other addresses cannot be connected to."""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", simulator.url)
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", simulator.port))


def test_a_port_in_use_is_an_error_in_the_caller(simulator: Simulator) -> None:
    """No thread is started then."""
    second = Simulator(port=simulator.port, past_jobs=0)

    with pytest.raises(OSError, match="in use"):
        second.start()

    assert len(simulator_threads()) == 1
    assert not second.running


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_must_be_positive(speed: float) -> None:
    """Durations are divided by it."""
    with pytest.raises(ValueError, match="speed"):
        Simulator(speed=speed)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.hang(),
        Fault.hang("headers"),
        Fault.hang("body"),
        Fault.delay(60),
        Fault.drip_bytes(60, "headers"),
    ],
    ids=["hang", "hang in headers", "hang in body", "delay", "drip"],
)
def test_stop_ends_hanging_connections_at_once(simulator: Simulator, fault: Fault) -> None:
    """A client that waits for a response receives an error."""
    simulator.faults.add(fault)
    ended = threading.Event()

    def send_request() -> None:
        # headers that break off look like an empty response to http.client
        with contextlib.suppress(requests.RequestException):
            requests.get(simulator.url, timeout=30)
        ended.set()

    thread = threading.Thread(target=send_request)
    thread.start()
    until(lambda: len(simulator.requests))
    began = time.monotonic()

    simulator.stop()

    assert time.monotonic() - began < SOON
    assert ended.wait(5)
    thread.join()


def test_a_client_that_times_out_frees_its_connection(browser: Any) -> None:
    """The server detects that the client has disconnected."""
    browser.simulator.faults.add(Fault.hang(times=1))

    with pytest.raises(requests.ReadTimeout):
        browser.get("operations", timeout=0.1)

    until(lambda: browser.simulator.connections == 0)


def test_connections_are_accepted_again_on_the_same_port(browser: Any) -> None:
    """Open connections are closed while the server refuses connections."""
    browser.get("operations")
    browser.simulator.refuse()
    browser.simulator.refuse()

    with pytest.raises(requests.ConnectionError, match="refused"):
        browser.get("operations")

    browser.simulator.accept()
    browser.simulator.accept()
    assert browser.get("operations").ok


def test_a_server_can_stop_while_it_refuses_connections(simulator: Simulator) -> None:
    """Its thread ends, and calls of a stopped server have no effect."""
    simulator.refuse()
    simulator.stop()
    simulator.accept()
    simulator.drop_connections()

    assert simulator_threads() == []
    assert simulator.connections == 0


def test_a_client_connects_again_after_a_dropped_connection(browser: Any) -> None:
    """The connection that was kept alive is closed."""
    browser.get("operations")
    assert browser.simulator.connections == 1

    browser.simulator.drop_connections()

    assert browser.simulator.connections == 0
    assert browser.get("operations").ok
    assert [requested.connection for requested in browser.simulator.requests] == [1, 2]


def test_a_server_that_is_garbage_collected_ends_its_thread() -> None:
    """A cell that runs again may replace its simulator."""
    simulator = Simulator(past_jobs=0).start()

    del simulator
    gc.collect()

    until(lambda: simulator_threads() == [])


def test_the_log_contains_the_requests_but_no_secret(browser: Any) -> None:
    """It has method, path as sent, query, kind of credentials, status and size."""
    browser.get("operations/a%20b:c?x=1")
    browser.login()
    browser.get("projects", headers={"Authorization": "Bearer secret"}, cookies={"authToken": "s"})
    browser.get("projects", headers={"Authorization": None})

    log = browser.simulator.requests
    assert [(each.method, each.path.rpartition("/")[2], each.status) for each in log] == [
        ("GET", "a%20b:c", 404),
        ("POST", "instance:login", 200),
        ("GET", "projects", 401),
        ("GET", "projects", 401),
    ]
    assert log[0].query == "x=1"
    assert [requested.credentials for requested in log[0::2]] == ["basic", "bearer+cookie"]
    assert log[3].credentials == "none"
    assert log[3].sent == len("Credentials are required to access this resource.")
    assert {requested.connection for requested in log} == {1}
    text = repr(list(log)) + repr(log) + repr(browser.simulator)
    assert "secret" not in text
    assert DEMO_PASSWORD not in text


def test_the_log_can_be_searched_and_cleared(browser: Any) -> None:
    """A copy that was made before is not changed."""
    browser.get("operations/1")
    browser.post("projects/1/recordPairs:refresh")
    before = list(browser.simulator.requests)

    assert len(browser.simulator.requests.matching("POST")) == 1
    assert len(browser.simulator.requests.matching(path="operations")) == 1
    assert len(browser.simulator.requests[:1]) == 1
    browser.simulator.requests.clear()

    assert len(browser.simulator.requests) == 0
    assert len(before) == 2


def test_the_servers_clock_can_be_an_hour_off() -> None:
    """All times in documents are those of the server's clock."""
    with Simulator(past_jobs=0, now=lambda: 0.0, clock_offset_seconds=3600) as simulator:
        job = simulator.jobs.start("train")

        assert simulator.jobs.get(job)["created"]["time"] == "1970-01-01T01:00:00.000Z"


def test_a_long_list_is_served_many_times_a_second() -> None:
    """If one job changes, the bytes of the other documents are used again."""
    simulator = Simulator(past_jobs=800)

    def seconds(jobs: int) -> float:
        began = time.process_time()
        for _ in range(jobs):
            simulator.jobs.start("train")
            listing = simulator.jobs.listing()
        assert len(json.loads(listing)) == len(simulator.jobs)
        return time.process_time() - began

    first = seconds(1)

    assert seconds(10) < 5 * first


def test_two_servers_share_nothing() -> None:
    """Each has its own port, jobs, log and sessions."""
    with Simulator(past_jobs=0) as one, Simulator(past_jobs=0) as other:
        one.jobs.start("train")
        headers = {"Authorization": f"Bearer {one.token()}"}
        url = f"{other.url}/api/versioned/v1/operations"

        assert one.port != other.port
        assert requests.get(url, headers=headers, timeout=5).status_code == 401
        assert len(other.jobs) == 0
        assert len(one.requests) == 0


def test_a_client_is_logged_in_and_accepts_options(simulator: Simulator) -> None:
    """`client` knows the address and the credentials; its options are those of `Client`."""
    with simulator.client(base_path="/api/versioned/v1") as client:
        assert client.origin == simulator.url
        assert [operation.resource_id for operation in client.operations()] == ["3", "2", "1"]


def test_a_client_can_have_other_credentials(simulator: Simulator) -> None:
    """A token, or a wrong one, replaces the username and password."""
    with simulator.client(auth=TokenAuth(simulator.token())) as client:
        assert client.get("operations").status_code == 200
    with simulator.client(auth=TokenAuth("wrong")) as client:
        assert client.get("operations").status_code == 401


def test_many_clients_at_once_leave_no_open_connection(simulator: Simulator) -> None:
    """Ten connections are served at once, and closed with their clients."""
    headers = {"Authorization": f"Bearer {simulator.token()}"}
    url = f"{simulator.url}/api/versioned/v1/operations"
    together = threading.Barrier(10)

    def send_request() -> None:
        with requests.Session() as session:
            together.wait(10)
            for _ in range(2):
                assert session.get(url, headers=headers, timeout=10).status_code == 200

    threads = [threading.Thread(target=send_request) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(simulator.requests.matching("GET", "operations")) == 20
    until(lambda: simulator.connections == 0)


def test_the_log_drops_the_oldest_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of a server that runs for weeks is limited."""
    monkeypatch.setattr("tamr_widgets.simulator.http.request_log.MAX_RECORDS", 2)
    log = RequestLog()

    for path in "abc":
        log.add(RequestRecord("GET", path))

    assert [each.path for each in log] == ["b", "c"]


def test_malformed_cookies_are_refused(simulator: Simulator) -> None:
    """A wrong character makes the whole header invalid."""
    url = f"{simulator.url}/api/versioned/v1/operations"
    headers = {"Cookie": f"a@b=1; authToken={simulator.token()}"}

    assert requests.get(url, headers=headers, timeout=20).status_code == 401
