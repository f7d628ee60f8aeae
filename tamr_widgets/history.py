"""JobHistory: how long a Tamr server's jobs take, learnt from those that have ended.

Jobs are alike that have the same type and description. Where such are rare, those count that have
the same description but for names and numbers (`Profiling [y] attributes.`); where there are none
of these either, nothing is said. `forecast` makes an estimate of the last few that are alike.

Of every kind, the runs that ended last are kept, and no others. So it does not matter in which
order jobs are added nor how often, the memory is bounded, and nothing needs to be sorted.
"""

from __future__ import annotations

import math
import re
import threading
import time
from bisect import insort
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from .forecast import WINDOW, Estimate, foretell, progress

if TYPE_CHECKING:
    from datetime import datetime

    from .operation import Operation

__all__ = ["Estimate", "JobHistory", "kind_of", "progress"]

# From run to run of one description on recorded servers; over names; and in the queue.
_SPREAD = 0.08
_SPREAD_OF_KIND = 0.3
_SPREAD_OF_QUEUE = 0.5
# Fewer runs than this are compared with the kind's; fewer of a kind are too little to go by.
_ENOUGH = 3

_LEAST_SECONDS = 0.001
_MOST_SECONDS = 100 * 86_400.0
# A job that "ended" in 2099 would be the newest for ever; a clock may be off by less than that.
_MOST_SECONDS_AHEAD = 10 * 366 * 86_400.0

_MOST_KINDS = 1_000
_MOST_CHARACTERS = 300

_QUOTED = re.compile(r"""\[[^\[\]]*\] | \([^()]*\) | "[^"]*" | (?<=:\s).+""", re.VERBOSE)
_NAME_OR_NUMBER = re.compile(r"[\d_/\\]|\w[.@]\w")


class _Run(NamedTuple):
    """What is kept of a job. Runs are ordered by when they came to their end."""

    at: float
    job: str
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
        self._ran = _LastRuns()
        self._queued = _LastRuns()
        for operation in operations:
            self.add(operation)

    def add(self, operation: Operation) -> None:
        """Learn from an operation, whatever its state; adding it again changes nothing.

        How long jobs run is learnt from those that succeeded, how long they are queued from all
        that were started. What can't be true (an end before the start) is left out.
        """
        created, started, ended = operation.created_at, operation.started_at, operation.ended_at
        job, kind = operation.resource_id or "", operation.type or ""
        queued = _run(job, created, started)
        ran = _run(job, started, ended) if operation.succeeded() else None
        with self._lock:
            if queued:
                self._queued.add((kind, ""), queued)
            if ran:
                description = _description(operation)
                for text in {description, kind_of(description)}:
                    self._ran.add((kind, text), ran)

    def estimate(self, operation: Operation) -> Estimate | None:
        """How long the operation runs from start to end, or None if there is too little to go by.

        If it has ended, only those are asked that ended before it did.
        """
        description, kind = _description(operation), operation.type or ""
        until = _until(operation, operation.ended_at if operation.resolved else None)
        own = _before(self._ran.get((kind, description)), until)
        if len(own) >= _ENOUGH:
            return _foretold(own, _SPREAD)
        like = _before(self._ran.get((kind, kind_of(description))), until)
        estimates = []
        if own:
            estimates.append(_foretold(own, _SPREAD))
        if len(like) >= _ENOUGH:
            estimates.append(_foretold(like, _SPREAD_OF_KIND))
        return min(estimates, key=_ratio, default=None)

    def estimate_queue(self, operation: Operation) -> Estimate | None:
        """How long the operation is queued from its creation to its start, from what was lately.

        None if there is too little to go by. If it has started, only those are asked that started
        before it did.
        """
        until = _until(operation, operation.started_at)
        runs = _before(self._queued.get((operation.type or "", "")), until)
        return _foretold(runs, _SPREAD_OF_QUEUE) if len(runs) >= _ENOUGH else None


def kind_of(description: str) -> str:
    """A job's description without the names and numbers that vary.

    What stands in brackets or quotes or after a colon is a name, and so is a word that no prose
    has: with a digit, an underscore, a slash, or a dot within.
    """
    words = _QUOTED.sub("#", description).split()
    return " ".join("#" if _NAME_OR_NUMBER.search(word) else word for word in words)


class _LastRuns:
    """The last runs of each key, for as many keys as had any lately.

    Runs of a key are a tuple that is replaced, never changed: a reader needs no lock.
    """

    def __init__(self) -> None:
        self._runs: dict[_Key, _Runs] = {}

    def get(self, key: _Key) -> _Runs:
        return self._runs.get(key, ())

    def add(self, key: _Key, run: _Run) -> None:
        runs = self._runs.get(key, ())
        if run in runs or (len(runs) == WINDOW and run < runs[0]):
            return
        ordered = list(runs)
        insort(ordered, run)
        self._runs[key] = tuple(ordered[-WINDOW:])
        # Dropping half at a time keeps this constant on average.
        if len(self._runs) > 2 * _MOST_KINDS:
            newest = sorted(self._runs.items(), key=lambda item: item[1][-1], reverse=True)
            self._runs = dict(newest[:_MOST_KINDS])


def _run(job: str, begin: datetime | None, end: datetime | None) -> _Run | None:
    """What is worth keeping of a time that passed, or None if it can't have passed so."""
    if begin is None or end is None:
        return None
    at = end.timestamp()
    seconds = at - begin.timestamp()
    if not 0 <= seconds <= _MOST_SECONDS or at > time.time() + _MOST_SECONDS_AHEAD:
        return None
    return _Run(at, job, math.log(max(seconds, _LEAST_SECONDS)))


def _until(operation: Operation, at: datetime | None) -> _Run | None:
    return _Run(at.timestamp(), operation.resource_id or "", -math.inf) if at else None


def _before(runs: _Runs, until: _Run | None) -> _Runs:
    return runs if until is None else tuple(run for run in runs if run < until)


def _foretold(runs: _Runs, usual_spread: float) -> Estimate:
    return foretell([run.log_seconds for run in runs], usual_spread)


def _ratio(estimate: Estimate) -> float:
    """How much an estimate leaves open."""
    return estimate.high_seconds / estimate.low_seconds


def _description(operation: Operation) -> str:
    return (operation.description or "")[:_MOST_CHARACTERS]
