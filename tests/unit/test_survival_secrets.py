"""Redaction of secrets, logins of clients, safe texts, the time that texts take, and starts."""

from __future__ import annotations

import base64
import contextlib
import gc
import html
import importlib
import json
import logging
import pickle
import pkgutil
import re
import threading
import time
import traceback
import urllib.parse
import weakref
from types import SimpleNamespace

import pytest
import requests
from fakes import CannedAdapter, RawServer, document, http, wait_until
from forks import in_child, may_fork, needs_fork

import tamr_widgets
from tamr_widgets import (
    Client,
    HTTPStatusError,
    NotFound,
    Operation,
    TamrError,
    TokenAuth,
    UnexpectedResponse,
    UsernamePasswordAuth,
)
from tamr_widgets._http.redaction import Redactor
from tamr_widgets._http.urls import endpoint_url, redirect_url
from tamr_widgets._operation.status_message import has_details, summarize
from tamr_widgets._operation.times import parse_time
from tamr_widgets._text import sanitize
from tamr_widgets.history import description_template
from tamr_widgets.simulator import Fault, Simulator

SECRET = "p\u00e4\"ss<w&rd/5 \\x'z"
FORMS = {
    "raw": SECRET,
    "json": json.dumps(SECRET)[1:-1],
    "json, utf-8": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "json, upper case": json.dumps(SECRET)[1:-1].replace("\\u00e4", "\\u00E4"),
    "json, slash": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "html": html.escape(SECRET),
    "html, decimal": html.escape(SECRET).replace("&#x27;", "&#39;"),
    "html, text only": html.escape(SECRET, quote=False),
    "html in json": json.dumps(html.escape(SECRET))[1:-1],
    "json in html": html.escape(json.dumps(SECRET)[1:-1]),
    "url": urllib.parse.quote(SECRET),
    "url, all": urllib.parse.quote(SECRET, safe=""),
    "form": urllib.parse.quote_plus(SECRET),
    "url, lower case": urllib.parse.quote(SECRET, safe="").replace("%C3%A4", "%c3%a4"),
    "url in url": urllib.parse.quote(urllib.parse.quote(SECRET, safe=""), safe=""),
    "json of Java": json.dumps(SECRET)[1:-1].replace("<", "\\u003c").replace("&", "\\u0026"),
    "xml": "".join(c if c.isascii() and c.isalnum() else f"&#{ord(c)};" for c in SECRET),
    "xml, hex": "".join(c if c.isascii() and c.isalnum() else f"&#x{ord(c):X};" for c in SECRET),
    "html, named": html.escape(SECRET).replace("\u00e4", "&auml;"),
    "url, latin-1": urllib.parse.quote(SECRET, encoding="latin-1"),
    "repr of bytes": repr(SECRET.encode())[2:-1],
    "repr": repr(SECRET)[1:-1],
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "header": base64.b64encode(f"ada:{SECRET}".encode()).decode(),
    "header, latin-1": base64.b64encode(f"ada:{SECRET}".encode("latin-1")).decode(),
    "pair": f"ada:{SECRET}",
}


def everything_in(thing, seen=None, depth=0):
    """Yields all texts that can be reached from an object by its attributes and items."""
    seen = set() if seen is None else seen
    if id(thing) in seen or depth > 8:
        return
    seen.add(id(thing))
    if isinstance(thing, (str, bytes)):
        yield thing if isinstance(thing, str) else thing.decode("latin-1")
        yield thing if isinstance(thing, str) else thing.decode("utf-8", "replace")
        return
    if isinstance(thing, BaseException):
        yield "".join(traceback.format_exception(thing))
        inner = [thing.__cause__, thing.__context__, *thing.args]
    elif isinstance(thing, dict):
        inner = [*thing.keys(), *thing.values()]
    elif isinstance(thing, (list, tuple, set, frozenset)):
        inner = list(thing)
    else:
        inner = []
    if hasattr(thing, "items") and not isinstance(thing, dict):
        inner += [*thing.items()]
    if not isinstance(thing, (Client, type, threading.Thread)):
        inner += list(getattr(thing, "__dict__", {}).values())
        inner += [getattr(thing, name, None) for name in getattr(thing, "__slots__", ())]
    for each in inner:
        yield from everything_in(each, seen, depth + 1)


