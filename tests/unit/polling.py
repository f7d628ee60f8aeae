"""What the tests of the poller share: a Tamr without a network, and somebody who follows."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from doubles import answer, document, until  # noqa: F401 - what tests of its users need, too

from tamr_widgets import Operation, Poller
from tamr_widgets._http.deadline import current_deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    import requests
    from doubles import FakeClock

LIST = "operations"
EXAMPLE = "operations/1"


class FakeTamr:
    """A client whose server is a dict. Each request takes time by the hands of the clock.

    Attributes:
        jobs: The documents by id, oldest first.
        unlisted: What the list leaves out.
        asked: When it was asked for what.
        deleted: The paths that were to be deleted.
        limits: How many seconds each of these requests was given.
        faults: What goes wrong, by path, or None for every path: an exception, an answer, or a
            function that returns either, or None.
        headers: What each answer carries.
        single_seconds: How long one operation takes.
        list_seconds: How long the list takes.
    """

    origin = "http://tamr.test:9100"
    base_path = "/api/versioned/v1/"
    auth = None

    def __init__(self, hands: FakeClock) -> None:
        self.hands = hands
        self.jobs: dict[str, Any] = {}
        self.unlisted: set[str] = set()
        self.asked: list[tuple[float, str]] = []
        self.deleted: list[str] = []
        self.limits: list[float] = []
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
        self.asked.append((self.hands.now, endpoint))
        if method == "DELETE":
            self.deleted.append(endpoint)
        self.limits.append(current_deadline().remaining())
        self.hands.turn(self.list_seconds if endpoint == LIST else self.single_seconds)
        fault = self.faults.get(endpoint, self.faults.get(None))
        fault = fault() if callable(fault) else fault
        if isinstance(fault, BaseException):
            raise fault
        return self._answer(endpoint) if fault is None else fault

    def _answer(self, endpoint: str) -> requests.Response:
        if endpoint == LIST:
            listed = [each for job, each in self.jobs.items() if job not in self.unlisted]
            return answer(200, listed[::-1], **self.headers)
        found = self.jobs.get(endpoint.rpartition("/")[2])
        return answer(404) if found is None else answer(200, found, **self.headers)

    def count(self, path: str | None = None) -> int:
        return sum(path in (None, asked) for _, asked in self.asked)

    def counts(self) -> Counter[str]:
        return Counter(asked for _, asked in self.asked)

    def times(self, path: str = EXAMPLE) -> list[float]:
        return [at for at, asked in self.asked if asked == path]

    def gaps(self, path: str = EXAMPLE) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.times(path))]


class Follower:
    """Callbacks that keep what they hear."""

    def __init__(self) -> None:
        self.news: list[Any] = []
        self.faults: list[Any] = []

    def follow(self, poller: Poller, operation: Operation, interval: float = 3, **more: Any) -> Any:
        return poller.subscribe(operation, self.news.append, self.faults.append, interval, **more)

    def follow_all(self, poller: Poller, interval: float = 5, **more: Any) -> Any:
        return poller.subscribe_all(self.news.append, self.faults.append, interval, **more)

    @property
    def states(self) -> list[Any]:
        return [each.state for each in self.news]

    @property
    def ends(self) -> int:
        return sum(each.resolved for each in self.news)


class ImmediateQueue:
    """A queue of callbacks that runs them at once."""

    def __init__(self, max_waiting: int | None = None) -> None:
        """Nothing ever waits."""

    def submit(self, call: Callable[[], object]) -> None:
        call()


def without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pollers have no threads: `drive` makes them work."""
    monkeypatch.setattr(Poller, "_start", lambda self: None)
    monkeypatch.setattr("tamr_widgets._polling.subscription.CallbackQueue", ImmediateQueue)


def drive(poller: Poller, hands: FakeClock, seconds: float) -> None:
    """Let a poller that has no thread work for a while."""
    end = hands.now + seconds
    steps = 0
    while True:
        pause = poller._step()
        steps += 1
        assert steps < 100_000, "it works without a pause"
        if hands.now >= end or hands.now + pause >= end:
            hands.turn(max(0.0, end - hands.now))
            return
        hands.turn(max(0.0, pause))
