"""Keeps the estimates of a queue, and renews them when they are no longer right."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from .duration import Estimate
from .queues import QueuePlace

if TYPE_CHECKING:
    from ..operation import Operation

__all__ = ["Place", "QueueForecast"]

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Place(Generic[Key]):
    """A place in a queue.

    Attributes:
        ahead: The keys of the jobs ahead, as in `QueuePlace`.
        estimate: Of the time from the job's creation to its start.
    """

    ahead: Sequence[Key]
    estimate: Estimate | None


class QueueForecast(Generic[Key]):
    """The jobs that wait, by key, with the estimates of their starts.

    The estimates are renewed when the queue has changed, or when a job has waited for longer than
    the median: between them, nothing changes but the time.

    Args:
        waiting: `JobHistory.waiting`.
    """

    def __init__(
        self, waiting: Callable[[Iterable[Operation], datetime], Iterable[QueuePlace]]
    ) -> None:
        self._estimate = waiting
        self._active: Mapping[Key, Operation] = {}
        self._now: datetime | None = None
        # Replaced whenever estimates are no longer right, also while they are made.
        self._version = object()
        self._computed: tuple[object, dict[Key, Place[Key]]] = self._version, {}

    def update(self, active: Mapping[Key, Operation], now: datetime) -> None:
        """Takes over the operations that have not ended, at a time by the server's clock."""
        is_outdated = _facts(active) != _facts(self._active) or self._is_over_time(now)
        self._active, self._now = active, now
        if is_outdated:
            self.invalidate()

    def invalidate(self) -> None:
        """Renews the estimates when they are read next, for example since the history changed."""
        self._version = object()

    def places(self) -> Mapping[Key, Place[Key]]:
        """Returns the places of the jobs that wait; any thread may call it."""
        version, active, now = self._version, self._active, self._now
        computed_for, places = self._computed
        if computed_for is not version and now is not None:
            keys = {id(each): key for key, each in active.items()}
            places = {
                keys[id(operation)]: Place([keys[id(each)] for each in ahead], estimate)
                for operation, ahead, estimate in self._estimate(active.values(), now)
            }
            self._computed = version, places
        return places

    def _is_over_time(self, now: datetime) -> bool:
        created = {key: each.created_at for key, each in self._active.items()}
        _, places = self._computed
        for key, place in places.items():
            since = created.get(key)
            if since and place.estimate:
                waited = (now - since).total_seconds()
                if waited > place.estimate.median_seconds:
                    return True
        return False


def _facts(active: Mapping[Key, Operation]) -> list[tuple[object, ...]]:
    """Returns what the estimates depend on."""
    return [(key, each.state, each.started_at) for key, each in active.items()]
