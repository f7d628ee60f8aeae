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
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ._estimates.duration import Estimate, Run, progress
from ._estimates.latest import Durations

if TYPE_CHECKING:
    from datetime import datetime

    from .operation import Operation

__all__ = ["Estimate", "JobHistory", "description_template", "progress"]

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

_MOST_CHARACTERS = 300

_QUOTED = re.compile(r"""\[[^\[\]]*\] | \([^()]*\) | "[^"]*" | (?<=:\s).+""", re.VERBOSE)
_NAME_OR_NUMBER = re.compile(r"[\d_/\\]|\w[.@]\w")


class JobHistory:
    """How long jobs ran, and how long they were queued.

    One thread may add while others ask.

    Args:
        operations: Jobs to begin with, in any order.
    """

    def __init__(self, operations: Iterable[Operation] = ()) -> None:
        self._lock = threading.Lock()
        self._own = Durations(_SPREAD)
        self._named = Durations(_SPREAD_OF_NAMES)
        self._queued = Durations(_SPREAD_OF_QUEUE)
        for operation in operations:
            self.add(operation)

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
                named = ran._replace(of=description)
                self._named.add((kind, description_template(description)), named)

    def estimate(self, operation: Operation) -> Estimate | None:
        """How long the operation runs from start to end, or None if there is too little to go by.

        If it has ended, only those are asked that ended before it did.
        """
        _, kind, description = _identity(operation)
        until = _seconds(operation.ended_at) if operation.resolved else None
        own, named = (kind, description), (kind, description_template(description))
        with self._lock:
            estimates = [self._own.estimate(own, until)]
            if self._own.count(own, until) < _ENOUGH <= self._named.count(named, until):
                widest = _WIDEST_OF_NAMES
                estimates.append(self._named.estimate(named, until, max_width=widest))
        return min(filter(None, estimates), key=_width, default=None)

    def estimate_queue(self, operation: Operation) -> Estimate | None:
        """How long the operation is queued from its creation to its start, from what was lately.

        None if there is too little to go by. If it has started, only those are asked that started
        before it did.
        """
        _, kind, _ = _identity(operation)
        with self._lock:
            estimate = self._queued.estimate((kind, ""), _seconds(operation.started_at))
        return estimate if estimate and estimate.samples >= _ENOUGH else None


def description_template(description: str) -> str:
    """A job's description without the names and numbers that vary.

    What stands in brackets or quotes or after a colon is a name, and so is a word that no prose
    has: with a digit, an underscore, a slash, or a dot within. If nothing else is left, the
    description is its own kind.
    """
    words = _QUOTED.sub("#", description).split()
    kind = " ".join("#" if _NAME_OR_NUMBER.search(word) else word for word in words)
    return kind if any(map(str.isalpha, kind)) else description


def _run(of: str, begin: datetime | None, end: datetime | None) -> Run | None:
    """What is worth keeping of a time that passed, or None if it can't have passed so."""
    if begin is None or end is None:
        return None
    at = end.timestamp()
    seconds = (end - begin).total_seconds()
    if not 0 <= seconds <= _MOST_SECONDS or at > time.time() + _MOST_SECONDS_AHEAD:
        return None
    return Run(at, of, math.log(max(seconds, _LEAST_SECONDS)))


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at else None


def _width(estimate: Estimate) -> float:
    """How much an estimate leaves open."""
    return estimate.high_seconds / estimate.low_seconds


def _identity(operation: Operation) -> tuple[str, str, str]:
    """An operation's id, type and description, whatever the server left out."""
    description = (operation.description or "")[:_MOST_CHARACTERS]
    return operation.resource_id or "", operation.type or "", description
