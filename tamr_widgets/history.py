"""JobHistory: how long a Tamr server's jobs take, learnt from those that have ended.

Jobs are alike that have the same type and description. Where such are rare, those count that have
the same description but for names and numbers (`Profiling [y] attributes.`), each name once; where
these are few or differ too much, nothing is said. `forecast` makes an estimate of the last ones.

Of every kind, the runs that ended last are kept, and no others. So it does not matter in which
order jobs are added nor how often, and the memory is bounded.
"""

from __future__ import annotations

import math
import re
import threading
import time
from bisect import insort
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from . import forking
from .forecast import WINDOW, Estimate, foretell, progress

if TYPE_CHECKING:
    from datetime import datetime

    from .operation import Operation

__all__ = ["Estimate", "JobHistory", "kind_of", "progress"]

# From run to run of one description on recorded servers; from name to name; and in the queue.
_SPREAD = 0.07
_SPREAD_OF_NAMES = 0.3
_SPREAD_OF_QUEUE = 0.5
# Fewer runs of its own are weighed against other names'; fewer other names are no basis.
_ENOUGH = 3
# Where other names are further apart, high to low, they say next to nothing about this one.
_WIDEST_OF_NAMES = 2.0

_LEAST_SECONDS = 0.001
_MOST_SECONDS = 100 * 86_400.0
# A job that "ended" in 2099 would be the newest for ever; a clock may be off by less than that.
_MOST_SECONDS_AHEAD = 10 * 366 * 86_400.0

_MOST_KINDS = 1_000
_MOST_CHARACTERS = 300

_QUOTED = re.compile(r"""\[[^\[\]]*\] | \([^()]*\) | "[^"]*" | (?<=:\s).+""", re.VERBOSE)
_NAME_OR_NUMBER = re.compile(r"[\d_/\\]|\w[.@]\w")


class _Run(NamedTuple):
    """What is kept of a job: when it came to its end comes first, so that runs can be sorted."""

    at: float
    of: str
    log_seconds: float


_Runs = tuple[_Run, ...]
_Key = tuple[str, str]


class JobHistory:
    """How long jobs ran, and how long they were queued.

    One thread may add while others ask.

    Args:
        operations: Jobs to begin with, in any order.
    """

    def __init__(self, operations: Iterable[Operation] = ()) -> None:
        self._lock = threading.Lock()
        forking.register(self)
        self._own = _LastRuns()
        self._named = _LastRuns()
        self._queued = _LastRuns()
        for operation in operations:
            self.add(operation)

    def renew_after_fork(self) -> None:
        """Another thread of the parent may have held the lock."""
        self._lock = threading.Lock()

    def add(self, operation: Operation) -> None:
        """Learn from an operation, whatever its state; adding it again changes nothing.

        How long jobs run is learnt from those that succeeded, how long they are queued from all
        that were started. What can't be true (an end before the start) is left out.
        """
        created, started, ended = operation.created_at, operation.started_at, operation.ended_at
        job, kind, description = _identity(operation)
        queued = _run(job, created, started)
        ran = _run(job, started, ended) if operation.succeeded() else None
        with self._lock:
            if queued:
                self._queued.add((kind, ""), queued)
            if ran:
                self._own.add((kind, description), ran)
                self._named.add((kind, kind_of(description)), ran._replace(of=description))

    def estimate(self, operation: Operation) -> Estimate | None:
        """How long the operation runs from start to end, or None if there is too little to go by.

        If it has ended, only those are asked that ended before it did.
        """
        _, kind, description = _identity(operation)
        until = operation.ended_at if operation.resolved else None
        own = self._own.last((kind, description), until)
        estimates = [_foretold(own, _SPREAD)] if own else []
        if len(own) < _ENOUGH:
            named = self._named.last((kind, kind_of(description)), until)
            if len(named) >= _ENOUGH:
                estimate = _foretold(named, _SPREAD_OF_NAMES)
                if _width(estimate) <= _WIDEST_OF_NAMES:
                    estimates.append(estimate)
        return min(estimates, key=_width, default=None)

    def estimate_queue(self, operation: Operation) -> Estimate | None:
        """How long the operation is queued from its creation to its start, from what was lately.

        None if there is too little to go by. If it has started, only those are asked that started
        before it did.
        """
        _, kind, _ = _identity(operation)
        runs = self._queued.last((kind, ""), operation.started_at)
        return _foretold(runs, _SPREAD_OF_QUEUE) if len(runs) >= _ENOUGH else None


def kind_of(description: str) -> str:
    """A job's description without the names and numbers that vary.

    What stands in brackets or quotes or after a colon is a name, and so is a word that no prose
    has: with a digit, an underscore, a slash, or a dot within. If nothing else is left, the
    description is its own kind.
    """
    words = _QUOTED.sub("#", description).split()
    kind = " ".join("#" if _NAME_OR_NUMBER.search(word) else word for word in words)
    return kind if any(map(str.isalpha, kind)) else description


class _LastRuns:
    """The last runs of each key, for as many keys as had any lately.

    The runs of a key are a tuple that is replaced, never changed: a reader needs no lock.
    """

    def __init__(self) -> None:
        self._runs: dict[_Key, _Runs] = {}

    def last(self, key: _Key, until: datetime | None) -> _Runs:
        runs = self._runs.get(key, ())
        if until is None or not runs:
            return runs
        at = until.timestamp()
        return runs if runs[-1].at < at else tuple(run for run in runs if run.at < at)

    def add(self, key: _Key, run: _Run) -> None:
        """Keep the run if it is the latest of its job or name, and of the latest of its key."""
        runs = self._runs.get(key, ())
        same = next((known for known in runs if known.of == run.of), None)
        if same and same >= run:
            return
        ordered = [known for known in runs if known is not same]
        insort(ordered, run)
        self._runs[key] = tuple(ordered[-WINDOW:])
        # Dropping half at a time makes this constant on average.
        if len(self._runs) > 2 * _MOST_KINDS:
            latest = sorted(self._runs.items(), key=lambda item: item[1][-1], reverse=True)
            self._runs = dict(latest[:_MOST_KINDS])


def _run(of: str, begin: datetime | None, end: datetime | None) -> _Run | None:
    """What is worth keeping of a time that passed, or None if it can't have passed so."""
    if begin is None or end is None:
        return None
    at = end.timestamp()
    seconds = (end - begin).total_seconds()
    if not 0 <= seconds <= _MOST_SECONDS or at > time.time() + _MOST_SECONDS_AHEAD:
        return None
    return _Run(at, of, math.log(max(seconds, _LEAST_SECONDS)))


# A kind is asked about many times, for every job that is shown, between two of its ends.
@lru_cache(maxsize=512)
def _foretold(runs: _Runs, usual_spread: float) -> Estimate:
    return foretell([run.log_seconds for run in runs], usual_spread)


def _width(estimate: Estimate) -> float:
    """How much an estimate leaves open."""
    return estimate.high_seconds / estimate.low_seconds


def _identity(operation: Operation) -> tuple[str, str, str]:
    """An operation's id, type and description, whatever the server left out."""
    description = (operation.description or "")[:_MOST_CHARACTERS]
    return operation.resource_id or "", operation.type or "", description
