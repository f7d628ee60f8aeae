"""Checks the credentials of requests: a username and password, and session tokens."""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

COOKIE = "authToken"


class Credentials:
    """The username, the password and the valid tokens, none of which is logged or shown."""

    def __init__(self, username: str, password: str) -> None:
        self.username = username
        self._password = password
        self._tokens: set[str] = set()
        self._lock = threading.Lock()

    def login(self, username: object, password: object) -> str | None:
        """Returns a new token, or None when the username or the password is wrong."""
        credentials = f"{username}:{password}".encode()
        if not hmac.compare_digest(credentials, f"{self.username}:{self._password}".encode()):
            return None
        return self.new_token()

    def new_token(self) -> str:
        """Returns a token that is valid until sessions expire."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens.add(token)
        return token

    def expire(self) -> None:
        """Invalidates all tokens."""
        with self._lock:
            self._tokens.clear()

    def accept(self, headers: Mapping[str, str]) -> bool:
        """Whether a request's header or cookie has valid credentials."""
        scheme, _, value = headers.get("Authorization", "").partition(" ")
        if scheme == "BasicCreds" and self._is_password(value):
            return True
        tokens = {value} if scheme in {"BasicCreds", "Bearer"} else set()
        tokens |= {_cookie(headers)}
        with self._lock:
            return not self._tokens.isdisjoint(tokens)

    def _is_password(self, value: str) -> bool:
        plain = f"{self.username}:{self._password}"
        valid = [base64.b64encode(plain.encode())]
        # The public client encodes in Latin-1.
        if all(ord(character) < 256 for character in plain):
            valid.append(base64.b64encode(plain.encode("latin-1")))
        return any(hmac.compare_digest(value.encode(), form) for form in valid)


def credential_types(headers: Mapping[str, str]) -> str:
    """Returns the types of a request's credentials, for the log, without their values."""
    scheme = headers.get("Authorization", "").partition(" ")[0]
    names = {"": [], "BasicCreds": ["basic"], "Bearer": ["bearer"]}.get(scheme, ["other"])
    if _cookie(headers):
        names = [*names, "cookie"]
    return "+".join(names) or "none"


def _cookie(headers: Mapping[str, str]) -> str:
    if "Cookie" not in headers:
        return ""
    try:
        morsel = SimpleCookie(headers["Cookie"]).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
