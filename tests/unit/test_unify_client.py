from __future__ import annotations

import pickle
from types import SimpleNamespace

import pytest
import requests
from fakes import PASSWORD, PATH, URL, PublicOperation, document

from tamr_widgets import (
    Client,
    ClientClosed,
    CrossOriginError,
    HTTPStatusError,
    InvalidRequest,
    NotFound,
    Operation,
    RequestTimeout,
    Unauthorized,
    UnexpectedResponse,
)
from tamr_widgets._http.unify_client import send_request
from tamr_widgets._operation.identity import server_of


class PublicAuth:
    """The parts of the public package's UsernamePasswordAuth that are needed."""

    username, password = "ada", PASSWORD

    def __call__(self, request):
        request.headers["Authorization"] = f"BasicCreds {self.password}"
        return request


class PublicClient:
    """The public package's client: it sends credentials to any address."""

    def __init__(self, session):
        self.session, self.auth = session, PublicAuth()
        self.origin, self.base_path = "http://tamr.test:9100", "/api/versioned/v1/"
        session.auth = self.auth

    def request(self, method, endpoint, **kwargs):
        if "://" in endpoint:
            url = endpoint
        else:
            url = self.origin + (endpoint if endpoint[0] == "/" else self.base_path + endpoint)
        return self.session.request(method, url, **kwargs)


@pytest.fixture
def public():
    with requests.Session() as session:
        yield PublicClient(session)


@pytest.fixture
def job(public):
    return Operation.adopt(PublicOperation(public, document("RUNNING")))


def test_each_request_has_timeouts(job, wire):
    """They are passed with every single request."""
    wire.get(URL + PATH, json=document("RUNNING"))
    wire.post("http://tamr.test:9100/api/dataset/jobs/17/cancel", json={})
    wire.delete(URL + PATH, status=204)

    job.poll()
    job.cancel()
    job.delete()

    for call in wire.calls:
        assert call.request.req_kwargs["timeout"] == (5, 30)
        assert "Authorization" in call.request.headers
    # A poll before each action, and one after the cancel.
    assert len(wire.calls) == 6


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_redirects_are_not_followed(public, wire, method):
    """One to another origin is refused, and one within the origin is an unexpected response."""
    evil = wire.get("http://evil.test/", json=document())
    for location, kind in (("http://evil.test/", CrossOriginError), ("/api/y", UnexpectedResponse)):
        wire.add(method, f"{URL}x", status=302, headers={"Location": location})
        with pytest.raises(kind):
            send_request(public, method, "x")
    assert evil.call_count == 0


@pytest.mark.parametrize(
    "path",
    ["http://evil.test/x", "//evil.test/x", "../x", "%2e%2e/x", "http://u:p@tamr.test:9100/"],
)
def test_an_address_outside_the_origin_is_not_requested(public, wire, path):
    """A relativeId comes from the server, and the public client would send credentials to it."""
    job = Operation.adopt(PublicOperation(public, document(relativeId=path)))

    for act in (job.poll, job.delete, lambda: job.wait(0, 0)):
        with pytest.raises(CrossOriginError):
            act()
    assert not wire.calls


def test_a_wait_continues_after_transient_errors(job, wire, clock):
    """The retry policy is the same for every client."""
    wire.get(URL + PATH, status=502)
    wire.get(URL + PATH, body=requests.ConnectionError("reset"))
    wire.get(URL + PATH, body="<html>")
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    assert job.wait().succeeded()


def test_errors_are_those_of_this_package(job, wire):
    """Statuses and lost connections are mapped as for our own client."""
    for response, kind in (
        ({"status": 404, "json": {"message": "No result found"}}, NotFound),
        ({"body": requests.ReadTimeout("late")}, RequestTimeout),
    ):
        wire.get(URL + PATH, **response)
        with pytest.raises(kind):
            job.poll()


def test_no_error_holds_the_credentials(job, wire):
    """They are removed from the request of the response, and from echoes in its body."""
    wire.get(URL + PATH, status=500, body=f"no {PASSWORD}")

    with pytest.raises(HTTPStatusError) as raised:
        job.poll()

    assert "no ***" in str(raised.value)
    assert "Authorization" not in raised.value.response.request.headers
    assert PASSWORD.encode() not in pickle.dumps(raised.value.response.request)


def test_a_token_with_a_line_break_is_not_shown(public):
    """It cannot be sent, and the errors of requests would quote it."""
    public.origin = "http://127.0.0.1:9"
    public.auth.password = "s3cret\n"

    with pytest.raises((InvalidRequest, UnexpectedResponse)) as raised:
        Operation.adopt(PublicOperation(public, document())).poll()

    assert "s3cret" not in str(raised.value)


def test_an_endless_login_is_a_typed_error(job, public, monkeypatch):
    """The public client reacts to a 401 of its login with another login."""

    def log_in(*args, **kwargs):
        raise RecursionError

    monkeypatch.setattr(public, "request", log_in)

    with pytest.raises(Unauthorized, match="accepts no login"):
        job.poll()


def test_an_unpickled_operation_has_no_client(clock):
    """The error says how to fetch the operation with a client."""
    unpickled = pickle.loads(pickle.dumps(Operation(None, document())))

    for act in (unpickled.poll, unpickled.delete, unpickled.wait):
        with pytest.raises(ClientClosed, match=r"from_resource_id\(client, id\)"):
            act()


def test_our_own_client_is_used_unchanged(wire):
    """It has timeouts and checks already."""
    wire.get(f"{URL}x", json={})
    with Client(PublicAuth(), "tamr.test") as client:
        assert send_request(client, "GET", "x", headers={"X-Own": "1"}).ok

    assert wire.calls[0].request.headers["X-Own"] == "1"


def test_a_server_with_an_invalid_address_is_identified_by_it():
    """Clients with the same address have the same server; credentials are left out."""
    one, two, other = (
        SimpleNamespace(origin=origin, base_path="/api/")
        for origin in ("http://ada:x@tamr:port", "http://tamr:port", "http://tamr:other")
    )

    assert server_of(one) == ("tamr:port",)
    assert server_of(two) != server_of(other)
