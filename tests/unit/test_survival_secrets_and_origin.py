"""Credentials are sent to one origin only, and shown nowhere."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
import threading
import traceback
from http.client import HTTPConnection

import pytest
import requests
from fakes import PASSWORD, RawServer, document, error_of, http, wait_until

from tamr_widgets import (
    Client,
    CrossOriginError,
    Forbidden,
    NotFound,
    Operation,
    TamrError,
    Unauthorized,
    UnexpectedResponse,
    UsernamePasswordAuth,
)
from tamr_widgets._operation.html import html_table, plain_text
from tamr_widgets.simulator import Fault, Simulator

LOGGER = "tamr_widgets._http.client"


@pytest.fixture
def credentials():
    return {"username": "ada", "password": PASSWORD}


@pytest.fixture
def client(tamr):
    with tamr.client(total_seconds=2) as client:
        yield client


@pytest.fixture
def job(tamr, client):
    return client.operation(tamr.jobs.add("RUNNING"))


@pytest.fixture
def elsewhere():
    """Another server, which accepts any request."""
    with RawServer(lambda connection, _: connection.sendall(http(document()))) as server:
        yield server


def test_a_wait_logs_in_again_after_its_session_has_expired(tamr):
    """It sends one login and repeats the poll once."""
    with tamr.client(store_auth_cookie=True) as client:
        snapshots = client.operation(tamr.jobs.add("RUNNING")).snapshots(0.02)
        next(snapshots)
        tamr.requests.clear()
        tamr.expire_sessions()
        next(snapshots)
        next(snapshots)

    requested = [(each.method, each.status) for each in tamr.requests]
    assert requested == [("GET", 401), ("POST", 200), ("GET", 200), ("GET", 200)]


def test_a_second_401_ends_a_wait_at_once(tamr, job):
    """The error is typed, whatever the body, and there is no third attempt."""
    for body in ("Credentials are required.", "", "<html>Sign in</html>", "{"):
        tamr.requests.clear()
        with tamr.faults.on(Fault.status(401, body=body, method="GET")):
            error = error_of(lambda: job.wait(0.01))

        assert isinstance(error, Unauthorized), body
        assert "user name and password" in str(error), body
        assert error.response.status_code == 401, body
        assert [each.method for each in tamr.requests] == ["GET", "POST", "GET"], body


@pytest.mark.parametrize(("status", "kind"), [(403, Forbidden), (404, NotFound)])
def test_a_refused_poll_is_a_typed_error(tamr, job, status, kind):
    """It has the response; the poll is not repeated."""
    tamr.requests.clear()
    with tamr.faults.on(Fault.status(status)), pytest.raises(kind) as raised:
        job.poll()

    assert raised.value.response.status_code == status
    assert len(tamr.requests) == 1


def test_threads_with_an_expired_session_log_in_once(tamr):
    """The first thread logs in for all."""
    with tamr.client(store_auth_cookie=True) as client:
        job = client.operation(tamr.jobs.add("RUNNING"))
        tamr.requests.clear()
        tamr.expire_sessions()
        # so that every thread gets its 401 before the first login ends
        tamr.faults.add(Fault.delay(0.2, method="POST"))
        polled = []
        threads = [
            threading.Thread(target=lambda: polled.append(job.poll().state)) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

    assert polled == ["RUNNING"] * 6
    assert len(tamr.requests.matching("POST", "instance:login")) == 1


FOREIGN = [
    "http://127.0.0.1:{port}/api/x",
    "//127.0.0.1:{port}/api/x",
    "http://user:secret@127.0.0.1:{port}/",
    "\\\\127.0.0.1:{port}/x",
]
TRAVERSING = [
    "operations/../../x",
    "operations/%2e%2e/x",
    "operations/..;/x",
    "operations/%252e%252e",
]


@pytest.mark.parametrize("address", [*FOREIGN, *TRAVERSING])
def test_no_request_is_sent_to_a_foreign_address(tamr, client, elsewhere, address):
    """It is refused as an endpoint and as a relativeId, for every action."""
    path = address.format(port=elsewhere.port)
    job = Operation(client, document(relativeId=path))
    tamr.requests.clear()

    for act in (
        lambda: client.get(path),
        lambda: client.post(path),
        lambda: client.start(path),
        job.poll,
        job.delete,
        lambda: job.wait(0, 1),
    ):
        with pytest.raises(CrossOriginError):
            act()

    assert elsewhere.requests == []
    assert len(tamr.requests) == 0


def test_a_relative_id_of_another_server_is_refused(tamr, client, elsewhere):
    """A compromised server could send any relativeId."""
    tamr.jobs.put({**document(), "relativeId": f"http://127.0.0.1:{elsewhere.port}/x"}, "17")

    with pytest.raises(UnexpectedResponse, match="not this operation"):
        client.operation("17")
    with pytest.raises(CrossOriginError):
        Operation(client, client.get("operations/17").json()).wait(0.02)
    assert elsewhere.requests == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_redirect_to_another_origin_is_not_followed(tamr, client, elsewhere, method):
    """No request is sent there, and the redirect is an error."""
    location = f"http://127.0.0.1:{elsewhere.port}/api/versioned/v1/operations/17"
    for code in (301, 302, 303, 307, 308):
        with tamr.faults.on(Fault.redirect(location, code)):
            error = error_of(lambda: client.request(method, "operations/17"))

        assert isinstance(error, CrossOriginError), code
        assert "not followed" in str(error), code
    assert elsewhere.requests == []


@pytest.mark.parametrize("code", [301, 307])
def test_a_session_of_the_user_follows_no_redirect_to_another_origin(tamr, elsewhere, code):
    """Sessions of requests do by default."""
    location = f"http://127.0.0.1:{elsewhere.port}/api/versioned/v1/operations/17"
    with requests.Session() as session, tamr.client(session=session) as client:
        tamr.faults.add(Fault.redirect(location, code))
        with pytest.raises(CrossOriginError):
            client.get("operations/17")

    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "location", ["https://127.0.0.1:{port}/", "http://127.0.0.1/", "http://localhost:{port}/"]
)
def test_another_protocol_port_or_name_is_another_origin(tamr, client, location):
    """It is another one on the same machine, too."""
    with (
        tamr.faults.on(Fault.redirect(location.format(port=tamr.port))),
        pytest.raises(CrossOriginError),
    ):
        client.get("operations")


@pytest.mark.parametrize("absolute", [True, False])
def test_a_redirect_within_the_origin_is_followed(tamr, client, absolute):
    """The redirected request has the credentials, too."""
    job = tamr.jobs.add("RUNNING")
    location = f"{tamr.url if absolute else ''}/api/versioned/v1/operations/{job}"
    with tamr.faults.on(Fault.redirect(location, times=1)):
        assert client.get("operations/x").json()["id"] == job

    assert [each.credentials for each in tamr.requests] == ["basic", "basic"]


@pytest.mark.parametrize("kwargs", [{}, {"auth": None}])
@pytest.mark.parametrize("cookie", [True, False])
def test_a_netrc_file_adds_no_credentials(tamr, tmp_path, monkeypatch, elsewhere, kwargs, cookie):
    """requests reads it for every request without an auth, and for redirects."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login eve password netrc-secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    with tamr.client(store_auth_cookie=cookie) as client:
        tamr.requests.clear()
        assert client.get("operations", **kwargs).ok
        tamr.faults.add(Fault.redirect(f"http://127.0.0.1:{elsewhere.port}/"))
        with pytest.raises(CrossOriginError):
            client.get("operations", **kwargs)

    assert {each.credentials for each in tamr.requests} == {"cookie" if cookie else "basic"}


