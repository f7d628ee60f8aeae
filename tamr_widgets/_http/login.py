"""Logs in once for all threads of a client, and adds the login's cookie to its requests.

The login belongs to the client, not to its session, which another user's client may share.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, MutableMapping
from typing import Any

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from requests.cookies import RequestsCookieJar, get_cookie_header

from .. import _fork
from .._clock import Seconds
from ..auth import no_auth, secrets_of
from ..errors import UnexpectedResponse
from .deadline import deadline
from .exception_mapping import map_exceptions
from .response import parse_json
from .response_redaction import redact
from .urls import endpoint_url, is_below

AUTH_COOKIE = "authToken"
# Former tokens are redacted, too: a gateway may echo an older request.
MAX_TOKENS = 4


class Login:
    """The login of one user at one server.

    Args:
        auth: Holds the user name and the password.
        origin: The origin of the server.
        base_path: The base path of its API.

    Attributes:
        count: The number of logins that got a response.
        tokens: The last tokens received, the current one last.
    """

    def __init__(self, auth: Any, origin: str, base_path: str) -> None:
        self.count = 0
        self.tokens: tuple[str, ...] = ()
        self._auth, self._origin, self._base_path = auth, origin, base_path
        prefix, api, _ = base_path.partition("/api/")
        self._cookie_path = f"{prefix}/api/" if api else "/"
        self.renew_after_fork()
        _fork.register(self)

    def renew_after_fork(self) -> None:
        """Replaces the lock, which another thread of the parent process may hold."""
        self._lock = threading.Lock()

    @property
    def has_cookie(self) -> bool:
        """Whether a login returned a token."""
        return bool(self.tokens)

    def token_for(self, url: str | None) -> str | None:
        """Returns the current token if the URL is below the API of its origin, else None."""
        if self.has_cookie and is_below(self._origin, self._cookie_path, url or ""):
            return self.tokens[-1]
        return None

    def renew(
        self, last_count: int, send: Callable[..., requests.Response], seconds: Seconds
    ) -> requests.Response | None:
        """Logs in and returns the response, or None if another thread has logged in meanwhile.

        Args:
            last_count: The value of `count` before the request that got status 401.
            send: Sends a request.
            seconds: The maximum time to wait for another thread's login.

        Raises:
            TamrError: The login got no response, or one that cannot be parsed.
        """
        url = endpoint_url(self._origin, self._base_path, "instance:login")
        lock = self._lock
        with map_exceptions(f"POST {url}"), deadline(seconds) as current:
            while not lock.acquire(timeout=current.slice()):
                pass
        try:
            return self._log_in(url, send) if self.count == last_count else None
        finally:
            lock.release()

    def _log_in(self, url: str, send: Callable[..., requests.Response]) -> requests.Response:
        # Not redacted by `send`: the new token may equal a former one.
        response = send("POST", url, {"auth": self._with_credentials}, ())
        if response.ok:
            try:
                self._store_token(parse_json(response, f"POST {url}"))
            except UnexpectedResponse as error:
                error.response = None  # it may hold a part of a token
                raise
            response._content = b""  # the token is stored here only
        redact(response, {*secrets_of(self._auth), *self.tokens})
        # Counted after the token is stored, so that a request with this count sends it.
        self.count += 1
        return response

    def _with_credentials(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Adds the credentials to the body here: a traceback may show a request's arguments."""
        credentials = {"username": self._auth.username, "password": self._auth.password}
        request.prepare_body(None, None, json=credentials)
        return request

    def _store_token(self, document: Any) -> None:
        token = document.get("token") if isinstance(document, dict) else None
        if isinstance(token, str) and token:
            self.tokens = (*self.tokens, token)[-MAX_TOKENS:]


class ClientAuth(AuthBase):
    """Adds the credentials of one client to a request: its auth, or the cookie of its login.

    A session stores the cookies that servers set. Where clients share a session, each sends the
    cookies that it received itself and those that the user added, but no other client's.

    Args:
        auth: The auth of this request; None for the client's own credentials.
        own_auth: The client's own auth, which its login replaces.
        login: The client's login.
        cookies: The cookies received by the clients of the session, see `cookies_of`.
    """

    def __init__(self, auth: Any, own_auth: Any, login: Login, cookies: Cookies) -> None:
        self._auth, self._own_auth = auth, own_auth
        self._login, self._cookies = login, cookies

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Adds the credentials; called by requests."""
        token = None if self._auth else self._login.token_for(request.url)
        auth = self._auth or (no_auth if self._login.has_cookie else self._own_auth)
        if isinstance(auth, tuple):
            auth = HTTPBasicAuth(*auth)
        self._set_cookies(request, token)
        request.register_hook("response", self._record_cookies)  # type: ignore[no-untyped-call]
        signed: requests.PreparedRequest = auth(request)
        return signed

    def _set_cookies(self, request: requests.PreparedRequest, token: str | None) -> None:
        jar: Any = getattr(request, "_cookies", None) or ()
        own = RequestsCookieJar()
        for cookie in jar:
            if not (self._is_of_another(cookie) or (token and cookie.name == AUTH_COOKIE)):
                own.set_cookie(cookie)
        if len(own) < len(list(jar)):
            header = request.headers.pop("Cookie", None)
            if header == get_cookie_header(jar, request):  # type: ignore[no-untyped-call]
                header = get_cookie_header(own, request)  # type: ignore[no-untyped-call]
            if header:
                request.headers["Cookie"] = header
        if token:
            cookies = request.headers.get("Cookie")
            sent = f"{AUTH_COOKIE}={token}"
            request.headers["Cookie"] = f"{cookies}; {sent}" if cookies else sent

    def _is_of_another(self, cookie: Any) -> bool:
        value, owner = self._cookies.get(_key(cookie), (None, None))
        return owner is not None and value == cookie.value and owner() is not self._login

    def _record_cookies(self, response: Any, *_: Any, **__: Any) -> None:
        """Records the owner of received cookies; requests then adds them to the session."""
        for cookie in getattr(response, "cookies", None) or ():
            self._cookies[_key(cookie)] = cookie.value, weakref.ref(self._login)


def _key(cookie: Any) -> tuple[str, str, str]:
    return cookie.domain, cookie.path, cookie.name


Cookies = MutableMapping[tuple[str, str, str], tuple[Any, Any]]
_cookies: weakref.WeakKeyDictionary[Any, Cookies] = weakref.WeakKeyDictionary()


def cookies_of(session: Any) -> Cookies:
    """Returns the cookies that servers set in a session, each with its value and owning login."""
    try:
        return _cookies.setdefault(session, {})
    except TypeError:  # a session that is not hashable or not weakly referable
        return {}
