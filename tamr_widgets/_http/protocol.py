"""Defines the protocol that clients of this package and of the public packages implement."""

from __future__ import annotations

from typing import Any, Protocol

import requests


class TamrClient(Protocol):
    """A client that sends requests to a Tamr server."""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the server."""

    @property
    def base_path(self) -> str:
        """The path to which endpoints without a leading slash are relative."""

    @property
    def auth(self) -> Any:
        """The credentials; their secrets are removed from messages."""

    def request(self, method: str, endpoint: str, **kwargs: Any) -> requests.Response:
        """Sends a request and returns the response, whatever its status."""