def test_the_cookie_is_not_sent_to_another_port(tamr, elsewhere):
    """The client's own session does not send it to another server on the same machine."""
    with tamr.client(store_auth_cookie=True) as client:
        client.get("operations")
        client.session.get(f"http://127.0.0.1:{elsewhere.port}/api/versioned/v1/operations")

    assert tamr.requests[-1].credentials == "cookie"
    assert b"authToken" not in elsewhere.requests[0]


@pytest.mark.parametrize(
    "password", ["\u043f\u0430\u0440\u043e\u043b\u044c\u20ac", "p\u00e4ss:\u00df"]
)
def test_a_password_outside_of_latin_1_is_accepted(password):
    """It is sent in a header or in a login."""
    with Simulator(past_jobs=0, username="ada", password=password) as tamr:
        for cookie in (False, True):
            with tamr.client(store_auth_cookie=cookie) as client:
                assert client.get("operations").ok
    assert [each.credentials for each in tamr.requests] == ["basic", "none", "cookie"]


class VisibleText:
    """Collects all texts that may be shown, to search them for secrets."""

    def __init__(self):
        self.text, self.errors = "", 0

    def add(self, *things):
        for thing in things:
            self.text += f"{thing!r}\n{thing!s}\n"
            if isinstance(thing, BaseException):
                self.text += "".join(traceback.format_exception(thing))
                self._walk(thing)
            elif isinstance(thing, requests.Response):
                self.text += repr(vars(thing)) + repr(vars(thing.request))
            if not isinstance(thing, (Client, BaseException)) or isinstance(thing, TamrError):
                self.text += pickle.dumps(thing, protocol=0).decode("latin-1")

    def add_outcome(self, act):
        try:
            self.add(act())
        except TamrError as error:
            self.errors += 1
            self.add(error)
            if getattr(error, "response", None) is not None:
                self.add(error.response)

    def _walk(self, error):
        """Adds the attributes and the request of an error, and of the errors that it holds."""
        while error is not None:
            self.text += repr(vars(error))
            request = getattr(error, "request", None)
            self.text += repr(request and vars(request))
            error = error.__cause__ or error.__context__


