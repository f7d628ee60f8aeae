"""Estimated times of the jobs in a JobsWidget: starts of waiting ones, running times of all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .._estimates.forecast import QueueForecast
from ..history import Estimate, JobHistory
from ..operation import Operation
from .payload import estimate_facts


class JobTimes:
    """The estimates of jobs as parts of the page's rows, by the keys of the rows.

    Args:
        history: The history that the estimates are made of.
    """

    def __init__(self, history: JobHistory) -> None:
        self._history = history
        self._forecast: QueueForecast[str] = QueueForecast(history.waiting)
        self._active: dict[str, Operation] = {}
        self._starts: dict[str, list[Any]] = {}
        # The estimates of jobs that have ended are final. Before the history is filled, there are
        # none, and to find that for each job of a long list takes time.
        self._final: dict[str, list[float] | None] = {}
        self._learned = False

    def update(
        self, changed: Iterable[tuple[str, Operation]], removed: Iterable[str], now: datetime
    ) -> set[str]:
        """Takes over changes of the jobs.

        Args:
            changed: The jobs that have changed, by key.
            removed: The keys of the jobs that are no longer there.
            now: The time by the server's clock, aware.

        Returns:
            The keys of the waiting jobs whose place or start has changed.
        """
        for key, operation in changed:
            self.put(key, operation)
        for key in removed:
            self.remove(key)
        self._forecast.update(dict(self._active), now)
        return self._renew_starts()

    def put(self, key: str, operation: Operation) -> None:
        """Takes over one job, before the next `update`."""
        if operation.resolved:
            self._active.pop(key, None)
        else:
            self._active[key] = operation

    def remove(self, key: str) -> None:
        """Removes a job that is no longer there."""
        self._active.pop(key, None)
        self._final.pop(key, None)

    def renew(self) -> None:
        """Renews the starts after the history was filled."""
        self._learned = True
        self._forecast.invalidate()
        self._renew_starts()

    def duration(self, key: str, operation: Operation) -> list[float] | None:
        """Returns the estimate of a job's running time, made before its end."""
        if not operation.resolved:
            return _values(self._history.estimate(operation))
        if self._learned and key not in self._final:
            self._final[key] = _values(self._history.estimate(operation))
        return self._final.get(key)

    def start(self, key: str) -> list[Any] | None:
        """Returns the estimate of a job's start, the number of jobs ahead, and the first's key."""
        return self._starts.get(key)

    def has_any(self, key: str, operation: Operation) -> bool:
        """Whether there is any estimate of a job."""
        return self.start(key) is not None or self.duration(key, operation) is not None

    def _renew_starts(self) -> set[str]:
        """Renews the starts, and returns the keys of those that have changed."""
        before, places = self._starts, self._forecast.places()
        self._starts = {
            key: [_values(place.estimate), len(place.ahead), *place.ahead[:1]]
            for key, place in places.items()
        }
        return {key for key, each in self._starts.items() if before.get(key) != each}


def _values(estimate: Estimate | None) -> list[float] | None:
    return list((estimate_facts(estimate) or {}).values()) or None
