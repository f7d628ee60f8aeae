"""JobHistory: how long a Tamr server's jobs take and when they start, learnt from those that ended.

Jobs are alike that have the same type and description. Where such are rare, those count that have
the same description but for names and numbers (`Profiling [y] attributes.`), each name once; where
these are few or differ too much, there is no estimate. The package `_estimates` makes estimates of
the last ones.

Of every kind, the runs that ended last are kept, and no others. So it does not matter in which
order jobs are added nor how often, and the memory is bounded.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import _fork
from ._estimates.discipline import MAX_SPANS, learn_queue
from ._estimates.duration import Estimate, progress
from ._estimates.latest import Durations, LatestByKey
from ._estimates.queue import jobs_ahead, open_spans
from ._estimates.records import Ended, PastRun, Span, ended, moment, run, seconds_of, span
from ._estimates.trend import Trend, relative_change

if TYPE_CHECKING:
    from .operation import Operation

__all__ = ["Estimate", "JobHistory", "PastRun", "Trend", "description_template", "progress"]

# From run to run of one description on recorded servers; from name to name; and in the queue.
_SPREAD = 0.07
_SPREAD_OF_NAMES = 0.3
_SPREAD_OF_QUEUE = 0.5
# Names come and go, so their outcomes are worked out again and again.
_OUTCOMES_OF_NAMES = 8
# Fewer runs of its own are weighed against other names'; fewer other names are no basis.
_ENOUGH = 3
# Where other names are further apart, high to low, they say next to nothing about this one.
_WIDEST_OF_NAMES = 2.2

_MAX_PAST_RUNS = 20
_MAX_CHARACTERS = 300

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
        _fork.register(self)
        self._ended: LatestByKey[Ended] = LatestByKey(_MAX_PAST_RUNS)
        self._ended_templates: LatestByKey[Ended] = LatestByKey(_MAX_PAST_RUNS)
        self._spans: LatestByKey[Span] = LatestByKey(MAX_SPANS)
        self._own = Durations(_SPREAD)
        self._named = Durations(_SPREAD_OF_NAMES, _OUTCOMES_OF_NAMES)
        self._queued = Durations(_SPREAD_OF_QUEUE)
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
        job, kind, description = _identity(operation)
        own, template = (kind, description), (kind, description_template(description))
        created, started = operation.created_at, operation.started_at
        end, succeeded = operation.ended_at, operation.succeeded()
        waited, ran = run(job, created, started), run(job, started, end)
        life = span(job, waited, ran, succeeded=succeeded)
        past = None
        if operation.resolved:
            past = ended(job, operation.state or "", created, started, end)
        with self._lock:
            if waited:
                self._queued.add((kind, ""), waited)
            if life:
                self._spans.add((kind, ""), life)
            if ran and succeeded:
                self._own.add(own, ran)
                self._named.add(template, ran._replace(of=description))
            if past:
                self._ended.add(own, past)
                self._ended_templates.add(template, past)

    def estimate(self, operation: Operation) -> Estimate | None:
        """How long the operation runs from start to end, or None if there is too little to go by.

        If it has ended, only those are asked that ended before it did.
        """
        return self._estimate(
            operation, seconds_of(operation.ended_at) if operation.resolved else None
        )

    def _estimate(self, operation: Operation, until: float | None) -> Estimate | None:
        _, kind, description = _identity(operation)
        own, named = (kind, description), (kind, description_template(description))
        with self._lock:
            estimates = [self._own.estimate(own, until)]
            if len(self._own.last(own, until)) < _ENOUGH <= len(self._named.last(named, until)):
                widest = _WIDEST_OF_NAMES
                estimates.append(self._named.estimate(named, until, max_width=widest))
        return min(filter(None, estimates), key=_width, default=None)

    def runs(self, operation: Operation) -> tuple[PastRun, ...]:
        """The last runs of the operation's kind, whatever became of them, the newest last.

        They are those of the same type and description or, where such are rare, those of the same
        description but for names and numbers. An operation that has ended is among its own runs.
        """
        _, kind, description = _identity(operation)
        own = self._ended.last((kind, description))
        if len(own) < _ENOUGH:
            own = self._ended_templates.last((kind, description_template(description)))
        return tuple(each.past_run() for each in own)

    def trend(self, operation: Operation) -> Trend | None:
        """Whether jobs of the operation's type and description get slower or faster.

        None where that may be noise: in one of a hundred series without a trend, one is found.
        """
        _, kind, description = _identity(operation)
        runs = self._own.last((kind, description))
        change = relative_change([run.log_seconds for run in runs])
        return None if change is None else Trend(change, moment(runs[0].at), len(runs))

    def estimate_queue(
        self, operation: Operation, active: Iterable[Operation] | None = None
    ) -> Estimate | None:
        """How long the operation is queued, from its creation to its start.

        If it has started, this is the estimate that was right when it was created.

        Args:
            operation: Whose start is awaited.
            active: The operations that have not ended; those of its type that were created before
                it are ahead of it. Without it, the estimate is made of how long jobs were lately
                queued, whatever was ahead of them.

        Returns:
            None where the past says too little, or nothing about what is ahead.
        """
        _, kind, _ = _identity(operation)
        started, created = seconds_of(operation.started_at), seconds_of(operation.created_at)
        with self._lock:
            plain = self._queued.estimate((kind, ""), started)
        if plain and plain.samples < _ENOUGH:
            plain = None
        if active is None or created is None:
            return plain
        now = created if started is not None else max(created, operation.as_of.timestamp())
        until = None if started is None else now
        spans = self._spans.last((kind, ""))
        known = spans if until is None else tuple(span for span in spans if span.ended <= now)
        active = tuple(active)
        ahead = jobs_ahead(operation, active, now, lambda other: self._estimate(other, until))
        free = [span.ended for span in known if span.ended <= now]
        queue = learn_queue((*known, *open_spans(active, kind, now)))
        estimate = queue.estimate(created, now, ahead, free)
        if estimate is None and plain and (not ahead or queue.allows(plain)):
            return plain
        return estimate


def description_template(description: str) -> str:
    """A job's description without the names and numbers that vary.

    What stands in brackets or quotes or after a colon is a name, and so is a word that no prose
    has: with a digit, an underscore, a slash, or a dot within. If nothing else is left, the
    description is its own kind.
    """
    words = _QUOTED.sub("#", description).split()
    kind = " ".join("#" if _NAME_OR_NUMBER.search(word) else word for word in words)
    return kind if any(map(str.isalpha, kind)) else description


def _width(estimate: Estimate) -> float:
    """How much an estimate leaves open."""
    return estimate.high_seconds / estimate.low_seconds


def _identity(operation: Operation) -> tuple[str, str, str]:
    """An operation's id, type and description, whatever the server left out."""
    description = (operation.description or "")[:_MAX_CHARACTERS]
    return operation.resource_id or "", operation.type or "", description
