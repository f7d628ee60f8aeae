"""Logging in: once for all threads, with a cookie that is sent from then on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import requests

from .address import endpoint_url
from .answers import json_of
from .auth import no_auth
from .boundary import translated
from .cookie import session_cookie
from .errors import UnexpectedAnswer
from .timing import Seconds, time_limit


class Login:
    """The login of one user at one server.

    Args:
        auth: Whose user name and password to log in with.
        origin: The server.
        base_path: Where its API is.
        session: Who keeps the cookie.

    Attributes:
        count: How many logins were answered so far.
        has_cookie: Whether one of them brought a cookie.
    """

    def __init__(self, auth: Any, origin: str, base_path: str, session: requests.Session) -> None:
        self.count = 0
        self.has_cookie = False
        self._auth, self._origin, self._base_path = auth, origin, base_path
        self._session = session
        self._lock = threading.Lock()

    def renew(
        self, seen: int, send: Callable[..., requests.Response], seconds: Seconds
    ) -> requests.Response | None:
        """Log in and return the answer, unless another thread has done so since `seen` logins.

        Args:
            seen: The count before the request that was answered 401.
            send: How to send a request.
            seconds: How long to wait for another thread that is logging in.

        Raises:
            TamrError: There was no answer, or none that can be read.
        """
        url = endpoint_url(self._origin, self._base_path, "instance:login")
        with translated(f"POST {url}"), time_limit(seconds) as limit:
            while not self._lock.acquire(timeout=limit.slice()):
                pass
        try:
            return self._log_in(url, send) if self.count == seen else None
        finally:
            self._lock.release()

    def _log_in(self, url: str, send: Callable[..., requests.Response]) -> requests.Response:
        credentials = {"username": self._auth.username, "password": self._auth.password}
        response = send("POST", url, {"json": credentials, "auth": no_auth})
        if response.ok:
            try:
                self._keep(json_of(response, f"POST {url}"))
            except UnexpectedAnswer as error:
                error.response = None  # it may hold half of a token
                raise error from None
        # Counted when the cookie is there: whoever asks from now on sends it.
        self.count += 1
        return response

    def _keep(self, answer: Any) -> None:
        token = answer.get("token") if isinstance(answer, dict) else None
        if isinstance(token, str):
            self._session.cookies.set_cookie(session_cookie(self._origin, self._base_path, token))
            self.has_cookie = True
