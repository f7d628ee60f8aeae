"""Clients of the public package, given the time limits and the errors of ours."""

from __future__ import annotations

from typing import Any

import requests

from ..auth import secrets_of
from ..errors import ClientClosed, NotAClient, Unauthorized
from .body import received
from .client import HttpClient
from .deadline import deadline
from .exception_mapping import check_proxy, map_exceptions
from .log_redaction import redacted_logs
from .overlay import overlaid
from .protocol import TamrClient
from .proxies import proxy_of, proxy_secrets
from .redaction import Secrets
from .response import raise_for_status
from .transport import TOTAL_SECONDS, bounded, timeouts_within_deadline
from .urls import endpoint_url, redirect_url

# What any client has, in this package and in the public one.
_NEEDED = ("request", "origin", "base_path")


def send_request(
    client: TamrClient | None, method: str, endpoint: str, **kwargs: Any
) -> requests.Response:
    """Send a request through `client`, ours or a public one, and raise unless it was done.

    Raises:
        TamrError: What `HttpClient.request` raises, or the error status that came back.
    """
    link = link_to(client)
    response = link.request(method, endpoint, **kwargs)
    return raise_for_status(response, f"{method} {endpoint}", link.auth)


def link_to(client: TamrClient | None) -> HttpClient | UnifyClientAdapter:
    """What sends the requests of a client.

    Raises:
        ClientClosed: There is no client: the snapshot that it belongs to was unpickled.
        NotAClient: Something is missing; the message says what.
    """
    if client is None:
        msg = (
            "This snapshot has no client, since it was pickled and a client is not. "
            "Operation.from_resource_id(client, id) fetches the operation anew."
        )
        raise ClientClosed(msg)
    return client if isinstance(client, HttpClient) else UnifyClientAdapter(checked_client(client))


def checked_client(client: Any) -> Any:
    """`client`, if it has what is needed to ask a server.

    Raises:
        NotAClient: Something is missing; the message says what.
    """
    missing = [name for name in _NEEDED if getattr(client, name, None) is None]
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
    """Lies over a public client, so that its own code sends within the limits, too."""

    @property
    def session(self) -> requests.Session:
        return bounded(vars(self)["session"])

    @session.setter
    def session(self, session: requests.Session) -> None:
        vars(self)["session"] = session


def _bounded_client(client: Any) -> Any:
    """A view of `client` with a bounded session, or `client` where its class allows no view."""
    attributes = getattr(client, "__dict__", {})
    if isinstance(attributes.get("session"), requests.Session):
        return overlaid(client, _WithBoundedSession)
    return client


class UnifyClientAdapter:
    """A public client with checked addresses and limits of time and size.

    What its own code decides (login, connections, redirects of its session) stays as it is. Where
    its session cannot be found, only the connect and read time-outs hold, and the size of a
    response is looked at when it has been read.
    """

    def __init__(self, client: TamrClient) -> None:
        self._client = _bounded_client(client)
        self.auth = getattr(client, "auth", None)

    def request(self, method: str, endpoint: str, **kwargs: Any) -> requests.Response:
        """As `HttpClient.request`, through the public client."""
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
                # It logs in again whenever its login is answered 401, without end.
                msg = f"{method} {url}: the server accepts no login. Check the user and password."
                raise Unauthorized(msg) from error
            copy = received(response, f"{method} {url}", secrets=secrets)
        check_proxy(copy, f"{method} {url}", proxy)
        if copy.is_redirect:
            redirect_url(origin, url, copy.headers["Location"])
        return copy