def assert_no_secret_in(*things, secrets=None):
    text = "\n".join(part for thing in things for part in everything_in(thing))
    for name, form in (FORMS if secrets is None else secrets).items():
        assert form not in text, name


@pytest.fixture
def credentials():
    return {"username": "ada", "password": SECRET}


@pytest.fixture
def client(tamr):
    with tamr.client(total_seconds=2) as client:
        yield client


def test_an_echo_in_a_body_is_redacted():
    """Each body contains one of the forms."""
    redactor = Redactor([SECRET, f"ada:{SECRET}"])

    for name, form in FORMS.items():
        body = f"so {form} it"
        for redacted in (redactor.bytes(body.encode()).decode(), redactor.text(body)):
            assert redacted.replace("ada:", "") == "so *** it", name


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 500])
def test_an_echo_is_redacted_with_any_status(tamr, client, status):
    """The response, the error and its pickle contain none of the forms."""
    echoes = "".join(f"so {form} it\n" for form in FORMS.values())
    with tamr.faults.on(Fault.status(status, body=echoes, content_type="text/plain")):
        response = client.get("datasets")
        with pytest.raises((TamrError, TypeError)) as raised:
            response = Operation.from_response(client, response)

    assert response.content.replace(b"ada:", b"") == b"so *** it\n" * len(FORMS)
    assert_no_secret_in(response, raised.value, pickle.loads(pickle.dumps(raised.value)))


def test_a_document_with_an_echo_stays_a_document():
    """The secret in its texts is redacted, and its JSON stays valid."""
    bodies = (
        json.dumps(document(description=f"a {form} b", note=[form])) for form in FORMS.values()
    )
    with requests.Session() as session:
        session.mount("http://", CannedAdapter(*bodies))
        client = Client(UsernamePasswordAuth("ada", SECRET), "tamr.test", session=session)
        for name in FORMS:
            operation = client.operation("17")

            assert operation.description.replace("ada:", "") == "a *** b", name
            assert operation.to_json()["note"][0] in {"***", "ada:***"}, name
            assert_no_secret_in(operation.to_json())


@pytest.mark.parametrize("status", ["200 {}", "302 {}", "500 {}"])
def test_an_echo_in_headers_and_reason_is_redacted(status):
    """`Set-Cookie` is removed; the reason phrase is part of the response."""
    form = FORMS["url, all"]

    def serve(connection, _):
        headers = (f"X-Echo: {form}", f"Set-Cookie: s={form}", f"Location: /api/x?{form}")
        connection.sendall(http({"message": "x"}, status.format(form), *headers))

    with (
        RawServer(serve) as server,
        Client(UsernamePasswordAuth("ada", SECRET), "127.0.0.1", port=server.port) as client,
        pytest.raises(TamrError) as raised,
    ):
        Operation.from_response(client, client.post("x"))

    assert_no_secret_in(raised.value, raised.value.response)
    assert "Set-Cookie" not in raised.value.response.headers


def test_an_echo_in_malformed_headers_is_not_logged(caplog, capsys):
    """The warning of urllib3, which quotes them, is logged at DEBUG without the secret."""
    secret = "s3cret-of-ada"

    def serve(connection, _):
        body = json.dumps(document()).encode()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n: {secret}\r\nX: {secret}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)

    caplog.set_level(logging.DEBUG)
    with (
        RawServer(serve) as server,
        Client(UsernamePasswordAuth("ada", secret), "127.0.0.1", port=server.port) as client,
    ):
        client.get("operations/17")

    assert secret not in caplog.text
    assert secret not in "".join(capsys.readouterr())
    assert any("parse headers" in each.getMessage() for each in caplog.records)
    assert not [each for each in caplog.records if each.levelno > logging.INFO]


