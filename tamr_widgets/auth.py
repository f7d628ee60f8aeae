"""Authentication of a client: the three schemes that Tamr accepts.

The schemes, and the parameters of the constructors, are those of `tamr_unify_client.auth`. No repr
shows a secret, and the objects cannot be pickled.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Any, NoReturn

from requests import PreparedRequest
from requests.auth import AuthBase

__all__ = ["JwtTokenAuth", "TokenAuth", "UsernamePasswordAuth"]


def _require_text(name: str, value: object) -> str:
    """Returns a credential if it is a valid string.

    Raises:
        TypeError: It is no string.
        ValueError: It is empty, or holds a line break or a lone surrogate.
    """
    if not isinstance(value, str):
        msg = f"{name} must be a string, not {type(value).__name__}."
        raise TypeError(msg)
    if not value or re.search("[\n\r\ud800-\udfff]", value):
        msg = f"{name} must not be empty or hold a line break or a lone surrogate."
        raise ValueError(msg)
    return value


def _require_token(value: object) -> str:
    """Returns a token if it is a valid part of a header.

    Raises:
        TypeError: It is no string.
        ValueError: It is empty, or not printable ASCII without spaces.
    """
    token = _require_text("token", value)
    if not re.fullmatch("[!-~]+", token):
        msg = (
            "token must be printable ASCII without spaces, since it becomes part of an HTTP header."
        )
        raise ValueError(msg)
    return token


class _Auth(AuthBase):
    """Adds an `Authorization` header to requests."""

    def __init__(self, scheme: str, secret: str) -> None:
        self._header = f"{scheme} {secret}"

    @property
    def secrets(self) -> list[str]:
        """The strings that must not be displayed: password, token and header value."""
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
        name = type(self).__name__
        msg = f"{name} holds a credential and cannot be pickled; create a new one instead."
        raise TypeError(msg)


class UsernamePasswordAuth(_Auth):
    """A user name and a password, sent in Tamr's own `BasicCreds` scheme.

    Args:
        username: The user name in Tamr.
        password: The password, which is encoded as UTF-8.

    Raises:
        TypeError: An argument is no string.
        ValueError: An argument is empty, or holds a line break or a lone surrogate.
    """

    def __init__(self, username: str, password: str) -> None:
        self.username = _require_text("username", username)
        self.password = _require_text("password", password)
        token = b64encode(f"{username}:{password}".encode()).decode("ascii")
        super().__init__("BasicCreds", token)

    def __repr__(self) -> str:
        return f"tamr_widgets.UsernamePasswordAuth(username={self.username!r})"


class TokenAuth(_Auth):
    """An encoded token, sent in the `BasicCreds` scheme.

    Args:
        token: The base64 of `username:password`, or the token of a login.

    Raises:
        TypeError: The token is no string.
        ValueError: The token is empty, or not printable ASCII without spaces.
    """

    def __init__(self, token: str) -> None:
        self.token = _require_token(token)
        super().__init__("BasicCreds", token)


class JwtTokenAuth(_Auth):
    """A JSON web token, sent in the `Bearer` scheme.

    Tamr accepts it from v2022.010.0 on, according to the documentation of `tamr_unify_client.auth`.

    Args:
        token: The JSON web token.

    Raises:
        TypeError: The token is no string.
        ValueError: The token is empty, or not printable ASCII without spaces.
    """

    def __init__(self, token: str) -> None:
        self.token = _require_token(token)
        super().__init__("Bearer", token)


def can_log_in(auth: object) -> bool:
    """Whether an auth object holds a user name and a password."""
    return hasattr(auth, "username") and hasattr(auth, "password")


def no_auth(request: PreparedRequest) -> PreparedRequest:
    """Adds no credentials; without any auth, requests would read them from a netrc file."""
    return request


def secrets_of(auth: Any) -> set[str]:
    """Returns the strings of any package's auth object that must not be displayed.

    A user name alone is no secret, but joined with its password it is one.
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


def username_of(auth: Any) -> str | None:
    """Returns the user name of any package's auth object; None if it has none."""
    username, token = getattr(auth, "username", None), getattr(auth, "token", None)
    if isinstance(auth, tuple) and len(auth) == 2:
        username = auth[0]
    if username is None and isinstance(token, str) and not isinstance(auth, JwtTokenAuth):
        username = next((pair.partition(":")[0] for pair in pair_in(token)), None)
    return username if isinstance(username, str) and username else None


def pair_in(token: str) -> list[str]:
    """Returns the `username:password` of a `BasicCreds` token in a list, which may be empty."""
    try:
        pair = b64decode(token, validate=True).decode()
    except ValueError:
        return []
    return [pair] if ":" in pair else []


def checked_auth(auth: Any) -> Any:
    """Returns `auth` if requests can call it.

    Raises:
        TypeError: It is no auth object; the message names the classes to use.
    """
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
