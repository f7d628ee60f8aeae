"""A fake Tamr without a network, and a subscriber, for the tests of the poller."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fakes import document, fake_response

from tamr_widgets import Operation, Poller
from tamr_widgets._http.deadline import current_deadline

if TYPE_CHECKING:
    import requests
    from fakes import FakeClock

    from tamr_widgets.poller import Subscription

LIST = "operations"
EXAMPLE = "operations/1"


class FakeTamr:
    """A client whose server is a dict. Each request advances the fake clock.

    Attributes:
        jobs: The documents by id, oldest first.
        unlisted: The ids that the list leaves out.
        requests: The time and path of each request.
        deleted: The paths of DELETE requests.
        deadlines: The deadline of each request, in seconds.
        faults: Faults by path, or for every path by None: an exception, a response, or a function
            that returns either, or None.
        headers: Headers of each response.
        single_seconds: The duration of a request of one operation.
        list_seconds: The duration of a request of the list.
    """

    origin = "http://tamr.test:9100"
    base_path = "/api/versioned/v1/"
    auth = None

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.jobs: dict[str, Any] = {}
        self.unlisted: set[str] = set()
        self.requests: list[tuple[float, str]] = []
        self.deleted: list[str] = []
        self.deadlines: list[float] = []
        self.faults: dict[str | None, Any] = {}
        self.headers: dict[str, str] = {}
        self.single_seconds = 0.01
        self.list_seconds = 0.05

    def add(self, job: str = "1", state: Any = "RUNNING", **fields: Any) -> Operation:
        self.jobs[job] = document(state, id=job, relativeId=f"operations/{job}", **fields)
        return Operation(self, self.jobs[job])

    def add_many(self, number: int) -> list[Operation]:
        return [self.add(str(each)) for each in range(1, number + 1)]

    def end(self, job: str = "1", state: str = "SUCCEEDED") -> None:
        self.jobs[job] = document(state, id=job, relativeId=f"operations/{job}")

    def request(self, method: str, endpoint: str, **_: Any) -> requests.Response:
        self.requests.append((self.clock.now, endpoint))
        if method == "DELETE":
            self.deleted.append(endpoint)
        self.deadlines.append(current_deadline().remaining())
        self.clock.advance(self.list_seconds if endpoint == LIST else self.single_seconds)
        fault = self.faults.get(endpoint, self.faults.get(None))
        fault = fault() if callable(fault) else fault
        if isinstance(fault, BaseException):
            raise fault
        return self._respond(endpoint) if fault is None else fault

    def _respond(self, endpoint: str) -> requests.Response:
        if endpoint == LIST:
            listed = [each for job, each in self.jobs.items() if job not in self.unlisted]
            return fake_response(200, listed[::-1], **self.headers)
        found = self.jobs.get(endpoint.rpartition("/")[2])
        return fake_response(404) if found is None else fake_response(200, found, **self.headers)

    def count(self, path: str | None = None) -> int:
        return sum(path in (None, each) for _, each in self.requests)

    def counts(self) -> Counter[str]:
        return Counter(path for _, path in self.requests)

    def times(self, path: str = EXAMPLE) -> list[float]:
        return [at for at, each in self.requests if each == path]

    def gaps(self, path: str = EXAMPLE) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.times(path))]


class Subscriber:
    """Callbacks that keep the results and errors."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.errors: list[Any] = []
        self.subscriptions: list[Subscription] = []

    def subscribe(
        self, poller: Poller, operation: Operation, interval: float = 3, **more: Any
    ) -> Subscription:
        return self._keep(
            poller.subscribe(operation, self.results.append, self.errors.append, interval, **more)
        )

    def subscribe_all(self, poller: Poller, interval: float = 5, **more: Any) -> Subscription:
        return self._keep(
            poller.subscribe_all(self.results.append, self.errors.append, interval, **more)
        )

    def _keep(self, subscription: Subscription) -> Subscription:
        self.subscriptions.append(subscription)
        return subscription

    def close(self) -> None:
        for each in self.subscriptions:
            each.close()

    @property
    def states(self) -> list[Any]:
        return [each.state for each in self.results]

    @property
    def ends(self) -> int:
        return sum(each.resolved for each in self.results)


def drive(poller: Poller, clock: FakeClock, seconds: float) -> None:
    """Runs a poller without a thread for some time of the fake clock."""
    end = clock.now + seconds
    for _ in range(100_000):
        delay = poller.run_once()
        if clock.now + delay >= end:
            clock.advance(max(0.0, end - clock.now))
            return
        clock.advance(delay)
    raise AssertionError("the poller never becomes idle")