def test_the_token_of_a_login_is_redacted(tamr, tokens):
    """Later responses may contain it; the response to the login is not kept."""
    with tamr.client(store_auth_cookie=True) as client:
        with tamr.faults.on(Fault.status(500, body=f"no {tokens[0]}", content_type="text/plain")):
            response = client.get("operations")
        with pytest.raises(HTTPStatusError) as raised:
            Operation.from_response(client, response)

    assert "no ***" in str(raised.value)
    assert_no_secret_in(raised.value, response, secrets={"token": tokens[0]})


def test_a_token_that_is_cut_off_is_in_no_error(tamr):
    """Neither the response to the login nor the error of `json` is kept."""
    with (
        tamr.faults.on(Fault.status(200, body='{"token": "t0k-t0k-t0k', method="POST")),
        pytest.raises(UnexpectedResponse) as raised,
    ):
        tamr.client(store_auth_cookie=True)

    assert_no_secret_in(raised.value, secrets={"token": "t0k-t0k"})


@pytest.mark.parametrize("kind", [Fault.reset, Fault.truncate, Fault.hang, Fault.close])
def test_an_error_of_the_network_holds_no_request(tamr, kind):
    """It has no cause or context, since exceptions of requests hold all headers."""
    with (
        tamr.client(total_seconds=0.3) as client,
        tamr.faults.on(kind()),
        pytest.raises(TamrError) as raised,
    ):
        client.post("x", headers={"X-Api-Key": SECRET.encode("latin-1")})

    assert raised.value.__context__ is None
    assert_no_secret_in(raised.value)


def test_the_request_of_a_response_keeps_no_credential(tamr, client):
    """Headers without credentials are kept."""
    response = client.get(
        "operations",
        headers={"X-Api-Key": "k3y-k3y-k3y", "X-Auth-Token": "t0k-t0k", "X-Other": "x"},
        cookies={"sid": "c00kie-c00kie"},
    )

    secrets = {name: name for name in ("k3y-k3y-k3y", "t0k-t0k", "c00kie-c00kie")}
    assert_no_secret_in(response, secrets=secrets | FORMS)
    assert response.request.headers["X-Other"] == "x"
    assert response.request.method == "GET"


def test_an_error_holds_a_redacted_copy_of_another_clients_response(tamr, client):
    """Its request has the header, and its body an echo; the original is not changed."""
    url = f"{client.origin}{client.base_path}operations/17"
    auth = UsernamePasswordAuth("ada", SECRET)
    for fault in (
        Fault.status(500, body=FORMS["json"]),
        Fault.status(200, body="<" + FORMS["html"], content_type="text/html"),
    ):
        with requests.Session() as session, tamr.faults.on(fault):
            response = session.get(url, auth=auth, cookies={"sid": "c00kie-c00kie"})
        for requested in (client, SimpleNamespace(auth=None)):
            with pytest.raises(TamrError) as raised:
                Operation.from_response(requested, response)
            assert_no_secret_in(
                raised.value, raised.value.response, secrets=FORMS | {"sid": "c00kie-"}
            )
        assert response.request.headers["Authorization"]


@pytest.mark.parametrize("password", ["a", "in", "Job", "1", "17", "admin", "RUNNING", "status"])
def test_a_password_that_is_an_ordinary_word_stays_in_texts(password):
    """Documents, ids and error texts contain the word for other reasons."""
    redactor = Redactor([password, f"ada:{password}"])
    body = json.dumps([document(), {"message": f"{password} job in a run of 17 {password}"}])

    assert redactor.bytes(body.encode()) == body.encode()
    assert redactor.text(f"a Job in 17 {password}.") == f"a Job in 17 {password}."