def add_outcomes(tamr, client, job, seen):
    """Adds the outcomes of successful and failing requests and actions."""
    echo = f"no {PASSWORD} here, nor {base64.b64encode(f'ada:{PASSWORD}'.encode()).decode()}"
    location = f"http://ada:{PASSWORD}@127.0.0.1:1/"
    seen.add(client, job, client.get("operations"), job.poll(), html_table(job), plain_text(job))
    acts = job.poll, lambda: client.start("projects/1:export", True)
    for fault in (
        Fault.unauthorised(method="GET"),
        Fault.status(500, body=echo, content_type="text/plain"),
        Fault.status(500, body=json.dumps({"message": echo})),
        Fault.status(403, body=json.dumps([echo])),
        Fault.reset(),
        Fault.hang(),
        Fault.truncate(),
        Fault.login_page(),
        Fault.redirect(location),
        Fault.redirect("/api/y"),
        Fault.redirect("http://[::1"),
    ):
        with tamr.faults.on(fault):
            for act in acts:
                seen.add_outcome(act)
    with tamr.faults.on(Fault.status(503)):
        seen.add_outcome(job.delete)
        seen.add_outcome(lambda: job.wait(0.02, 0.05))
    tamr.refuse()
    seen.add_outcome(job.poll)
    seen.add_outcome(lambda: client.get(location))


@pytest.mark.parametrize("cookie", [False, True])
def test_no_secret_is_shown(tamr, tokens, caplog, capsys, monkeypatch, cookie):
    """No log at DEBUG, repr, error, response or pickle shows password, header or token."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(HTTPConnection, "debuglevel", 1)
    seen = VisibleText()

    with tamr.client(total_seconds=0.2, store_auth_cookie=cookie) as client:
        job = client.operation(tamr.jobs.add("RUNNING"))
        add_outcomes(tamr, client, job, seen)
        for kind in (pickle.dumps, copy.copy, copy.deepcopy):
            for thing in (client, client.auth):
                with pytest.raises(TypeError) as raised:
                    kind(thing)
                seen.text += str(raised.value)

    everything = seen.text + caplog.text + "".join(capsys.readouterr())
    assert "operations" in caplog.text
    assert "urllib3" in caplog.text
    assert len(tokens) >= 1
    assert seen.errors > 20
    encoded = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
    for secret in (PASSWORD, encoded, *tokens):
        at = everything.find(secret)
        assert at < 0, everything[max(0, at - 500) : at + 100]


def test_error_bodies_are_cut(tamr, job):
    """The message has two kilobytes of the body, and so has every log."""
    tamr.faults.add(Fault.status(500, body="x" * 100_000, content_type="text/plain"))
    with pytest.raises(TamrError) as raised:
        job.poll()

    assert 2000 < len(str(raised.value)) < 2300


def test_a_response_is_logged_in_one_line(tamr, client, caplog):
    """The line has the method, the address and the status, and no part of the body."""
    caplog.set_level(logging.INFO)

    client.get("operations")
    client.post("/api/dataset/jobs/17/cancel")

    assert [each.getMessage() for each in caplog.records if each.name == LOGGER] == [
        f"POST {tamr.url}/api/dataset/jobs/17/cancel : 404"
    ]


def test_polls_are_logged_at_debug(client, caplog):
    """At INFO, each poll of a live widget would write a line below the cell that runs."""
    caplog.set_level(logging.DEBUG, "tamr_widgets")

    client.get("operations")

    assert [each.levelname for each in caplog.records if each.name == LOGGER] == ["DEBUG"]


def test_a_login_page_of_a_proxy_is_no_operation(tamr, job):
    """The error names the content type, and has no text of the page."""
    with tamr.faults.on(Fault.login_page()), pytest.raises(UnexpectedResponse) as raised:
        job.poll()

    assert "Sign in" not in str(raised.value)
    assert "text/html" in str(raised.value)


def test_a_login_page_is_no_success(tamr, client, job):
    """A proxy's 200 does not mean that a job was deleted, cancelled or started."""
    tamr.faults.add(Fault.login_page())

    for act in (job.delete, job.cancel, lambda: client.start("projects/1:export")):
        with pytest.raises(UnexpectedResponse, match="a web page"):
            act()


def test_a_changed_password_raises_one_error(tamr):
    """A client with the old one does not repeat its login."""
    client = tamr.client(auth=UsernamePasswordAuth(tamr.username, "the-old-one"))
    with pytest.raises(Unauthorized):
        client.operations()

    assert len(tamr.requests) == 3
    assert isinstance(client.auth, UsernamePasswordAuth)


def test_closing_a_client_closes_its_connections(tamr):
    """Closing ends the connections."""
    client = tamr.client()
    client.get("operations")
    assert tamr.connections == 1

    client.close()

    wait_until(lambda: tamr.connections == 0)
