"""How a client proves who it is: the three ways that Tamr accepts.

The classes take what their namesakes in `tamr_unify_client.auth` take. None of them shows its
secret in a repr, and none can be pickled.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Any, NoReturn

from requests import PreparedRequest
from requests.auth import AuthBase

__all__ = ["JwtTokenAuth", "TokenAuth", "UsernamePasswordAuth"]


def _checked(name: str, value: object) -> str:
    """Refuse a missing credential where it is given, not at the first request."""
    if not isinstance(value, str):
        msg = f"{name} must be a string, not {type(value).__name__}."
        raise TypeError(msg)
    if not value or re.search("[\n\r\ud800-\udfff]", value):
        msg = f"{name} must not be empty or hold a line break or half a character."
        raise ValueError(msg)
    return value


def _checked_token(value: object) -> str:
    token = _checked("token", value)
    if not re.fullmatch("[!-~]+", token):
        msg = "token must be plain ASCII without blanks, since it goes into an HTTP header."
        raise ValueError(msg)
    return token


class _Auth(AuthBase):
    """An `Authorization` header."""

    def __init__(self, scheme: str, secret: str) -> None:
        self._header = f"{scheme} {secret}"

    @property
    def secrets(self) -> list[str]:
        """What must never be shown."""
        return sorted(secrets_of(self) | {self._header.partition(" ")[2]})

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["Authorization"] = self._header
        return r

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self._header)

    def __repr__(self) -> str:
        return f"tamr_widgets.{type(self).__name__}()"

    def __reduce__(self) -> NoReturn:
        msg = f"{type(self).__name__} holds a credential and is not pickled; make it anew instead."
        raise TypeError(msg)


class UsernamePasswordAuth(_Auth):
    """A user name and a password, sent in Tamr's own `BasicCreds` scheme.

    Args:
        username: The name that one logs in to Tamr with.
        password: May hold any characters; it is encoded as UTF-8.
    """

    def __init__(self, username: str, password: str) -> None:
        self.username = _checked("username", username)
        self.password = _checked("password", password)
        token = b64encode(f"{username}:{password}".encode()).decode("ascii")
        super().__init__("BasicCreds", token)

    def __repr__(self) -> str:
        return f"tamr_widgets.UsernamePasswordAuth(username={self.username!r})"


class TokenAuth(_Auth):
    """A ready token: base64 of `username:password`, sent in the `BasicCreds` scheme."""

    def __init__(self, token: str) -> None:
        self.token = _checked_token(token)
        super().__init__("BasicCreds", token)


class JwtTokenAuth(_Auth):
    """A JSON web token, sent as `Bearer` (servers from v2022.010 on)."""

    def __init__(self, token: str) -> None:
        self.token = _checked_token(token)
        super().__init__("Bearer", token)


def can_log_in(auth: object) -> bool:
    """Whether it holds a user name and a password."""
    return hasattr(auth, "username") and hasattr(auth, "password")


def no_auth(request: PreparedRequest) -> PreparedRequest:
    """Add nothing. Without any auth, requests would look for credentials in a netrc file."""
    return request


def secrets_of(auth: Any) -> set[str]:
    """The strings of an auth object, ours or another package's, that nobody may see.

    A user name is no secret; together with its password it is.
    """
    username, password = getattr(auth, "username", None), getattr(auth, "password", None)
    if isinstance(auth, tuple) and len(auth) == 2:
        username, password = auth
    token = getattr(auth, "token", None)
    pairs = [f"{username}:{password}"] if username and password else []
    if isinstance(token, str) and not isinstance(auth, JwtTokenAuth):
        pairs += pair_in(token)
    found = {password, token, *pairs, *(pair.partition(":")[2] for pair in pairs)}
    return {each for each in found if isinstance(each, str) and each}


def pair_in(token: str) -> list[str]:
    """The user name and password in a `BasicCreds` token, joined by a colon, if there are any."""
    try:
        pair = b64decode(token, validate=True).decode()
    except ValueError:
        return []
    return [pair] if ":" in pair else []


def checked_auth(auth: Any) -> Any:
    """`auth`, or a TypeError that says what to pass instead."""
    if callable(auth) and not isinstance(auth, type):
        return auth
    msg = (
        f"auth must be UsernamePasswordAuth(username, password), TokenAuth(token) or "
        f"JwtTokenAuth(token), not {_kind(auth)}."
    )
    raise TypeError(msg)


def _kind(auth: object) -> str:
    if auth is None:
        return "None"
    if isinstance(auth, type):
        return f"the class {auth.__name__} itself"
    return f"a value of type {type(auth).__name__}"
