"""Clients of the public package, given the time limits and the errors of ours."""

from __future__ import annotations

from typing import Any

import requests

from .address import endpoint_url, redirect_url
from .answers import checked
from .auth import without_credentials
from .boundary import translated
from .client import Client
from .errors import ClientUnusable, NotAClient, Unauthorized
from .timing import time_limit
from .transport import TOTAL_SECONDS, within_limit

# What any client has, in this package and in the public one.
_NEEDED = ("request", "origin", "base_path")


def ask(client: Any, method: str, endpoint: str, **kwargs: Any) -> requests.Response:
    """Send a request through `client`, ours or a public one, and raise unless it was done.

    Raises:
        TamrError: What `Client.request` raises, or the error status that came back.
    """
    link = link_to(client)
    response = link.request(method, endpoint, **kwargs)
    return checked(response, f"{method} {endpoint}", link.auth)


def link_to(client: Any) -> Client | _Foreign:
    """What sends the requests of a client.

    Raises:
        ClientUnusable: There is no client: the snapshot that it belongs to was unpickled.
        NotAClient: Something is missing; the message says what.
    """
    if client is None:
        msg = (
            "This snapshot has no client, since it was pickled and a client is not. "
            "Operation.from_resource_id(client, id) fetches the operation anew."
        )
        raise ClientUnusable(msg)
    return client if isinstance(client, Client) else _Foreign(checked_client(client))


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


class _Foreign:
    """A public client with checked addresses and time limits.

    What its own code decides (login, connections, redirects of its session) stays as it is.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.auth = getattr(client, "auth", None)

    def request(self, method: str, endpoint: str, **kwargs: Any) -> requests.Response:
        """As `Client.request`, through the public client."""
        origin, base_path = str(self._client.origin), str(self._client.base_path)
        url = endpoint_url(origin, base_path, endpoint)
        with translated(f"{method} {url}"), time_limit(TOTAL_SECONDS):
            timeout = within_limit(kwargs.pop("timeout", None))
            options = {"timeout": timeout, "allow_redirects": False, **kwargs}
            try:
                response: requests.Response = self._client.request(method, endpoint, **options)
            except RecursionError as error:
                # It logs in again whenever its login is answered 401, without end.
                msg = f"{method} {url}: the server accepts no login. Check the user and password."
                raise Unauthorized(msg) from error
        if response.is_redirect:
            redirect_url(origin, url, response.headers["Location"])
        return without_credentials(response)