@pytest.mark.parametrize("password", ["a", "in", "17", "admin"])
def test_an_ordinary_word_is_redacted_if_it_is_named_as_a_password(password):
    """A key names it as a password, or it follows a user name."""
    redactor = Redactor([password, f"ada:{password}"])
    echo = {"user": "ada", "password": password, "description": f"x {password} x"}

    for text in (f"password={password}&x", f"http://ada:{password}@tamr/", f"'pwd': '{password}'"):
        assert "***" in redactor.text(text)
        assert not re.search(rf"\b{password}\b", redactor.text(text).replace("ada", ""))
    assert json.loads(redactor.bytes(json.dumps(echo).encode())) == {**echo, "password": "***"}


def test_a_word_is_not_redacted_within_another_word():
    """`test` stays in `latest`, and is redacted after an escape sequence."""
    redactor = Redactor(["test"])

    assert redactor.text("latest tests of a test: test") == "latest tests of a ***: ***"
    assert redactor.bytes(rb'"\ntest"') == rb'"\n***"'


@pytest.mark.parametrize("body", ['{{"a": "{}"', "[" * 100_000 + '"{}"'])
def test_a_body_that_only_begins_like_json_is_redacted_as_text(body):
    """It is cut off, or nested deeper than Python can parse."""
    redacted = Redactor(["s3cret-of-ada"]).bytes(body.format("s3cret-of-ada").encode())

    assert redacted == body.format("***").encode()


def test_a_large_list_is_searched_quickly():
    """A search for secrets that it does not contain takes less time than its parsing."""
    body = json.dumps([document(id=str(i)) for i in range(1_000)]).encode()
    redactor = Redactor(["s3cret-of-ada", "ada:s3cret-of-ada"])

    def seconds(work):
        start = time.process_time()
        work(body)
        return time.process_time() - start

    parsing = min(seconds(json.loads) for _ in range(3))
    assert min(seconds(redactor.bytes) for _ in range(3)) < parsing


# --- Logins and cookies of a client


def test_two_users_can_share_a_session(tamr):
    """After a login of one client, the other still sends its own credentials, and no cookie."""
    with requests.Session() as session:
        ada = tamr.client(session=session, store_auth_cookie=True)
        bob = tamr.client(session=session)
        tamr.requests.clear()
        for client in (ada, bob, ada):
            client.get("operations")
        assert not session.cookies

    assert [each.credentials for each in tamr.requests] == ["cookie", "basic", "cookie"]


@pytest.mark.parametrize("cookie", ["authToken={}", "JSESSIONID={}"])
def test_a_cookie_that_a_server_sets_is_sent_by_its_client_only(cookie):
    """Otherwise clients that share a session would act as each other."""
    number = iter(range(99))

    def serve(connection, _):
        header = f"Set-Cookie: {cookie.format(f'value-{next(number)}')}; Path=/"
        connection.sendall(http([], "200 OK", header))

    with RawServer(serve) as server, requests.Session() as session:
        session.cookies.set("mine", "1")
        ada, bob = (
            Client(
                UsernamePasswordAuth(name, "pass-word"),
                "127.0.0.1",
                "http",
                server.port,
                session=session,
            )
            for name in ("ada", "bob")
        )
        for client in (ada, bob, bob, ada):
            client.get("operations")
        sent = [re.findall(rb"value-\d", each) for each in server.requests]
        assert sent == [[], [], [b"value-1"], []]
        assert all(b"mine=1" in each for each in server.requests)


def test_the_login_is_added_to_the_cookies_of_a_session():
    """Cookies that the user has set are still sent, and not changed."""
    with (
        RawServer(lambda to, _: to.sendall(http({"token": "t0ken"}))) as server,
        requests.Session() as session,
    ):
        session.cookies.set("route", "7")
        session.cookies.set("authToken", "stale")
        auth = UsernamePasswordAuth("ada", SECRET)
        client = Client(
            auth, "127.0.0.1", port=server.port, session=session, store_auth_cookie=True
        )
        client.get("operations")
        client.get("/health")

        sent = [re.search(rb"Cookie: (.*)\r", each)[1] for each in server.requests]
        assert sent[1] == b"route=7; authToken=t0ken"
        assert b"t0ken" not in sent[2]
        assert session.cookies.get_dict() == {"route": "7", "authToken": "stale"}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "sub.localhost", "tamr.test"])
