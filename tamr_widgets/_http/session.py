"""The session that a client makes for itself."""

from __future__ import annotations

import os
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from .proxies import ENVIRONMENT_NAMES

MAX_CONNECTIONS = 50

_NAMES = (*ENVIRONMENT_NAMES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class SingleOriginSession(requests.Session):
    """A session of one origin, whose pool is a bound, and that reads its settings once.

    requests goes through the whole environment for proxies and certificates with each request,
    which is a third of what a poll costs.
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
        """As in requests, remembered for each way in which it is asked."""
        asked = (proxies, stream, verify, cert, self.proxies, self.verify, self.cert)
        environment = map(os.environ.get, _NAMES)
        key = (*map(repr, asked), self.stream, self.trust_env, *environment)
        if key not in self._settings:
            self._settings = {
                key: super().merge_environment_settings(url, proxies, stream, verify, cert)
            }
        return {**self._settings[key]}
