"""Defines the session that a client creates for itself."""

from __future__ import annotations

import os
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from .proxies import ENVIRONMENT_NAMES

MAX_CONNECTIONS = 50

_NAMES = (*ENVIRONMENT_NAMES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class SingleOriginSession(requests.Session):
    """A session for one origin, with a limited pool and cached environment settings.

    requests searches the whole environment for proxies and certificates at each request, which
    takes a third of a poll's time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[tuple[Any, ...], Any] = {}
        for prefix in ("http://", "https://"):
            adapter = HTTPAdapter(pool_connections=2, pool_maxsize=MAX_CONNECTIONS, pool_block=True)
            self.mount(prefix, adapter)

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Returns the settings as requests does, from the cache if nothing has changed."""
        arguments = (proxies, stream, verify, cert, self.proxies, self.verify, self.cert)
        environment = map(os.environ.get, _NAMES)
        key = (*map(repr, arguments), self.stream, self.trust_env, *environment)
        if key not in self._settings:
            self._settings = {
                key: super().merge_environment_settings(url, proxies, stream, verify, cert)
            }
        return {**self._settings[key]}
