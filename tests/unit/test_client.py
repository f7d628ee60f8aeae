from __future__ import annotations

import copy
import inspect
import io
import pickle
import threading

import pytest
import requests
import responses
from fakes import PASSWORD, PATH, URL, document, wait_until

from tamr_widgets import (
    Client,
    ClientClosed,
    ConnectionFailed,
    CrossOriginError,
    HTTPStatusError,
    JwtTokenAuth,
    Operation,
    RequestTimeout,
    TamrError,
    TokenAuth,
    Unauthorized,
    UnexpectedResponse,
    UsernamePasswordAuth,
)

LOGIN = f"{URL}instance:login"
BASIC = UsernamePasswordAuth("ada", PASSWORD)._header


def test_the_documented_arguments_are_accepted():
    """Order and defaults are the public client's; new arguments are keyword-only."""
    parameters = inspect.signature(Client).parameters

    positional = {name: each.default for name, each in parameters.items() if each.kind != 3}
    assert list(positional.items()) == [
        ("auth", inspect.Parameter.empty),
        ("host", "localhost"),
        ("protocol", "http"),
        ("port", 9100),
        ("base_path", "/api/versioned/v1/"),
        ("session", None),
        ("store_auth_cookie", False),
    ]


def test_the_address_can_be_read_back():
    """Host, protocol, port and base path are as given, and the origin is composed of them."""
    client = Client(TokenAuth("t"), "tamr.test", "https", None, "x/y")

    assert (client.host, client.protocol, client.port) == ("tamr.test", "https", None)
    assert (client.origin, client.base_path) == ("https://tamr.test", "/x/y/")


@pytest.mark.parametrize(
    ("given", "kept"), [("", "/"), ("/", "/"), ("x", "/x/"), ("/x", "/x/"), ("//x//", "/x/")]
)
def test_a_base_path_begins_and_ends_with_a_slash(given, kept):
    assert Client(TokenAuth("t"), base_path=given).base_path == kept


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_each_method_sends_its_request(client, wire, method):
    """The credentials are added; a requests.Response is returned, with any status."""
    wire.add(method.upper(), f"{URL}x", status=418, json={"a": 1})

    response = getattr(client, method)("x", params={"q": "1"}, headers={"X-Own": "2"})

    sent = wire.calls[0].request
    assert isinstance(response, requests.Response)
    assert (response.status_code, response.json()) == (418, {"a": 1})
    assert (sent.method, sent.params) == (method.upper(), {"q": "1"})
    assert (sent.headers["Authorization"], sent.headers["X-Own"]) == (BASIC, "2")


def test_any_other_method_is_sent_by_request(client, wire):
    """PATCH has no method of its own."""
    wire.patch(f"{URL}x", json={})

    assert client.request("PATCH", "x", json={"a": 1}).ok
    assert wire.calls[0].request.body == b'{"a": 1}'


def test_every_request_has_timeouts(client, wire):
    """Connect and read timeouts have defaults, which the caller's timeout replaces."""
    wire.get(f"{URL}x")
    for timeout in (None, 7, (3, None), (None, 4.5)):
        client.get("x", timeout=timeout)
    client.get("x")

    given = [call.request.req_kwargs["timeout"] for call in wire.calls]
    assert given == [(5, 30), (7, 7), (3, 30), (5, 4.5), (5, 30)]


def test_timeouts_are_within_the_total(wire):
    """No part of a request may take longer than the whole request."""
    wire.get(f"{URL}x")
    with Client(TokenAuth("t"), "tamr.test", total_seconds=2) as client:
        client.get("x", timeout=100)

    assert wire.calls[0].request.req_kwargs["timeout"] == pytest.approx((2, 2), abs=0.1)


@pytest.mark.parametrize("seconds", [-1, "60", None, float("nan")])
def test_an_invalid_total_is_refused(seconds):
    """The error names the argument."""
    with pytest.raises((ValueError, TypeError), match="total_seconds"):
        Client(TokenAuth("t"), total_seconds=seconds)


