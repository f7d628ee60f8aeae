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


def test_the_documented_arguments_are_taken():
    """In the order of the public client, with its defaults; what is new is keyword-only."""
    parameters = inspect.signature(Client).parameters

    usual = {name: each.default for name, each in parameters.items() if each.kind != 3}
    assert list(usual.items()) == [
        ("auth", inspect.Parameter.empty),
        ("host", "localhost"),
        ("protocol", "http"),
        ("port", 9100),
        ("base_path", "/api/versioned/v1/"),
        ("session", None),
        ("store_auth_cookie", False),
    ]


def test_the_place_is_read_back():
    """Host, protocol, port, base path and origin, as given."""
    client = Client(TokenAuth("t"), "tamr.test", "https", None, "x/y")

    assert (client.host, client.protocol, client.port) == ("tamr.test", "https", None)
    assert (client.origin, client.base_path) == ("https://tamr.test", "/x/y/")


@pytest.mark.parametrize(
    ("given", "kept"), [("", "/"), ("/", "/"), ("x", "/x/"), ("/x", "/x/"), ("//x//", "/x/")]
)
def test_a_base_path_has_slashes_around_it(given, kept):
    """However it is given."""
    assert Client(TokenAuth("t"), base_path=given).base_path == kept


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_each_method_sends_its_request(client, wire, method):
    """With the credentials; what comes back is a requests.Response, whatever its status."""
    wire.add(method.upper(), f"{URL}x", status=418, json={"a": 1})

    response = getattr(client, method)("x", params={"q": "1"}, headers={"X-Own": "2"})

    sent = wire.calls[0].request
    assert isinstance(response, requests.Response)
    assert (response.status_code, response.json()) == (418, {"a": 1})
    assert (sent.method, sent.params) == (method.upper(), {"q": "1"})
    assert (sent.headers["Authorization"], sent.headers["X-Own"]) == (BASIC, "2")


def test_any_other_method_is_sent_by_request(client, wire):
    """PATCH has no name of its own."""
    wire.patch(f"{URL}x", json={})

    assert client.request("PATCH", "x", json={"a": 1}).ok
    assert wire.calls[0].request.body == b'{"a": 1}'


def test_every_request_has_limits(client, wire):
    """Connect and read limits by default; a time-out of one's own replaces both."""
    wire.get(f"{URL}x")
    for timeout in (None, 7, (3, None), (None, 4.5)):
        client.get("x", timeout=timeout)
    client.get("x")

    given = [call.request.req_kwargs["timeout"] for call in wire.calls]
    assert given == [(5, 30), (7, 7), (3, 30), (5, 4.5), (5, 30)]


def test_limits_are_within_the_total(wire):
    """No part of a request may take longer than all of it."""
    wire.get(f"{URL}x")
    with Client(TokenAuth("t"), "tamr.test", total_seconds=2) as client:
        client.get("x", timeout=100)

    assert wire.calls[0].request.req_kwargs["timeout"] == pytest.approx((2, 2), abs=0.1)


@pytest.mark.parametrize("seconds", [-1, "60", None, float("nan")])
def test_a_total_that_is_none_is_refused(seconds):
    """By the argument's name."""
    with pytest.raises((ValueError, TypeError), match="total_seconds"):
        Client(TokenAuth("t"), total_seconds=seconds)


def test_an_expired_session_is_renewed(client, wire):
    """One login and one retry; from then on the cookie goes along instead of the password."""
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
def test_a_refused_login_is_no_loop(client, wire, login):
    """The second 401 is the response, after one login; the next request uses the password again."""
    wire.get(f"{URL}x", status=401)
    logins = wire.post(LOGIN, **login)

    assert client.get("x").status_code == 401

    assert logins.call_count == 1
    assert [call.request.method for call in wire.calls] == ["GET", "POST", "GET"]
    assert wire.calls[2].request.headers["Authorization"] == BASIC


