"""What any client of a Tamr server has: this package's, and those of the public packages."""

from __future__ import annotations

from typing import Any, Protocol

import requests


class TamrClient(Protocol):
    """A client that requests can be sent through."""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the server."""

    @property
    def base_path(self) -> str:
        """The path that endpoints without a leading slash are relative to."""

    @property
    def auth(self) -> Any:
        """The credentials, whose secrets are kept out of messages."""

    def request(self, method: str, endpoint: str, **kwargs: Any) -> requests.Response:
        """Sends a request and returns the response, whatever its status."""
