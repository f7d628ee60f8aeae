"""Calibration of estimates, past runs, trends, and progress in the kernel and on the page."""

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
    """Estimates each run of a kind from the runs before it."""
    history = JobHistory()
    estimates = []
    for each in seconds:
        estimates.append(history.estimate(running()))
        history.add(ran(each))
    return list(zip(seconds, estimates, strict=True))[1:]


def share_covered(estimated):
    return fmean(each.low_seconds <= actual <= each.high_seconds for actual, each in estimated)


@pytest.mark.parametrize(
    ("spread", "runs"),
    [
        (0.01, 200),
        (0.8, 200),
        *(pytest.param(spread, 400, marks=pytest.mark.slow) for spread in (0.01, 0.07, 0.8)),
    ],
)
def test_the_interval_adapts_to_the_spread(spread, runs):
    """Four in five runs are within it, whether durations vary by percents or by factors."""
    rng = random.Random(7)
    estimated = replay([30 * math.exp(rng.gauss(0, spread)) for _ in range(runs)])[50:]

    assert 0.75 <= share_covered(estimated) <= 0.86


@pytest.mark.parametrize("runs", [150, pytest.param(250, marks=pytest.mark.slow)])
@pytest.mark.parametrize("growth", [1.03, 1 / 1.03])
def test_the_interval_follows_a_drift(growth, runs):
    """If each run takes 3% more or less than the last, the interval still covers it."""
    rng = random.Random(8)
    estimated = replay([100 * growth**n * math.exp(rng.gauss(0, 0.05)) for n in range(runs)])[50:]

    assert 0.74 <= share_covered(estimated) <= 0.87


@pytest.mark.parametrize("runs", [250, pytest.param(500, marks=pytest.mark.slow)])
def test_both_bounds_are_calibrated_separately(runs):
    """If runs have a firm minimum, one in ten is still below the low bound."""
    rng = random.Random(9)
    estimated = replay([30 * (1 + rng.expovariate(5)) for _ in range(runs)])[runs // 5 :]

    assert 0.05 <= fmean(actual < each.low_seconds for actual, each in estimated) <= 0.15
    assert 0.05 <= fmean(actual > each.high_seconds for actual, each in estimated) <= 0.15


def test_a_new_kind_uses_the_accuracy_of_other_kinds():
    """A kind with one run has a wider interval on a server where durations vary more."""

    def width(spread):
        rng = random.Random(10)
        others = [
            ran(30 * math.exp(rng.gauss(0, spread)), f"Kind {'x' * (number % 9)}")
            for number in range(90)
        ]
        estimate = JobHistory([*others, ran(60)]).estimate(running())
        return estimate.high_seconds / estimate.low_seconds

    assert width(0.01) < width(0.07) < width(0.4)


def test_a_kind_with_many_runs_uses_its_own_accuracy():
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


def test_estimates_between_additions_do_not_matter():
    """A history that made an estimate after each job makes the same one in the end."""
    jobs = [ran(25 + number * 7 % 11, f"Kind {'x' * (number % 3)}") for number in range(90)]
    requested = JobHistory()
    for job in jobs:
        requested.add(job)
        requested.estimate(running(job.description))

    assert requested.estimate(running(TRAIN)) == JobHistory(jobs).estimate(running(TRAIN))
    assert requested.estimate(running("Kind ")) == JobHistory(jobs).estimate(running("Kind "))


def test_a_finished_job_is_calibrated_by_earlier_jobs():
    """Jobs that ended later do not change its estimate."""
    rng = random.Random(12)
    jobs = [ran(30 * math.exp(rng.gauss(0, 0.1))) for _ in range(25)]
    later = [ran(30 * math.exp(rng.gauss(0, 1)), "Other") for _ in range(200)]

    before, after = JobHistory(jobs), JobHistory([*later, *jobs])

    assert after.estimate(jobs[-1]) == before.estimate(jobs[-1])


def test_later_runs_of_a_kind_do_not_change_an_estimate():
    """A later outlier does not widen the interval of an earlier run."""
    rng = random.Random(16)
    jobs = [ran(30 * math.exp(rng.gauss(0, 0.05))) for _ in range(15)]
    requested = ran(30)
    later = [ran(30 * math.exp(rng.gauss(0, 2))) for _ in range(5)]

    assert JobHistory([*jobs, requested, *later]).estimate(requested) == JobHistory(jobs).estimate(
        requested
    )


def test_the_median_follows_a_drift_of_all_kinds():
    """If each run takes 3% longer, the error is a few percent, not ten."""
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
def test_the_interval_follows_one_kind_that_drifts(rounds, others):
    """A kind's own outcomes count for more than those of steady kinds."""
    rng = random.Random(17)
    history, estimated = JobHistory(), []
    for number in range(rounds):
        for kind in range(others):
            history.add(ran(30 * math.exp(rng.gauss(0, 0.05)), f"Kind {'x' * kind}"))
        actual = 30 * 1.03**number * math.exp(rng.gauss(0, 0.05))
        estimated.append((actual, history.estimate(running())))
        history.add(ran(actual))

    assert 0.75 <= share_covered(estimated[50:]) <= 0.9


@pytest.mark.parametrize(
    ("family", "jobs"),
    [
        ("drift", 300),
        *(pytest.param(family, 800, marks=pytest.mark.slow) for family in FAMILIES),
    ],
)
def test_the_interval_covers_80_percent_on_any_server(accuracy, family, jobs):
    """Durations of each family vary in another way."""
    scores = [accuracy.score(accuracy.past(family, seed, jobs=jobs)) for seed in (11, 12)]

    assert 0.76 <= fmean(score.covered for score in scores) <= 0.86


def test_memory_is_bounded_without_estimates(monkeypatch):
    """Of many more names than are kept, only the latest are stored."""
    monkeypatch.setattr(latest, "MAX_KEYS", 20)
    tracemalloc.start()
    try:
        history = JobHistory(ran(30 + n % 9, f"Export: {n}") for n in range(40))
        gc.collect()  # the amount of garbage depends on earlier tests
        before = tracemalloc.get_traced_memory()[0]
        for number in range(120):
            history.add(ran(30 + number % 9, f"Export: again {number}"))
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert history.estimate(running("Export: 5")) is not None
    assert grown < 40_000


def test_an_estimate_takes_little_time():
    """With a full history, an estimate takes some microseconds, not a millisecond."""
    history = JobHistory(ran(30 + n % 7, f"Kind {'x' * (n % 40)}") for n in range(800))
    history.estimate(running("Kind x"))
    begin = time.process_time()
    for _ in range(200):
        history.estimate(running("Kind x"))

    assert time.process_time() - begin < 0.1


def test_the_last_runs_are_listed_with_their_outcome():
    """The newest is last; each has its end, and how long it was queued and ran."""
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


def test_runs_are_of_one_kind_limited_and_unique():
    """Twenty are kept; other kinds, and jobs that have not ended, are not among them."""
    jobs = [ran(30 + number) for number in range(50)]
    history = JobHistory([*jobs, *jobs, ran(9, "Other"), running(), pending()])

    runs = history.runs(running())

    assert [run.when for run in runs] == [job.ended_at for job in jobs[-20:]]


def test_runs_of_a_new_name_are_those_of_other_names():
    """If a description is rare, runs with the same template are listed."""
    history = JobHistory(ran(9, f"projectExport with artifact: a-{n}") for n in range(4))

    assert len(history.runs(running("projectExport with artifact: a-9"))) == 4
    assert history.runs(running("Train")) == ()


def test_impossible_times_give_no_duration():
    """An end is before the start, or far in the future."""
    backwards = ran(30, ended_at=DAY)
    future = ran(30, ended_at=DAY.replace(year=2099))

    (run,) = JobHistory([backwards, future]).runs(running())

    assert run.ran is None


def test_a_trend_is_found():
    """A job that takes 2% longer each time is about 78% slower after 29 more runs."""
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
    ids=["equal", "two runs", "alternating", "one outlier", "negligible"],
)
def test_changes_that_are_no_trend(seconds):
    """There are too few runs, one outlier, or a negligible change."""
    assert JobHistory(map(ran, seconds)).trend(running()) is None


