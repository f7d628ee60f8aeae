"""When a queued job starts: what is ahead of it, what is learnt, and when nothing is said."""

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
class Seen(Job):
    """A job, and when it was seen."""

    as_of: object = NOW


def past(executors=1, *, jobs=120, step=12, seconds=60, together=4, **fields):
    """A server's past: so many jobs at a time, which wait for one another, every hour."""
    made = []
    for number in range(jobs):
        hour = DAY + timedelta(hours=number // together)
        created = hour + timedelta(seconds=number % together)
        number_in_line = number % together // executors
        started = hour + timedelta(seconds=(step + seconds) * number_in_line + step)
        ended = started + timedelta(seconds=seconds)
        made.append(Seen(str(number), TRAIN, created, started, ended))
    return [replace(job, **fields) for job in made]


def waiting(ago=0, **fields):
    """A job that was created so many seconds ago and waits."""
    created = NOW - timedelta(seconds=ago)
    job = Seen(str(next(numbers)), TRAIN, created, None, None, state="PENDING")
    return replace(job, **fields)


def runs(for_seconds, **fields):
    """A job that has run so long."""
    started = NOW - timedelta(seconds=for_seconds)
    created = started - timedelta(seconds=12)
    job = Seen(str(next(numbers)), TRAIN, created, started, None, state="RUNNING")
    return replace(job, **fields)


def foretold(history, operation, *ahead):
    """The estimate of the wait, with the operation itself in the list, as a server has it."""
    return history.estimate_queue(operation, [operation, *ahead])


def about(estimate, seconds, within=4):
    assert estimate.median_seconds == pytest.approx(seconds, abs=within)
    assert 0 <= estimate.low_seconds <= estimate.median_seconds <= estimate.high_seconds


@pytest.fixture(scope="module")
def one():
    """The history of a server that runs one job at a time, of 60 s, with 12 s in between."""
    return JobHistory(past())


def test_with_nothing_ahead_it_takes_what_it_takes_to_start(one):
    """Others' waits for others do not count."""
    about(foretold(one, waiting()), 12, within=1)
    about(one.estimate_queue(waiting(), []), 12, within=1)


def test_what_is_left_of_a_running_job_and_a_step(one):
    """A job that has run 20 of its 60 s leaves 40, and 12 until the next starts."""
    about(foretold(one, waiting(), runs(20)), 52)


def test_waiting_jobs_ahead_add_up(one):
    """Each that waits ahead takes its whole time and a step."""
    about(foretold(one, waiting(), waiting(9), runs(20), waiting(5)), 52 + 2 * 72, within=10)


def test_what_it_has_waited_counts(one):
    """The wait is from its creation: what has passed, and what is left."""
    about(foretold(one, waiting(30), runs(40)), 30 + 20 + 12)


def test_a_pending_job_ahead_has_its_own_start_before_it(one):
    """If nothing runs, the first in line has yet to be submitted."""
    about(foretold(one, waiting(), waiting(2)), 10 + 60 + 12)


@pytest.mark.parametrize("elapsed", [61, 70, 120, 600, 100_000])
def test_a_late_job_has_a_little_left(one, elapsed):
    """A job that takes longer than usual may end any moment, and has not ended."""
    estimate = foretold(one, waiting(5), runs(elapsed))

    assert estimate.low_seconds >= 5 + 12 * 0.7
    assert estimate.median_seconds <= 5 + 12 + max(10, 0.2 * elapsed)


def test_the_interval_widens_with_what_is_ahead(one):
    """Four jobs ahead leave more open than one."""
    widths = []
    for ahead in (1, 4):
        estimate = foretold(one, waiting(), *(waiting(9) for _ in range(ahead)))
        widths.append(estimate.high_seconds - estimate.low_seconds)

    assert widths[0] < widths[1]


def test_what_was_created_later_is_not_ahead(one):
    """Neither later jobs nor the job itself are ahead; ids decide between twins."""
    operation = waiting(5, resource_id="99")
    twin = replace(operation, resource_id="100")

    about(foretold(one, operation, waiting(1), twin), 12, within=1)
    assert foretold(one, twin, operation).median_seconds > 60


@pytest.mark.parametrize(
    "other",
    [
        runs(5, type="projectExport"),
        waiting(9, type="projectImport"),
        waiting(9, state="CANCELED", ended_at=NOW),
        runs(60, state="SUCCEEDED", ended_at=NOW - timedelta(seconds=3600)),
        waiting(9, state="CANCELING"),
        waiting(9, created_at=None),
    ],
    ids=["export", "import", "cancelled", "ended", "being cancelled", "of no time"],
)
def test_what_does_not_hold_it_up(one, other):
    """Other types, and what has ended or will not run, are not ahead."""
    about(foretold(one, waiting(5), other), 12, within=1)


def test_a_start_in_the_future_is_no_start(one):
    """A pending job with a start that its server's clock has not reached waits."""
    other = waiting(2, started_at=NOW + timedelta(hours=1))

    about(foretold(one, waiting(), other), 10 + 60 + 12)


def test_jobs_that_hardly_waited_for_others_make_no_promise():
    """The job ahead ended before they could have started: that shows no order."""
    jobs = []
    for number in range(6):
        created = DAY + timedelta(hours=number)
        for seconds in (0, 71):
            requested = created + timedelta(seconds=seconds)
            started = requested + timedelta(seconds=12)
            ended = started + timedelta(seconds=60)
            jobs.append(Seen(f"{number}-{seconds}", TRAIN, requested, started, ended))
    history = JobHistory(jobs)

    assert foretold(history, waiting(), runs(20)) == history.estimate_queue(waiting())


def test_a_job_that_is_being_cancelled_is_nearly_gone(one):
    """It leaves its executor in a moment."""
    about(foretold(one, waiting(), runs(5, state="CANCELING")), 12)


def test_a_running_job_without_a_start_has_just_begun(one):
    """Servers say RUNNING a moment before they say since when."""
    about(foretold(one, waiting(), runs(0, started_at=None)), 60 + 12)


def test_a_job_that_has_just_ended_still_holds_it_up():
    """The step from a job's end to the next start counts when the list is empty again."""
    job = runs(60, state="SUCCEEDED", ended_at=NOW - timedelta(seconds=4))

    estimate = foretold(JobHistory([*past(), job]), waiting(30))

    about(estimate, 30 - 4 + 12)


def test_it_never_starts_in_the_past():
    """A job that still waits has not started, though it was expected to."""
    job = runs(260, state="SUCCEEDED", ended_at=NOW - timedelta(seconds=200))

    estimate = foretold(JobHistory([*past(), job]), waiting(230))

    assert estimate.low_seconds > 230


@pytest.mark.parametrize("executors", [1, 2, 3, 4])
def test_the_number_of_executors_is_learnt(executors):
    """With fewer jobs ahead than run at once, it starts at once; with as many, it waits."""
    history = JobHistory(past(executors, jobs=240, together=12))
    ahead = [runs(20) for _ in range(executors)]

    about(foretold(history, waiting(), *ahead[1:]), 12, within=2)
    about(foretold(history, waiting(), *ahead), 40 + 12, within=8)


@pytest.mark.parametrize("step", [1, 12, 40])
def test_the_step_is_learnt(step):
    """From one job's end to the next one's start it takes what it took before."""
    about(foretold(JobHistory(past(step=step)), waiting(), runs(20)), 40 + step, within=6)


def test_more_that_run_than_ever_before(one):
    """Two jobs that run on a server of one executor have two executors."""
    about(foretold(one, waiting(), runs(20), runs(50)), 10 + 12, within=6)


def test_jobs_that_wait_longer_since_jobs_take_longer():
    """The estimates of what is ahead are those of the jobs themselves."""
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

    about(foretold(history, waiting(), runs(100, description="Long")), 500 + 12, within=30)


def test_without_a_list_the_past_waits_are_the_estimate(one):
    """The jobs ahead are not known then, and the interval is as wide as the waits were."""
    estimate = one.estimate_queue(waiting())

    assert estimate.low_seconds < 60 < estimate.high_seconds


def test_an_unknown_job_ahead_takes_what_any_job_takes():
    """If a job ahead has no estimate, the interval is as wide as jobs of its type differ."""
    jobs = past(together=3)
    for number, job in enumerate(jobs):
        if number % 3 == 2:  # the last in line, so that nothing else changes
            ended_at = job.started_at + timedelta(seconds=10 + number * 7 % 200)
            jobs[number] = replace(job, ended_at=ended_at, description="Varies")
    history = JobHistory(jobs)

    known = foretold(history, waiting(), runs(0))
    unknown = foretold(history, waiting(), runs(0, description="Never seen"))

    about(unknown, 72, within=15)
    assert width(unknown) > 3 * width(known)


def width(estimate):
    return estimate.high_seconds - estimate.low_seconds


def test_no_job_ever_waited_for_another():
    """A server that never was busy tells nothing of how it is when it is."""
    history = JobHistory(past(together=1))

    assert foretold(history, waiting(), runs(20)) is None
    about(foretold(history, waiting()), 12, within=1)


def test_an_empty_history_says_nothing():
    """Without a past there is no estimate, whatever is ahead."""
    assert foretold(JobHistory(), waiting()) is None
    assert foretold(JobHistory(), waiting(), runs(20)) is None


def places(history, *active):
    """The number of jobs ahead of each waiting one, by id."""
    return {each.operation.resource_id: len(each.ahead) for each in history.waiting(active, NOW)}


def test_a_table_gets_all_estimates_at_once(one):
    """Each waiting job has those ahead of it and the estimate that it has alone."""
    active = [waiting(5), runs(20), waiting(9), waiting(1)]

    all_waiting = one.waiting(active, NOW)

    assert [each.operation for each in all_waiting] == [active[2], active[0], active[3]]
    assert [each.ahead for each in all_waiting] == [
        (active[1],),
        (active[1], active[2]),
        (active[1], active[2], active[0]),
    ]
    for each in all_waiting:
        assert each.estimate == one.estimate_queue(each.operation, active)


def test_a_job_with_a_free_executor_waits_for_none():
    """On a server of three, two running jobs hold nothing up, and a third does."""
    history = JobHistory(past(3, jobs=240, together=12))
    job = waiting(resource_id="1")

    assert places(history, job, runs(20), runs(5)) == {"1": 0}
    assert places(history, job, runs(20), runs(5), runs(9)) == {"1": 3}


def test_without_an_order_nothing_is_said_to_be_ahead():
    """A place in a queue that is not known would be made up."""
    assert places(JobHistory(), waiting(resource_id="1"), runs(20)) == {"1": 0}


def test_types_queue_apart(one):
    """An export is not behind Spark jobs."""
    export = waiting(1, type="projectExport", resource_id="9")

    assert places(one, runs(20), waiting(2, resource_id="8"), export) == {"8": 1, "9": 0}


def test_a_very_long_queue_costs_little(one):
    """The first fifty have estimates; the places of all others are known."""
    active = [
        runs(20, created_at=NOW - timedelta(hours=1)),
        *(waiting(500 - n) for n in range(200)),
    ]

    all_waiting = one.waiting(active, NOW)

    assert [bool(each.estimate) for each in all_waiting] == [True] * 50 + [False] * 150
    assert [len(each.ahead) for each in all_waiting] == list(range(1, 201))


@pytest.mark.parametrize(
    ("order", "first"), [("random", 150), pytest.param("latest", 100, marks=pytest.mark.slow)]
)
def test_a_past_without_order_makes_no_promise(queues, order, first):
    """If later jobs start first, adding up would be a lie: the interval is wide, or none."""
    jobs = queues.queue(3, order=order, bursts=0.6, jobs=200)
    held_up = [s for s in queues.replay(JobHistory(), jobs, first=first) if s.ahead]
    told = [each for each in held_up if each.estimate]

    assert fmean(s.estimate.high_seconds > 2 * s.estimate.low_seconds for s in told) > 0.9
    assert covered(told) >= 0.6


def test_jobs_that_overtake_one_another_make_no_promise():
    """If the second in line is as often third, nothing is added up."""
    rng = random.Random(2)
    jobs = past(together=3)
    for second in range(1, len(jobs), 3):
        one, other = jobs[second : second + 2]
        if rng.random() < 0.5:
            jobs[second] = replace(one, started_at=other.started_at, ended_at=other.ended_at)
            jobs[second + 1] = replace(other, started_at=one.started_at, ended_at=one.ended_at)
    history = JobHistory(jobs)

    estimate = foretold(history, waiting(), runs(20), waiting(5))

    assert estimate is None or estimate == history.estimate_queue(waiting())


def test_starts_that_go_by_something_else_make_no_promise():
    """If jobs start in order, but not when others end, nothing is added up."""
    rng = random.Random(3)
    jobs = []
    for job in past(seconds=900, together=4):
        waits = timedelta(seconds=200 * (int(job.resource_id) % 4) + rng.uniform(5, 200))
        started = job.created_at + waits
        jobs.append(replace(job, started_at=started, ended_at=started + timedelta(seconds=900)))
    history = JobHistory(jobs)

    estimate = foretold(history, waiting(), runs(20), waiting(5))

    assert estimate is None or estimate == history.estimate_queue(waiting())


def test_jobs_cancelled_while_they_waited_do_not_confuse(one):
    """They never had an executor, though they were ahead of others."""
    cancelled = [
        replace(job, resource_id=f"C{job.resource_id}", started_at=None, state="CANCELED")
        for job in past()
    ]
    history = JobHistory([*past(), *cancelled])

    assert foretold(history, waiting(), runs(20)) == foretold(one, waiting(), runs(20))


@pytest.mark.parametrize("hours", [-3, 3])
def test_only_the_servers_clock_counts(hours):
    """A server whose clock is hours off is measured by its own."""
    by = timedelta(hours=hours)

    def shifted(job):
        times = ("created_at", "started_at", "ended_at", "as_of")
        return replace(job, **{t: getattr(job, t) and getattr(job, t) + by for t in times})

    history = JobHistory(map(shifted, past()))

    about(foretold(history, shifted(waiting()), shifted(runs(20))), 52)


def test_a_job_from_the_future_is_new(one):
    """If the time of the list is before the creation, by a clock that was set, none passed."""
    about(foretold(one, waiting(-30), runs(20)), 12, within=12)


def test_of_a_job_that_has_started_it_says_what_was_right_at_its_creation(one):
    """Neither its own start nor later ends are used."""
    created = DAY + timedelta(days=9)
    first = Seen("901", TRAIN, created, created, created + timedelta(seconds=500))
    later = created + timedelta(seconds=20)
    second = Seen("902", TRAIN, later, later + timedelta(seconds=900), NOW)

    about(one.estimate_queue(second, [first]), 40 + 12, within=5)


def test_the_order_of_adding_does_not_matter():
    """Newest first, as servers list them: the same is learnt."""
    jobs = past(2, together=7)
    shuffled = random.Random(1).sample(jobs, len(jobs))
    args = (waiting(), runs(5), runs(10), waiting(3))

    assert foretold(JobHistory(shuffled), *args) == foretold(JobHistory(jobs), *args)


def test_an_estimate_stays_the_same_while_nothing_happens(one):
    """It is drawn by lot, but always by the same."""
    args = (waiting(resource_id="7777"), runs(5), waiting(3))

    assert foretold(one, *args) == foretold(one, *args)


times = st.datetimes(timezones=st.just(DAY.tzinfo))
moments = st.none() | times
states = st.sampled_from(["PENDING", "RUNNING", "CANCELING", "CANCELED", "SUCCEEDED", "", "ODD"])
anything = st.builds(
    Seen, st.text(), st.just(TRAIN), moments, moments, moments, states, as_of=times
)


@given(anything, st.lists(anything, max_size=6))
def test_nothing_that_a_server_lists_breaks_it(one, operation, active):
    """Any times and any states are taken."""
    estimate = one.estimate_queue(operation, active)
    one.waiting(active, NOW)

    if estimate is not None:
        assert 0 < estimate.low_seconds <= estimate.median_seconds <= estimate.high_seconds


def covered(told):
    return fmean(s.estimate.low_seconds <= s.waited <= s.estimate.high_seconds for s in told)


def error(told):
    return median(abs(s.estimate.median_seconds - s.waited) for s in told)


@pytest.mark.parametrize(
    ("family", "executors", "jobs"),
    [
        ("steady", 1, 140),
        pytest.param("steady", 1, 200, marks=pytest.mark.slow),
        pytest.param("sessions", 3, 350, marks=pytest.mark.slow),
    ],
)
def test_foretells_simulated_queues(queues, family, executors, jobs):
    """With nothing ahead to a second, with jobs ahead to ten, and the interval covers it."""
    jobs = queues.queue(5, executors, family=family, jobs=jobs)
    starts = list(queues.replay(JobHistory(), jobs, first=100))
    told = [each for each in starts if each.estimate]
    idle = [each for each in told if not each.ahead]
    held_up = [each for each in told if each.ahead]

    assert len(told) >= 0.9 * len(starts)
    assert error(idle) <= 1.5
    assert error(held_up) <= 10
    assert 0.7 <= covered(held_up) <= 0.95