def test_an_expired_session_is_renewed(client, wire):
    """There is one login and one retry; later requests send the cookie instead of the password."""
    wire.get(f"{URL}x", status=401, body="anything")
    wire.get(f"{URL}x", json={})
    login = wire.post(LOGIN, json={"token": "t0ken", "username": "ada"})

    assert client.get("x").ok
    assert client.get("x").ok

    assert login.call_count == 1
    sent = [call.request.headers for call in wire.calls if call.request.method == "GET"]
    assert [each.get("Authorization") for each in sent] == [BASIC, None, None]
    assert [each.get("Cookie") for each in sent] == [None, *["authToken=t0ken"] * 2]
    assert "Authorization" not in wire.calls[1].request.headers


@pytest.mark.parametrize("login", [{"status": 401}, {"status": 404}, {"json": []}, {"json": {}}])
def test_a_refused_login_is_not_repeated(client, wire, login):
    """The request is sent once more, with the password, and its 401 is returned."""
    wire.get(f"{URL}x", status=401)
    logins = wire.post(LOGIN, **login)

    assert client.get("x").status_code == 401

    assert logins.call_count == 1
    assert [call.request.method for call in wire.calls] == ["GET", "POST", "GET"]
    assert wire.calls[2].request.headers["Authorization"] == BASIC


@pytest.mark.parametrize("auth", [TokenAuth("t"), JwtTokenAuth("a.b.c")])
def test_a_token_is_not_renewed(wire, auth):
    """A login needs a user name and a password."""
    wire.get(f"{URL}x", status=401)

    assert Client(auth, "tamr.test").get("x").status_code == 401
    assert len(wire.calls) == 1


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_transient_error_of_a_login_is_raised(client, wire, status):
    """It does not mean that the password is wrong."""
    wire.get(f"{URL}x", status=401)
    wire.post(LOGIN, status=status)

    with pytest.raises(HTTPStatusError, match=f"instance:login was answered {status}") as raised:
        client.get("x")

    assert not isinstance(raised.value, Unauthorized)
    assert raised.value.response.request.body is None


def test_a_login_response_that_is_cut_off_is_an_error(client, wire):
    """The error holds no response, since a part of a token may be in it."""
    wire.get(f"{URL}x", status=401)
    wire.post(LOGIN, body='{"token": "t0k')

    with pytest.raises(UnexpectedResponse, match="not JSON") as raised:
        client.get("x")

    assert raised.value.response is None
    assert raised.value.__suppress_context__


def test_store_auth_cookie_logs_in_at_once(wire):
    """The password is sent once, when the client is made."""
    wire.post(LOGIN, json={"token": "t0ken"})
    wire.get(f"{URL}x", json={})

    client = Client(UsernamePasswordAuth("ada", PASSWORD), "tamr.test", store_auth_cookie=True)
    client.get("x")

    assert (
        wire.calls[0].request.body == b'{"username": "ada", "password": "%b"}' % PASSWORD.encode()
    )
    assert wire.calls[1].request.headers["Cookie"] == "authToken=t0ken"
    assert "Authorization" not in wire.calls[1].request.headers


@pytest.mark.parametrize("status", [401, 404, 500])
def test_the_password_is_sent_after_a_failed_login(wire, status):
    """As in the public client, a failed login is no error."""
    wire.post(LOGIN, status=status)
    wire.get(f"{URL}x", json={})

    client = Client(UsernamePasswordAuth("ada", PASSWORD), "tamr.test", store_auth_cookie=True)

    assert client.get("x").ok
    assert wire.calls[1].request.headers["Authorization"] == BASIC


def test_store_auth_cookie_needs_a_password():
    """A token cannot log in."""
    with pytest.raises(TypeError, match="UsernamePasswordAuth"):
        Client(TokenAuth("t"), store_auth_cookie=True)


@pytest.mark.parametrize("body", [io.BytesIO(b"x"), iter([b"x"])], ids=["file", "iterator"])
def test_a_consumed_body_is_not_sent_again(client, wire, body):
    """The client logs in and returns the 401, since a repeated request would have an empty body."""
    wire.post(f"{URL}x", status=401)
    wire.post(LOGIN, json={"token": "t0ken"})

    assert client.post("x", data=body).status_code == 401
    assert [call.request.url for call in wire.calls] == [f"{URL}x", LOGIN]
    assert client._login.has_cookie


