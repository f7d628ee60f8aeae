from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from typing import Any

import pytest
import requests

from tamr_widgets.simulator import Fault
from tamr_widgets.simulator.faults import Faults

SHORT = 0.2


def raw(simulator: Any, *, seconds: float = SHORT) -> tuple[bytes, str]:
    """Return the bytes that come back for an operation, and how they end."""
    request = (
        f"GET /api/versioned/v1/operations/1 HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {simulator.token()}\r\n\r\n"
    )
    received = b""
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=seconds) as connection:
        connection.sendall(request.encode())
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except TimeoutError:
            return received, "hang"
        except ConnectionResetError:
            return received, "reset"
    return received, "close"


def parts(received: bytes) -> tuple[bytes, bytes]:
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body


def test_without_a_fault_connections_are_kept(simulator: Any) -> None:
    """A good response is complete, and the connection waits for more."""
    received, ending = raw(simulator)

    assert json.loads(parts(received)[1])["id"] == "1"
    assert ending == "hang"


@pytest.mark.parametrize("ending", ["hang", "reset", "close"])
@pytest.mark.parametrize("place", ["start", "headers", "body"])
def test_bytes_can_end_anywhere_in_any_way(simulator: Any, place: str, ending: str) -> None:
    """A hang, a reset and a close happen before the headers, in them, and in the body."""
    simulator.faults.add(getattr(Fault, ending)(place))

    received, seen = raw(simulator)

    head, body = parts(received)
    assert seen == ending
    if place == "start":
        assert received == b""
    elif place == "headers":
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\n\r\n" not in received
    else:
        assert b"Content-Length" in head
        assert 0 < len(body) < len(simulator.jobs.text("1"))


def test_a_truncated_body_is_shorter_than_promised(simulator: Any) -> None:
    """A client can tell from Content-Length, though requests does so only with urllib3 2."""
    simulator.faults.add(Fault.truncate(times=1))

    received, _ = raw(simulator)

    head, _, body = received.partition(b"\r\n\r\n")
    promised = int(head.partition(b"Content-Length: ")[2].split()[0])
    assert 0 < len(body) < promised


@pytest.mark.parametrize("part", ["headers", "body"])
def test_bytes_can_drip(simulator: Any, part: str) -> None:
    """The bytes of the chosen part come one at a time, and all of them come in the end."""
    simulator.jobs.put({"id": "1"})
    simulator.faults.add(Fault.drip_bytes(0.0001, part))

    received, ending = raw(simulator, seconds=5)

    assert json.loads(parts(received)[1]) == {"id": "1"}
    assert ending == "close"


def test_a_drip_takes_its_time(browser: Any) -> None:
    """A read time limit never fires, since each byte comes soon enough."""
    browser.simulator.faults.add(Fault.drip_bytes(0.05, "body"))

    with browser.get("operations/1", timeout=1, stream=True) as response:
        began = time.monotonic()
        first = response.raw.read(4)

    assert first == b'{"id'
    assert time.monotonic() - began > 0.1


def test_a_delay_is_a_good_response_that_comes_late(browser: Any) -> None:
    """The connection is kept, too."""
    browser.simulator.faults.add(Fault.delay(SHORT))
    began = time.monotonic()

    assert browser.get("operations/1").json()["id"] == "1"
    assert time.monotonic() - began >= SHORT
    browser.get("operations/1")
    assert browser.simulator.requests[0].connection == browser.simulator.requests[1].connection


def test_any_status_code_with_a_proxys_page(browser: Any) -> None:
    """A proxy responds in HTML, and the server gets no request."""
    for code in (408, 429, 500, 502, 503, 504, 403, 599):
        browser.simulator.faults.add(Fault.status(code, times=1))

        response = browser.post("projects/1/recordPairs:refresh")

        assert response.status_code == code
        assert response.headers["Content-Type"] == "text/html", code
        assert response.text.startswith("<html>"), code
        assert len(browser.simulator.jobs) == 3, code


@pytest.mark.parametrize("code", [429, 503, 200])
def test_retry_after_of_any_form(browser: Any, code: int) -> None:
    """A Retry-After comes with any status, and does not change a response with 200 otherwise."""
    for value in ("3", "Fri, 29 Jan 2021 12:00:00 GMT", "0", "-1", "soon", "1e12"):
        browser.simulator.faults.add(Fault.retry_after(value, code, times=1))

        response = browser.get("operations/1")

        assert response.headers["Retry-After"] == value
        assert response.status_code == code, value
        if code == 200:
            assert response.json() == browser.simulator.jobs.get("1"), value


def test_a_foreign_body_with_status_200(browser: Any) -> None:
    """Any bytes can be the response."""
    for body in ("[]", "null", "{}", "", '{"id": "1', b"\xff\x00"):
        browser.simulator.faults.add(Fault.body(body, times=1))

        response = browser.get("operations/1")

        assert response.content == (body.encode() if isinstance(body, str) else body)
        assert response.status_code == 200, body


def test_a_login_page_with_status_200(browser: Any) -> None:
    """Single sign-on in front of a server responds like this."""
    browser.simulator.faults.add(Fault.login_page())

    response = browser.get("operations/1")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html"
    assert "Sign in" in response.text


def test_another_operations_document(browser: Any) -> None:
    """The response is good in itself, but for another operation."""
    browser.simulator.faults.add(Fault.other_id("2"))

    assert browser.get("operations/1").json()["id"] == "2"
    assert browser.get("operations/1").json()["relativeId"] == "operations/2"


@pytest.mark.parametrize("location", ["/elsewhere", "http://example.invalid:1/x", "//evil/x"])
def test_a_redirect_to_any_location(browser: Any, location: str) -> None:
    """The Location is sent as it was given."""
    browser.simulator.faults.add(Fault.redirect(location, 307))

    response = browser.get("operations/1", allow_redirects=False)

    assert response.status_code == 307
    assert response.headers["Location"] == location


