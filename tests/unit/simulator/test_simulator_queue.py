"""The queue of jobs: order, executors, cancels, and estimates from the past."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest
from fakes import fake_response

from tamr_widgets import JobHistory, Operation
from tamr_widgets.simulator import Simulator, history
from tamr_widgets.simulator.clock import Clock
from tamr_widgets.simulator.jobs.durations import DurationModel
from tamr_widgets.simulator.jobs.store import JobStore


def store(clock: Any, executors: int = 1) -> JobStore:
    return JobStore(Clock(clock), DurationModel(seed=1), executors=executors)


def states(jobs: JobStore, *ids: str) -> list[Any]:
    return [jobs.state(each) for each in ids]


def start_of(jobs: JobStore, job_id: str) -> float:
    job = jobs.job(job_id)
    assert job is not None
    return job.started


def max_at_once(documents: list[dict[str, Any]]) -> int:
    """Returns how many SPARK jobs of a past ran at once."""
    changes = []
    for each in documents:
        status = each["status"]
        if each["type"] == "SPARK" and status["startTime"]:
            changes += [(status["startTime"], 1), (status["endTime"], -1)]
    running = highest = 0
    for _, change in sorted(changes):
        running += change
        highest = max(highest, running)
    return highest


def test_jobs_run_one_at_a_time_in_the_order_of_their_creation(clock: Any) -> None:
    """Each starts some seconds after the end of the one before it."""
    jobs = store(clock)
    ids = [jobs.start("train", run_seconds=60) for _ in range(3)]

    starts = [start_of(jobs, each) for each in ids]

    assert starts == sorted(starts)
    assert all(65 < later - earlier < 100 for earlier, later in zip(starts, starts[1:]))  # noqa: B905,RUF007
    clock.advance(starts[1] - clock.now + 5)
    assert states(jobs, *ids) == ["SUCCEEDED", "RUNNING", "PENDING"]


@pytest.mark.parametrize("executors", [2, 3])
def test_several_executors_run_several_jobs_at_once(clock: Any, executors: int) -> None:
    """The next job starts when the first of these has ended."""
    jobs = store(clock, executors)
    ids = [jobs.start("train", run_seconds=60) for _ in range(executors + 1)]
    clock.advance(40)

    assert states(jobs, *ids) == ["RUNNING"] * executors + ["PENDING"]


@pytest.mark.parametrize("act", ["cancel", "finish", "remove"])
def test_a_job_starts_earlier_when_the_job_before_it_is_gone(clock: Any, act: str) -> None:
    """A job that is cancelled, ended early or removed frees its executor."""
    jobs = store(clock)
    first, second = (jobs.start("train", run_seconds=600) for _ in range(2))
    clock.advance(60)

    getattr(jobs, act)(first)

    assert clock.now <= start_of(jobs, second) < clock.now + 30


def test_a_pending_job_that_is_cancelled_delays_no_other_job(clock: Any) -> None:
    """The next job starts in its place."""
    jobs = store(clock)
    first, second, third = (jobs.start("train", run_seconds=60) for _ in range(3))
    before = start_of(jobs, third)

    jobs.cancel(second)

    assert start_of(jobs, third) < before - 50
    assert start_of(jobs, third) > start_of(jobs, first) + 60


def test_a_start_that_is_due_is_not_moved_by_a_new_job(clock: Any) -> None:
    """The job before it has just ended."""
    jobs = store(clock)
    first, second = (jobs.start("train", run_seconds=60) for _ in range(2))
    due = start_of(jobs, second)
    clock.advance(start_of(jobs, first) + 62 - clock.now)

    jobs.start("train")

    assert start_of(jobs, second) == due


def test_jobs_with_a_requested_start_and_exports_do_not_queue(clock: Any) -> None:
    """`queued_seconds` sets the start of a job, also while others run."""
    jobs = store(clock)
    jobs.start("train", run_seconds=600)
    clock.advance(20)

    at_once, export = jobs.start("train", queued_seconds=0), jobs.start("export")

    later = jobs.start("train", queued_seconds=900)
    last = jobs.start("train")

    assert start_of(jobs, at_once) == clock.now
    assert start_of(jobs, later) == clock.now + 900
    assert start_of(jobs, last) < clock.now + 900
    assert start_of(jobs, export) < clock.now + 30


@pytest.mark.parametrize("executors", [1, 3])
def test_past_jobs_were_queued_like_live_jobs(executors: int) -> None:
    """No more jobs ran at once than there are executors."""
    assert max_at_once(history(200, executors=executors)) == executors


def test_a_hundred_jobs_can_be_queued(clock: Any) -> None:
    """They run one after another."""
    jobs = store(clock)
    ids = [jobs.start("train", run_seconds=1) for _ in range(100)]

    assert start_of(jobs, ids[-1]) > clock.now + 100 * 5
    clock.advance(100 * 60)
    assert set(states(jobs, *ids)) == {"SUCCEEDED"}


def test_a_number_of_executors_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="executors"):
        Simulator(executors=0)


def test_estimates_from_the_past_fit_live_jobs(clock: Any) -> None:
    """A live job starts at about the estimated time."""
    jobs = JobStore(Clock(clock), DurationModel(seed=3), past=400)
    known = JobHistory(Operation(None, jobs.get(each)) for each in jobs)
    ids = [jobs.start(kind) for kind in ("unify", "train", "cluster")]
    active = [snapshot_at(jobs.get(each), clock.now) for each in ids]

    estimate = known.estimate_queue(active[-1], active)

    assert estimate is not None
    waited = start_of(jobs, ids[-1]) - clock.now
    assert estimate.median_seconds == pytest.approx(waited, rel=0.25)


def snapshot_at(document: dict[str, Any], now: float) -> Operation:
    """Returns an operation of a server whose clock shows this time."""
    response = fake_response(Date=formatdate(now, usegmt=True))
    return Operation.from_document(None, document, None, response)
