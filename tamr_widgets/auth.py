"""How a client proves who it is: the three ways that Tamr accepts.

The classes take what their namesakes in `tamr_unify_client.auth` take. None of them shows its
secret in a repr, and none can be pickled. The functions take secrets out of what is shown or kept;
they know the public package's classes, too.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any, NoReturn

from requests import PreparedRequest, Response
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
    """An `Authorization` header, and the strings that must never be shown."""

    def __init__(self, scheme: str, secret: str) -> None:
        self._header = f"{scheme} {secret}"
        self.secrets = _secrets(self)

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


def redacted(text: str, auth: Any) -> str:
    """`text` without the secrets of `auth`, should a server echo them in an answer."""
    for secret in _secrets(auth):
        text = text.replace(secret, "***")
    return text


def redact_body(response: Response, auth: Any) -> None:
    """Take the secrets of `auth` out of an answer that somebody will keep."""
    body = response.content
    for secret in _secrets(auth):
        body = body.replace(secret.encode(), b"***")
    response._content = body


def _secrets(auth: Any) -> list[str]:
    found = [getattr(auth, "password", None), getattr(auth, "token", None)]
    if can_log_in(auth):
        pair = f"{auth.username}:{auth.password}"
        found += [b64encode(pair.encode(form, "replace")).decode() for form in ("utf-8", "latin-1")]
    known = {each for each in found if isinstance(each, str) and each}
    return sorted(known, key=len, reverse=True)


def without_credentials(response: Response) -> Response:
    """`response`, keeping nothing secret of its request: answers end up in errors and pickles."""
    kept = response.request.copy()
    for name in ("Authorization", "Cookie"):
        kept.headers.pop(name, None)
    kept._cookies = None  # type: ignore[attr-defined]
    if "instance:login" in (kept.url or ""):
        kept.body = None
    response.request = kept
    # Where requests would follow a redirect to, with credentials.
    response._next = None  # type: ignore[attr-defined]
    return response
