"""The session that a client makes for itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import requests

from .proxies import VARIABLES


class OwnSession(requests.Session):
    """A session of one origin: it leaves redirects alone, and remembers the environment.

    requests looks where a redirect leads even when it does not follow, which can raise or read a
    netrc file; `Client` looks itself. And it goes through the whole environment for proxies and
    certificates with each request, which is a third of what a poll costs. Here it is read again
    when one of the variables has changed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[tuple[Any, ...], Any] = {}

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """None."""
        return iter(())

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """As in requests, remembered for each way in which it is asked."""
        asked = (proxies, stream, verify, cert, self.proxies, self.verify, self.cert)
        environment = map(os.environ.get, VARIABLES)
        key = (*map(repr, asked), self.stream, self.trust_env, *environment)
        if key not in self._settings:
            self._settings = {
                key: super().merge_environment_settings(url, proxies, stream, verify, cert)
            }
        return {**self._settings[key]}
