"""Clients of the public package, given the time limits and the errors of ours."""

from __future__ import annotations

from typing import Any

import requests

from .address import endpoint_url, redirect_url
from .answers import checked
from .auth import secrets_of
from .boundary import check_proxy, translated
from .client import Client
from .errors import ClientUnusable, Unauthorized
from .log_redaction import redacted_logs
from .proxies import proxy_of, proxy_secrets
from .response import received
from .timing import time_limit
from .transport import TOTAL_SECONDS, within_limit


def ask(client: Any, method: str, endpoint: str, **kwargs: Any) -> requests.Response:
    """Send a request through `client`, ours or a public one, and raise unless it was done.

    Raises:
        TamrError: What `Client.request` raises, or the error status that came back.
    """
    if client is None:
        msg = (
            "This snapshot has no client, since it was pickled and a client is not. "
            "Operation.from_resource_id(client, id) fetches the operation anew."
        )
        raise ClientUnusable(msg)
    link = client if isinstance(client, Client) else _Foreign(client)
    response = link.request(method, endpoint, **kwargs)
    return checked(response, f"{method} {endpoint}", link.auth)


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
        session = getattr(self._client, "session", None)
        proxy = lambda: proxy_of(session, url)  # noqa: E731
        secrets = {*secrets_of(self.auth), *proxy_secrets(session)}
        with (
            redacted_logs(secrets),
            translated(f"{method} {url}", proxy),
            time_limit(TOTAL_SECONDS),
        ):
            timeout = within_limit(kwargs.pop("timeout", None))
            options = {"timeout": timeout, "allow_redirects": False, **kwargs}
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