def test_an_unauthorised_request_whatever_it_carries(browser: Any) -> None:
    """Even good credentials are refused, in Tamr's words."""
    browser.simulator.faults.add(Fault.unauthorised(times=1))

    assert browser.get("operations").status_code == 401
    assert browser.get("operations").status_code == 200


@pytest.mark.parametrize("status", [None, {}, "RUNNING", ["RUNNING"]])
def test_the_status_of_every_document_can_be_replaced(browser: Any, status: object) -> None:
    """A null status, or one of a wrong type, shows in single responses and in the list."""
    browser.simulator.faults.add(Fault.job_status(status))

    assert browser.get("operations/1").json()["status"] == status
    assert [each["status"] for each in browser.get("operations").json()] == [status] * 3


def test_the_state_of_every_document_can_be_replaced(browser: Any) -> None:
    """Servers grow states."""
    browser.simulator.faults.add(Fault.job_state("EXPORTING"))

    assert browser.get("operations/1").json()["status"]["state"] == "EXPORTING"
    assert browser.get("operations/999").status_code == 404


def test_documents_can_be_edited_by_a_function(browser: Any) -> None:
    """Any other change that a test needs."""
    browser.simulator.faults.add(Fault.edit(lambda each: {**each, "type": "MYSTERY"}))

    assert browser.get("operations/1").json()["type"] == "MYSTERY"


@pytest.mark.parametrize("perform", [False, True])
@pytest.mark.parametrize("ending", ["reset", "close"])
def test_a_request_may_be_carried_out_although_its_response_is_lost(
    browser: Any, ending: str, *, perform: bool
) -> None:
    """A job may have been started or not when the connection breaks."""
    browser.simulator.faults.add(getattr(Fault, ending)(perform=perform, times=1))

    with pytest.raises(requests.ConnectionError):
        browser.post("projects/1/recordPairs:refresh")

    assert len(browser.simulator.jobs) == 3 + perform


def test_a_fault_hits_so_many_requests_after_so_many(browser: Any) -> None:
    """`skip` lets requests pass, `times` ends it."""
    browser.simulator.faults.add(Fault.status(502, skip=1, times=2))

    codes = [browser.get("operations/1").status_code for _ in range(4)]

    assert codes == [200, 502, 502, 200]
    assert len(browser.simulator.faults) == 0


def test_a_fault_hits_only_its_method_and_path(browser: Any) -> None:
    """The path is a regular expression, searched in the decoded path."""
    browser.simulator.faults.add(Fault.status(503, method="GET", path=r"operations/[12]$"))

    assert browser.get("operations/1").status_code == 503
    assert browser.get("operations/3").status_code == 200
    assert browser.ask("DELETE", "operations/1").status_code == 405


def test_faults_come_in_the_order_in_which_they_were_added(browser: Any) -> None:
    """A sequence of faults is a list of faults that hit once."""
    browser.simulator.faults.add(Fault.status(500, times=1), Fault.status(502, times=1))

    codes = [browser.get("operations/1").status_code for _ in range(3)]

    assert codes == [500, 502, 200]


def test_faults_can_be_switched_off_while_the_server_runs(browser: Any) -> None:
    """A `with` block and `clear` end them."""
    with browser.simulator.faults.on(Fault.status(502)):
        assert browser.get("operations/1").status_code == 502
    assert browser.get("operations/1").status_code == 200

    browser.simulator.faults.add(Fault.status(502))
    browser.simulator.faults.clear()
    assert browser.get("operations/1").status_code == 200


def test_an_unknown_place_is_refused_at_once() -> None:
    """A typing error in a test shows where it was made."""
    with pytest.raises(ValueError, match="'footer'"):
        Fault.hang("footer")


def test_a_switchboard_without_faults_lets_everything_pass() -> None:
    """No fault is the usual case."""
    assert Faults().take("GET", "/") is None


def test_the_log_says_which_fault_a_request_met(browser: Any) -> None:
    """A test can tell what happened to each request."""
    browser.simulator.faults.add(Fault.close(times=1), Fault.status(502, times=1))
    with pytest.raises(requests.ConnectionError):
        browser.get("operations/1")
    browser.get("operations/1")
    browser.get("operations/1")

    seen = [(requested.fault, requested.status) for requested in browser.simulator.requests]

    assert seen == [("close", None), ("status 502", 502), ("", 200)]


@pytest.mark.parametrize(
    "fault", [Fault.delay(SHORT, times=1), replace(Fault.hang(times=1), delay_seconds=SHORT)]
)
def test_a_client_that_left_during_a_delay_does_no_harm(browser: Any, fault: Fault) -> None:
    """The server cannot send its response, and goes on with other clients."""
    browser.simulator.faults.add(fault)
    with pytest.raises(requests.ReadTimeout):
        browser.get("operations/1", timeout=SHORT / 4)

    browser.simulator.faults.add(Fault.delay(SHORT, times=1))
    assert browser.get("operations/1").ok
    assert [requested.status for requested in browser.simulator.requests] == [None, 200]


def test_an_edit_leaves_alone_what_is_no_operation(browser: Any) -> None:
    """A 401 is text and a 404 no operation: neither is touched."""
    browser.simulator.faults.add(Fault.edit(lambda each: {"id": each["id"]}))
    browser.simulator.expire_sessions()

    assert browser.get("operations").status_code == 401
    browser.session.headers["Authorization"] = f"Bearer {browser.simulator.token()}"
    assert browser.get("operations/999").json()["message"] == "No result found"
    assert browser.get("operations/1").json() == {"id": "1"}
