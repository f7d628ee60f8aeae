"""Estimates the duration and the start of jobs from those that have ended.

An estimate comes from the last runs with the job's type and description; one run is enough. With
fewer than three of them, a second estimate comes from runs whose descriptions differ only in names
and numbers (`Profiling [y] attributes.`), one run for each name, if there are at least three and
they do not differ too much. The narrower one counts. The package `_estimates` does the statistics.

Of each kind, only the runs that ended last are kept. So the order in which jobs are added and
repetitions have no effect, and the memory is bounded.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from . import _fork
from ._estimates.duration import Estimate, progress
from ._estimates.latest import Durations, LatestByKey
from ._estimates.queues import QueuePlace, Queues
from ._estimates.records import Ended, PastRun, ended, moment, run, seconds_of, span
from ._estimates.trend import Trend, relative_change
from .operation import Operation

__all__ = [
    "Estimate",
    "JobHistory",
    "PastRun",
    "QueuePlace",
    "Trend",
    "description_template",
    "progress",
]

# Standard deviations of log durations on recorded servers: between runs of one description, and
# between names.
_SPREAD = 0.07
_SPREAD_OF_NAMES = 0.3
# Fewer than for descriptions: the names change often, and each change recomputes the outcomes.
_OUTCOMES_OF_NAMES = 8
# With fewer runs of its own, a description may use those of its template; with fewer runs, a
# template has no estimate.
_MIN_SAMPLES = 3
# The largest ratio of the high to the low end at which a template's estimate is useful.
_MAX_WIDTH_OF_NAMES = 2.2

_MAX_PAST_RUNS = 20
_MAX_DESCRIPTION_CHARS = 300

_QUOTED = re.compile(r"""\[[^\[\]]*\] | \([^()]*\) | "[^"]*" | (?<=:\s).+""", re.VERBOSE)
_NAME_OR_NUMBER = re.compile(r"[\d_/\\]|\w[.@]\w")


