"""Sends requests to one origin through one session.

No request is sent to another origin, each has limits of time and size, and all errors are those of
`tamr_widgets.errors`.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

import requests
from urllib3.exceptions import InsecureRequestWarning

from .._clock import Seconds, checked_seconds
from .._text import MAX_LABEL_CHARS, MAX_LINE_CHARS, sanitize
from ..auth import can_log_in, checked_auth, secrets_of
from ..errors import ClientClosed
from .body import received
from .changes import record_change
from .deadline import deadline
from .exception_mapping import map_exceptions
from .log_redaction import redacted_logs
from .login import ClientAuth, Login, cookies_of
from .proxies import is_loopback, proxy_of, proxy_secrets, without_environment
from .proxy_errors import check_proxy
from .redaction import Secrets, redactor
from .response import raise_for_status, unexpected
from .retry import PASSING_STATUS
from .session import SingleOriginSession
from .transport import TOTAL_SECONDS, bounded, timeouts_within_deadline
from .urls import base_path_of, endpoint_url, origin_of, redirect_url

MAX_REDIRECTS = 3

C = TypeVar("C", bound="HttpClient")

_logger = logging.getLogger(__name__)


class HttpClient:
    """Sends requests to one server, on behalf of one user.

    Its arguments are those of `tamr_widgets.Client`.
    """

    def __init__(
        self,
        auth: Any,
        host: str = "localhost",
        protocol: str = "http",
        port: int | None = 9100,
        base_path: str = "/api/versioned/v1/",
        session: requests.Session | None = None,
        store_auth_cookie: bool = False,
        *,
        total_seconds: Seconds = TOTAL_SECONDS,
        label: str = "",
    ) -> None:
        self.origin = origin_of(protocol, host, port)
        self.auth = checked_auth(auth)
        self.host, self.protocol, self.port = host, protocol, port
        self.base_path = base_path_of(base_path)
        self.total_seconds = checked_seconds("total_seconds", total_seconds)
        self.label = _checked_label(label)
        self._owns_session = session is None
        self.session = session or SingleOriginSession()
        self._warns_unverified = True
        bounded(self.session)  # registers it, in case it is first used in a forked child
        self._closed = False
        self._login = Login(auth, self.origin, self.base_path)
        if store_auth_cookie:
            self.set_auth_cookie()

    def set_auth_cookie(self) -> None:
        """Logs in, to send the login's cookie from now on instead of the credentials.

        If the server refuses the login, the credentials are sent as before.

        Raises:
            TypeError: The client's auth is no UsernamePasswordAuth.
            TamrError: The login got no response, or one that cannot be parsed.
        """
        if not can_log_in(self.auth):
            msg = "An auth cookie needs a UsernamePasswordAuth: only that can log in."
            raise TypeError(msg)
        self._login.renew(self._login.count, self._send, self.total_seconds)

    def request(self, method: str, endpoint: str, **kwargs: Any) -> requests.Response:
        """Sends a request and returns the response, whatever its status.

        A GET follows up to three redirects within the origin.

        Args:
            method: `GET`, `POST`, ...
            endpoint: A path, relative to the base path or, with a leading slash, to the origin.
            **kwargs: As for `requests.request`, but `allow_redirects` has no effect. `timeout`
                replaces the connect and read time-outs (5 s and 30 s); `total_seconds` still
                applies, except to a streamed body.

        Raises:
            CrossOriginError: The endpoint, or a redirect, leads out of the origin.
            ConnectionFailed: The connection failed or broke; ProxyFailed if a proxy's did.
            RequestTimeout: A time-out or the deadline passed.
            UnexpectedResponse: The response cannot be decoded, is too large, or is a redirect of
                another method than GET.
            HTTPStatusError: The login had expired, and a new one failed temporarily (5xx, 429).
            ClientClosed: The client was closed.
        """
        method = method.upper()  # as requests does
        try:
            response = self._request(method, endpoint, kwargs)
        except BaseException as error:
            record_change(method, error)
            raise
        record_change(method, response)
        return response

    def _request(self, method: str, endpoint: str, kwargs: dict[str, Any]) -> requests.Response:
        """Sends a request, after a new login if the last one has expired."""
        if self._closed:
            msg = f"This client of {self.origin} was closed. Make a new Client."
            raise ClientClosed(msg)
        url = endpoint_url(self.origin, self.base_path, endpoint)
        logins = self._login.count
        response = self._follow(method, url, kwargs)
        if response.status_code == 401 and can_log_in(self.auth):
            login = self._login.renew(logins, self._send, self.total_seconds)
            if login is not None and login.status_code in PASSING_STATUS:
                raise_for_status(login, f"POST {login.url}", self.auth)
            if _is_repeatable(kwargs):
                response.close()
                response = self._follow(method, url, kwargs)
        # Polls use GET, and INFO would print a line into the running cell for each.
        level = logging.DEBUG if method in ("GET", "HEAD") else logging.INFO
        if _logger.isEnabledFor(level):
            _logger.log(level, "%s %s : %s", method, self._shown(url), response.status_code)
        return response

    def get(self, endpoint: str, **kwargs: Any) -> requests.Response:
        """Sends a GET request, see `request`."""
        return self.request("GET", endpoint, **kwargs)

    def post(self, endpoint: str, **kwargs: Any) -> requests.Response:
        """Sends a POST request, see `request`; never again once the server may have received it."""
        return self.request("POST", endpoint, **kwargs)

    def put(self, endpoint: str, **kwargs: Any) -> requests.Response:
        """Sends a PUT request, see `request`."""
        return self.request("PUT", endpoint, **kwargs)

    def delete(self, endpoint: str, **kwargs: Any) -> requests.Response:
        """Sends a DELETE request, see `request`."""
        return self.request("DELETE", endpoint, **kwargs)

    @property
    def closed(self) -> bool:
        """Whether the client was closed."""
        return self._closed

    def close(self) -> None:
        """Closes the client's own session; later requests raise ClientClosed."""
        self._closed = True
        if self._owns_session:
            self.session.close()

    def __enter__(self: C) -> C:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self, method: str, url: str, kwargs: dict[str, Any]) -> requests.Response:
        """Sends a request, and follows redirects of GET within the origin."""
        response = self._send(method, url, kwargs)
        for _ in range(MAX_REDIRECTS):
            if not response.is_redirect:
                break
            target = redirect_url(self.origin, url, response.headers["Location"])
            if method != "GET":
                received_form = f"a redirect to {sanitize(target, MAX_LINE_CHARS)}"
                raise unexpected(response, f"{method} {url}", received_form)
            response.close()
            url = target
            response = self._send(method, url, {**kwargs, "params": None})
        return response

    def _send(
        self, method: str, url: str, kwargs: dict[str, Any], secrets: Iterable[str] | None = None
    ) -> requests.Response:
        """Sends one request with the client's credentials and limits, without redirects."""
        cookies = cookies_of(self.session)
        auth = ClientAuth(kwargs.get("auth"), self.auth, self._login, cookies)
        options = {**kwargs, "auth": auth, "allow_redirects": False, "stream": True}
        if is_loopback(self.host):
            options["proxies"] = kwargs.get("proxies") or without_environment(self.session)
        all_secrets = Secrets(self._secrets() | secrets_of(kwargs.get("auth")))
        with (
            redacted_logs(all_secrets),
            map_exceptions(f"{method} {url}", lambda: proxy_of(self.session, url)),
            deadline(self.total_seconds) as current,
        ):
            options["timeout"] = timeouts_within_deadline(kwargs.get("timeout"))
            session = bounded(self.session, self._warn_unverified)
            response = session.request(method, url, **options)
            stream = bool(kwargs.get("stream"))
            secrets = all_secrets if secrets is None else secrets
            copy = received(response, f"{method} {url}", secrets=secrets, stream=stream)
            if stream:
                current.lift()
        check_proxy(copy, f"{method} {url}", lambda: proxy_of(self.session, url))
        return copy

    def _warn_unverified(self) -> None:
        """Warns once, on the main thread: a background thread's warning appears in any cell."""
        if self._warns_unverified and threading.current_thread() is threading.main_thread():
            self._warns_unverified = False
            msg = (
                f"The certificate of {self.origin} is not checked (verify=False), so anybody in "
                "between can read and change what is sent."
            )
            warnings.warn(msg, InsecureRequestWarning, stacklevel=2)

    def _secrets(self) -> Secrets:
        """Returns the secrets of the auth, the login and the proxies."""
        proxies = proxy_secrets(self.session)
        return Secrets({*secrets_of(self.auth), *self._login.tokens, *proxies})

    def _shown(self, url: str) -> str:
        return redactor(self._secrets()).text(sanitize(url, MAX_LINE_CHARS))

    def __repr__(self) -> str:
        return (
            f"tamr_widgets.{type(self).__name__}(host={self.host!r}, protocol={self.protocol!r}, "
            f"port={self.port!r}, base_path={self.base_path!r}, auth={type(self.auth).__name__}"
            + (f", label={self.label!r})" if self.label else ")")
        )

    def __reduce__(self) -> NoReturn:
        msg = "A Client holds credentials and is not pickled. Make a new one where it is needed."
        raise TypeError(msg)


def _checked_label(label: object) -> str:
    """Returns a label without surrounding blanks.

    Raises:
        TypeError: It is no string.
        ValueError: It is too long, or has characters that cannot be shown in one line.
    """
    if not isinstance(label, str):
        msg = f"label must be a string such as 'production', not {type(label).__name__}."
        raise TypeError(msg)
    label = label.strip()
    if len(label) > MAX_LABEL_CHARS or not label.isprintable():
        msg = (
            f"label must be one line of at most {MAX_LABEL_CHARS} characters, such as 'production'."
        )
        raise ValueError(msg)
    return label


def _is_repeatable(kwargs: dict[str, Any]) -> bool:
    """Whether the body can be sent again: a file or an iterator has been consumed."""
    data = kwargs.get("data")
    is_consumed = hasattr(data, "read") or hasattr(data, "__next__") or kwargs.get("files")
    return not is_consumed
