from __future__ import annotations

import base64
import copy
import pickle
from types import SimpleNamespace

import pytest
import requests
from doubles import answer

from tamr_widgets import JwtTokenAuth, TokenAuth, UsernamePasswordAuth
from tamr_widgets.auth import can_log_in, redacted, without_credentials

ALL = [UsernamePasswordAuth("ada", "s3cret"), TokenAuth("s3cret"), JwtTokenAuth("s3cret")]


def header(auth):
    return requests.Request("GET", "http://tamr.test", auth=auth).prepare().headers["Authorization"]


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (UsernamePasswordAuth("ada", "s3cret"), "BasicCreds YWRhOnMzY3JldA=="),
        (TokenAuth("YWRhOnMzY3JldA=="), "BasicCreds YWRhOnMzY3JldA=="),
        (JwtTokenAuth("a.b-_.c"), "Bearer a.b-_.c"),
    ],
)
def test_the_header_is_tamrs(auth, expected):
    """BasicCreds for a password or a ready token, Bearer for a JWT."""
    assert header(auth) == expected


@pytest.mark.parametrize("password", ["\u20ac\u4e2d\U0001f511", "p\u00e4ss", ":@/ %", "\x7f\t"])
def test_a_password_may_hold_any_characters(password):
    """It is sent as UTF-8, whatever is in it."""
    sent = header(UsernamePasswordAuth("ad\u00e4", password)).removeprefix("BasicCreds ")

    assert base64.b64decode(sent).decode() == f"ad\u00e4:{password}"


@pytest.mark.parametrize("auth", ALL, ids=lambda auth: type(auth).__name__)
def test_a_secret_is_not_shown(auth):
    """Not in the repr, nor in a format, nor inside of a container."""
    for text in (repr(auth), str(auth), f"{auth}", repr({"auth": [auth]})):
        assert "s3cret" not in text
        assert "YWRhOnMzY3JldA" not in text
    assert type(auth).__name__ in repr(auth)


@pytest.mark.parametrize("auth", ALL, ids=lambda auth: type(auth).__name__)
@pytest.mark.parametrize("keep", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_not_kept(auth, keep):
    """Neither pickled nor copied, and the error does not tell it either."""
    with pytest.raises(TypeError, match="make it anew") as raised:
        keep(auth)

    assert "s3cret" not in str(raised.value)


def test_equal_credentials_are_equal():
    """By kind and content."""
    assert UsernamePasswordAuth("ada", "x") == UsernamePasswordAuth("ada", "x")
    assert UsernamePasswordAuth("ada", "x") != UsernamePasswordAuth("ada", "y")
    assert TokenAuth("x") != JwtTokenAuth("x")
    assert len({TokenAuth("x"), TokenAuth("x"), TokenAuth("y")}) == 2


@pytest.mark.parametrize("value", [None, 7, b"bytes", ["x"]])
@pytest.mark.parametrize("name", ["username", "password", "token"])
def test_a_credential_is_a_string(name, value):
    """A missing one is found where it is given, by its name."""
    with pytest.raises(TypeError, match=f"{name} must be a string"):
        make(name, value)


@pytest.mark.parametrize("value", ["", "a\nb", "a\rb", "\ud800"])
@pytest.mark.parametrize("name", ["username", "password", "token"])
def test_a_credential_that_cannot_be_sent_is_refused(name, value):
    """By the argument's name, and never by its value."""
    with pytest.raises(ValueError, match=f"{name} must not") as raised:
        make(name, value)

    assert value == "" or value not in str(raised.value)


@pytest.mark.parametrize("kind", [TokenAuth, JwtTokenAuth])
@pytest.mark.parametrize("token", ["t\u00f6ken", "to ken", " token", "token\t", "\u20ac"])
def test_a_token_goes_into_a_header(kind, token):
    """So it is plain ASCII without blanks; the error does not show it."""
    with pytest.raises(ValueError, match="token must be plain ASCII") as raised:
        kind(token)

    assert token not in str(raised.value)


def make(name, value):
    if name == "token":
        return TokenAuth(value)
    return UsernamePasswordAuth(**{"username": "ada", "password": "x", name: value})


def test_who_can_log_in():
    """Whoever has a user name and a password, also as the public package's class."""
    assert can_log_in(UsernamePasswordAuth("ada", "x"))
    assert can_log_in(SimpleNamespace(username="ada", password="x"))
    assert not can_log_in(TokenAuth("x"))
    assert not can_log_in(SimpleNamespace(username="ada"))
    assert not can_log_in(None)


@pytest.mark.parametrize(
    "auth",
    [
        UsernamePasswordAuth("ada", "p\u00e4ss"),
        SimpleNamespace(username="ada", password="p\u00e4ss"),
    ],
    ids=["ours", "theirs"],
)
def test_an_echoed_secret_is_taken_out(auth):
    """The password as it is, and as either package encodes it."""
    for form in ("utf-8", "latin-1"):
        encoded = base64.b64encode("ada:p\u00e4ss".encode(form)).decode()
        assert redacted(f"no p\u00e4ss, {encoded}!", auth) == "no ***, ***!"


def test_an_echoed_token_is_taken_out():
    """Also a token, ours or theirs; without credentials there is nothing to take out."""
    assert redacted("no t0ken", TokenAuth("t0ken")) == "no ***"
    assert redacted("no t0ken", SimpleNamespace(token="t0ken")) == "no ***"
    assert redacted("no t0ken", SimpleNamespace(token="", password=None)) == "no t0ken"
    assert redacted("no t0ken", None) == "no t0ken"


def test_an_answer_keeps_no_credentials():
    """Neither header nor cookie; the rest of the request is still there."""
    response = answer()
    sent = requests.Request(
        "POST",
        "http://tamr.test/x",
        headers={"Authorization": "s3cret", "Accept": "a/b"},
        cookies={"authToken": "s3cret"},
        data="body",
    )
    response.request = sent.prepare()

    kept = without_credentials(response).request

    assert b"s3cret" not in pickle.dumps(response)
    assert (kept.url, kept.headers["Accept"], kept.body) == ("http://tamr.test/x", "a/b", "body")
    assert kept._cookies is None


def test_an_answer_to_a_login_keeps_no_body():
    """It was the password."""
    response = answer()
    url = "http://tamr.test/api/versioned/v1/instance:login?x"
    response.request = requests.Request("POST", url, json={"password": "s3cret"}).prepare()

    assert without_credentials(response).request.body is None
