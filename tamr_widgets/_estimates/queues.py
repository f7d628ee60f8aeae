"""The queues of a server: its past jobs by type, and estimates of when waiting jobs start."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from .. import _fork
from .discipline import MAX_SPANS, learn_queue
from .duration import Estimate
from .latest import Durations, LatestByKey
from .queue import Queue, QueuedJob
from .records import Run, Span, seconds_of

if TYPE_CHECKING:
    from ..operation import Operation

__all__ = ["QueuePlace", "Queues"]

# The standard deviation of log times in the queue, on recorded servers.
_SPREAD = 0.5
_MIN_SAMPLES = 3
# The simulation of more waiting jobs takes too long.
_MAX_WAITING = 50


class QueuePlace(NamedTuple):
    """A job that waits.

    Attributes:
        operation: The operation.
        ahead: The jobs that it waits for, in the order of their creation. Empty if it waits for
            none, or if the past does not show that jobs start in the order of their creation.
        estimate: Of the time from its creation to its start.
    """

    operation: Operation
    ahead: tuple[Operation, ...]
    estimate: Estimate | None


class Queues:
    """The queues of a server, one for each type of job. It is thread-safe.

    Args:
        duration: Returns the estimate of an operation's running time, made of the runs that ended
            before a time, or of all.
    """

    def __init__(self, duration: Callable[[Operation, float | None], Estimate | None]) -> None:
        self._duration = duration
        self._spans: LatestByKey[Span] = LatestByKey(MAX_SPANS)
        self._waited = Durations(_SPREAD)
        self.renew_after_fork()
        _fork.register(self)

    def renew_after_fork(self) -> None:
        """Replaces the lock, which another thread of the parent may hold."""
        self._lock = threading.RLock()  # a signal handler may call any method

    def add(self, kind: str, waited: Run | None, life: Span | None) -> None:
        """Adds the wait and the times of a job of a type, if they are known."""
        with self._lock:
            if waited:
                self._waited.add((kind, ""), waited)
            if life:
                self._spans.add((kind, ""), life)

    def estimate(self, operation: Operation, active: Iterable[Operation] | None) -> Estimate | None:
        """Estimates how long an operation is queued; see `JobHistory.estimate_queue`."""
        kind = operation.type or ""
        started, created = seconds_of(operation.started_at), seconds_of(operation.created_at)
        if active is None or created is None:
            return self._regardless(kind, started)
        now = created if started is not None else max(created, operation.as_of.timestamp())
        until = None if started is None else now
        place, active = _queue_order(operation), tuple(active)
        ahead = [each for each in active if _queue_order(each) < place]
        jobs = [job for _, job in self._queued_jobs(kind, ahead, now, until)]
        queue, free = self._queue(kind, active, now, until)
        waits = QueuedJob(self._duration(operation, until), created, None)
        (*_, estimate) = queue.starts(now, [*jobs, waits], free)
        return estimate or self._fallback(kind, queue, started, is_first=not jobs)

    def waiting(self, active: Iterable[Operation], now: datetime) -> list[QueuePlace]:
        """Returns the jobs that wait, in no order; see `JobHistory.waiting`."""
        by_type: dict[str, list[Operation]] = {}
        for each in active:
            if each.created_at is not None:
                by_type.setdefault(each.type or "", []).append(each)
        waiting: list[QueuePlace] = []
        for kind, operations in by_type.items():
            waiting += self._waiting_of(kind, operations, now.timestamp())
        return waiting

    def _waiting_of(
        self, kind: str, operations: list[Operation], now: float
    ) -> Iterable[QueuePlace]:
        queued = self._queued_jobs(kind, operations, now, None)
        places = [place for place, (_, job) in enumerate(queued) if job.waits]
        if not places:
            return
        queue, free = self._queue(kind, operations, now, None)
        executors = queue.discipline.executors if queue.discipline else math.inf
        last = places[:_MAX_WAITING][-1]
        estimates = iter(queue.starts(now, [job for _, job in queued[: last + 1]], free))
        for place in places:
            estimate = next(estimates, None)
            if estimate is None:
                estimate = self._fallback(kind, queue, None, is_first=place == 0)
            ahead = queued[:place] if place >= executors else ()
            yield QueuePlace(queued[place][0], tuple(each for each, _ in ahead), estimate)

    def _queued_jobs(
        self, kind: str, operations: Iterable[Operation], now: float, until: float | None
    ) -> list[tuple[Operation, QueuedJob]]:
        """Returns the jobs of a type that have not ended, in the order of the queue."""
        same = sorted((each for each in operations if (each.type or "") == kind), key=_queue_order)
        return _unfinished(same, now, lambda each: self._duration(each, until))

    def _queue(
        self, kind: str, active: Iterable[Operation], now: float, until: float | None
    ) -> tuple[Queue, list[float]]:
        """Returns the queue of a type, and the last times when its executors became free.

        Args:
            kind: The type.
            active: The operations that have not ended.
            now: The time by the server's clock, in seconds since 1970.
            until: Only jobs that ended before this time count; None for all.
        """
        spans = self._spans.last((kind, ""))
        past = spans if until is None else tuple(span for span in spans if span.ended <= until)
        queue = learn_queue((*past, *_open_spans(active, kind, now)))
        return queue, [span.ended for span in past if span.ended <= now]

    def _regardless(self, kind: str, started: float | None) -> Estimate | None:
        """Estimates a wait regardless of the jobs ahead, by those that started before a time."""
        with self._lock:
            estimate = self._waited.estimate((kind, ""), started)
        return estimate if estimate and estimate.samples >= _MIN_SAMPLES else None

    def _fallback(
        self, kind: str, queue: Queue, started: float | None, *, is_first: bool
    ) -> Estimate | None:
        """Estimates a wait without a known discipline, if that is likely with these jobs ahead."""
        estimate = None if queue.discipline else self._regardless(kind, started)
        return estimate if estimate and (is_first or queue.allows(estimate)) else None


def _unfinished(
    operations: Iterable[Operation], now: float, estimate: Callable[[Operation], Estimate | None]
) -> list[tuple[Operation, QueuedJob]]:
    """Returns the jobs that have not ended, or that are to run, in the given order.

    Args:
        operations: The operations of one type, in the order of the queue.
        now: The time by the server's clock, in seconds since 1970; later starts and ends are
            ignored.
        estimate: Returns the estimate of an operation's running time.
    """
    jobs = []
    for each in operations:
        if _has_ended(each, now):
            continue
        started = seconds_of(each.started_at)
        if each.state == "RUNNING":
            # A job is RUNNING a little before the start time is set, and clocks may differ.
            started = min(started or now, now)
        elif started is not None and started > now:
            started = None
        ending = each.state == "CANCELING"
        if started is not None or not ending:
            job = QueuedJob(estimate(each), _queue_order(each)[0], started, ending)
            jobs.append((each, job))
    return jobs


def _open_spans(active: Iterable[Operation], kind: str, now: float) -> list[Span]:
    """Returns the operations of a type that have started and not ended, in order."""
    spans = []
    for each in sorted(active, key=_queue_order):
        if (each.type or "") != kind or _has_ended(each, now):
            continue
        created, started = seconds_of(each.created_at), seconds_of(each.started_at)
        if created and started and created <= started <= now:
            job = each.resource_id or ""
            spans.append(Span(math.inf, job, created, started, succeeded=True))
    return spans


def _has_ended(operation: Operation, now: float) -> bool:
    """Whether an operation had ended at a time, in seconds since 1970 by the server's clock."""
    ended = seconds_of(operation.ended_at)
    return operation.resolved if ended is None else ended <= now


def _queue_order(operation: Operation) -> tuple[float, int, str]:
    """Returns the sort key of operations in a queue."""
    created = seconds_of(operation.created_at)
    job = operation.resource_id or ""
    return math.inf if created is None else created, len(job), job
