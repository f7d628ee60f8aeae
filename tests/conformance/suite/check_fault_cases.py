"""Further cases of the tests of faults, for the public client and for ours.

The assertions on the public client describe its current behaviour; a test that fails because the
client was improved can be removed.
"""

from __future__ import annotations

import pickle
import socket
import threading
import time

import pytest
import requests
from tamr_unify_client.auth import UsernamePasswordAuth as PublicAuth
from tamr_unify_client.operation import Operation as PublicOperation

from tamr_widgets import CrossOriginError, Operation, UsernamePasswordAuth
from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Fault

V1 = "/api/versioned/v1/"


@pytest.fixture
def our_client(simulator):
    """A client of ours for the same server."""
    with simulator.client() as client:
        yield client


@pytest.fixture
def other_server():
    """A server on another loopback port that records one request and closes the connection."""
    received = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def listen():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            received.append(connection.recv(65536).decode())

    thread = threading.Thread(target=listen)
    thread.start()
    yield listener.getsockname()[1], received
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_an_absolute_relative_id(client, our_client, other_server):
    """The public client sends the credentials to any host that the server names; ours does not."""
    port, received = other_server
    document = {
        "id": "17",
        "relativeId": f"http://127.0.0.1:{port}{V1}operations/17",
        "status": {"state": "RUNNING"},
    }
    theirs = PublicOperation.from_json(client, document)

    for ours in (Operation.adopt(theirs), Operation(our_client, document)):
        with pytest.raises(CrossOriginError):
            ours.poll()
    assert received == []
    with pytest.raises(requests.ConnectionError):
        theirs.poll()
    assert "Authorization: BasicCreds " in received[0]


def test_a_login_cookie_on_another_port(client, simulator, other_server):
    """The public client sends its cookie to every port; ours does not."""
    port, received = other_server
    client.set_auth_cookie()
    with simulator.client(store_auth_cookie=True) as our_client:
        url = f"http://127.0.0.1:{port}{V1}operations"
        request = our_client.session.prepare_request(requests.Request("GET", url))

    with pytest.raises(requests.ConnectionError):
        client.session.get(url)

    assert "Cookie" not in request.headers
    assert "authToken=" in received[0]


def test_a_job_that_ends_just_before_the_timeout(simulator, client):
    """The public client discards the last response and raises; ours returns it."""
    job = simulator.jobs.start(queued_seconds=0, run_seconds=0.2)
    theirs = PublicOperation.from_resource_id(client, job)
    ours = Operation.adopt(theirs)

    with pytest.raises(TimeoutError):
        theirs.wait(poll_interval_seconds=0.6, timeout_seconds=0.5)
    assert ours.wait(poll_interval_seconds=0.6, timeout_seconds=0.5).succeeded()


def test_an_interval_longer_than_the_timeout(simulator, client):
    """The public client sleeps beyond its timeout; ours does not."""
    theirs = PublicOperation.from_resource_id(client, simulator.jobs.start(queued_seconds=600))

    def seconds_of(wait):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            wait(poll_interval_seconds=1.0, timeout_seconds=0.2)
        return time.monotonic() - began

    assert seconds_of(theirs.wait) >= 1.0
    assert seconds_of(Operation.adopt(theirs).wait) < 0.9


def test_a_proxy_that_responds_to_a_delete_with_a_login_page(simulator, client):
    """The public client reports a success; ours reports that the result is not known."""
    theirs = PublicOperation.from_resource_id(client, simulator.jobs.start())

    with simulator.faults.on(Fault.login_page(method="DELETE")):
        assert theirs.delete().ok
        with pytest.raises(ValueError, match="not known whether"):
            Operation.adopt(theirs).delete()


def test_a_password_outside_of_latin_1(simulator):
    """The public package cannot encode it in a header; ours can."""
    request = requests.Request("GET", simulator.url)
    with pytest.raises(UnicodeEncodeError):
        request.prepare().prepare_auth(PublicAuth("ada", "\u20ac"))
    request.prepare().prepare_auth(UsernamePasswordAuth("ada", "\u20ac"))


def test_a_login_that_is_always_refused(simulator, connect):
    """The public client logs in endlessly; ours, on the same client, raises a typed error."""
    client = connect(DEMO_PASSWORD)
    theirs = PublicOperation.from_resource_id(client, simulator.jobs.start(queued_seconds=600))

    with simulator.faults.on(Fault.unauthorised()):
        with pytest.raises(RecursionError):
            theirs.poll()
        with pytest.raises(requests.HTTPError, match="accepts no login"):
            Operation.adopt(theirs).poll()
        simulator.requests.clear()
        with simulator.client() as ours, pytest.raises(requests.HTTPError):
            ours.operation(theirs.resource_id)

    assert len(simulator.requests) == 3
    assert client.auth.username == DEMO_USERNAME


def test_a_pickled_operation(client, simulator):
    """The public operation is pickled with its client and the password; ours without."""
    theirs = PublicOperation.from_resource_id(client, simulator.jobs.start())

    assert DEMO_PASSWORD.encode() in pickle.dumps(theirs)
    assert DEMO_PASSWORD.encode() not in pickle.dumps(Operation.adopt(theirs))