@pytest.mark.parametrize("path", ["/api/versioned/v1/x", "/api/x", "/", "/other/api/x", "/apix"])
def test_the_login_is_sent_to_its_own_address_only(host, path):
    """Protocol, host, port and the API's path must match; a sub-domain is another host."""
    from tamr_widgets._http.login import Login  # noqa: PLC0415

    shown = f"[{host}]" if ":" in host else host
    login = Login(UsernamePasswordAuth("ada", SECRET), f"http://{shown}:9100", "/api/versioned/v1/")
    login.tokens = ("t0ken",)

    expected = "t0ken" if path.startswith("/api/") else None
    assert login.token_for(f"http://{shown}:9100{path}") == expected
    for elsewhere in (f"http://{shown}:9101", f"https://{shown}:9100", f"http://a.{host}:9100"):
        assert login.token_for(f"{elsewhere}{path}") is None


@needs_fork
@may_fork
def test_locks_of_logins_and_starts_do_not_cross_a_fork():
    """A child logs in and starts a job while threads of its parent do so."""
    start, free, held = "projects/1/unifiedDataset:refresh", threading.Event(), set()

    def serve(connection, request):
        path = request.split()[1].decode().removeprefix("/api/versioned/v1/")
        if path != "x" and path not in held:
            held.add(path)
            free.wait(10)
        refused = path == "x" and b"authToken" not in request
        status = "401 Unauthorized" if refused else "200 OK"
        connection.sendall(http({"token": "t0ken", **document()}, status))

    with RawServer(serve) as server:
        auth = UsernamePasswordAuth("ada", SECRET)
        client = Client(auth, "127.0.0.1", port=server.port, total_seconds=20)
        threads = [
            threading.Thread(target=client.get, args=("x",)),
            threading.Thread(target=client.start, args=(start, True), kwargs={"join": True}),
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: held == {"instance:login", start})
        works = in_child(lambda: client.get("x").ok and client.start(start, True, join=True).state)
        free.set()
        for thread in threads:
            thread.join()

    assert works


# --- Texts from a server


HOSTILE = "\x9b31mred\u202egnp.exe\x85next\u200b\u2066\u2028\x1b[2J\ud800"
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff]")


@pytest.mark.parametrize("size", [1, 2_000])
def test_no_error_is_long_or_has_control_characters(tamr, client, size):
    """The server's text is in a body, type, path, state, message or description."""
    text = (HOSTILE * size)[:300_000].encode("utf-8", "replace").decode()
    errors = []

    def note(act):
        try:
            act()
        except (TamrError, ValueError, TypeError) as error:
            errors.append(error)

    tamr.faults.add(Fault.status(500, body=text, content_type="text/plain; x=" + "x" * 1000))
    note(lambda: client.operation("17"))
    tamr.faults.add(Fault.status(400, body=json.dumps({"message": text})))
    note(lambda: client.operation("17"))
    tamr.faults.add(Fault.status(200, body="{" + text, content_type="x" * 1000))
    note(lambda: client.operation("17"))
    operation = Operation(
        client,
        {
            "id": text,
            "relativeId": f"operations/{text}",
            "description": text,
            "status": {"state": text, "message": text},
        },
    )
    note(operation.check)
    note(operation.poll)
    note(operation.delete)
    note(operation.cancel)
    note(lambda: operation.wait(0, 0))
    note(lambda: client.start(text))
    note(lambda: client.get("x?" + text[:10_000]))
    failed = Operation(client, {"id": text, "status": {"state": "FAILED", "message": text}})
    note(failed.check)
    note(lambda: Client(TokenAuth("t"), text))
    note(lambda: Client(TokenAuth("t"), base_path=text))

    assert len(errors) >= 11
    for error in errors:
        assert len(str(error)) <= 4000, type(error)
        assert not FORBIDDEN.search(str(error)), ascii(str(error))


