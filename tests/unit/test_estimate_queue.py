"""Estimates of the time until a queued job starts."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from past_jobs import DAY, TRAIN, Job

from tamr_widgets.history import JobHistory

NOW = DAY + timedelta(days=10)
numbers = count(1000)


@dataclass(frozen=True)
class ListedJob(Job):
    """A job with the time of the response that listed it."""

    as_of: object = NOW


def past(executors=1, *, jobs=120, step=12, seconds=60, together=4, **fields):
    """Returns a server's past: each hour, `together` jobs, which wait for each other."""
    made = []
    for number in range(jobs):
        hour = DAY + timedelta(hours=number // together)
        created = hour + timedelta(seconds=number % together)
        place_in_queue = number % together // executors
        started = hour + timedelta(seconds=(step + seconds) * place_in_queue + step)
        ended = started + timedelta(seconds=seconds)
        made.append(ListedJob(str(number), TRAIN, created, started, ended))
    return [replace(job, **fields) for job in made]


def waiting(ago=0, **fields):
    """Returns a pending job that was created some seconds ago."""
    created = NOW - timedelta(seconds=ago)
    job = ListedJob(str(next(numbers)), TRAIN, created, None, None, state="PENDING")
    return replace(job, **fields)


def running_job(for_seconds, **fields):
    """Returns a job that has run for some seconds."""
    started = NOW - timedelta(seconds=for_seconds)
    created = started - timedelta(seconds=12)
    job = ListedJob(str(next(numbers)), TRAIN, created, started, None, state="RUNNING")
    return replace(job, **fields)


def queue_estimate(history, operation, *ahead):
    """Returns the estimate; the list contains the operation itself, as on a server."""
    return history.estimate_queue(operation, [operation, *ahead])


def assert_about(estimate, seconds, within=4):
    assert estimate.median_seconds == pytest.approx(seconds, abs=within)
    assert 0 <= estimate.low_seconds <= estimate.median_seconds <= estimate.high_seconds


@pytest.fixture(scope="module")
def serial():
    """Returns the history of a server that runs one job at a time, of 60 s, with steps of 12 s."""
    return JobHistory(past())


def test_without_jobs_ahead_only_the_start_takes_time(serial):
    """Past waits for other jobs do not count."""
    assert_about(queue_estimate(serial, waiting()), 12, within=1)
    assert_about(serial.estimate_queue(waiting(), []), 12, within=1)


def test_a_running_job_ahead_adds_its_remaining_time(serial):
    """After 20 of its 60 s, 40 remain, and 12 until the next start."""
    assert_about(queue_estimate(serial, waiting(), running_job(20)), 52)


def test_waiting_jobs_ahead_add_up(serial):
    """Each adds its whole duration and the step to the next start."""
    assert_about(
        queue_estimate(serial, waiting(), waiting(9), running_job(20), waiting(5)),
        52 + 2 * 72,
        within=10,
    )


def test_the_time_already_waited_is_included(serial):
    """The estimate is counted from the creation."""
    assert_about(queue_estimate(serial, waiting(30), running_job(40)), 30 + 20 + 12)


def test_the_start_of_a_pending_job_ahead_is_included(serial):
    """If no job runs, the first in the queue has not been submitted yet."""
    assert_about(queue_estimate(serial, waiting(), waiting(2)), 10 + 60 + 12)


@pytest.mark.parametrize("elapsed", [61, 70, 120, 600, 100_000])
def test_an_overdue_job_ahead_has_a_short_remaining_time(serial, elapsed):
    """A job that takes longer than usual may end at any moment, but has not ended."""
    estimate = queue_estimate(serial, waiting(5), running_job(elapsed))

    assert estimate.low_seconds >= 5 + 12 * 0.7
    assert estimate.median_seconds <= 5 + 12 + max(10, 0.2 * elapsed)


def test_the_interval_widens_with_the_jobs_ahead(serial):
    """The wait for four jobs is less certain than for one."""
    widths = []
    for ahead in (1, 4):
        estimate = queue_estimate(serial, waiting(), *(waiting(9) for _ in range(ahead)))
        widths.append(estimate.high_seconds - estimate.low_seconds)

    assert widths[0] < widths[1]


def test_jobs_that_were_created_later_are_not_ahead(serial):
    """The job itself is not ahead either; ids decide between equal times."""
    operation = waiting(5, resource_id="99")
    twin = replace(operation, resource_id="100")

    assert_about(queue_estimate(serial, operation, waiting(1), twin), 12, within=1)
    assert queue_estimate(serial, twin, operation).median_seconds > 60


@pytest.mark.parametrize(
    "other",
    [
        running_job(5, type="projectExport"),
        waiting(9, type="projectImport"),
        waiting(9, state="CANCELED", ended_at=NOW),
        running_job(60, state="SUCCEEDED", ended_at=NOW - timedelta(seconds=3600)),
        waiting(9, state="CANCELING"),
        waiting(9, created_at=None),
    ],
    ids=["export", "import", "cancelled", "ended", "being cancelled", "without a time"],
)
def test_jobs_that_do_not_count_as_ahead(serial, other):
    """They are of another type, have ended, or will not run."""
    assert_about(queue_estimate(serial, waiting(5), other), 12, within=1)


def test_a_pending_job_with_a_future_start_is_waiting(serial):
    """The server's clock has not reached that start."""
    other = waiting(2, started_at=NOW + timedelta(hours=1))

    assert_about(queue_estimate(serial, waiting(), other), 10 + 60 + 12)


def test_jobs_that_hardly_waited_show_no_order():
    """The job ahead ended before they could have started, so only past waits are used."""
    jobs = []
    for number in range(6):
        created = DAY + timedelta(hours=number)
        for seconds in (0, 71):
            requested = created + timedelta(seconds=seconds)
            started = requested + timedelta(seconds=12)
            ended = started + timedelta(seconds=60)
            jobs.append(ListedJob(f"{number}-{seconds}", TRAIN, requested, started, ended))
    history = JobHistory(jobs)

    assert queue_estimate(history, waiting(), running_job(20)) == history.estimate_queue(waiting())


def test_a_job_that_is_being_cancelled_ends_soon(serial):
    """Its executor is free in a moment."""
    assert_about(queue_estimate(serial, waiting(), running_job(5, state="CANCELING")), 12)


def test_a_running_job_without_a_start_has_just_begun(serial):
    """Servers report RUNNING a moment before the start time."""
    assert_about(queue_estimate(serial, waiting(), running_job(0, started_at=None)), 60 + 12)


def test_the_step_after_a_job_that_has_just_ended_counts():
    """The list of active jobs is empty then, but the next start is still to come."""
    job = running_job(60, state="SUCCEEDED", ended_at=NOW - timedelta(seconds=4))

    estimate = queue_estimate(JobHistory([*past(), job]), waiting(30))

    assert_about(estimate, 30 - 4 + 12)


def test_an_estimated_start_is_never_in_the_past():
    """A job that still waits has not started, although its expected start has passed."""
    job = running_job(260, state="SUCCEEDED", ended_at=NOW - timedelta(seconds=200))

    estimate = queue_estimate(JobHistory([*past(), job]), waiting(230))

    assert estimate.low_seconds > 230


@pytest.mark.parametrize("executors", [1, 2, 3, 4])
def test_the_number_of_executors_is_learnt(executors):
    """With fewer jobs ahead than executors a job starts at once; otherwise it waits."""
    history = JobHistory(past(executors, jobs=240, together=12))
    ahead = [running_job(20) for _ in range(executors)]

    assert_about(queue_estimate(history, waiting(), *ahead[1:]), 12, within=2)
    assert_about(queue_estimate(history, waiting(), *ahead), 40 + 12, within=8)


@pytest.mark.parametrize("step", [1, 12, 40])
def test_the_step_is_learnt(step):
    """The time from a job's end to the next start is that of past jobs."""
    assert_about(
        queue_estimate(JobHistory(past(step=step)), waiting(), running_job(20)), 40 + step, within=6
    )


def test_running_jobs_raise_the_number_of_executors(serial):
    """Two jobs run on a server with one known executor, so it has two."""
    assert_about(
        queue_estimate(serial, waiting(), running_job(20), running_job(50)), 10 + 12, within=6
    )


def test_longer_jobs_ahead_mean_longer_waits():
    """Each job ahead takes as long as its own estimate."""
    long = past(seconds=600, together=1, jobs=20, description="Long")
    earlier = [
        replace(
            job,
            resource_id=f"E{job.resource_id}",
            created_at=job.created_at - timedelta(days=3),
            started_at=job.started_at - timedelta(days=3),
            ended_at=job.ended_at - timedelta(days=3),
        )
        for job in past()
    ]
    history = JobHistory([*earlier, *long])

    assert_about(
        queue_estimate(history, waiting(), running_job(100, description="Long")),
        500 + 12,
        within=30,
    )


def test_without_a_list_the_past_waits_are_the_estimate(serial):
    """The jobs ahead are not known, and the interval is as wide as past waits."""
    estimate = serial.estimate_queue(waiting())

    assert estimate.low_seconds < 60 < estimate.high_seconds


def test_an_unknown_job_ahead_takes_as_long_as_any_job():
    """The interval is as wide as the durations of all jobs of its type."""
    jobs = past(together=3)
    for number, job in enumerate(jobs):
        if number % 3 == 2:  # the last in the queue, so that nothing else changes
            ended_at = job.started_at + timedelta(seconds=10 + number * 7 % 200)
            jobs[number] = replace(job, ended_at=ended_at, description="Varies")
    history = JobHistory(jobs)

    known = queue_estimate(history, waiting(), running_job(0))
    unknown = queue_estimate(history, waiting(), running_job(0, description="Never seen"))

    assert_about(unknown, 72, within=15)
    assert width(unknown) > 3 * width(known)


def width(estimate):
    return estimate.high_seconds - estimate.low_seconds


def test_without_past_waits_a_busy_queue_has_no_estimate():
    """If the server was never busy, only an idle queue has one."""
    history = JobHistory(past(together=1))

    assert queue_estimate(history, waiting(), running_job(20)) is None
    assert_about(queue_estimate(history, waiting()), 12, within=1)


def test_an_empty_history_has_no_estimate():
    """The jobs ahead make no difference."""
    assert queue_estimate(JobHistory(), waiting()) is None
    assert queue_estimate(JobHistory(), waiting(), running_job(20)) is None


def jobs_ahead(history, *active):
    """Returns the number of jobs ahead of each waiting job, by id."""
    return {each.operation.resource_id: len(each.ahead) for each in history.waiting(active, NOW)}


def test_all_waiting_jobs_are_estimated_at_once(serial):
    """Each has the jobs ahead of it, and the same estimate as on its own."""
    active = [waiting(5), running_job(20), waiting(9), waiting(1)]

    all_waiting = serial.waiting(active, NOW)

    assert [each.operation for each in all_waiting] == [active[2], active[0], active[3]]
    assert [each.ahead for each in all_waiting] == [
        (active[1],),
        (active[1], active[2]),
        (active[1], active[2], active[0]),
    ]
    for each in all_waiting:
        assert each.estimate == serial.estimate_queue(each.operation, active)


def test_a_job_with_a_free_executor_has_no_jobs_ahead():
    """With three executors, two running jobs delay no start, and three do."""
    history = JobHistory(past(3, jobs=240, together=12))
    job = waiting(resource_id="1")

    assert jobs_ahead(history, job, running_job(20), running_job(5)) == {"1": 0}
    assert jobs_ahead(history, job, running_job(20), running_job(5), running_job(9)) == {"1": 3}


def test_without_a_known_order_no_job_is_ahead():
    """A place in the queue would be made up."""
    assert jobs_ahead(JobHistory(), waiting(resource_id="1"), running_job(20)) == {"1": 0}


def test_types_have_separate_queues(serial):
    """An export is not behind Spark jobs."""
    export = waiting(1, type="projectExport", resource_id="9")

    assert jobs_ahead(serial, running_job(20), waiting(2, resource_id="8"), export) == {
        "8": 1,
        "9": 0,
    }


def test_the_number_of_estimates_is_limited(serial):
    """The first fifty jobs have estimates, and all of them have places."""
    active = [
        running_job(20, created_at=NOW - timedelta(hours=1)),
        *(waiting(500 - n) for n in range(200)),
    ]

    all_waiting = serial.waiting(active, NOW)

    assert [bool(each.estimate) for each in all_waiting] == [True] * 50 + [False] * 150
    assert [len(each.ahead) for each in all_waiting] == list(range(1, 201))


@pytest.mark.parametrize(
    ("order", "first"), [("random", 150), pytest.param("latest", 100, marks=pytest.mark.slow)]
)
def test_a_past_without_order_has_wide_intervals(queues, order, first):
    """If later jobs start first, durations are not added up: the interval is wide, or none."""
    jobs = queues.queue(3, order=order, bursts=0.6, jobs=200)
    delayed = [s for s in queues.replay(JobHistory(), jobs, first=first) if s.ahead]
    estimated = [each for each in delayed if each.estimate]

    assert fmean(s.estimate.high_seconds > 2 * s.estimate.low_seconds for s in estimated) > 0.9
    assert covered(estimated) >= 0.6


def test_a_server_that_is_never_idle_has_an_estimate():
    """Each job waits for the one before it, and the last for two: only one executor is possible."""
    jobs = []
    for number in range(12):
        free = DAY + timedelta(seconds=60 * number)
        created = free - timedelta(seconds=30 if number < 11 else 80)
        started, ended = free + timedelta(seconds=1 + number % 3), free + timedelta(seconds=60)
        jobs.append(ListedJob(str(number), TRAIN, created, started, ended))

    assert_about(queue_estimate(JobHistory(jobs), waiting(), running_job(20)), 38 + 2)


def test_jobs_that_overtake_each_other_show_no_order():
    """If the second in the queue is as often third, durations are not added up."""
    rng = random.Random(2)
    jobs = past(together=3)
    for second in range(1, len(jobs), 3):
        first, other = jobs[second : second + 2]
        if rng.random() < 0.5:
            jobs[second] = replace(first, started_at=other.started_at, ended_at=other.ended_at)
            jobs[second + 1] = replace(other, started_at=first.started_at, ended_at=first.ended_at)
    history = JobHistory(jobs)

    estimate = queue_estimate(history, waiting(), running_job(20), waiting(5))

    assert estimate is None or estimate == history.estimate_queue(waiting())


def test_starts_that_follow_no_end_show_no_order():
    """If jobs start in order, but not when others end, durations are not added up."""
    rng = random.Random(3)
    jobs = []
    for job in past(seconds=900, together=4):
        waits = timedelta(seconds=200 * (int(job.resource_id) % 4) + rng.uniform(5, 200))
        started = job.created_at + waits
        jobs.append(replace(job, started_at=started, ended_at=started + timedelta(seconds=900)))
    history = JobHistory(jobs)

    estimate = queue_estimate(history, waiting(), running_job(20), waiting(5))

    assert estimate is None or estimate == history.estimate_queue(waiting())


def test_jobs_cancelled_while_waiting_do_not_count(serial):
    """They never had an executor, though they were ahead of others."""
    cancelled = [
        replace(job, resource_id=f"C{job.resource_id}", started_at=None, state="CANCELED")
        for job in past()
    ]
    history = JobHistory([*past(), *cancelled])

    assert queue_estimate(history, waiting(), running_job(20)) == queue_estimate(
        serial, waiting(), running_job(20)
    )


@pytest.mark.parametrize("hours", [-3, 3])
def test_only_the_servers_clock_counts(hours):
    """All times of a server are compared with its own clock, which may be hours off."""
    by = timedelta(hours=hours)

    def shifted(job):
        times = ("created_at", "started_at", "ended_at", "as_of")
        return replace(job, **{t: getattr(job, t) and getattr(job, t) + by for t in times})

    history = JobHistory(map(shifted, past()))

    assert_about(queue_estimate(history, shifted(waiting()), shifted(running_job(20))), 52)


def test_a_job_created_in_the_future_has_not_waited(serial):
    """The server's clock was set back between the creation and the list."""
    assert_about(queue_estimate(serial, waiting(-30), running_job(20)), 12, within=12)


def test_a_started_job_is_estimated_as_of_its_creation(serial):
    """Neither its own start nor later ends are used."""
    created = DAY + timedelta(days=9)
    first = ListedJob("901", TRAIN, created, created, created + timedelta(seconds=500))
    later = created + timedelta(seconds=20)
    second = ListedJob("902", TRAIN, later, later + timedelta(seconds=900), NOW)

    assert_about(serial.estimate_queue(second, [first]), 40 + 12, within=5)


def test_the_order_of_adding_does_not_matter():
    """Servers list the newest job first."""
    jobs = past(2, together=7)
    shuffled = random.Random(1).sample(jobs, len(jobs))
    args = (waiting(), running_job(5), running_job(10), waiting(3))

    assert queue_estimate(JobHistory(shuffled), *args) == queue_estimate(JobHistory(jobs), *args)


def test_repeated_estimates_are_equal(serial):
    """The random numbers of an estimate have fixed seeds."""
    args = (waiting(resource_id="7777"), running_job(5), waiting(3))

    assert queue_estimate(serial, *args) == queue_estimate(serial, *args)


times = st.datetimes(timezones=st.just(DAY.tzinfo))
moments = st.none() | times
states = st.sampled_from(["PENDING", "RUNNING", "CANCELING", "CANCELED", "SUCCEEDED", "", "ODD"])
anything = st.builds(
    ListedJob, st.text(), st.just(TRAIN), moments, moments, moments, states, as_of=times
)


@given(anything, st.lists(anything, max_size=6))
def test_any_listed_jobs_are_accepted(serial, operation, active):
    """Any times and any states are possible."""
    estimate = serial.estimate_queue(operation, active)
    serial.waiting(active, NOW)

    if estimate is not None:
        assert 0 < estimate.low_seconds <= estimate.median_seconds <= estimate.high_seconds


def covered(estimated):
    return fmean(s.estimate.low_seconds <= s.waited <= s.estimate.high_seconds for s in estimated)


def error(estimated):
    return median(abs(s.estimate.median_seconds - s.waited) for s in estimated)


@pytest.mark.parametrize(
    ("family", "executors", "jobs"),
    [
        ("steady", 1, 140),
        pytest.param("steady", 1, 200, marks=pytest.mark.slow),
        pytest.param("sessions", 3, 350, marks=pytest.mark.slow),
    ],
)
def test_the_waits_of_simulated_queues_are_estimated(queues, family, executors, jobs):
    """The error is at most 1.5 s without jobs ahead, and 10 s with them; the interval covers it."""
    jobs = queues.queue(5, executors, family=family, jobs=jobs)
    starts = list(queues.replay(JobHistory(), jobs, first=100))
    estimated = [each for each in starts if each.estimate]
    idle = [each for each in estimated if not each.ahead]
    delayed = [each for each in estimated if each.ahead]

    assert len(estimated) >= 0.9 * len(starts)
    assert error(idle) <= 1.5
    assert error(delayed) <= 10
    assert 0.7 <= covered(delayed) <= 0.95
