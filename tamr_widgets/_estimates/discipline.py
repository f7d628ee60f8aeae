"""Infers the discipline of a server's queue from its past jobs.

For each number of executors n, the model predicts the start of each past job: when fewer than n of
the jobs created before it were left. The number with the smallest error is taken, if jobs had to
wait for an executor, and did so in the order of their creation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from .averages import mean, median
from .calibration import UNCHANGED, calibrated, outcomes
from .duration import MAX_RUNS, Estimate, estimate_duration, quantile
from .queue import Discipline, Queue
from .records import Run, Span

__all__ = ["MAX_SPANS", "learn_queue"]

MAX_SPANS = 120
"""The largest number of jobs from which a queue is inferred."""

_MAX_EXECUTORS = 8
# Fewer jobs give no estimate of a wait, and show no discipline.
_MIN_JOBS = 3
# Shorter waits count as this: times are rounded, and a job may start before the previous one ends.
_MIN_SECONDS = 0.1
# An error of this size has half of the maximum loss.
_USUAL_ERROR_SECONDS = 10.0
# The standard deviation of log waits, on recorded servers.
_USUAL_SPREAD = 0.4
# The smallest share of pairs of waiting jobs that start in the order of their creation; a few
# hypothetical pairs in order are added, for queues with few.
_MIN_IN_ORDER = 0.75
_PAIRS_BY_DEFAULT = 4
# The largest ratio of the model's mean loss to that of a constant wait.
_MAX_LOSS = 0.7


# Called for each waiting job, with the same spans until another job ends.
@lru_cache(maxsize=32)
def learn_queue(spans: tuple[Span, ...]) -> Queue:
    """Infers the queue of a server from the jobs that it started.

    Args:
        spans: The jobs; the end of one that has not ended is infinity.
    """
    jobs = _past_jobs(spans)
    submission = _estimate((job, job.waited) for job in jobs if not job.ends_ahead)
    congested = _estimate((job, job.waited) for job in jobs if job.ends_ahead)
    runs = [span.ended - span.started for span in spans if span.succeeded and span.ended < math.inf]
    if congested is None or not runs:
        return Queue(None, submission, congested)
    failing = 1 - mean(span.succeeded for span in spans)
    any_run = _quantiles(runs)
    max_executors = min(max(len(job.ends_ahead) for job in jobs), _MAX_EXECUTORS)
    models = [_Model(jobs, count, submission) for count in range(1, max_executors + 1)]
    best = min(models, key=lambda model: model.loss)
    return Queue(best.discipline(any_run, failing), submission, congested)


class _PastJob(NamedTuple):
    """A job of the past, and the ends of those that were ahead of it, the last first."""

    span: Span
    ends_ahead: list[float]

    @property
    def waited(self) -> float:
        return self.span.started - self.span.created

    def free_at(self, executors: int) -> float:
        """Returns the time when one of this number of executors became free for it."""
        return self.ends_ahead[executors - 1] if len(self.ends_ahead) >= executors else -math.inf


def _past_jobs(spans: Iterable[Span]) -> list[_PastJob]:
    """Returns the jobs in the order of their creation."""
    jobs = []
    open_spans: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.created, span.of)):
        open_spans = [each for each in open_spans if each.ended > span.created]
        jobs.append(_PastJob(span, sorted((each.ended for each in open_spans), reverse=True)))
        open_spans.append(span)
    return jobs


class _Model:
    """A model of the queue with a given number of executors."""

    def __init__(
        self, jobs: Sequence[_PastJob], executors: int, submission: Estimate | None
    ) -> None:
        self._executors = executors
        usual = submission.median_seconds if submission else 0.0
        self._delayed = [job for job in jobs if job.free_at(executors) > job.span.created + usual]
        handover = _estimate(
            (job, job.span.started - job.free_at(executors)) for job in self._delayed
        )
        # A server that is never idle, or never busy, shows only one of the two; they are similar.
        self._submission = submission or handover
        self._handover = handover or submission
        self.loss = mean(map(self._loss, (job for job in jobs if job.ends_ahead)))

    def discipline(self, any_run: Estimate, failing: float) -> Discipline | None:
        """Returns the discipline if jobs waited for executors in the order of their creation."""
        if not (self._submission and self._handover) or len(self._delayed) < _MIN_JOBS:
            return None
        usual = median(job.waited for job in self._delayed)
        without = mean(_bounded_loss(job.waited - usual) for job in self._delayed)
        if mean(map(self._loss, self._delayed)) > _MAX_LOSS * without:
            return None
        if self._share_in_order() < _MIN_IN_ORDER:
            return None
        return Discipline(self._executors, self._submission, self._handover, any_run, failing)

    def _loss(self, job: _PastJob) -> float:
        if not (self._submission and self._handover):
            return 1.0
        start = max(
            job.span.created + self._submission.median_seconds,
            job.free_at(self._executors) + self._handover.median_seconds,
        )
        return _bounded_loss(job.span.started - start)

    def _share_in_order(self) -> float:
        """Returns the share of pairs of waiting jobs that started in order."""
        pairs = [
            earlier.started <= later.started
            for (earlier, _), (later, _) in pairwise(self._delayed)
            if later.created < earlier.started
        ]
        return (sum(pairs) + _PAIRS_BY_DEFAULT) / (len(pairs) + _PAIRS_BY_DEFAULT)


def _quantiles(durations: Iterable[float]) -> Estimate:
    """Returns the quantiles of some durations in seconds."""
    ascending = sorted(max(seconds, _MIN_SECONDS) for seconds in durations)
    low, middle, high = (quantile(ascending, share) for share in (0.1, 0.5, 0.9))
    return Estimate(middle, low, high, len(ascending))


def _bounded_loss(error: float) -> float:
    """Maps an error in seconds to 0..1, so that outliers count about the same."""
    return 1.0 if math.isinf(error) else abs(error) / (abs(error) + _USUAL_ERROR_SECONDS)


def _estimate(waits: Iterable[tuple[_PastJob, float]]) -> Estimate | None:
    """Estimates the next wait; None if there are too few."""
    runs = sorted(
        Run(job.span.started, job.span.of, math.log(max(seconds, _MIN_SECONDS)))
        for job, seconds in waits
    )
    if len(runs) < _MIN_JOBS:
        return None
    baseline = estimate_duration(tuple(run.log_seconds for run in runs[-MAX_RUNS:]), _USUAL_SPREAD)
    calibration = UNCHANGED.after(outcomes(runs, _USUAL_SPREAD))
    return calibrated(baseline, calibration, len(runs))