class JobHistory:
    """The durations of a server's past jobs, and estimates made of them.

    It is thread-safe. Its methods take the public client's operations, too; they raise
    OperationTypeError for anything else.

    Args:
        operations: The jobs to begin with, in any order.
    """

    def __init__(self, operations: Iterable[Any] = ()) -> None:
        self.renew_after_fork()
        _fork.register(self)
        self._ended: LatestByKey[Ended] = LatestByKey(_MAX_PAST_RUNS)
        self._ended_templates: LatestByKey[Ended] = LatestByKey(_MAX_PAST_RUNS)
        self._own = Durations(_SPREAD)
        self._named = Durations(_SPREAD_OF_NAMES, _OUTCOMES_OF_NAMES)
        self._queues = Queues(self._estimate)
        for operation in operations:
            self.add(operation)

    def renew_after_fork(self) -> None:
        """Replaces the lock, which another thread of the parent may hold."""
        self._lock = threading.RLock()  # a signal handler may call any method

    def add(self, operation: Any) -> None:
        """Adds an operation in any state; adding it again has no effect.

        Running times count for operations that succeeded, times in the queue for all that were
        started. Contradictory times (an end before the start) are ignored.
        """
        operation = _snapshot(operation)
        job, kind, description = _identity(operation)
        own, template = (kind, description), (kind, description_template(description))
        created, started = operation.created_at, operation.started_at
        end, succeeded = operation.ended_at, operation.succeeded()
        waited, ran = run(job, created, started), run(job, started, end)
        life = span(job, waited, ran, succeeded=succeeded)
        past = None
        if operation.resolved:
            past = ended(job, operation.state or "", created, started, end)
        self._queues.add(kind, waited, life)
        with self._lock:
            if ran and succeeded:
                self._own.add(own, ran)
                self._named.add(template, ran._replace(of=description))
            if past:
                self._ended.add(own, past)
                self._ended_templates.add(template, past)

    def estimate(self, operation: Any) -> Estimate | None:
        """Estimates how long the operation runs.

        If it has ended, the estimate is made of the runs that ended before it.

        Returns:
            None if there is no run with its type and description, and there are too few runs whose
            descriptions differ only in names and numbers, or they differ too much.
        """
        operation = _snapshot(operation)
        return self._estimate(
            operation, seconds_of(operation.ended_at) if operation.resolved else None
        )

    def _estimate(self, operation: Operation, until: float | None) -> Estimate | None:
        _, kind, description = _identity(operation)
        own, named = (kind, description), (kind, description_template(description))
        with self._lock:
            estimates = [self._own.estimate(own, until)]
            if (
                len(self._own.last(own, until))
                < _MIN_SAMPLES
                <= len(self._named.last(named, until))
            ):
                widest = _MAX_WIDTH_OF_NAMES
                estimates.append(self._named.estimate(named, until, max_width=widest))
        return min(filter(None, estimates), key=_width, default=None)

    def runs(self, operation: Any) -> tuple[PastRun, ...]:
        """Returns the last runs of the operation's kind with any outcome, the newest last.

        They have the same type and description or, if there are fewer than three of those, a
        description that differs only in names and numbers. An operation that has ended is among
        its own runs.
        """
        _, kind, description = _identity(_snapshot(operation))
        own = self._ended.last((kind, description))
        if len(own) < _MIN_SAMPLES:
            own = self._ended_templates.last((kind, description_template(description)))
        return tuple(each.past_run() for each in own)

    def trend(self, operation: Any) -> Trend | None:
        """Returns the trend of how long jobs of the operation's type and description run.

        None if it is not significant; one in a hundred series without a trend is significant.
        """
        _, kind, description = _identity(_snapshot(operation))
        runs = self._own.last((kind, description))
        change = relative_change([run.log_seconds for run in runs])
        return None if change is None else Trend(change, moment(runs[0].at), len(runs))

    def estimate_queue(
        self, operation: Any, active: Iterable[Any] | None = None
    ) -> Estimate | None:
        """Estimates how long the operation is queued, from its creation to its start.

        If it has started, this is the estimate at the time of its creation.

        Args:
            operation: The operation that is queued.
            active: The operations that have not ended; those of its type that were created before
                it are ahead of it. Without `active`, the estimate is made of the last times in
                the queue, regardless of the jobs that were ahead. A job ahead that has no
                estimate of its own counts as any job of its type.

        Returns:
            None if there are too few past jobs; or if there are jobs ahead, the past jobs did not
            start in the order of their creation, and they waited longer with jobs ahead.
        """
        others = None if active is None else map(_snapshot, active)
        return self._queues.estimate(_snapshot(operation), others)

    def waiting(self, active: Iterable[Any], now: datetime) -> list[QueuePlace]:
        """Returns the jobs that wait, with those ahead and the estimates of their starts.

        The estimates are those of `estimate_queue`, but made together, which is faster. Beyond the
        first fifty jobs of a type there are none.

        Args:
            active: The operations that have not ended.
            now: The time by the server's clock, aware.
        """
        return self._queues.waiting(map(_snapshot, active), now)


def description_template(description: str) -> str:
    """Returns a job's description with `#` for names and numbers.

    Text in brackets or quotes or after a colon counts as a name, and so does a word with a digit,
    an underscore, a slash, or a dot within. If no other letters remain, the description is
    returned unchanged.
    """
    words = _QUOTED.sub("#", description).split()
    template = " ".join("#" if _NAME_OR_NUMBER.search(word) else word for word in words)
    return template if any(map(str.isalpha, template)) else description


def _width(estimate: Estimate) -> float:
    """Returns the width of an estimate's interval, as a ratio."""
    return estimate.high_seconds / estimate.low_seconds


def _snapshot(operation: Any) -> Operation:
    """Adopts an operation of a public package or a widget's; one with a snapshot's times is one."""
    is_one = isinstance(operation, Operation) or hasattr(operation, "started_at")
    return operation if is_one else Operation.adopt(operation)


def _identity(operation: Operation) -> tuple[str, str, str]:
    """Returns an operation's id, type and description, "" for those that are missing."""
    description = (operation.description or "")[:_MAX_DESCRIPTION_CHARS]
    return operation.resource_id or "", operation.type or "", description