@pytest.mark.parametrize("auth", [TokenAuth("t"), JwtTokenAuth("a.b.c")])
def test_a_token_is_not_renewed(wire, auth):
    """There is nothing to log in with."""
    wire.get(f"{URL}x", status=401)

    assert Client(auth, "tamr.test").get("x").status_code == 401
    assert len(wire.calls) == 1


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_login_that_fails_for_now_says_so(client, wire, status):
    """That is a passing fault, not a wrong password."""
    wire.get(f"{URL}x", status=401)
    wire.post(LOGIN, status=status)

    with pytest.raises(HTTPStatusError, match=f"instance:login was answered {status}") as raised:
        client.get("x")

    assert not isinstance(raised.value, Unauthorized)
    assert raised.value.response.request.body is None


def test_a_login_page_of_a_proxy_is_no_login(client, wire):
    """The error says so, and holds nothing of what may be half of a token."""
    wire.get(f"{URL}x", status=401)
    wire.post(LOGIN, body='{"token": "t0k')

    with pytest.raises(UnexpectedResponse, match="not JSON") as raised:
        client.get("x")

    assert raised.value.response is None
    assert raised.value.__suppress_context__


def test_a_stored_cookie_logs_in_first(wire):
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
def test_without_a_cookie_the_password_is_sent(wire, status):
    """As in the public client, a login that fails is no obstacle."""
    wire.post(LOGIN, status=status)
    wire.get(f"{URL}x", json={})

    client = Client(UsernamePasswordAuth("ada", PASSWORD), "tamr.test", store_auth_cookie=True)

    assert client.get("x").ok
    assert wire.calls[1].request.headers["Authorization"] == BASIC


def test_a_token_has_no_cookie():
    """Only a user name and password can log in."""
    with pytest.raises(TypeError, match="UsernamePasswordAuth"):
        Client(TokenAuth("t"), store_auth_cookie=True)


@pytest.mark.parametrize("body", [io.BytesIO(b"x"), iter([b"x"])], ids=["file", "iterator"])
def test_a_body_that_is_used_up_is_not_sent_again(client, wire, body):
    """The client logs in, and returns the 401: an empty body is not the request that was made."""
    wire.post(f"{URL}x", status=401)
    wire.post(LOGIN, json={"token": "t0ken"})

    assert client.post("x", data=body).status_code == 401
    assert [call.request.url for call in wire.calls] == [f"{URL}x", LOGIN]
    assert client._login.has_cookie


@pytest.mark.parametrize("data", [None, b"x", "x", {"a": "b"}, [("a", "b")]])
def test_a_body_that_is_at_hand_is_sent_again(client, wire, data):
    """401 means that it was not carried out, so this repeats nothing."""
    wire.post(f"{URL}x", status=401)
    wire.post(f"{URL}x", status=200)
    wire.post(LOGIN, json={"token": "t0ken"})

    assert client.post("x", data=data).ok
    assert wire.calls[2].request.body == wire.calls[0].request.body


def test_a_redirect_within_the_origin_is_followed(client, wire):
    """Hop by hop, each relative to the one before; parameters are not added again."""
    wire.get(f"{URL}x", status=302, headers={"Location": "/api/a/b"})
    wire.get("http://tamr.test:9100/api/a/b", status=307, headers={"Location": "c?d=1"})
    wire.get("http://tamr.test:9100/api/a/c", json={"here": True})

    assert client.get("x", params={"q": "1"}).json() == {"here": True}
    assert wire.calls[2].request.url == "http://tamr.test:9100/api/a/c?d=1"


def test_a_method_may_be_in_lower_case(client, wire):
    """A get, too, follows redirects, and may simply be sent again after it has failed."""
    wire.get(f"{URL}x", status=302, headers={"Location": "/api/y"})
    wire.get("http://tamr.test:9100/api/y", body=requests.ReadTimeout())

    with pytest.raises(RequestTimeout, match=r"^GET .* try again in a while\.$"):
        client.request("get", "x")


