"""One Tamr origin, one session: the only place that speaks HTTP.

`Client` takes what the public client's constructor takes. A request never leaves its origin,
always has time limits, and raises only what `errors` lists.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import requests
from urllib3.exceptions import InsecureRequestWarning

from ._http.body import received
from ._http.config import auth_from_env, server_from_env
from ._http.deadline import Seconds, checked_seconds, deadline
from ._http.exception_mapping import check_proxy, map_exceptions
from ._http.log_redaction import redacted_logs
from ._http.login import ClientAuth, Login, cookies_of
from ._http.proxies import is_loopback, proxy_of, proxy_secrets, without_environment
from ._http.redaction import Secrets, redactor
from ._http.response import raise_for_status, unexpected
from ._http.retry import PASSING_STATUS
from ._http.session import SingleOriginSession
from ._http.transport import TOTAL_SECONDS, bounded, timeouts_within_deadline
from ._http.urls import base_path_of, endpoint_url, operation_id, origin_of, redirect_url
from ._operation.starts import Starts, checked_options
from ._operation.status_message import sanitize
from .auth import can_log_in, checked_auth, secrets_of
from .errors import ClientClosed

if TYPE_CHECKING:
    from .operation import Operation

__all__ = ["Client"]

REDIRECTS = 3
ADDRESS_CHARS = 300

_logger = logging.getLogger(__name__)


class Client:
    """Talks to one Tamr server, on behalf of one user.

    Args:
        auth: `UsernamePasswordAuth`, `TokenAuth` or `JwtTokenAuth`.
        host: Where Tamr runs, without protocol or port.
        protocol: `http` or `https`.
        port: Tamr's port; None for the protocol's own (80 or 443).
        base_path: Endpoints without a leading slash are relative to it.
        session: A session with your own proxies, certificates or adapters. It is used as it is:
            the time limits hold on its adapters, too, and it is not written to.
        store_auth_cookie: Log in once and send the session's cookie from then on, instead of the
            credentials with each request.
        total_seconds: The time limit of one request in all, answer included.

    Raises:
        ValueError: An argument that cannot be part of an address.
        TypeError: `auth` is none, or another argument has the wrong type.

    Example:
        >>> with Client(UsernamePasswordAuth("admin", "..."), host="tamr.example.com") as client:
        ...     operation = client.operation("17")
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
    ) -> None:
        self.origin = origin_of(protocol, host, port)
        self.auth = checked_auth(auth)
        self.host, self.protocol, self.port = host, protocol, port
        self.base_path = base_path_of(base_path)
        self.total_seconds = checked_seconds("total_seconds", total_seconds)
        self._owns_session = session is None
        self.session = session or SingleOriginSession()
        self._warns_unverified = True
        bounded(self.session)  # also if it is first used in a forked child
        self._closed = False
        self._login = Login(auth, self.origin, self.base_path)
        self._starts = Starts()
        if store_auth_cookie:
            if not can_log_in(auth):
                msg = "store_auth_cookie needs a UsernamePasswordAuth: only that can log in."
                raise TypeError(msg)
            self._login.renew(0, self._send, self.total_seconds)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **options: Any) -> Client:
        """A client from TAMR_URL and TAMR_USERNAME with TAMR_PASSWORD, or TAMR_TOKEN.

        Args:
            environ: Where to look for them.
            **options: Passed on to the constructor.

        Raises:
            ValueError: One of them is missing or cannot be used; the message names it.
        """
        return cls(auth_from_env(environ), **server_from_env(environ), **options)

    def request(self, method: str, endpoint: str, **kwargs: Any) -> requests.Response:
        """Send a request and return the answer, whatever its status.

        Args:
            method: `GET`, `POST`, ...
            endpoint: A path, relative to the base path or, with a leading slash, to the origin.
            **kwargs: As for `requests.request`. `timeout` replaces the connect and read limits
                (5 s and 30 s); the total limit stays, except for what is read as a stream.

        Raises:
            CrossOriginError: The endpoint, or a redirect, leads out of the origin.
            ConnectionFailed: No connection, or it broke; ProxyFailed if a proxy did not connect.
            RequestTimeout: A time limit ran out.
            HTTPStatusError: The session had expired, and logging in anew failed for now (5xx, 429).
            ClientClosed: The client was closed.
        """
        if self._closed:
            msg = f"This client of {self.origin} was closed. Make a new Client."
            raise ClientClosed(msg)
        url = endpoint_url(self.origin, self.base_path, endpoint)
        logins = self._login.count
        response = self._follow(method, url, kwargs)
        if response.status_code == 401 and can_log_in(self.auth):
            answer = self._login.renew(logins, self._send, self.total_seconds)
            if answer is not None and answer.status_code in PASSING_STATUS:
                raise_for_status(answer, f"POST {answer.url}", self.auth)
            if _repeatable(kwargs):
                response.close()
                response = self._follow(method, url, kwargs)
        # Polls are GET, and would write a line into whatever cell runs.
        level = logging.DEBUG if method.upper() in ("GET", "HEAD") else logging.INFO
        if _logger.isEnabledFor(level):
            _logger.log(level, "%s %s : %s", method, self._shown(url), response.status_code)
        return response

    def get(self, endpoint: str, **kwargs: Any) -> requests.Response:
        """`request` with GET."""
        return self.request("GET", endpoint, **kwargs)

    def post(self, endpoint: str, **kwargs: Any) -> requests.Response:
        """`request` with POST. It is never repeated once it may have reached the server."""
        return self.request("POST", endpoint, **kwargs)

    def put(self, endpoint: str, **kwargs: Any) -> requests.Response:
        """`request` with PUT."""
        return self.request("PUT", endpoint, **kwargs)

    def delete(self, endpoint: str, **kwargs: Any) -> requests.Response:
        """`request` with DELETE."""
        return self.request("DELETE", endpoint, **kwargs)

    # The three below are for convenience; operation.py builds on this module, not it on that one.

    def operations(self) -> list[Operation]:
        """All operations that the server knows of, newest first.

        Raises:
            TamrError: What `request` raises, or the error status or answer that came instead.
        """
        from ._operation.operation_list import OperationList  # noqa: PLC0415

        return OperationList(self).operations()

    def operation(self, resource_id: str | int) -> Operation:
        """The operation with this id, as it is now.

        Args:
            resource_id: Its id, or its path or address as they are copied.

        Raises:
            NotFound: The server has none.
            CrossOriginError: It is the address of another server.
        """
        from .operation import Operation  # noqa: PLC0415

        return Operation.from_resource_id(self, operation_id(self.origin, resource_id))

    def start(
        self,
        endpoint: str,
        asynchronous: bool = False,
        *,
        join: bool = False,
        **wait_options: Any,
    ) -> Operation:
        """Start a job by a POST, such as to `projects/1/unifiedDataset:refresh`.

        Args:
            endpoint: What to post to.
            asynchronous: Return at once, with the operation as it was started.
            join: Return the operation that this client started last at this endpoint if that has
                not ended, and start no second one.
            **wait_options: Else passed to `Operation.wait`.

        Raises:
            TypeError, ValueError: An option that does not exist or makes no sense; nothing is sent.
        """
        from .operation import Operation  # noqa: PLC0415

        options = checked_options(asynchronous, join, wait_options)
        operation = self._starts.start(
            endpoint_url(self.origin, self.base_path, endpoint),
            lambda: Operation.from_response(self, self.post(endpoint)),
            join=join,
        )
        return operation.apply_options(asynchronous, **options)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Close the connections. Requests after this raise ClientClosed."""
        self._closed = True
        if self._owns_session:
            self.session.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self, method: str, url: str, kwargs: dict[str, Any]) -> requests.Response:
        """Send, and follow redirects of GET within the origin."""
        response = self._send(method, url, kwargs)
        for _ in range(REDIRECTS):
            if not response.is_redirect:
                break
            target = redirect_url(self.origin, url, response.headers["Location"])
            if method != "GET":
                came = f"a redirect to {sanitize(target, ADDRESS_CHARS)}"
                raise unexpected(response, f"{method} {url}", came)
            response.close()
            url = target
            response = self._send(method, url, {**kwargs, "params": None})
        return response

    def _send(
        self, method: str, url: str, kwargs: dict[str, Any], secrets: Iterable[str] | None = None
    ) -> requests.Response:
        """One exchange on the wire, with the credentials of this client and within its limits."""
        cookies = cookies_of(self.session)
        auth = ClientAuth(kwargs.get("auth"), self.auth, self._login, cookies)
        options = {**kwargs, "auth": auth, "allow_redirects": False, "stream": True}
        if is_loopback(self.host):
            options["proxies"] = kwargs.get("proxies") or without_environment(self.session)
        known = Secrets(self._secrets() | secrets_of(kwargs.get("auth")))
        with (
            redacted_logs(known),
            map_exceptions(f"{method} {url}", lambda: proxy_of(self.session, url)),
            deadline(self.total_seconds) as limit,
        ):
            options["timeout"] = timeouts_within_deadline(kwargs.get("timeout"))
            session = bounded(self.session, self._warn_unverified)
            response = session.request(method, url, **options)
            stream = bool(kwargs.get("stream"))
            secrets = known if secrets is None else secrets
            copy = received(response, f"{method} {url}", secrets=secrets, stream=stream)
            if stream:
                limit.lift()
        check_proxy(copy, f"{method} {url}", lambda: proxy_of(self.session, url))
        return copy

    def _warn_unverified(self) -> None:
        """Warns once, and on the user's thread: another one's warning lands in any cell."""
        if self._warns_unverified and threading.current_thread() is threading.main_thread():
            self._warns_unverified = False
            msg = (
                f"The certificate of {self.origin} is not checked (verify=False), so anybody in "
                "between can read and change what is sent."
            )
            warnings.warn(msg, InsecureRequestWarning, stacklevel=2)

    def _secrets(self) -> Secrets:
        """What nobody may see of all that this client sends."""
        proxies = proxy_secrets(self.session)
        return Secrets({*secrets_of(self.auth), *self._login.tokens, *proxies})

    def _shown(self, url: str) -> str:
        return redactor(self._secrets()).text(sanitize(url, ADDRESS_CHARS))

    def __repr__(self) -> str:
        return (
            f"tamr_widgets.Client(host={self.host!r}, protocol={self.protocol!r}, "
            f"port={self.port!r}, base_path={self.base_path!r}, auth={type(self.auth).__name__})"
        )

    def __reduce__(self) -> NoReturn:
        msg = "A Client holds credentials and is not pickled. Make a new one where it is needed."
        raise TypeError(msg)


def _repeatable(kwargs: dict[str, Any]) -> bool:
    """Whether the body can be sent again: one that is read from somewhere was used up."""
    data = kwargs.get("data")
    used_up = hasattr(data, "read") or hasattr(data, "__next__") or kwargs.get("files")
    return not used_up
