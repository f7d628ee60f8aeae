"""Applies this package's limits and errors to clients of the public package."""

from __future__ import annotations

from typing import Any

import requests

from ..auth import secrets_of
from ..errors import ClientClosed, NotAClient, Unauthorized
from .body import received
from .client import HttpClient
from .deadline import deadline
from .exception_mapping import map_exceptions
from .log_redaction import redacted_logs
from .overlay import overlaid
from .protocol import TamrClient
from .proxies import proxy_of, proxy_secrets
from .proxy_errors import check_proxy
from .redaction import Secrets
from .response import raise_for_status
from .transport import TOTAL_SECONDS, bounded, timeouts_within_deadline
from .urls import endpoint_url, redirect_url

# The attributes that clients of this package and of the public one have.
_REQUIRED = ("request", "origin", "base_path")


def send_request(
    client: TamrClient | None, method: str, endpoint: str, **kwargs: Any
) -> requests.Response:
    """Sends a request through a client of this package or a public one.

    Raises:
        TamrError: The request failed, see `HttpClient.request`, or the response has an error
            status, see `raise_for_status`.
    """
    sender = link_to(client)
    response = sender.request(method, endpoint, **kwargs)
    return raise_for_status(response, f"{method} {endpoint}", sender.auth)


def link_to(client: TamrClient | None) -> HttpClient | UnifyClientAdapter:
    """Returns the object that sends the requests of a client.

    Raises:
        ClientClosed: `client` is None, since its snapshot was unpickled.
        NotAClient: An attribute is missing; the message names it.
    """
    if client is None:
        msg = (
            "This snapshot has no client, since it was pickled, and a client cannot be pickled. "
            "Operation.from_resource_id(client, id) fetches the operation again."
        )
        raise ClientClosed(msg)
    return client if isinstance(client, HttpClient) else UnifyClientAdapter(checked_client(client))


def checked_client(client: Any) -> Any:
    """Returns `client` if it has the attributes that requests need.

    Raises:
        NotAClient: An attribute is missing; the message names it.
    """
    missing = [name for name in _REQUIRED if getattr(client, name, None) is None]
    if not missing and not callable(client.request):
        missing = ["a request method"]
    if missing:
        msg = (
            f"This needs a client of a Tamr server; {type(client).__name__} lacks "
            f"{', '.join(missing)}. Use tamr_widgets.Client or a client of the public package."
        )
        raise NotAClient(msg)
    return client


class _WithBoundedSession:
    """A layer over a public client that applies the deadline to the client's own code."""

    @property
    def session(self) -> requests.Session:
        return bounded(vars(self)["session"])

    @session.setter
    def session(self, session: requests.Session) -> None:
        vars(self)["session"] = session


def _bounded_client(client: Any) -> Any:
    """Returns a view of `client` with a bounded session, or `client` if that is impossible."""
    attributes = getattr(client, "__dict__", {})
    if isinstance(attributes.get("session"), requests.Session):
        return overlaid(client, _WithBoundedSession)
    return client


class UnifyClientAdapter:
    """A public client with checked addresses and limits of time and size.

    Its own code for logins, connections and redirects of its session is used unchanged. If it has
    no `session` in its `__dict__`, only the connect and read time-outs apply, and the size of a
    response is checked after it was read.
    """

    def __init__(self, client: TamrClient) -> None:
        self._client = _bounded_client(client)
        self.auth = getattr(client, "auth", None)

    def request(self, method: str, endpoint: str, **kwargs: Any) -> requests.Response:
        """Sends a request through the public client, see `HttpClient.request`."""
        origin, base_path = str(self._client.origin), str(self._client.base_path)
        url = endpoint_url(origin, base_path, endpoint)
        session = getattr(self._client, "session", None)
        proxy = lambda: proxy_of(session, url)  # noqa: E731
        secrets = Secrets({*secrets_of(self.auth), *proxy_secrets(session)})
        with (
            redacted_logs(secrets),
            map_exceptions(f"{method} {url}", proxy),
            deadline(TOTAL_SECONDS),
        ):
            timeout = timeouts_within_deadline(kwargs.pop("timeout", None))
            options = {"timeout": timeout, "allow_redirects": False, **kwargs}
            if isinstance(self._client, _WithBoundedSession):
                options["stream"] = True
            try:
                response = self._client.request(method, endpoint, **options)
            except RecursionError as error:
                # The public client retries a login that gets status 401 without end.
                msg = f"{method} {url}: the server accepts no login. Check the user and password."
                raise Unauthorized(msg) from error
            copy = received(response, f"{method} {url}", secrets=secrets)
        check_proxy(copy, f"{method} {url}", proxy)
        if copy.is_redirect:
            redirect_url(origin, url, copy.headers["Location"])
        return copy
