"""The latest things of each key, in memory that is bounded by key and in all.

Whatever is kept depends on what was added, never on the order or how often.
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
    """The latest items of each key, for as many keys as had any lately.

    The items of a key are a tuple that is replaced, never changed: a reader needs no lock.

    Args:
        size: How many items of a key are kept.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: dict[Key, tuple[Item, ...]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def last(self, key: Key, until: float | None = None) -> tuple[Item, ...]:
        """Returns a key's items in ascending order, of those before a time if one is given."""
        items = self._items.get(key, ())
        if until is None or not items or items[-1][0] < until:
            return items
        return items[: bisect_left(items, until, key=itemgetter(0))]

    def add(self, key: Key, item: Item) -> Collection[Key]:
        """Keeps the item if it is the latest of its name, and of the latest of its key.

        Returns:
            The keys whose items are others now.
        """
        items = self._items.get(key, ())
        same = next((known for known in items if known[1] == item[1]), None)
        if same and same >= item:
            return ()
        ordered = [known for known in items if known is not same]
        insort(ordered, item)
        self._items[key] = tuple(ordered[-self._size :])
        # Dropping half at a time makes this constant on average.
        if len(self._items) <= 2 * MAX_KEYS:
            return (key,)
        latest = sorted(self._items.items(), key=lambda pair: pair[1][-1], reverse=True)
        self._items = dict(latest[:MAX_KEYS])
        return {key, *(dropped for dropped, _ in latest[MAX_KEYS:])}


class Durations:
    """The last runs of each key, and estimates of the next one that calibrate themselves.

    The calibration is a function of the runs that are kept: each of the latest is compared with
    the estimate that those before it would have made. It is brought up to date when an estimate
    is asked for. The caller holds a lock around `add` and `estimate`.

    Args:
        usual_spread: The usual standard deviation, from run to run, of a duration's logarithm.
        outcomes: How many runs of a key are compared with their estimates.
    """

    def __init__(self, usual_spread: float, outcomes: int = MAX_OUTCOMES) -> None:
        self._usual_spread = usual_spread
        self._max_outcomes = outcomes
        self._runs: LatestByKey[Run] = LatestByKey(MAX_RUNS + outcomes)
        self._outcomes = Outcomes()
        self._counted: dict[Key, tuple[tuple[Run, ...], list[Outcome]]] = {}
        self._changed: set[Key] = set()
        self._newest: Calibration | None = None

    def add(self, key: Key, run: Run) -> None:
        """Learns from a run; adding it again changes nothing."""
        self._changed.update(self._runs.add(key, run))
        if len(self._changed) > 2 * MAX_KEYS:
            self._update()

    def last(self, key: Key, until: float | None = None) -> tuple[Run, ...]:
        """Returns the runs of a key that are kept, of those before a time if one is given."""
        return self._runs.last(key, until)

    def estimate(
        self, key: Key, until: float | None = None, *, max_width: float = math.inf
    ) -> Estimate | None:
        """Estimates the next run of a key.

        Args:
            key: Whose run.
            until: Nothing counts that ended at this time or later.
            max_width: The runs are no basis if they are further apart, as a factor.

        Returns:
            None if there is no basis.
        """
        self._update()
        runs = self.last(key, until)
        if not runs:
            return None
        logs = tuple([run.log_seconds for run in runs[-MAX_RUNS:]])
        baseline = estimate_duration(logs, self._usual_spread)
        if baseline.below + baseline.above > math.log(max_width):
            return None
        known, own = self._counted.get(key, ((), []))
        if runs is not known:
            own = outcomes(runs, self._usual_spread, self._max_outcomes)
        calibration = self._calibration(until).follow(own)
        return calibrated(baseline, calibration, len(runs))

    def _update(self) -> None:
        """Brings the outcomes in step with the runs."""
        while self._changed:
            key = self._changed.pop()
            known, old = self._counted.pop(key, ((), []))
            runs = self._runs.last(key)
            if known and runs[:-1] == known[len(known) + 1 - len(runs) :]:
                # Mostly, one run came after all others: what was an outcome is one still.
                latest = outcomes(runs, self._usual_spread, 1)
                new = [*old, *latest][-self._max_outcomes :]
                self._outcomes.replace(old[: len(old) + 1 - len(new)], latest)
            else:
                new = outcomes(runs, self._usual_spread, self._max_outcomes)
                self._outcomes.replace(old, new)
            if runs:
                self._counted[key] = runs, new
            self._newest = None

    def _calibration(self, until: float | None) -> Calibration:
        if until is not None:
            return self._outcomes.calibration(until)
        self._newest = self._newest or self._outcomes.calibration(math.inf)
        return self._newest