def test_redirects_without_end_end(client, wire):
    """The last redirect is returned, which is no response to the request."""
    wire.get(f"{URL}x", status=302, headers={"Location": "/api/versioned/v1/x"})

    assert client.get("x").status_code == 302
    assert len(wire.calls) == 4


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_only_get_follows_redirects(client, wire, method, status):
    """A request that changes something is not sent again, nor turned into another."""
    wire.add(method, f"{URL}x", status=status, headers={"Location": "/api/y"})

    with pytest.raises(UnexpectedResponse, match=r"a redirect to http://tamr\.test:9100/api/y"):
        client.request(method, "x")

    assert len(wire.calls) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_redirect_elsewhere_is_an_error(client, wire, method):
    """With any request, nothing goes to another origin."""
    wire.add(method, f"{URL}x", status=302, headers={"Location": "http://evil.test/"})

    with pytest.raises(CrossOriginError):
        client.request(method, "x")

    assert len(wire.calls) == 1


@pytest.mark.parametrize("location", ["\xff\xfe", "http://[::1", "http://tamr.test:x/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_location_that_is_none_is_typed(client, wire, method, location):
    """requests raises a plain UnicodeError or ValueError for it."""
    wire.add(method, f"{URL}x", status=302, headers={"Location": location})

    with requests.Session() as session:
        for each in (client, Client(TokenAuth("t"), "tamr.test", session=session)):
            with pytest.raises(TamrError):
                each.request(method, "x")


def test_an_response_does_not_know_where_to_go_next(client, wire):
    """requests would prepare the next request, with the credentials."""
    wire.post(f"{URL}x", status=302, headers={"Location": "/api/y"})

    with requests.Session() as session:
        for each in (client, Client(TokenAuth("t"), "tamr.test", session=session)):
            with pytest.raises(UnexpectedResponse) as raised:
                each.post("x")
            assert raised.value.response.next is None


def test_no_credentials_are_kept(client, wire):
    """Not in the request that a response holds."""
    wire.get(f"{URL}x")

    response = client.get("x", headers={"Cookie": "authToken=x"})

    assert not {"Authorization", "Cookie"} & set(response.request.headers)


def test_a_client_cannot_be_copied_or_pickled(client):
    """It holds credentials; the repr shows where it goes, and of the auth only its class."""
    for keep in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not pickled"):
            keep(client)
    assert repr(client) == (
        "tamr_widgets.Client(host='tamr.test', protocol='http', port=9100, "
        "base_path='/api/versioned/v1/', auth=UsernamePasswordAuth)"
    )


def test_a_closed_client_says_so(wire):
    """With any request; closing twice is fine."""
    with Client(TokenAuth("t"), "tamr.test") as client:
        pass
    client.close()

    with pytest.raises(ClientClosed, match="Make a new Client") as raised:
        client.get("x")
    assert isinstance(raised.value, RuntimeError)
    assert not wire.calls


def test_a_session_of_ones_own_is_used_and_left_open(wire):
    """With its headers and its adapters."""
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
    """In the server's order; null statuses and unknown states are kept."""
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
def test_a_list_of_any_length_is_kept(client, wire, count):
    """Nothing is dropped, and it does not take long."""
    documents = [document(id=str(n), relativeId=f"operations/{n}") for n in range(count)]
    wire.get(f"{URL}operations", json=documents)

    assert len(client.operations()) == count


@pytest.mark.parametrize("answered", ["null", "{}", '{"message": "x"}', '"x"'])
def test_a_list_that_is_none_is_typed(client, wire, answered):
    """Another document is no list of operations."""
    wire.get(f"{URL}operations", body=answered)

    with pytest.raises(UnexpectedResponse, match="not a list"):
        client.operations()


def test_a_job_is_started_and_waited_for(client, wire, clock):
    """As with the public client's refreshes: options go to `wait`."""
    wire.post(f"{URL}projects/1/unifiedDataset:refresh", json=document("PENDING"))
    wire.get(URL + PATH, json=document("SUCCEEDED"))

    done = client.start("projects/1/unifiedDataset:refresh", poll_interval_seconds=9)

    assert done.succeeded()
    assert clock.sleeps == [9]


def test_a_job_is_started_asynchronously(client, wire):
    """The operation comes back at once, as the server made it."""
    wire.post(f"{URL}x:refresh", json=document("PENDING"), status=202)

    assert client.start("x:refresh", asynchronous=True).state == "PENDING"


def test_nothing_to_do_is_a_noop(client, wire):
    """204 included."""
    wire.post(f"{URL}x:refresh", status=204)

    assert client.start("x:refresh").type == "NOOP"


@pytest.mark.parametrize(
    ("answered", "kind"),
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
def test_a_lost_response_leaves_it_open_whether_the_job_was_started(client, wire, answered, kind):
    """The error says so and where to look, and nothing is sent a second time."""
    wire.post(f"{URL}x:refresh", **answered)

    with pytest.raises(kind, match="not known whether the server has carried it out") as raised:
        client.start("x:refresh")

    assert "Jobs page" in str(raised.value)
    assert len(wire.calls) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 503])
def test_a_refusal_leaves_nothing_open(wire, status):
    """The server said no, so nothing was started."""
    wire.post(f"{URL}x:refresh", status=status)

    with pytest.raises(HTTPStatusError) as raised:
        Client(TokenAuth("t"), "tamr.test").start("x:refresh")

    assert "not known" not in str(raised.value)
    assert len(wire.calls) == 1


def test_a_login_in_another_thread_is_not_waited_for_beyond_the_limit(wire):
    """A hung login holds up nobody for longer than a request may take."""
    wire.get(f"{URL}x", status=401)
    client = Client(UsernamePasswordAuth("ada", PASSWORD), "tamr.test", total_seconds=0.2)

    with client._login._lock, pytest.raises(RequestTimeout, match="instance:login"):
        client.get("x")


def test_a_login_that_failed_on_the_way_is_tried_again_by_the_next(client, wire):
    """Only a login that was answered counts for those who waited for it."""
    wire.get(f"{URL}x", status=401)
    wire.post(LOGIN, body=requests.ConnectionError("reset"))
    with pytest.raises(ConnectionFailed):
        client.get("x")

    wire.replace(responses.POST, LOGIN, json={"token": "t0ken"})
    client._login.renew(0, client._send, 5)

    assert client._login.has_cookie


def test_threads_that_ask_while_another_logs_in_do_not_log_in_again(client, wire):
    """A request that left with the old cookie while the login was under way counts as before it."""
    under_way, go_on, logins = threading.Event(), threading.Event(), []

    def log_in(_):
        logins.append(1)
        under_way.set()
        go_on.wait(5)
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
    wait_until(lambda: len(wire.calls) == 2)  # both have been answered 401
    go_on.set()
    first.join(5)
    second.join(5)

    assert len(logins) == 1


def test_operations_are_made_of_this_client(client, wire):
    """So that they are polled through it."""
    wire.post(f"{URL}x:refresh", json=document("PENDING"))

    assert client.start("x:refresh", True).client is client
    assert isinstance(client.start("x:refresh", True), Operation)


def test_the_active_operations_are_those_that_have_not_ended(client, wire):
    """A state that is not known counts as not ended."""
    states = ["RUNNING", "SUCCEEDED", "CANCELING", "FAILED", "PENDING"]
    wire.get(f"{URL}operations", json=[document(state) for state in states])

    assert [each.state for each in client.active()] == ["RUNNING", "CANCELING", "PENDING"]


@pytest.mark.parametrize("resource_id", [-1, "-1", "operations/-1"])
def test_the_noop_is_known_without_a_request(client, wire, resource_id):
    """No server has it; it is what a 204 becomes."""
    noop = client.operation(resource_id)

    assert (noop.type, noop.resource_id) == ("NOOP", "-1")
    assert noop.succeeded()
    assert len(wire.calls) == 0


def test_a_client_can_log_in_later(client, wire):
    """From then on it sends the cookie, and no credentials."""
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
