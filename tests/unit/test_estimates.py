"""Estimates that calibrate themselves, past runs, trends, and progress on both sides."""

from __future__ import annotations

import gc
import json
import math
import random
import shutil
import subprocess
import time
import tracemalloc
from datetime import timedelta
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from past_jobs import DAY, TRAIN, Job, pending, ran, running

import tamr_widgets
from tamr_widgets._estimates import latest
from tamr_widgets._estimates.trend import relative_change
from tamr_widgets.history import Estimate, JobHistory, progress

FAMILIES = ("drift", "modes", "sessions", "skewed", "mixed", "names")
STATIC = Path(tamr_widgets.__file__).parent / "widgets" / "static"


def replay(seconds):
    """Estimate each run of one kind from those before it."""
    history = JobHistory()
    estimates = []
    for each in seconds:
        estimates.append(history.estimate(running()))
        history.add(ran(each))
    return list(zip(seconds, estimates, strict=True))[1:]


def share_covered(told):
    return fmean(each.low_seconds <= actual <= each.high_seconds for actual, each in told)


@pytest.mark.parametrize(
    ("spread", "runs"),
    [
        (0.01, 200),
        (0.8, 200),
        *(pytest.param(spread, 400, marks=pytest.mark.slow) for spread in (0.01, 0.07, 0.8)),
    ],
)
def test_the_interval_learns_how_much_a_server_varies(spread, runs):
    """Be it of percents or of factors, after a while four in five are within the interval."""
    rng = random.Random(7)
    told = replay([30 * math.exp(rng.gauss(0, spread)) for _ in range(runs)])[50:]

    assert 0.75 <= share_covered(told) <= 0.86


@pytest.mark.parametrize("runs", [150, pytest.param(250, marks=pytest.mark.slow)])
@pytest.mark.parametrize("growth", [1.03, 1 / 1.03])
def test_the_interval_keeps_up_with_a_drift(growth, runs):
    """If each run takes 3% more or less than the last, the interval still covers it."""
    rng = random.Random(8)
    told = replay([100 * growth**n * math.exp(rng.gauss(0, 0.05)) for n in range(runs)])[50:]

    assert 0.74 <= share_covered(told) <= 0.87