def test_no_log_line_is_long_or_has_control_characters(tamr, client, caplog):
    """This includes lines at DEBUG."""
    caplog.set_level(logging.DEBUG, "tamr_widgets")
    client.get("operations/\u202e\x85" + "x" * 5000)

    for record in caplog.records:
        assert len(record.getMessage()) < 500
        assert not FORBIDDEN.search(record.getMessage())


# --- Patterns


def module_patterns():
    """Yields each compiled pattern of the package.

    Those of bundle.py only search the package's own files.
    """
    found = set()
    for info in pkgutil.walk_packages(tamr_widgets.__path__, "tamr_widgets."):
        if info.name.endswith(("__main__", "bundle")):
            continue
        for name, value in vars(importlib.import_module(info.name)).items():
            if isinstance(value, re.Pattern) and value not in found:
                found.add(value)
                yield pytest.param(value, id=f"{info.name}.{name}")


SEEDS = [
    *"[(\"'/\\a1 .:#%@-_<&\n\t",
    *("a.", "a.a$", "(host=", "//", "//@", "%25", "..;/", "1,", "T0", "password=", "\\u00", "[a"),
    *("POST instance:", "\\n", "Caused by: ", ": ", "a@", "2021-01-29T18:24:53.3 ", "&#x27;", "]["),
]


NEGLIGIBLE_SECONDS = 0.01


def seconds_of(work, *args):
    """Returns the CPU time of this thread: the minimum of three runs, unless it is negligible."""
    taken = []
    while len(taken) < 3 and min(taken, default=1) > NEGLIGIBLE_SECONDS:
        start = time.thread_time()
        work(*args)
        taken.append(time.thread_time() - start)
    return min(taken)


def takes_linear_time(work, seed, size):
    """Whether twice the text takes about twice the time (three times, with noise)."""
    for characters in (size, 2 * size, 4 * size):
        long = seconds_of(work, (seed * characters * 2)[: 2 * characters])
        if long < NEGLIGIBLE_SECONDS or long < 3.2 * seconds_of(
            work, (seed * characters)[:characters]
        ):
            return True
    return False


@pytest.mark.parametrize("pattern", list(module_patterns()))
def test_no_pattern_backtracks(pattern):
    """Its time grows linearly with the length of any text."""
    for seed in SEEDS:
        for work in (pattern.fullmatch, lambda text: pattern.sub(text[:0], text)):
            if isinstance(pattern.pattern, bytes):
                assert takes_linear_time(lambda text: work(text.encode()), seed, 2_000), seed  # noqa: B023
            else:
                assert takes_linear_time(work, seed, 2_000), seed


@pytest.mark.parametrize(
    "work",
    [
        summarize,
        has_details,
        description_template,
        parse_time,
        lambda text: sanitize(text, 500),
        Redactor([SECRET, "a"]).text,
    ],
    ids=["summarize", "has_details", "description_template", "parse_time", "sanitize", "redacted"],
)
def test_a_hostile_text_is_processed_quickly(work):
    """A hundred kilobytes take less than 0.1 s."""
    size = 20_000 if work is description_template else 100_000  # it gets 300 characters at most
    for seed in SEEDS:
        assert seconds_of(work, (seed * size)[:size]) < 0.1, seed


def test_a_hostile_address_is_processed_quickly():
    """It has 150,000 characters, and is an endpoint or the target of a redirect."""

    def both(text):
        for check in (
            lambda: endpoint_url("http://tamr.test", "/api/versioned/v1/", text),
            lambda: redirect_url("http://tamr.test", "http://tamr.test/x", text),
        ):
            with contextlib.suppress(ValueError):
                check()

    for seed in SEEDS:
        assert seconds_of(both, (seed * 150_000)[:150_000]) < 0.5, seed


