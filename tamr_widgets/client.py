"""Defines the client of a Tamr server.

Its constructor has the parameters of the public package's client.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ._http.client import HttpClient
from ._http.config import auth_from_env, server_from_env
from ._http.urls import endpoint_url, operation_id
from ._operation.operation_list import OperationList
from ._operation.parse import NOOP
from ._operation.starts import Starts, checked_options
from .operation import Operation

__all__ = ["Client"]


class Client(HttpClient):
    """Sends the requests of one user to one Tamr server, and returns its operations.

    Args:
        auth: `UsernamePasswordAuth`, `TokenAuth` or `JwtTokenAuth`.
        host: The server's host name, without protocol or port.
        protocol: `http` or `https`.
        port: Tamr's port; None for the protocol's default (80 or 443).
        base_path: The path to which endpoints without a leading slash are relative.
        session: A session with your own proxies, certificates or adapters. It is not modified; the
            deadlines apply to its adapters, too.
        store_auth_cookie: Whether to log in once and then send the login's cookie, instead of the
            credentials with each request.
        total_seconds: The maximum duration of one request, including the response.
        label: The name that people use for this server, such as `production`. Widgets,
            notifications and saved outputs show it instead of host and port.

    Attributes:
        origin: Scheme, host and port of the server, as requests normalizes them. The arguments are
            attributes of the same names, too, except for `store_auth_cookie`.

    Raises:
        ValueError: An argument cannot be part of an address, `total_seconds` is out of range, or
            `label` is longer than a line of 60 characters.
        TypeError: `auth` is no auth object, or not one that can log in for `store_auth_cookie`; or
            another argument has the wrong type.
        TamrError: The login of `store_auth_cookie` got no response, or one that cannot be parsed.

    Example:
        >>> with Client(UsernamePasswordAuth("admin", "..."), host="tamr.example.com") as client:
        ...     operation = client.operation("17")
    """

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **options: Any) -> Client:
        """Creates a client from TAMR_URL and TAMR_USERNAME with TAMR_PASSWORD, or TAMR_TOKEN.

        Args:
            environ: The environment variables.
            **options: Further arguments of the constructor.

        Raises:
            ValueError: A variable is missing or invalid; the message names it.
            TypeError, TamrError: As for the constructor.
        """
        return cls(auth_from_env(environ), **server_from_env(environ), **options)

    def operations(self) -> list[Operation]:
        """Fetches all operations of the server, newest first.

        Raises:
            TamrError: The request failed, or the response has an error status or is no list.
        """
        return OperationList(self).operations()

    def active(self) -> list[Operation]:
        """Fetches the operations that have not ended, newest first.

        Raises:
            TamrError: The request failed, or the response has an error status or is no list.
        """
        return [operation for operation in self.operations() if not operation.resolved]

    def operation(self, resource_id: str | int) -> Operation:
        """Fetches the operation with this id.

        Args:
            resource_id: The id of the operation, its path, or its URL. -1 is the NOOP, which is
                returned without a request.

        Raises:
            NotFound: The server has no such operation.
            ValueError: The id is empty, or neither a number nor a string.
            CrossOriginError: It is the URL of another server, or not of an operation.
            TamrError: The request failed, or the response has an error status or is something else.
        """
        name = operation_id(self.origin, resource_id)
        if str(name) == NOOP["id"]:
            return Operation(self, NOOP)
        return Operation.from_resource_id(self, name)

    @property
    def _starts(self) -> Starts:
        # Threads that come here first at the same time share one: dict.setdefault is atomic.
        starts: Starts = self.__dict__.setdefault("_starts", Starts())
        return starts

    def start(
        self,
        endpoint: str,
        asynchronous: bool = False,
        *,
        join: bool = False,
        **wait_options: Any,
    ) -> Operation:
        """Starts a job by a POST, and waits for its end.

        Args:
            endpoint: The endpoint, such as `projects/1/unifiedDataset:refresh`.
            asynchronous: Whether to return immediately, with the operation just started.
            join: Whether to return the operation that this client last started at this endpoint,
                if it has not ended, instead of starting another one.
            **wait_options: Arguments of `Operation.wait`.

        Raises:
            TypeError, ValueError: An option does not exist or is out of range; nothing is sent.
            DeadlockError: It would wait on the polling thread; nothing is sent.
            TamrError: The request failed, or the response has an error status or is no operation;
                or as for `Operation.wait`.
        """
        options = checked_options(asynchronous, join, wait_options)
        operation = self._starts.start(
            endpoint_url(self.origin, self.base_path, endpoint),
            lambda: Operation.from_response(self, self.post(endpoint)),
            join=join,
        )
        return operation.apply_options(asynchronous, **options)
