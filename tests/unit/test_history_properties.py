"""Properties of all estimates and of the progress, for any past jobs."""

from __future__ import annotations

import math
from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from past_jobs import DAY, TRAIN, Job, running

from tamr_widgets._estimates.duration import Estimate, estimate_duration, progress
from tamr_widgets.history import JobHistory

DESCRIPTIONS = [TRAIN, "Profiling [1] attributes.", "Profiling [2] attributes.", ""]

moments = st.none() | st.datetimes(timezones=st.just(DAY.tzinfo))
estimates = st.builds(
    lambda median, down, up, samples: Estimate(median, median * down, median * up, samples),
    st.floats(0.001, 1e6),
    st.floats(0.01, 1),
    st.floats(1, 100),
    st.integers(1, 30),
)


@st.composite
def pasts(draw, description=None):
    """Generates jobs that succeeded, each an hour after the previous one."""
    taken = draw(st.lists(st.integers(1, 10_000), max_size=45))
    return [
        job(number, draw(st.sampled_from(DESCRIPTIONS)) if description is None else description, s)
        for number, s in enumerate(taken)
    ]


def job(number, description, taken):
    ended = DAY + timedelta(hours=number)
    started = ended - timedelta(seconds=taken)
    return Job(str(number), description, started, started, ended)


def scaled(jobs, factor):
    return [
        job(int(old.resource_id), old.description, factor * (old.ended_at - old.started_at).seconds)
        for old in jobs
    ]


def alike(one, other, factor=1):
    """Whether two estimates differ by a factor only, or both are None."""
    if one is None or other is None:
        return one is other
    return all(
        getattr(other, name) == pytest.approx(factor * getattr(one, name), rel=1e-5)
        for name in ("median_seconds", "low_seconds", "high_seconds")
    )


def estimates_of(history):
    return [history.estimate(running(description)) for description in DESCRIPTIONS]


@given(pasts())
def test_the_interval_contains_the_median(jobs):
    """Low, median and high are finite, above zero, and in this order."""
    for estimate in filter(None, estimates_of(JobHistory(jobs))):
        assert 0 < estimate.low_seconds <= estimate.median_seconds <= estimate.high_seconds
        assert math.isfinite(estimate.high_seconds)


@given(pasts(), pasts(description="Another kind"), st.integers(2, 500))
def test_durations_of_other_kinds_do_not_count(jobs, others, factor):
    """Only the accuracy of their estimates calibrates the interval."""
    one, other = (
        estimates_of(JobHistory(jobs + others)),
        estimates_of(JobHistory(jobs + scaled(others, factor))),
    )

    assert all(map(alike, one, other))


@given(pasts(), st.randoms(use_true_random=False))
def test_the_order_of_adding_does_not_matter(jobs, random):
    """Jobs may be added newest first or last, once or twice."""
    shuffled = random.sample(jobs + jobs, 2 * len(jobs))

    assert estimates_of(JobHistory(shuffled)) == estimates_of(JobHistory(jobs))


@given(pasts(), st.integers(2, 500))
def test_scaling_all_durations_scales_the_estimate(jobs, factor):
    """If all jobs take a multiple of their time, so does the estimate."""
    one, other = estimates_of(JobHistory(jobs)), estimates_of(JobHistory(scaled(jobs, factor)))

    assert all(map(partial(alike, factor=factor), one, other))


@given(st.lists(st.builds(Job, st.text(), st.text(), moments, moments, moments, st.text())))
def test_any_jobs_are_accepted(jobs):
    """Any times and any texts are possible."""
    history = JobHistory(jobs)

    for each in jobs:
        history.estimate(each)
        history.estimate_queue(each)


@given(st.floats(-5, 12), st.integers(1, 40))
@settings(max_examples=30)
def test_the_median_of_equal_runs_is_their_duration(log, runs):
    assert estimate_duration((log,) * runs, 0.07).median == pytest.approx(log)


@given(estimates, st.lists(st.floats(0, 1e9), min_size=2))
def test_progress_never_decreases_or_reaches_the_end(estimate, elapsed):
    """It grows with time from 0 and stays below 1, since only the server knows the end."""
    shown = [progress(seconds, estimate) for seconds in sorted(elapsed)]

    assert all(one <= other + 1e-12 for one, other in pairwise(shown))
    assert shown[0] >= 0
    assert shown[-1] < 1


@given(estimates)
def test_progress_slows_down_past_the_upper_bound(estimate):
    """Less is gained in the time from the upper bound to its double than before it."""
    high = estimate.high_seconds

    late = progress(2 * high, estimate) - progress(high, estimate)

    assert late < progress(high, estimate) - progress(0, estimate)
    assert progress(high, estimate) < progress(2 * high, estimate) or late == 0


@given(estimates)
def test_progress_has_no_jumps(estimate):
    """In a thousandth of the median, it never moves by more than a hundredth."""
    step = estimate.median_seconds / 1000
    shown = [progress(number * step, estimate) for number in range(900, 1100)]

    assert max(b - a for a, b in pairwise(shown)) < 0.01


def test_progress_is_nearly_done_at_the_median_of_a_narrow_estimate():
    """A job that always takes 60 s is shown half done after 30 s, and nine tenths after 60 s."""
    estimate = Estimate(60, 55, 66, 20)

    assert progress(30, estimate) == pytest.approx(0.5, abs=0.03)
    assert progress(60, estimate) == pytest.approx(0.93, abs=0.03)
    assert progress(-5, estimate) == 0