@pytest.mark.parametrize("data", [None, b"x", "x", {"a": "b"}, [("a", "b")]])
def test_a_repeatable_body_is_sent_again(client, wire, data):
    """A 401 means that the request was not carried out, so it can be repeated."""
    wire.post(f"{URL}x", status=401)
    wire.post(f"{URL}x", status=200)
    wire.post(LOGIN, json={"token": "t0ken"})

    assert client.post("x", data=data).ok
    assert wire.calls[2].request.body == wire.calls[0].request.body


def test_a_redirect_within_the_origin_is_followed(client, wire):
    """Each location is relative to the previous one; parameters are not added again."""
    wire.get(f"{URL}x", status=302, headers={"Location": "/api/a/b"})
    wire.get("http://tamr.test:9100/api/a/b", status=307, headers={"Location": "c?d=1"})
    wire.get("http://tamr.test:9100/api/a/c", json={"here": True})

    assert client.get("x", params={"q": "1"}).json() == {"here": True}
    assert wire.calls[2].request.url == "http://tamr.test:9100/api/a/c?d=1"


def test_a_method_may_be_in_lower_case(client, wire):
    """`get` follows redirects, too, and the error of a timeout suggests to try again."""
    wire.get(f"{URL}x", status=302, headers={"Location": "/api/y"})
    wire.get("http://tamr.test:9100/api/y", body=requests.ReadTimeout())

    with pytest.raises(RequestTimeout, match=r"^GET .* try again in a while\.$"):
        client.request("get", "x")


def test_endless_redirects_end(client, wire):
    """After three redirects the next one is returned."""
    wire.get(f"{URL}x", status=302, headers={"Location": "/api/versioned/v1/x"})

    assert client.get("x").status_code == 302
    assert len(wire.calls) == 4


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_only_get_follows_redirects(client, wire, method, status):
    """A request that changes something is neither repeated nor turned into another."""
    wire.add(method, f"{URL}x", status=status, headers={"Location": "/api/y"})

    with pytest.raises(UnexpectedResponse, match=r"a redirect to http://tamr\.test:9100/api/y"):
        client.request(method, "x")

    assert len(wire.calls) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_redirect_to_another_origin_is_an_error(client, wire, method):
    """No request is sent to it."""
    wire.add(method, f"{URL}x", status=302, headers={"Location": "http://evil.test/"})

    with pytest.raises(CrossOriginError):
        client.request(method, "x")

    assert len(wire.calls) == 1