@pytest.mark.parametrize("runs", [250, pytest.param(500, marks=pytest.mark.slow)])
def test_both_ends_are_calibrated_each_for_itself(runs):
    """If runs have a firm lower bound, one in ten is still below the low end."""
    rng = random.Random(9)
    told = replay([30 * (1 + rng.expovariate(5)) for _ in range(runs)])[runs // 5 :]

    assert 0.05 <= fmean(actual < each.low_seconds for actual, each in told) <= 0.15
    assert 0.05 <= fmean(actual > each.high_seconds for actual, each in told) <= 0.15


def test_a_new_kind_gains_from_what_the_server_taught():
    """A kind with a single run has a wider interval on a server where jobs vary more."""

    def width(spread):
        rng = random.Random(10)
        others = [
            ran(30 * math.exp(rng.gauss(0, spread)), f"Kind {'x' * (number % 9)}")
            for number in range(90)
        ]
        estimate = JobHistory([*others, ran(60)]).estimate(running())
        return estimate.high_seconds / estimate.low_seconds

    assert width(0.01) < width(0.07) < width(0.4)


def test_a_kind_with_outcomes_of_its_own_goes_by_them():
    """A steady kind keeps a narrow interval beside kinds that vary."""
    rng = random.Random(11)
    steady = [ran(30 + number % 2) for number in range(30)]
    wild = [ran(30 * math.exp(rng.gauss(0, 0.7)), "Wild") for _ in range(30)]
    history = JobHistory([*steady, *wild])

    one, other = history.estimate(running()), history.estimate(running("Wild"))

    assert one.high_seconds / one.low_seconds < 1.3
    assert other.high_seconds / other.low_seconds > 2


@given(st.randoms(use_true_random=False))
@settings(max_examples=4)
def test_the_order_of_adding_does_not_matter_with_many_kinds(rng):
    """Newest first, as a server lists them, or shuffled: the calibration is the same."""
    jobs = [
        ran(random.Random(number).uniform(20, 40), f"Kind {'x' * (number % 4)}")
        for number in range(40)
    ]
    kinds = {job.description for job in jobs}
    first = JobHistory(jobs)

    for order in (rng.sample(jobs, len(jobs)), reversed(jobs)):
        history = JobHistory(order)
        for kind in kinds:
            assert history.estimate(running(kind)) == first.estimate(running(kind))


def test_asking_in_between_does_not_matter():
    """A history that made an estimate after each job says the same in the end."""
    jobs = [ran(25 + number * 7 % 11, f"Kind {'x' * (number % 3)}") for number in range(90)]
    requested = JobHistory()
    for job in jobs:
        requested.add(job)
        requested.estimate(running(job.description))

    assert requested.estimate(running(TRAIN)) == JobHistory(jobs).estimate(running(TRAIN))
    assert requested.estimate(running("Kind ")) == JobHistory(jobs).estimate(running("Kind "))


def test_a_finished_job_is_calibrated_by_what_ended_before():
    """Events after a job's end do not change what is said of it."""
    rng = random.Random(12)
    jobs = [ran(30 * math.exp(rng.gauss(0, 0.1))) for _ in range(25)]
    later = [ran(30 * math.exp(rng.gauss(0, 1)), "Other") for _ in range(200)]

    before, after = JobHistory(jobs), JobHistory([*later, *jobs])

    assert after.estimate(jobs[-1]) == before.estimate(jobs[-1])


def test_nor_by_later_runs_of_its_own_kind():
    """A run that was far out afterwards does not widen what was said before."""
    rng = random.Random(16)
    jobs = [ran(30 * math.exp(rng.gauss(0, 0.05))) for _ in range(15)]
    requested = ran(30)
    later = [ran(30 * math.exp(rng.gauss(0, 2))) for _ in range(5)]

    assert JobHistory([*jobs, requested, *later]).estimate(requested) == JobHistory(jobs).estimate(
        requested
    )


def test_where_all_kinds_drift_the_median_keeps_up():
    """A server where each run takes 3% longer is estimated to a few percent, not to ten."""
    rng = random.Random(18)
    history, errors = JobHistory(), []
    for number in range(60):
        for kind in range(6):
            description = f"Kind {'x' * kind}"
            actual = 30 * 1.03**number * math.exp(rng.gauss(0, 0.02))
            if number > 20:
                estimate = history.estimate(running(description))
                errors.append(abs(estimate.median_seconds - actual) / actual)
            history.add(ran(actual, description))

    assert fmean(errors) < 0.05


@pytest.mark.parametrize(
    ("rounds", "others"), [(100, 3), pytest.param(150, 6, marks=pytest.mark.slow)]
)
def test_one_kind_that_drifts_among_steady_ones_is_followed(rounds, others):
    """A kind's own outcomes teach more than those of the server."""
    rng = random.Random(17)
    history, told = JobHistory(), []
    for number in range(rounds):
        for kind in range(others):
            history.add(ran(30 * math.exp(rng.gauss(0, 0.05)), f"Kind {'x' * kind}"))
        actual = 30 * 1.03**number * math.exp(rng.gauss(0, 0.05))
        told.append((actual, history.estimate(running())))
        history.add(ran(actual))

    assert 0.75 <= share_covered(told[50:]) <= 0.9


@pytest.mark.parametrize(
    ("family", "jobs"),
    [
        ("drift", 300),
        *(pytest.param(family, 800, marks=pytest.mark.slow) for family in FAMILIES),
    ],
)
def test_covers_what_it_says_on_any_server(accuracy, family, jobs):
    """The 80% interval covers about that, whatever the trouble is."""
    scores = [accuracy.score(accuracy.past(family, seed, jobs=jobs)) for seed in (11, 12)]

    assert 0.76 <= fmean(score.covered for score in scores) <= 0.86


def test_memory_is_bounded_while_nobody_asks(monkeypatch):
    """Many more names than are kept, each met once, leave no trace but the latest."""
    monkeypatch.setattr(latest, "MAX_KEYS", 20)
    tracemalloc.start()
    try:
        history = JobHistory(ran(30 + n % 9, f"Export: {n}") for n in range(40))
        gc.collect()  # what is garbage depends on the tests before
        before = tracemalloc.get_traced_memory()[0]
        for number in range(120):
            history.add(ran(30 + number % 9, f"Export: again {number}"))
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert history.estimate(running("Export: 5")) is not None
    assert grown < 40_000


def test_an_estimate_costs_little():
    """With a full history, an estimate takes some microseconds, not a millisecond."""
    history = JobHistory(ran(30 + n % 7, f"Kind {'x' * (n % 40)}") for n in range(800))
    history.estimate(running("Kind x"))
    begin = time.process_time()
    for _ in range(200):
        history.estimate(running("Kind x"))

    assert time.process_time() - begin < 0.1


def test_the_last_runs_are_listed_with_what_became_of_them():
    """Newest last, failed and cancelled ones included, with when, how long queued and run."""
    jobs = [ran(30), ran(12, state="FAILED"), ran(5, state="CANCELED", queued=60)]

    runs = JobHistory(reversed(jobs)).runs(running())

    assert [run.state for run in runs] == ["SUCCEEDED", "FAILED", "CANCELED"]
    assert [run.ran for run in runs] == [timedelta(seconds=s) for s in (30, 12, 5)]
    assert runs[2].queued == timedelta(seconds=60)
    assert [run.when for run in runs] == [job.ended_at for job in jobs]


def test_a_job_that_never_ran_has_no_duration():
    """A job that was cancelled while it waited is a run without a start."""
    job = ran(0, state="CANCELED", started_at=None)

    (run,) = JobHistory([job]).runs(running())

    assert (run.queued, run.ran, run.state) == (None, None, "CANCELED")
    assert run.when == job.ended_at


def test_runs_are_of_one_kind_bounded_and_never_twice():
    """Twenty are kept; other kinds, and jobs that have not ended, are not among them."""
    jobs = [ran(30 + number) for number in range(50)]
    history = JobHistory([*jobs, *jobs, ran(9, "Other"), running(), pending()])

    runs = history.runs(running())

    assert [run.when for run in runs] == [job.ended_at for job in jobs[-20:]]


def test_runs_of_a_new_name_are_those_of_other_names():
    """If a description is rare, its kind without names and numbers is listed."""
    history = JobHistory(ran(9, f"projectExport with artifact: a-{n}") for n in range(4))

    assert len(history.runs(running("projectExport with artifact: a-9"))) == 4
    assert history.runs(running("Train")) == ()


def test_what_can_not_be_true_is_no_duration():
    """An end before the start, or far in the future, is not shown as one."""
    backwards = ran(30, ended_at=DAY)
    future = ran(30, ended_at=DAY.replace(year=2099))

    (run,) = JobHistory([backwards, future]).runs(running())

    assert run.ran is None


def test_a_trend_is_found():
    """A job that takes 2% longer each time is 78% slower after 29 more runs, give or take."""
    rng = random.Random(13)
    jobs = [ran(30 * 1.02**number * math.exp(rng.gauss(0, 0.07))) for number in range(30)]

    trend = JobHistory(jobs).trend(running())

    assert trend.change == pytest.approx(1.02**29 - 1, abs=0.25)
    assert trend.since == jobs[0].ended_at
    assert trend.samples == 30


def test_a_new_level_is_a_trend():
    """A job that has taken half as long again since the middle of its runs is slower."""
    rng = random.Random(15)
    jobs = [ran(30 * (1 + (n >= 15) / 2) * math.exp(rng.gauss(0, 0.05))) for n in range(30)]

    assert JobHistory(jobs).trend(running()).change > 0.3


def test_getting_faster_is_a_trend_too():
    """The change is negative where runs take less and less."""
    history = JobHistory(ran(100 * 0.97**number) for number in range(20))

    assert history.trend(running()).change == pytest.approx(0.97**19 - 1)


@pytest.mark.parametrize(
    "seconds",
    [[30] * 30, [30, 60], [30, 31] * 15, [*[30] * 25, 300], [30 * 1.0005**n for n in range(30)]],
    ids=["equal", "two runs", "alternating", "one outlier", "next to nothing"],
)
def test_what_is_no_trend(seconds):
    """Too few runs, one outlier, or a change that is of no use."""
    assert JobHistory(map(ran, seconds)).trend(running()) is None


@pytest.mark.parametrize(
    ("likeness", "series"),
    [(0.5, 100), *(pytest.param(likeness, 400, marks=pytest.mark.slow) for likeness in (0.0, 0.5))],
)
def test_noise_is_rarely_taken_for_a_trend(likeness, series):
    """Even if a run resembles the one before, few in a hundred series show a trend."""
    rng = random.Random(14)
    found = 0
    for _ in range(series):
        log, logs = 0.0, []
        for _ in range(30):
            log = likeness * log + rng.gauss(0, 0.2)
            logs.append(log)
        found += relative_change(logs) is not None

    assert found <= series * (0.02 if likeness == 0 else 0.06)


@pytest.fixture(scope="module")
def page_progress(tmp_path_factory):
    """The page's `progress`, run by node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    modules = tmp_path_factory.mktemp("modules")
    for name in ("estimate.js", "dom.js", "format.js"):
        shutil.copy(STATIC / "shared" / name, modules)
    (modules / "package.json").write_text('{"type": "module"}')
    (modules / "serve.js").write_text(
        """
        import { createInterface } from "node:readline";
        import { progress } from "./estimate.js";
        for await (const line of createInterface({ input: process.stdin })) {
          const { estimate, elapsed } = JSON.parse(line);
          console.log(progress(estimate, elapsed));
        }
        """
    )
    with subprocess.Popen(
        [node, modules / "serve.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def ask(estimate, elapsed):
            facts = {
                "median": estimate.median_seconds,
                "low": estimate.low_seconds,
                "high": estimate.high_seconds,
                "samples": estimate.samples,
            }
            process.stdin.write(json.dumps({"estimate": facts, "elapsed": elapsed}) + "\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        yield ask
        process.stdin.close()


@given(
    median=st.floats(1e-3, 1e7),
    below=st.floats(0, 1),
    above=st.floats(0, 50),
    elapsed=st.floats(-1e3, 1e9) | st.floats(0, 100),
    share=st.floats(0, 3) | st.none(),
)
def test_the_page_computes_the_same_progress(page_progress, median, below, above, elapsed, share):
    """For any estimate and time, both sides show the same bar."""
    estimate = Estimate(median, median * (1 - below), median * (1 + above), 5)
    elapsed = elapsed if share is None else share * median

    assert page_progress(estimate, elapsed) == pytest.approx(
        progress(elapsed, estimate), rel=1e-9, abs=1e-12
    )


def test_nothing_known_has_no_runs_and_no_trend():
    """An operation without an id, a type, a description and times is survived."""
    nothing = Job(None, None, None, None, None, state="SUCCEEDED", type=None)
    history = JobHistory([nothing])

    assert history.runs(nothing) == ()
    assert history.trend(nothing) is None
