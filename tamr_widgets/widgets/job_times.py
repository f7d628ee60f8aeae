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
        # The estimates of jobs that have ended are final.
        self._final: dict[str, list[float]] = {}

    def update(
        self, changed: Iterable[tuple[str, Operation | None]], removed: Iterable[str], now: datetime
    ) -> set[str]:
        """Takes over changes of the jobs.

        Args:
            changed: The jobs that have changed, by key.
            removed: The keys of the jobs that are no longer there.
            now: The time by the server's clock.

        Returns:
            The keys of the waiting jobs whose place or start has changed.
        """
        for key, operation in changed:
            if operation is not None:
                self.put(key, operation)
        for key in removed:
            self.remove(key)
        self._forecast.update(dict(self._active), now)
        return self._changes()

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

    def renew(self) -> set[str]:
        """Renews the starts after the history has changed; returns as `update`."""
        self._forecast.invalidate()
        return self._changes()

    def duration(self, key: str, operation: Operation) -> list[float] | None:
        """Returns the estimate of a job's running time, made before its end."""
        if not operation.resolved:
            return _values(self._history.estimate(operation))
        known = self._final.get(key) or _values(self._history.estimate(operation))
        if known is not None:
            self._final[key] = known
        return known

    def start(self, key: str) -> list[Any] | None:
        """Returns the estimate of a job's start, the number of jobs ahead, and the first's key."""
        return self._starts.get(key)

    def has_any(self, key: str, operation: Operation) -> bool:
        """Whether there is any estimate of a job."""
        return self.start(key) is not None or self.duration(key, operation) is not None

    def _changes(self) -> set[str]:
        before, places = self._starts, self._forecast.places()
        self._starts = {
            key: [_values(place.estimate), len(place.ahead), *place.ahead[:1]]
            for key, place in places.items()
        }
        return {key for key, each in self._starts.items() if before.get(key) != each}


def _values(estimate: Estimate | None) -> list[float] | None:
    return list((estimate_facts(estimate) or {}).values()) or None
