"""JobHistory: kinds of jobs, and the past jobs that their estimates use."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from fakes import PublicOperation, document
from forks import in_child, may_fork, needs_fork
from past_jobs import DAY, TRAIN, Job, pending, ran, running

from tamr_widgets import OperationTypeError
from tamr_widgets._estimates import latest
from tamr_widgets._estimates.latest import Durations
from tamr_widgets.history import JobHistory, description_template
from tamr_widgets.operation import Operation

LETTERS = str.maketrans("0123456789", "abcdefghij")
FAMILIES = ("rare", "exports", "steady", "names", "steps", "sessions", "bursts", "heavy")


def test_an_empty_history_has_no_estimates():
    """Neither the duration nor the queue can be estimated."""
    history = JobHistory()

    assert history.estimate(running()) is None
    assert history.estimate_queue(pending()) is None


def test_operations_of_the_public_client_are_adopted(client):
    """They are accepted as past jobs, and wherever an estimate is requested."""
    past = Operation(client, document("SUCCEEDED"))
    running = PublicOperation(client, document("RUNNING", id="18"))
    adopted = Operation.adopt(running)

    history = JobHistory([PublicOperation(client, past.to_json())])

    assert history.estimate(running) == JobHistory([past]).estimate(adopted) is not None
    assert history.runs(running) == JobHistory([past]).runs(adopted) != ()
    assert history.trend(running) is None
    assert history.estimate_queue(running) == history.estimate_queue(adopted, [running])
    assert history.waiting([running], DAY) == []


def test_only_operations_are_accepted():
    """The error says what is needed instead."""
    with pytest.raises(OperationTypeError, match="needs an operation, not something of type int"):
        JobHistory([17])


def test_one_run_is_enough_for_an_estimate():
    """Its duration is the median, within an interval of the default width."""
    estimate = JobHistory([ran(30)]).estimate(running())

    assert estimate.median_seconds == pytest.approx(30)
    assert 20 < estimate.low_seconds < 27
    assert 34 < estimate.high_seconds < 45
    assert estimate.samples == 1


def test_the_interval_narrows_with_more_runs():
    """Thirty equal runs have a narrower interval than three, and three than one."""
    widths = []
    for runs in (1, 3, 30):
        estimate = JobHistory(ran(30) for _ in range(runs)).estimate(running())
        widths.append(estimate.high_seconds - estimate.low_seconds)

    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 1


def test_recent_runs_count_for_more():
    """When a kind takes a new level, the estimate follows within five runs."""
    history = JobHistory([ran(30 + day % 3) for day in range(25)] + [ran(60) for _ in range(5)])

    estimate = history.estimate(running())

    assert estimate.median_seconds == pytest.approx(60, rel=0.05)


def test_one_outlier_does_not_move_the_estimate():
    """A run of ten times the usual duration hardly changes the median and the interval."""
    usual = [ran(30 + day % 3) for day in range(20)]

    estimate = JobHistory([*usual, ran(300), *(ran(31) for _ in range(3))]).estimate(running())

    assert estimate.median_seconds == pytest.approx(31, rel=0.05)
    assert estimate.high_seconds < 45


@pytest.mark.parametrize("state", ["FAILED", "CANCELED", "CANCELING", "RUNNING", "HIBERNATING"])
def test_only_successful_runs_count(state):
    """Runs that failed, were cancelled, or are in an unknown state do not count."""
    history = JobHistory(ran(1, state=state) for _ in range(10))

    assert history.estimate(running()) is None


@pytest.mark.parametrize(
    "bad",
    [
        {"ended_at": DAY - timedelta(days=1)},
        {"ended_at": None},
        {"started_at": None},
        {"started_at": DAY - timedelta(days=365)},
        {"ended_at": datetime.max.replace(tzinfo=timezone.utc)},
        {"started_at": datetime.min.replace(tzinfo=timezone.utc)},
    ],
    ids=["end before start", "no end", "no start", "a year long", "year 9999", "year 1"],
)
def test_impossible_times_are_left_out(bad):
    """They neither raise an error nor count."""
    good = [ran(30), ran(31), ran(32)]
    expected = JobHistory(good).estimate(running())

    history = JobHistory([ran(30, **bad), *good, ran(30, **bad)])

    assert history.estimate(running()) == expected


def test_jobs_of_the_future_do_not_displace_recent_jobs():
    """A job with an end in 2099 would otherwise stay the newest."""
    far = datetime(2099, 1, 1, tzinfo=timezone.utc)
    ahead = [
        ran(5, started_at=far + timedelta(hours=n), ended_at=far + timedelta(hours=n, seconds=5))
        for n in range(40)
    ]

    estimate = JobHistory([*ahead, *(ran(30) for _ in range(5))]).estimate(running())

    assert estimate.median_seconds == pytest.approx(30)


def test_a_job_of_zero_seconds_has_an_estimate():
    """On servers with whole seconds, a short job ends when it starts."""
    estimate = JobHistory(ran(0) for _ in range(5)).estimate(running())

    assert 0 < estimate.low_seconds <= estimate.median_seconds <= estimate.high_seconds < 1


def test_an_empty_operation_has_no_estimate():
    """It has no id, type, description or times, and causes no error."""
    empty = Job(None, None, None, None, None, state="", type=None)

    history = JobHistory([empty, replace(empty, state="SUCCEEDED")])

    assert history.estimate(empty) is None
    assert history.estimate_queue(empty) is None


def test_the_same_job_counts_once():
    """Snapshots of a job are added repeatedly, also after it has been dropped."""
    jobs = [ran(20 + number % 7) for number in range(60)]
    once, often = JobHistory(jobs), JobHistory(jobs)

    for job in [*jobs, *reversed(jobs), *jobs]:
        often.add(job)

    assert often.estimate(running()) == once.estimate(running())
    assert often.estimate_queue(pending()) == once.estimate_queue(pending())


def test_other_types_and_descriptions_do_not_count():
    """Jobs are of one kind if their type and description are the same."""
    history = JobHistory([*(ran(30) for _ in range(5)), *(ran(9, type="EXPORT") for _ in range(5))])

    assert history.estimate(running()).median_seconds == pytest.approx(30)
    assert history.estimate(running(type="EXPORT")).median_seconds == pytest.approx(9)
    assert history.estimate(running("Publish Clusters")) is None


def test_a_new_name_is_estimated_from_other_names():
    """If a description is new, the same kind with other names and numbers counts."""
    history = JobHistory(
        ran(20 + number % 3, f"Materialize views [set_{number}] to Elastic") for number in range(8)
    )

    estimate = history.estimate(running("Materialize views [new] to Elastic"))

    assert estimate.median_seconds == pytest.approx(21, rel=0.05)
    assert estimate.samples == 8


def test_runs_of_the_same_name_outweigh_other_names():
    """Three runs of the same description count for more than any number of others."""
    others = [ran(20, f"Profiling [{number}] attributes.") for number in range(30)]
    own = [ran(60, "Profiling [99] attributes.") for _ in range(3)]

    estimate = JobHistory(others + own).estimate(running("Profiling [99] attributes."))

    assert estimate.median_seconds == pytest.approx(60)
    assert estimate.samples == 3


def test_every_other_name_counts_once():
    """A name that ran often counts no more than a name that ran once."""
    often = [ran(10, "Profiling [1] attributes.") for _ in range(50)]
    once = [ran(11, f"Profiling [{number}] attributes.") for number in range(2, 7)]

    estimate = JobHistory(often + once).estimate(running("Profiling [7] attributes."))

    assert estimate.samples == 6
    assert estimate.median_seconds == pytest.approx(11)


def test_other_names_that_differ_much_give_no_estimate():
    """The kind takes seconds with one name and hours with another."""
    history = JobHistory(
        ran(10 * 3**number, f"Profiling [{number}] attributes.") for number in range(7)
    )

    assert history.estimate(running("Profiling [8] attributes.")) is None


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("Materialize views [my_view, other] to Elastic", "Materialize views # to Elastic"),
        ("Profiling [12] attributes.", "Profiling # attributes."),
        ("projectExport with artifact: minimal-2021-07-05.zip", "projectExport with artifact: #"),
        ('Update "my data" now', "Update # now"),
        ("Import people.csv", "Import #"),
        ("Train Mastering Model", "Train Mastering Model"),
        ("Find High-Impact Pairs", "Find High-Impact Pairs"),
        ("a/b/c_1", "a/b/c_1"),
        ("[[[[ :", "[[[[ :"),
        ("", ""),
    ],
)
def test_a_template_has_no_names_and_numbers(description, kind):
    """The variable parts of a description are replaced."""
    assert description_template(description) == kind


def test_a_finished_job_is_estimated_from_earlier_jobs():
    """Neither the job itself nor a later one counts."""
    first, second, third = ran(30), ran(50), ran(90)
    history = JobHistory([first, second, third])

    assert history.estimate(first) is None
    assert history.estimate(second).median_seconds == pytest.approx(30)


def test_the_queue_is_estimated_from_recent_waits():
    """All jobs of the type that were started count, in any state."""
    states = ["SUCCEEDED", "FAILED", "CANCELED", "RUNNING"]
    history = JobHistory(
        ran(30, f"Job {number}", queued=12, state=states[number % 4]) for number in range(8)
    )
    for _ in range(5):
        history.add(ran(30, queued=120))

    estimate = history.estimate_queue(pending(description="Something new"))

    assert estimate.median_seconds == pytest.approx(120, rel=0.05)
    assert estimate.samples == 13
    assert history.estimate_queue(pending(type="projectExport")) is None


def test_two_queued_jobs_are_too_few_for_an_estimate():
    """Waits vary so much that three are needed."""
    history = JobHistory([ran(30), ran(30)])

    assert history.estimate_queue(pending()) is None
    history.add(running())
    assert history.estimate_queue(pending()).samples == 3


def test_the_number_of_kinds_is_limited(monkeypatch):
    """Of hundreds of descriptions, those that ended last are kept, in any order of adding."""
    monkeypatch.setattr(latest, "MAX_KEYS", 100)
    words = (str(number).translate(LETTERS) for number in range(500))  # numbers would be a template
    jobs = [ran(30, f"Job {word}") for word in words]

    history = JobHistory(reversed(jobs))
    known = [history.estimate(running(job.description)) is not None for job in jobs]

    assert sum(known) <= 200
    assert all(known[-100:])


@pytest.mark.usefixtures("quick_switches")
def test_one_thread_adds_while_another_estimates():
    """A reader sees the history before or after an addition, never in between."""
    history = JobHistory([ran(30)])
    jobs = [ran(30 + number % 5) for number in range(100)]
    adding = threading.Thread(target=lambda: [history.add(job) for job in jobs])

    adding.start()
    seen = []
    while adding.is_alive():
        seen.append(history.estimate(running()))
    adding.join()

    samples = [estimate.samples for estimate in seen]
    assert samples == sorted(samples)
    assert history.estimate(running()) == JobHistory(jobs).estimate(running())


@needs_fork
@may_fork
def test_a_forked_child_has_the_history_of_its_parent():
    """Jobs that the child adds are not in the history of the parent."""
    history = JobHistory([ran(30)])

    def adds_a_job() -> bool:
        history.add(ran(30))
        return history.estimate(running()).samples == 2

    assert in_child(adds_a_job)
    assert history.estimate(running()).samples == 1


def test_documents_of_a_server_are_read():
    """Their times are texts, and a missing time is an empty text."""

    def operation(number, state, end):
        status = {"state": state, "startTime": f"2021-01-29T18:0{number}:00.000Z", "endTime": end}
        document = {
            "id": str(number),
            "type": "SPARK",
            "description": TRAIN,
            "status": status,
            "created": {"time": f"2021-01-29T18:0{number}:00.000Z"},
            "relativeId": f"operations/{number}",
        }
        return Operation.from_json(None, document)

    history = JobHistory(
        operation(number, "SUCCEEDED", f"2021-01-29T18:0{number}:31.500Z") for number in range(4)
    )

    assert history.estimate(operation(9, "RUNNING", "")).median_seconds == pytest.approx(31.5)


@pytest.mark.parametrize(
    ("family", "jobs"),
    [
        ("rare", 300),
        *(pytest.param(family, 800, marks=pytest.mark.slow) for family in FAMILIES),
    ],
)
def test_estimates_are_as_good_as_plain_quantiles(accuracy, family, jobs):
    """The error is that of the plain median, the 80% interval covers 80%, and the loss is less."""
    score = accuracy.score(accuracy.past(family, seed=1, jobs=jobs))

    assert score.none <= score.none_plain
    assert score.error_both <= 1.05 * score.error_plain
    assert 0.75 <= score.covered <= 0.9
    assert score.pinball < 1
    assert score.pinball_share < 1


@pytest.mark.slow
def test_the_simulators_past_is_estimated_well(accuracy):
    """On the simulator's eight hundred jobs the error, the coverage and the gaps are small."""
    score = accuracy.score(accuracy.simulator_past(seed=1))

    assert score.error <= 0.055
    assert 0.75 <= score.covered <= 0.9
    assert score.none <= 0.12
    assert math.isclose(score.error_both, score.error_plain, rel_tol=0.05)


@pytest.mark.parametrize("method", ["add", "estimate", "estimate_queue"])
def test_a_signal_handler_may_read_a_history_that_is_in_use(monkeypatch, method):
    """It runs on the thread that it interrupts, such as the one that draws a line or a chain."""
    operation = ran(30)
    history = JobHistory([operation])
    interrupted = "add" if method == "add" else "estimate"
    run, handled = getattr(Durations, interrupted), []

    def handle_and_run(*args, **options):
        if not handled:
            handled.append(True)
            history.estimate(operation)
            history.estimate_queue(operation)
        return run(*args, **options)

    monkeypatch.setattr(Durations, interrupted, handle_and_run)
    thread = threading.Thread(target=getattr(history, method), args=[operation], daemon=True)
    thread.start()
    thread.join(5)

    assert handled
    assert not thread.is_alive()
