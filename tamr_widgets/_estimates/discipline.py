"""What a server's past says about its queue: how many jobs run at once, and how the next starts.

For each number of executors, the jobs of the past are given the start that they would have had:
when all but so many of the jobs created before them had ended. The number with the least error
is taken, if jobs had to wait for an executor, and did so in the order of their creation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import fmean, median
from typing import NamedTuple

from .calibration import UNCHANGED, calibrated, outcomes
from .duration import MAX_RUNS, Estimate, estimate_duration
from .queue import Discipline, Queue
from .records import Run, Span

__all__ = ["MAX_SPANS", "learn_queue"]

MAX_SPANS = 120
"""A queue is learnt from so many jobs at most."""

_MAX_EXECUTORS = 8
_MIN_JOBS = 3
# What is sooner counts as this: clocks round, and a job may start before its forerunner's end.
_MIN_SECONDS = 0.1
_USUAL_ERROR_SECONDS = 10.0
_USUAL_SPREAD = 0.4
# So many of the pairs that waited together start in the order of their creation; a few pairs
# that were not seen count as if they did.
_MIN_IN_ORDER = 0.75
_PAIRS_BY_DEFAULT = 4
# The model's mean loss is at most this share of what one wait for all of them would lose.
_MAX_LOSS = 0.7


# Between two ends of jobs, it is asked for each job that waits.
@lru_cache(maxsize=32)
def learn_queue(spans: tuple[Span, ...]) -> Queue:
    """Finds out how a server lets its jobs start from those that it started.

    Args:
        spans: The jobs; one that has not ended, ends at infinity.
    """
    jobs = _past_jobs(spans)
    submission = _estimate((job, job.waited) for job in jobs if not job.ends_ahead)
    congested = _estimate((job, job.waited) for job in jobs if job.ends_ahead)
    if congested is None:
        return Queue(None, submission, None)
    failing = 1 - fmean(span.succeeded for span in spans)
    most = min(max(len(job.ends_ahead) for job in jobs), _MAX_EXECUTORS)
    models = [_Model(jobs, count, submission) for count in range(1, most + 1)]
    best = min(models, key=lambda model: model.loss)
    return Queue(best.discipline(failing), submission, congested)


class _PastJob(NamedTuple):
    """A job that has ended, and when those ended that were ahead of it, the last first."""

    span: Span
    ends_ahead: list[float]

    @property
    def waited(self) -> float:
        return self.span.started - self.span.created

    def turn(self, executors: int) -> float:
        """Returns when one of so many executors fell free for it."""
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
    """What the past would have been with a number of executors."""

    def __init__(
        self, jobs: Sequence[_PastJob], executors: int, submission: Estimate | None
    ) -> None:
        self._executors = executors
        usual = submission.median_seconds if submission else 0.0
        self._held_up = [job for job in jobs if job.turn(executors) > job.span.created + usual]
        handover = _estimate((job, job.span.started - job.turn(executors)) for job in self._held_up)
        # Both take about the same, on a server that is never idle, or never busy.
        self._submission = submission or handover
        self._handover = handover or submission
        self.loss = fmean(map(self._loss, (job for job in jobs if job.ends_ahead)))

    def discipline(self, failing: float) -> Discipline | None:
        """Returns the model if jobs waited for executors, in the order of their creation."""
        if not (self._submission and self._handover) or len(self._held_up) < _MIN_JOBS:
            return None
        usual = median(job.waited for job in self._held_up)
        without = fmean(_share(job.waited - usual) for job in self._held_up)
        if fmean(map(self._loss, self._held_up)) > _MAX_LOSS * without:
            return None
        if self._share_in_order() < _MIN_IN_ORDER:
            return None
        return Discipline(self._executors, self._submission, self._handover, failing)

    def _loss(self, job: _PastJob) -> float:
        if not (self._submission and self._handover):
            return 1.0
        start = max(
            job.span.created + self._submission.median_seconds,
            job.turn(self._executors) + self._handover.median_seconds,
        )
        return _share(job.span.started - start)

    def _share_in_order(self) -> float:
        """Returns the share, of pairs that waited together, that started in order."""
        pairs = [
            earlier.started <= later.started
            for (earlier, _), (later, _) in pairwise(self._held_up)
            if later.created < earlier.started
        ]
        return (sum(pairs) + _PAIRS_BY_DEFAULT) / (len(pairs) + _PAIRS_BY_DEFAULT)


def _share(error: float) -> float:
    """Returns an error as a share of 1, so that one gross error counts no more than another."""
    return 1.0 if math.isinf(error) else abs(error) / (abs(error) + _USUAL_ERROR_SECONDS)


def _estimate(waits: Iterable[tuple[_PastJob, float]]) -> Estimate | None:
    """Estimates the next wait, None if there are few."""
    runs = sorted(
        Run(job.span.started, job.span.of, math.log(max(seconds, _MIN_SECONDS)))
        for job, seconds in waits
    )
    if len(runs) < _MIN_JOBS:
        return None
    baseline = estimate_duration(tuple(run.log_seconds for run in runs[-MAX_RUNS:]), _USUAL_SPREAD)
    calibration = UNCHANGED.follow(outcomes(runs, _USUAL_SPREAD))
    return calibrated(baseline, calibration, len(runs))
