"""How a client proves who it is: the three ways that Tamr accepts.

The classes take what their namesakes in `tamr_unify_client.auth` take. None of them shows its
secret in a repr, and none can be pickled.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, NoReturn

from requests import PreparedRequest
from requests.auth import AuthBase

__all__ = ["JwtTokenAuth", "TokenAuth", "UsernamePasswordAuth"]


def _checked(name: str, value: object) -> str:
    """Refuse a missing credential where it is given, not at the first request."""
    if not isinstance(value, str):
        msg = f"{name} must be a string, not {type(value).__name__}."
        raise TypeError(msg)
    if not value or "\n" in value or "\r" in value:
        msg = f"{name} must not be empty or hold a line break."
        raise ValueError(msg)
    return value


class _Auth(AuthBase):
    """An `Authorization` header, and the strings that must never be shown."""

    def __init__(self, scheme: str, secret: str, *secrets: str) -> None:
        self._header = f"{scheme} {secret}"
        self.secrets = (secret, *secrets)

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
        super().__init__("BasicCreds", token, password)

    def __repr__(self) -> str:
        return f"tamr_widgets.UsernamePasswordAuth(username={self.username!r})"


class TokenAuth(_Auth):
    """A ready token: base64 of `username:password`, sent in the `BasicCreds` scheme."""

    def __init__(self, token: str) -> None:
        self.token = _checked("token", token)
        super().__init__("BasicCreds", token)


class JwtTokenAuth(_Auth):
    """A JSON web token, sent as `Bearer` (servers from v2022.010 on)."""

    def __init__(self, token: str) -> None:
        self.token = _checked("token", token)
        super().__init__("Bearer", token)


def redacted(text: str, auth: Any) -> str:
    """`text` without the secrets of `auth`, should a server echo them in an answer."""
    known = (getattr(auth, name, None) for name in ("password", "token"))
    for secret in (*getattr(auth, "secrets", ()), *known):
        if isinstance(secret, str) and secret:
            text = text.replace(secret, "***")
    return text