def test_a_relative_id_of_many_slashes_is_refused_quickly(client):
    """It is too long, and is refused before it is parsed."""
    operation = Operation(client, document(relativeId="operations" + "/" * 150_000))

    start = time.process_time()
    with pytest.raises(TamrError, match="150,0"):
        operation.poll()
    assert time.process_time() - start < 0.5


def test_an_error_text_of_another_library_is_not_searched():
    """A search took eight seconds for ten thousand times `(host=`."""
    from tamr_widgets._http.exception_mapping import map_exceptions  # noqa: PLC0415

    start = time.process_time()
    with pytest.raises(TamrError), map_exceptions("GET x"):
        raise requests.ConnectionError("(host=" * 100_000)
    assert time.process_time() - start < 0.5


# --- Starts of jobs


@pytest.mark.parametrize(
    ("args", "kwargs", "kind"),
    [
        ((), {"timeout": 5}, TypeError),
        ((), {"timeout_seconds": -1}, ValueError),
        ((), {"timeout_seconds": float("nan")}, ValueError),
        ((), {"timeout_seconds": "5"}, TypeError),
        ((), {"poll_interval_seconds": -1}, ValueError),
        ((), {"poll_interval_seconds": None}, TypeError),
        ((True,), {"foo": 1}, TypeError),
        ((True,), {"timeout_seconds": "soon"}, TypeError),
        ((5,), {}, TypeError),
        (("yes",), {}, TypeError),
        ((), {"join": "no"}, TypeError),
        ((None,), {}, TypeError),
    ],
)
def test_an_invalid_option_starts_no_job(tamr, client, args, kwargs, kind):
    """It is refused before a request is sent, even if no wait would need it."""
    tamr.requests.clear()

    with pytest.raises(kind):
        client.start("projects/1/unifiedDataset:refresh", *args, **kwargs)

    assert not len(tamr.requests)


def test_joining_returns_the_job_that_runs(tamr, client):
    """The endpoint may be written in another form; after the job's end, a new one is started."""
    endpoint = "projects/1/unifiedDataset:refresh"
    first = client.start(endpoint, True)

    joined = client.start(f"/api/versioned/v1/{endpoint}", True, join=True)
    assert joined.resource_id == first.resource_id
    assert client.start("projects/2/unifiedDataset:refresh", True, join=True) != first
    assert client.start(endpoint, True).resource_id != first.resource_id  # without join

    last = client.start(endpoint, True, join=True)
    tamr.jobs.finish(last.resource_id)
    assert client.start(endpoint, True, join=True).resource_id != last.resource_id


def test_threads_that_join_start_one_job(tamr, client):
    """Threads that join during the start wait for it."""
    tamr.faults.add(Fault.delay(0.2, method="POST"))
    tamr.requests.clear()
    started = []
    threads = [
        threading.Thread(
            target=lambda: started.append(
                client.start("projects/1/unifiedDataset:refresh", True, join=True).resource_id
            )
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(started) == 8
    assert len(set(started)) == 1
    assert len([each for each in tamr.requests if each.method == "POST"]) == 1


def test_a_job_that_is_gone_is_not_joined(tamr, client, monkeypatch):
    """A job that was just started is joined, although it may not be found yet."""
    endpoint = "projects/1/unifiedDataset:refresh"
    first = client.start(endpoint, True)
    tamr.jobs.remove(first.resource_id)
    assert client.start(endpoint, True, join=True).resource_id == first.resource_id

    monkeypatch.setattr("tamr_widgets._operation.starts.NOT_FOUND_GRACE_SECONDS", 0.0)
    assert client.start(endpoint, True, join=True).resource_id != first.resource_id
    with pytest.raises(NotFound):
        first.poll()


def test_a_simulator_exists_as_long_as_its_client():
    """`Simulator().start().client()` in one line works."""
    simulator = Simulator(past_jobs=0).start()
    known = weakref.ref(simulator)
    client = simulator.client()
    del simulator
    gc.collect()

    assert client.operations() == []
    client.close()
    del client
    gc.collect()
    assert known() is None