@pytest.mark.parametrize("location", ["\xff\xfe", "http://[::1", "http://tamr.test:x/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_invalid_location_is_a_typed_error(client, wire, method, location):
    """requests raises a plain UnicodeError or ValueError for it."""
    wire.add(method, f"{URL}x", status=302, headers={"Location": location})

    with requests.Session() as session:
        for each in (client, Client(TokenAuth("t"), "tamr.test", session=session)):
            with pytest.raises(TamrError):
                each.request(method, "x")


def test_a_redirect_response_has_no_next_request(client, wire):
    """requests would prepare it, with the credentials."""
    wire.post(f"{URL}x", status=302, headers={"Location": "/api/y"})

    with requests.Session() as session:
        for each in (client, Client(TokenAuth("t"), "tamr.test", session=session)):
            with pytest.raises(UnexpectedResponse) as raised:
                each.post("x")
            assert raised.value.response.next is None


def test_a_response_keeps_no_credentials(client, wire):
    """They are removed from its request."""
    wire.get(f"{URL}x")

    response = client.get("x", headers={"Cookie": "authToken=x"})

    assert not {"Authorization", "Cookie"} & set(response.request.headers)


def test_a_client_cannot_be_copied_or_pickled(client):
    """It holds credentials; its repr shows the address, and only the class of the auth."""
    for keep in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not pickled"):
            keep(client)
    assert repr(client) == (
        "tamr_widgets.Client(host='tamr.test', protocol='http', port=9100, "
        "base_path='/api/versioned/v1/', auth=UsernamePasswordAuth)"
    )


def test_a_closed_client_raises_an_error(wire):
    """It may be closed twice."""
    with Client(TokenAuth("t"), "tamr.test") as client:
        pass
    client.close()

    with pytest.raises(ClientClosed, match="Make a new Client") as raised:
        client.get("x")
    assert isinstance(raised.value, RuntimeError)
    assert not wire.calls


def test_a_given_session_is_used_and_left_open(wire):
    """Its headers are sent, and its adapters are not changed."""
    with requests.Session() as session:
        session.headers["X-Own"] = "1"
        adapters = dict(session.adapters)
        with Client(TokenAuth("t"), "tamr.test", session=session) as client:
            wire.get(f"{URL}x")
            client.get("x")
        assert client.session is session
        assert wire.calls[0].request.headers["X-Own"] == "1"
        assert dict(session.adapters) == adapters


def test_an_operation_is_fetched(client, wire):
    """`operation` is short for Operation.from_resource_id."""
    wire.get(URL + PATH, json=document("FAILED"))

    assert client.operation(17).state == "FAILED"


def test_all_operations_are_listed(client, wire):
    """They are in the server's order; null statuses and unknown states are kept."""
    documents = [
        document(id=str(n), relativeId=f"operations/{n}", status=status)
        for n, status in enumerate([None, {}, "x", {"state": "RESTARTING"}, {"state": "FAILED"}])
    ]
    wire.get(f"{URL}operations", json=documents)

    listed = client.operations()

    assert [each.resource_id for each in listed] == ["0", "1", "2", "3", "4"]
    assert [each.state for each in listed] == [None, None, None, "RESTARTING", "FAILED"]
    assert all(each.client is client for each in listed)
    assert wire.calls[0].request.headers["Accept"] == "application/json"


@pytest.mark.parametrize("count", [0, 814, pytest.param(50_000, marks=pytest.mark.slow)])
def test_lists_of_any_length_are_complete(client, wire, count):
    documents = [document(id=str(n), relativeId=f"operations/{n}") for n in range(count)]
    wire.get(f"{URL}operations", json=documents)

    assert len(client.operations()) == count


@pytest.mark.parametrize("body", ["null", "{}", '{"message": "x"}', '"x"'])
def test_a_document_that_is_no_list_is_an_error(client, wire, body):
    """Only a JSON array is a list of operations."""
    wire.get(f"{URL}operations", body=body)

    with pytest.raises(UnexpectedResponse, match="not a list"):
        client.operations()


def test_a_job_is_started_and_waited_for(client, wire, clock):
    """As with the public client's refreshes, options are passed to `wait`."""
    wire.post(f"{URL}projects/1/unifiedDataset:refresh", json=document("PENDING"))
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    done = client.start("projects/1/unifiedDataset:refresh", poll_interval_seconds=9)

    assert done.succeeded()
    assert clock.sleeps == [9]


def test_a_job_is_started_asynchronously(client, wire):
    """The operation of the response is returned at once."""
    wire.post(f"{URL}x:refresh", json=document("PENDING"), status=202)

    assert client.start("x:refresh", asynchronous=True).state == "PENDING"


def test_a_204_is_a_noop(client, wire):
    wire.post(f"{URL}x:refresh", status=204)

    assert client.start("x:refresh").type == "NOOP"


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        ({"body": requests.ConnectionError("reset")}, ConnectionFailed),
        ({"body": requests.ReadTimeout("late")}, RequestTimeout),
        ({"status": 502}, HTTPStatusError),
        ({"status": 504}, HTTPStatusError),
        ({"body": "<html>Sign in</html>"}, UnexpectedResponse),
        ({"body": '{"id": "1'}, UnexpectedResponse),
        ({"json": {}}, UnexpectedResponse),
    ],
)
def test_a_start_with_a_lost_response_has_an_unknown_outcome(client, wire, response, kind):
    """The error says so and where to look, and the request is not repeated."""
    wire.post(f"{URL}x:refresh", **response)

    with pytest.raises(kind, match="not known whether the server has carried it out") as raised:
        client.start("x:refresh")

    assert "Jobs page" in str(raised.value)
    assert len(wire.calls) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 503])
