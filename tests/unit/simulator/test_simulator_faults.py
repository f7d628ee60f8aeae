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
    """Returns the bytes of the response for an operation, and the way in which it ends."""
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
    """A response is complete, and the connection stays open."""
    received, ending = raw(simulator)

    assert json.loads(parts(received)[1])["id"] == "1"
    assert ending == "hang"


@pytest.mark.parametrize("ending", ["hang", "reset", "close"])
@pytest.mark.parametrize("place", ["start", "headers", "body"])
def test_a_response_can_end_at_any_place_in_any_way(
    simulator: Any, place: str, ending: str
) -> None:
    """A hang, a reset or a close occurs before the headers, in them, or in the body."""
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


def test_a_truncated_body_is_shorter_than_its_content_length(simulator: Any) -> None:
    """requests reports this only with urllib3 2."""
    simulator.faults.add(Fault.truncate(times=1))

    received, _ = raw(simulator)

    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.partition(b"Content-Length: ")[2].split()[0])
    assert 0 < len(body) < length


@pytest.mark.parametrize("part", ["headers", "body"])
def test_bytes_can_drip(simulator: Any, part: str) -> None:
    """The bytes of the chosen part are sent one at a time, until all are sent."""
    simulator.jobs.put({"id": "1"})
    simulator.faults.add(Fault.drip_bytes(0.0001, part))

    received, ending = raw(simulator, seconds=5)

    assert json.loads(parts(received)[1]) == {"id": "1"}
    assert ending == "close"


def test_a_drip_is_slow_but_causes_no_read_timeout(browser: Any) -> None:
    """Each byte arrives within the timeout, but the response takes longer."""
    browser.simulator.faults.add(Fault.drip_bytes(0.05, "body"))

    with browser.get("operations/1", timeout=1, stream=True) as response:
        began = time.monotonic()
        first = response.raw.read(4)

    assert first == b'{"id'
    assert time.monotonic() - began > 0.1


def test_a_delayed_response_is_complete(browser: Any) -> None:
    """The connection stays open, too."""
    browser.simulator.faults.add(Fault.delay(SHORT))
    began = time.monotonic()

    assert browser.get("operations/1").json()["id"] == "1"
    assert time.monotonic() - began >= SHORT
    browser.get("operations/1")
    assert browser.simulator.requests[0].connection == browser.simulator.requests[1].connection


def test_any_status_code_with_a_proxys_page(browser: Any) -> None:
    """A proxy responds in HTML, and the server receives no request."""
    for code in (408, 429, 500, 502, 503, 504, 403, 599):
        browser.simulator.faults.add(Fault.status(code, times=1))

        response = browser.post("projects/1/recordPairs:refresh")

        assert response.status_code == code
        assert response.headers["Content-Type"] == "text/html", code
        assert response.text.startswith("<html>"), code
        assert len(browser.simulator.jobs) == 3, code


@pytest.mark.parametrize("code", [429, 503, 200])
def test_retry_after_of_any_form(browser: Any, code: int) -> None:
    """Any status can have a Retry-After, and a 200 is not changed otherwise."""
    for value in ("3", "Fri, 29 Jan 2021 12:00:00 GMT", "0", "-1", "soon", "1e12"):
        browser.simulator.faults.add(Fault.retry_after(value, code, times=1))

        response = browser.get("operations/1")

        assert response.headers["Retry-After"] == value
        assert response.status_code == code, value
        if code == 200:
            assert response.json() == browser.simulator.jobs.get("1"), value


def test_any_body_with_status_200(browser: Any) -> None:
    """The bytes need not be a valid document."""
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


def test_the_document_of_another_operation(browser: Any) -> None:
    """The response is valid, except for the id."""
    browser.simulator.faults.add(Fault.other_id("2"))

    assert browser.get("operations/1").json()["id"] == "2"
    assert browser.get("operations/1").json()["relativeId"] == "operations/2"


@pytest.mark.parametrize("location", ["/elsewhere", "http://example.invalid:1/x", "//evil/x"])
def test_a_redirect_to_any_location(browser: Any, location: str) -> None:
    """The Location is sent unchanged."""
    browser.simulator.faults.add(Fault.redirect(location, 307))

    response = browser.get("operations/1", allow_redirects=False)

    assert response.status_code == 307
    assert response.headers["Location"] == location


