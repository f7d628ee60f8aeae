from __future__ import annotations

import base64
import copy
import pickle
from types import SimpleNamespace

import pytest
import requests

from tamr_widgets import JwtTokenAuth, TokenAuth, UsernamePasswordAuth
from tamr_widgets.auth import can_log_in, secrets_of, username_of

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
def test_the_header_has_the_scheme_of_tamr(auth, expected):
    """BasicCreds for a password or a ready token, Bearer for a JWT."""
    assert header(auth) == expected


@pytest.mark.parametrize("password", ["\u20ac\u4e2d\U0001f511", "p\u00e4ss", ":@/ %", "\x7f\t"])
def test_a_password_may_contain_any_characters(password):
    """It is sent as UTF-8."""
    sent = header(UsernamePasswordAuth("ad\u00e4", password)).removeprefix("BasicCreds ")

    assert base64.b64decode(sent).decode() == f"ad\u00e4:{password}"


@pytest.mark.parametrize("auth", ALL, ids=lambda auth: type(auth).__name__)
def test_a_secret_is_not_shown(auth):
    """`repr`, `str`, formats and containers do not contain it."""
    for text in (repr(auth), str(auth), f"{auth}", repr({"auth": [auth]})):
        assert "s3cret" not in text
        assert "YWRhOnMzY3JldA" not in text
    assert type(auth).__name__ in repr(auth)


@pytest.mark.parametrize("auth", ALL, ids=lambda auth: type(auth).__name__)
@pytest.mark.parametrize("keep", [pickle.dumps, copy.copy, copy.deepcopy])
def test_credentials_cannot_be_pickled_or_copied(auth, keep):
    """The error does not show the secret either."""
    with pytest.raises(TypeError, match="create a new one") as raised:
        keep(auth)

    assert "s3cret" not in str(raised.value)


def test_equal_credentials_are_equal():
    """Their classes and values are compared."""
    assert UsernamePasswordAuth("ada", "x") == UsernamePasswordAuth("ada", "x")
    assert UsernamePasswordAuth("ada", "x") != UsernamePasswordAuth("ada", "y")
    assert TokenAuth("x") != JwtTokenAuth("x")
    assert len({TokenAuth("x"), TokenAuth("x"), TokenAuth("y")}) == 2


@pytest.mark.parametrize("value", [None, 7, b"bytes", ["x"]])
@pytest.mark.parametrize("name", ["username", "password", "token"])
def test_a_credential_must_be_a_string(name, value):
    """The error names the argument."""
    with pytest.raises(TypeError, match=f"{name} must be a string"):
        make(name, value)


@pytest.mark.parametrize("value", ["", "a\nb", "a\rb", "\ud800"])
@pytest.mark.parametrize("name", ["username", "password", "token"])
def test_a_credential_that_cannot_be_sent_is_refused(name, value):
    """The error names the argument, and does not show its value."""
    with pytest.raises(ValueError, match=f"{name} must not") as raised:
        make(name, value)

    assert value == "" or value not in str(raised.value)


@pytest.mark.parametrize("kind", [TokenAuth, JwtTokenAuth])
@pytest.mark.parametrize("token", ["t\u00f6ken", "to ken", " token", "token\t", "\u20ac"])
def test_a_token_must_be_valid_in_a_header(kind, token):
    """It is ASCII without blanks; the error does not show it."""
    with pytest.raises(ValueError, match="token must be printable ASCII") as raised:
        kind(token)

    assert token not in str(raised.value)


def make(name, value):
    if name == "token":
        return TokenAuth(value)
    return UsernamePasswordAuth(**{"username": "ada", "password": "x", name: value})


def test_credentials_with_a_password_can_log_in():
    """Their class may be another one, such as that of the public package."""
    assert can_log_in(UsernamePasswordAuth("ada", "x"))
    assert can_log_in(SimpleNamespace(username="ada", password="x"))
    assert not can_log_in(TokenAuth("x"))
    assert not can_log_in(SimpleNamespace(username="ada"))
    assert not can_log_in(None)


@pytest.mark.parametrize(
    ("auth", "secrets"),
    [
        (UsernamePasswordAuth("ada", "p\u00e4ss"), {"p\u00e4ss", "ada:p\u00e4ss"}),
        (SimpleNamespace(username="ada", password="x"), {"x", "ada:x"}),
        (("ada", "x"), {"x", "ada:x"}),
        (TokenAuth("t0ken"), {"t0ken"}),
        (TokenAuth("YWRhOng="), {"YWRhOng=", "ada:x", "x"}),
        (JwtTokenAuth("a.b.c"), {"a.b.c"}),
        (SimpleNamespace(token="", password=None), set()),
        (None, set()),
    ],
    # Sets have another order in each of pytest-xdist's workers.
    ids=lambda value: repr(sorted(value) if isinstance(value, set) else value),
)
def test_the_secrets_of_credentials(auth, secrets):
    """Passwords, tokens and the decoded forms of tokens are secret; the user name is not."""
    assert secrets_of(auth) == secrets


@pytest.mark.parametrize(
    ("auth", "name"),
    [
        (UsernamePasswordAuth("ada", "x"), "ada"),
        (("ada", "x"), "ada"),
        (TokenAuth("YWRhOng="), "ada"),
        (JwtTokenAuth("YWRhOng="), None),
        (None, None),
    ],
    ids=repr,
)
def test_the_user_name_of_credentials(auth, name):
    """It is read from our classes, from a pair as requests accepts it, or from a token."""
    assert username_of(auth) == name