def test_a_refused_start_has_a_known_outcome(wire, status):
    """The server has rejected the request, so no job was started."""
    wire.post(f"{URL}x:refresh", status=status)

    with pytest.raises(HTTPStatusError) as raised:
        Client(TokenAuth("t"), "tamr.test").start("x:refresh")

    assert "not known" not in str(raised.value)
    assert len(wire.calls) == 1


def test_waiting_for_a_login_ends_at_the_deadline(wire):
    """A hanging login of another thread delays no request beyond its deadline."""
    wire.get(f"{URL}x", status=401)
    client = Client(UsernamePasswordAuth("ada", PASSWORD), "tamr.test", total_seconds=0.2)

    with client._login._lock, pytest.raises(RequestTimeout, match="instance:login"):
        client.get("x")


def test_a_login_with_a_lost_connection_is_tried_again(client, wire):
    """Only a login with a response counts for the threads that waited for it."""
    wire.get(f"{URL}x", status=401)
    wire.post(LOGIN, body=requests.ConnectionError("reset"))
    with pytest.raises(ConnectionFailed):
        client.get("x")

    wire.replace(responses.POST, LOGIN, json={"token": "t0ken"})
    client._login.renew(0, client._send, 5)

    assert client._login.has_cookie


def test_concurrent_requests_share_one_login(client, wire):
    """A request that was sent with the old cookie during a login starts no other login."""
    under_way, finish, logins = threading.Event(), threading.Event(), []

    def log_in(_):
        logins.append(1)
        under_way.set()
        finish.wait(5)
        return 200, {}, '{"token": "t0ken"}'

    def response(request):
        return (200 if "Cookie" in request.headers else 401), {}, "{}"

    wire.add_callback("POST", LOGIN, log_in)
    wire.add_callback("GET", f"{URL}x", response)
    first = threading.Thread(target=client.get, args=("x",))
    first.start()
    under_way.wait(5)
    second = threading.Thread(target=client.get, args=("x",))
    second.start()
    wait_until(lambda: len(wire.calls) == 2)  # both have received a 401
    finish.set()
    first.join(5)
    second.join(5)

    assert len(logins) == 1


def test_a_started_operation_has_this_client(client, wire):
    """It is polled with the same client."""
    wire.post(f"{URL}x:refresh", json=document("PENDING"))

    assert client.start("x:refresh", True).client is client
    assert isinstance(client.start("x:refresh", True), Operation)


def test_the_active_operations_are_those_that_have_not_ended(client, wire):
    """An operation in an unknown state is active, too."""
    states = ["RUNNING", "SUCCEEDED", "CANCELING", "FAILED", "PENDING"]
    wire.get(f"{URL}operations", json=[document(state) for state in states])

    assert [each.state for each in client.active()] == ["RUNNING", "CANCELING", "PENDING"]


@pytest.mark.parametrize("resource_id", [-1, "-1", "operations/-1"])
def test_the_noop_is_known_without_a_request(client, wire, resource_id):
    """No server has it; it stands for a 204."""
    noop = client.operation(resource_id)

    assert (noop.type, noop.resource_id) == ("NOOP", "-1")
    assert noop.succeeded()
    assert len(wire.calls) == 0


def test_a_client_can_log_in_later(client, wire):
    """Later requests send the cookie, and no credentials."""
    wire.post(LOGIN, json={"token": "t-1", "username": "ada"})
    wire.get(URL + PATH, json=document())

    client.set_auth_cookie()
    client.operation("17")

    headers = wire.calls[-1].request.headers
    assert headers["Cookie"] == "authToken=t-1"
    assert "Authorization" not in headers


def test_only_a_user_name_and_password_can_log_in():
    """The public client raises the same error."""
    with pytest.raises(TypeError, match="UsernamePasswordAuth"):
        Client(TokenAuth("t")).set_auth_cookie()
