"""Keeps the latest runs of each key in bounded memory, and estimates the next ones.

The result depends only on the set of added items, not on their order or repetitions.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Collection
from operator import itemgetter
from typing import Any, Generic, TypeVar

from .calibration import MAX_OUTCOMES, Calibration, Outcome, Outcomes, calibrated, outcomes
from .duration import MAX_RUNS, Estimate, estimate_duration
from .records import Run

__all__ = ["Durations", "Key", "LatestByKey"]

MAX_KEYS = 1_000

Key = tuple[str, str]

# A tuple that begins with a time and a name, as Run does.
Item = TypeVar("Item", bound=tuple[Any, ...])


class LatestByKey(Generic[Item]):
    """The latest items of each key, for the keys with the latest items.

    The items of a key are a tuple that is replaced, never changed: a reader needs no lock.

    Args:
        size: The number of items that are kept of a key.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: dict[Key, tuple[Item, ...]] = {}

    def last(self, key: Key, until: float | None = None) -> tuple[Item, ...]:
        """Returns a key's items in ascending order, with `until` only those before this time."""
        items = self._items.get(key, ())
        if until is None or not items or items[-1][0] < until:
            return items
        return items[: bisect_left(items, until, key=itemgetter(0))]

    def add(self, key: Key, item: Item) -> Collection[Key]:
        """Keeps the item if it is the latest of its name, and among the latest of its key.

        Returns:
            The keys whose items have changed.
        """
        items = self._items.get(key, ())
        if len(items) == self._size and item < items[0]:
            return ()
        ordered = list(items)
        name = item[1]
        for same in items:
            if same[1] == name:
                if same >= item:
                    return ()
                ordered.remove(same)
                break
        insort(ordered, item)
        self._items[key] = tuple(ordered[-self._size :])
        # Dropping half of the keys at a time makes the cost constant on average.
        if len(self._items) <= 2 * MAX_KEYS:
            return (key,)
        latest = sorted(self._items.items(), key=lambda pair: pair[1][-1], reverse=True)
        self._items = dict(latest[:MAX_KEYS])
        return {key, *(dropped for dropped, _ in latest[MAX_KEYS:])}


class Durations:
    """The last runs of each key, and calibrated estimates of the next one.

    The calibration is a function of the runs that are kept: each of the latest is compared with
    the estimate made of those before it. It is updated by `estimate`. The caller holds a lock
    around `add` and `estimate`.

    Args:
        usual_spread: The usual standard deviation, from run to run, of a duration's logarithm.
        outcomes: The number of runs of a key that are compared with their estimates.
    """

    def __init__(self, usual_spread: float, outcomes: int = MAX_OUTCOMES) -> None:
        self._usual_spread = usual_spread
        self._max_outcomes = outcomes
        self._runs: LatestByKey[Run] = LatestByKey(MAX_RUNS + outcomes)
        self._outcomes = Outcomes()
        self._counted: dict[Key, tuple[tuple[Run, ...], list[Outcome]]] = {}
        self._changed: set[Key] = set()
        self._latest_calibration: Calibration | None = None

    def add(self, key: Key, run: Run) -> None:
        """Adds a run; adding it again has no effect."""
        self._changed.update(self._runs.add(key, run))
        if len(self._changed) > 2 * MAX_KEYS:
            self._update()

    def last(self, key: Key, until: float | None = None) -> tuple[Run, ...]:
        """Returns the runs of a key, with `until` only those before this time."""
        return self._runs.last(key, until)

    def estimate(
        self, key: Key, until: float | None = None, *, max_width: float = math.inf
    ) -> Estimate | None:
        """Estimates the next run of a key.

        Args:
            key: The key of the run.
            until: Only runs that ended before this time count.
            max_width: The largest ratio of the high to the low end.

        Returns:
            None if there are no runs, or if the interval is too wide.
        """
        self._update()
        runs = self.last(key, until)
        if not runs:
            return None
        logs = tuple([run.log_seconds for run in runs[-MAX_RUNS:]])
        baseline = estimate_duration(logs, self._usual_spread)
        if baseline.below + baseline.above > math.log(max_width):
            return None
        counted, own = self._counted.get(key, ((), []))
        if runs is not counted:
            own = outcomes(runs, self._usual_spread, self._max_outcomes)
        calibration = self._calibration(until).after(own)
        return calibrated(baseline, calibration, len(runs))

    def _update(self) -> None:
        """Updates the outcomes after changes of the runs."""
        while self._changed:
            key = self._changed.pop()
            counted, old = self._counted.pop(key, ((), []))
            runs = self._runs.last(key)
            if counted and runs[:-1] == counted[len(counted) + 1 - len(runs) :]:
                # The usual case: a run was added after all others, whose outcomes stay valid.
                latest = outcomes(runs, self._usual_spread, 1)
                new = [*old, *latest][-self._max_outcomes :]
                self._outcomes.replace(old[: len(old) + 1 - len(new)], latest)
            else:
                new = outcomes(runs, self._usual_spread, self._max_outcomes)
                self._outcomes.replace(old, new)
            if runs:
                self._counted[key] = runs, new
            self._latest_calibration = None

    def _calibration(self, until: float | None) -> Calibration:
        if until is not None:
            return self._outcomes.calibration(until)
        self._latest_calibration = self._latest_calibration or self._outcomes.calibration(math.inf)
        return self._latest_calibration
