"""One `poll()`: CPU for each call, against a bare session and the public client.

Run it with `python tests/benchmarks/polling_cost.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import requests
from peers import Row, bare_server, in_turn, print_table

from tamr_widgets import Client, Operation, UsernamePasswordAuth

CALLS = 300
DOCUMENT = {
    "id": "17",
    "type": "SPARK",
    "description": "Train Mastering Model",
    "status": {
        "state": "RUNNING",
        "startTime": "2021-01-29T18:24:53.326Z",
        "endTime": "",
        "message": json.dumps({"action": "StatusResponse", "driverState": "RUNNING"}, indent=2),
    },
    "created": {"username": "admin", "time": "2021-01-29T18:24:40.582Z", "version": "71180"},
    "lastModified": {"username": "system", "time": "2021-01-29T18:24:54.950Z", "version": "71182"},
    "relativeId": "operations/17",
}


class PublicOperation:
    """A copy of the public client's `poll`; the client cannot be installed beside these tests."""

    def __init__(self, session: requests.Session, url: str, data: dict[str, object]) -> None:
        self._session, self._url, self._data = session, url, data

    def poll(self) -> PublicOperation:
        response = self._session.request("GET", self._url)
        response.raise_for_status()
        return PublicOperation(self._session, self._url, response.json())


def cpu_of(call: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        start = time.process_time()
        for _ in range(CALLS):
            call()
        return (time.process_time() - start) / CALLS

    return measure


def main() -> list[Row]:
    """Measure, and return the rows."""
    with (
        bare_server(json.dumps(DOCUMENT)) as port,
        Client(UsernamePasswordAuth("admin", "secret"), host="127.0.0.1", port=port) as client,
        requests.Session() as session,
    ):
        session.auth = client.auth
        url = f"http://127.0.0.1:{port}/api/versioned/v1/operations/17"
        ours, bare, public = in_turn(
            cpu_of(Operation(client, DOCUMENT).poll),
            cpu_of(lambda: session.get(url).json()),
            cpu_of(PublicOperation(session, url, DOCUMENT).poll),
        )
    return [
        Row(
            "poll, against session.get(...).json()",
            us(ours),
            us(bare),
            f"{ours / bare:.2f}",
            "<= 1.25",
        ),
        Row(
            "poll, against the public client's",
            us(ours),
            us(public),
            f"{ours / public:.2f}",
            "<= 1",
        ),
    ]


def us(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us"


if __name__ == "__main__":
    print_table("One poll: CPU for each call", main())