def test_a_401_for_valid_credentials(browser: Any) -> None:
    """The next request is accepted."""
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
    """Servers may have states that are not known yet."""
    browser.simulator.faults.add(Fault.job_state("EXPORTING"))

    assert browser.get("operations/1").json()["status"]["state"] == "EXPORTING"
    assert browser.get("operations/999").status_code == 404


def test_documents_can_be_edited_by_a_function(browser: Any) -> None:
    """A test can make any other change with it."""
    browser.simulator.faults.add(Fault.edit(lambda each: {**each, "type": "MYSTERY"}))

    assert browser.get("operations/1").json()["type"] == "MYSTERY"


@pytest.mark.parametrize("perform", [False, True])
@pytest.mark.parametrize("ending", ["reset", "close"])
def test_a_request_may_be_carried_out_although_its_response_is_lost(
    browser: Any, ending: str, *, perform: bool
) -> None:
    """A job may have been started, or not, when the connection is closed."""
    browser.simulator.faults.add(getattr(Fault, ending)(perform=perform, times=1))

    with pytest.raises(requests.ConnectionError):
        browser.post("projects/1/recordPairs:refresh")

    assert len(browser.simulator.jobs) == 3 + perform


def test_a_fault_skips_requests_and_then_hits_a_few(browser: Any) -> None:
    """`skip` and `times` are their numbers."""
    browser.simulator.faults.add(Fault.status(502, skip=1, times=2))

    codes = [browser.get("operations/1").status_code for _ in range(4)]

    assert codes == [200, 502, 502, 200]
    assert len(browser.simulator.faults) == 0


def test_a_fault_hits_only_its_method_and_path(browser: Any) -> None:
    """The path is a regular expression, searched in the decoded path."""
    browser.simulator.faults.add(Fault.status(503, method="GET", path=r"operations/[12]$"))

    assert browser.get("operations/1").status_code == 503
    assert browser.get("operations/3").status_code == 200
    assert browser.request("DELETE", "operations/1").status_code == 405


def test_faults_apply_in_the_order_in_which_they_were_added(browser: Any) -> None:
    """A sequence consists of faults that apply once."""
    browser.simulator.faults.add(Fault.status(500, times=1), Fault.status(502, times=1))

    codes = [browser.get("operations/1").status_code for _ in range(3)]

    assert codes == [500, 502, 200]


def test_faults_can_be_switched_off_while_the_server_runs(browser: Any) -> None:
    """The end of a `with` block and `clear` remove them."""
    with browser.simulator.faults.on(Fault.status(502)):
        assert browser.get("operations/1").status_code == 502
    assert browser.get("operations/1").status_code == 200

    browser.simulator.faults.add(Fault.status(502))
    browser.simulator.faults.clear()
    assert browser.get("operations/1").status_code == 200


def test_an_unknown_place_is_refused_at_once() -> None:
    """The traceback shows where the fault was created."""
    with pytest.raises(ValueError, match="'footer'"):
        Fault.hang("footer")


def test_without_faults_no_request_is_hit() -> None:
    assert Faults().take("GET", "/") is None


def test_the_log_names_the_fault_of_each_request(browser: Any) -> None:
    """A test can check how each request ended."""
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
def test_a_client_that_disconnects_during_a_delay_causes_no_error(
    browser: Any, fault: Fault
) -> None:
    """The server cannot send its response, and continues to serve other clients."""
    browser.simulator.faults.add(fault)
    with pytest.raises(requests.ReadTimeout):
        browser.get("operations/1", timeout=SHORT / 4)

    browser.simulator.faults.add(Fault.delay(SHORT, times=1))
    assert browser.get("operations/1").ok
    assert [requested.status for requested in browser.simulator.requests] == [None, 200]


def test_an_edit_changes_only_operations(browser: Any) -> None:
    """It changes neither the text of a 401 nor the document of a 404."""
    browser.simulator.faults.add(Fault.edit(lambda each: {"id": each["id"]}))
    browser.simulator.expire_sessions()

    assert browser.get("operations").status_code == 401
    browser.session.headers["Authorization"] = f"Bearer {browser.simulator.token()}"
    assert browser.get("operations/999").json()["message"] == "No result found"
    assert browser.get("operations/1").json() == {"id": "1"}
