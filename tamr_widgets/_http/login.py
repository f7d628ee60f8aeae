"""Logs in once for all threads of a client, and sends the login's cookie from then on.

The login belongs to the client: a session may be shared with another client, another user.
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
# Those before are redacted, too: a gateway may echo what it has seen a while ago.
MAX_TOKENS = 4


class Login:
    """The login of one user at one server.

    Args:
        auth: Whose user name and password to log in with.
        origin: The server.
        base_path: Where its API is.

    Attributes:
        count: How many logins were answered so far.
        tokens: The last tokens that they brought, the current one last.
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
        """Replaces the lock, which another thread of the parent may hold."""
        self._lock = threading.Lock()

    @property
    def has_cookie(self) -> bool:
        """Whether a login brought a token."""
        return bool(self.tokens)

    def token_for(self, url: str | None) -> str | None:
        """The current token if it may be sent to this address: to its origin, below its API."""
        if self.has_cookie and is_below(self._origin, self._cookie_path, url or ""):
            return self.tokens[-1]
        return None

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
        lock = self._lock
        with map_exceptions(f"POST {url}"), deadline(seconds) as limit:
            while not lock.acquire(timeout=limit.slice()):
                pass
        try:
            return self._log_in(url, send) if self.count == seen else None
        finally:
            lock.release()

    def _log_in(self, url: str, send: Callable[..., requests.Response]) -> requests.Response:
        # Not redacted, since a token may be known already.
        response = send("POST", url, {"auth": self._with_credentials}, ())
        if response.ok:
            try:
                self._keep(parse_json(response, f"POST {url}"))
            except UnexpectedResponse as error:
                error.response = None  # it may hold half of a token
                raise
            response._content = b""  # nobody needs the token twice
        redact(response, {*secrets_of(self._auth), *self.tokens})
        # Counted when the cookie is there: whoever asks from now on sends it.
        self.count += 1
        return response

    def _with_credentials(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Adds them here, since a traceback may show the arguments of a request."""
        credentials = {"username": self._auth.username, "password": self._auth.password}
        request.prepare_body(None, None, json=credentials)
        return request

    def _keep(self, answer: Any) -> None:
        token = answer.get("token") if isinstance(answer, dict) else None
        if isinstance(token, str) and token:
            self.tokens = (*self.tokens, token)[-MAX_TOKENS:]


class ClientAuth(AuthBase):
    """Sends the credentials of one client: its auth, or the cookie of its login.

    A session keeps the cookies that servers set. Where clients share one, each sends those that it
    got itself and those that the user has put there, but none that another client got.

    Args:
        auth: What to add; None for the client's own credentials.
        own_auth: The client's own auth, which its login replaces.
        login: The client's login.
        cookies: The cookies that the clients of the session got, see `cookies_of`.
    """

    def __init__(self, auth: Any, own_auth: Any, login: Login, cookies: Cookies) -> None:
        self._auth, self._own_auth = auth, own_auth
        self._login, self._cookies = login, cookies

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Adds the credentials, as requests asks an auth object to."""
        token = None if self._auth else self._login.token_for(request.url)
        auth = self._auth or (no_auth if self._login.has_cookie else self._own_auth)
        if isinstance(auth, tuple):
            auth = HTTPBasicAuth(*auth)
        self._set_cookies(request, token)
        request.register_hook("response", self._note_cookies)  # type: ignore[no-untyped-call]
        signed: requests.PreparedRequest = auth(request)
        return signed

    def _set_cookies(self, request: requests.PreparedRequest, token: str | None) -> None:
        jar: Any = getattr(request, "_cookies", None) or ()
        own = RequestsCookieJar()
        for cookie in jar:
            if not (self._is_anothers(cookie) or (token and cookie.name == AUTH_COOKIE)):
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

    def _is_anothers(self, cookie: Any) -> bool:
        value, owner = self._cookies.get(_key(cookie), (None, None))
        return owner is not None and value == cookie.value and owner() is not self._login

    def _note_cookies(self, response: Any, *_: Any, **__: Any) -> None:
        """Notes whose cookies these are. requests puts them into the session after this."""
        for cookie in getattr(response, "cookies", None) or ():
            self._cookies[_key(cookie)] = cookie.value, weakref.ref(self._login)


def _key(cookie: Any) -> tuple[str, str, str]:
    return cookie.domain, cookie.path, cookie.name


Cookies = MutableMapping[tuple[str, str, str], tuple[Any, Any]]
_cookies: weakref.WeakKeyDictionary[Any, Cookies] = weakref.WeakKeyDictionary()


def cookies_of(session: Any) -> Cookies:
    """The cookies that servers have set in a session, with the login of the client they are for."""
    try:
        return _cookies.setdefault(session, {})
    except TypeError:  # a session of a kind that can be no key
        return {}
