"""Client: an `HttpClient` that knows operations.

Its constructor takes what the public client's takes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import requests

from ._clock import Seconds
from ._http.client import HttpClient
from ._http.config import auth_from_env, server_from_env
from ._http.transport import TOTAL_SECONDS
from ._http.urls import endpoint_url, operation_id
from ._operation.operation_list import OperationList
from ._operation.starts import Starts, checked_options
from .operation import Operation

__all__ = ["Client"]


class Client(HttpClient):
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
        super().__init__(
            auth,
            host,
            protocol,
            port,
            base_path,
            session,
            store_auth_cookie,
            total_seconds=total_seconds,
        )
        self._starts = Starts()

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

    def operations(self) -> list[Operation]:
        """All operations that the server knows of, newest first.

        Raises:
            TamrError: What `request` raises, or the error status or answer that came instead.
        """
        return OperationList(self).operations()

    def operation(self, resource_id: str | int) -> Operation:
        """The operation with this id, as it is now.

        Args:
            resource_id: Its id, or its path or address as they are copied.

        Raises:
            NotFound: The server has none.
            CrossOriginError: It is the address of another server.
        """
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
        options = checked_options(asynchronous, join, wait_options)
        operation = self._starts.start(
            endpoint_url(self.origin, self.base_path, endpoint),
            lambda: Operation.from_response(self, self.post(endpoint)),
            join=join,
        )
        return operation.apply_options(asynchronous, **options)