@pytest.mark.parametrize(
    ("correlation", "series"),
    [
        (0.5, 100),
        *(pytest.param(correlation, 400, marks=pytest.mark.slow) for correlation in (0.0, 0.5)),
    ],
)
def test_noise_rarely_shows_a_trend(correlation, series):
    """Even if runs are autocorrelated, few in a hundred series show a trend."""
    rng = random.Random(14)
    found = 0
    for _ in range(series):
        log, logs = 0.0, []
        for _ in range(30):
            log = correlation * log + rng.gauss(0, 0.2)
            logs.append(log)
        found += relative_change(logs) is not None

    assert found <= series * (0.02 if correlation == 0 else 0.06)


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

        def page_progress_of(estimate, elapsed):
            facts = {
                "median": estimate.median_seconds,
                "low": estimate.low_seconds,
                "high": estimate.high_seconds,
                "samples": estimate.samples,
            }
            process.stdin.write(json.dumps({"estimate": facts, "elapsed": elapsed}) + "\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        yield page_progress_of
        process.stdin.close()


@given(
    median=st.floats(1e-3, 1e7),
    below=st.floats(0, 1),
    above=st.floats(0, 50),
    elapsed=st.floats(-1e3, 1e9) | st.floats(0, 100),
    share=st.floats(0, 3) | st.none(),
)
def test_the_page_computes_the_same_progress(page_progress, median, below, above, elapsed, share):
    """Kernel and page show the same bar for any estimate and time."""
    estimate = Estimate(median, median * (1 - below), median * (1 + above), 5)
    elapsed = elapsed if share is None else share * median

    assert page_progress(estimate, elapsed) == pytest.approx(
        progress(elapsed, estimate), rel=1e-9, abs=1e-12
    )


def test_an_empty_operation_has_no_runs_and_no_trend():
    """It has no id, type, description or times."""
    empty = Job(None, None, None, None, None, state="SUCCEEDED", type=None)
    history = JobHistory([empty])

    assert history.runs(empty) == ()
    assert history.trend(empty) is None
