from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import wait_until
from pages import Page, count_requests, follow, jobs_widget, panel

from tamr_widgets import OperationWidget
from tamr_widgets.simulator import Fault, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


LIST = "v1/operations"


@pytest.fixture
def tamr() -> Iterator[Simulator]:
    with Simulator(past_jobs=0) as simulator:
        for _ in range(20):
            simulator.jobs.add("SUCCEEDED", age_seconds=80)
        yield simulator


@pytest.fixture(autouse=True)
def history_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests the history also if the next poll follows at once."""
    monkeypatch.setattr("tamr_widgets._polling.history_loader.PAUSE_SECONDS", 0.0)


def count_lists(tamr: Simulator) -> int:
    """Returns how often the list was requested."""
    return sum(each.path.endswith(LIST) for each in tamr.requests)


def test_a_running_job_is_estimated_from_earlier_jobs(tamr, client):
    """The page receives the estimate, and Python the progress, which is below 1."""
    widget = follow(client, tamr.jobs.add("RUNNING", age_seconds=40))

    estimate = wait_until(lambda: panel(widget).get("estimate"))

    assert estimate["samples"] == 20
    assert estimate["low"] <= estimate["median"] <= estimate["high"]
    assert estimate["median"] == pytest.approx(20, rel=0.1)
    wait_until(lambda: widget.progress is not None and 0 < widget.progress < 1)


def test_the_start_of_a_pending_job_is_estimated(tamr, client):
    """The estimate is made from the latest times in the queue."""
    widget = follow(client, tamr.jobs.add("PENDING", age_seconds=2))

    queue = wait_until(lambda: panel(widget).get("queue"))

    assert queue["samples"] >= 3
    assert widget.progress == 0.0


def test_several_widgets_request_one_list(tamr, client):
    """The history belongs to the client, not to a widget."""
    for _ in range(3):
        job = tamr.jobs.add("RUNNING")
    widgets = [follow(client, job, poll_interval_seconds=5) for _ in range(4)]

    for widget in widgets:
        wait_until(lambda widget=widget: panel(widget).get("estimate"))

    assert count_lists(tamr) == 1


def test_a_job_that_has_ended_has_no_estimate(tamr, client):
    """Its progress is complete."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    wait_until(lambda: panel(widget).get("estimate"))

    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved)

    assert "estimate" not in panel(widget)
    assert widget.progress == 1.0


def test_estimates_can_be_switched_off(tamr, client):
    """No list is requested then."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job, estimate=False)

    wait_until(lambda: count_requests(tamr, "GET", job) > 5)

    assert count_lists(tamr) == 0
    assert "estimate" not in panel(widget)


@pytest.mark.parametrize("status", [403, 404])
def test_a_widget_without_a_list_shows_no_error(tamr, client, status):
    """It still polls its job."""
    tamr.faults.add(Fault.status(status, path=f"{LIST}$"))
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)

    wait_until(lambda: count_lists(tamr))
    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved)

    assert widget.error == ""


def test_with_no_history_there_is_no_estimate(client, tamr):
    """The job is of a kind without past runs, so its progress is unknown."""
    job = tamr.jobs.add("RUNNING", kind="train", description="Something new")
    widget = follow(client, job)

    wait_until(lambda: count_lists(tamr))
    polls = count_requests(tamr, "GET", job)
    wait_until(lambda: count_requests(tamr, "GET", job) > polls + 2)

    assert "estimate" not in panel(widget)
    assert widget.progress is None


def test_rows_of_the_jobs_page_carry_estimates(tamr, client):
    """The estimate of a running job is made from all runs before it."""
    job = tamr.jobs.add("RUNNING")
    table = jobs_widget(client)
    page = Page(table)
    wait_until(lambda: table.operations)

    page.click("subscribe")

    def estimates_sent() -> dict[str, list[float] | None]:
        rows = [row for each in page.of("rows") for row in each["jobs"]]
        return {row[0]: row[8] for row in rows}

    wait_until(lambda: estimates_sent().get(job))
    estimates = estimates_sent()
    assert estimates[job][3] == 20


@pytest.fixture
def queueing() -> Iterator[Simulator]:
    """A server with a past, on which jobs queue."""
    with Simulator(past_jobs=200, seed=3) as simulator:
        yield simulator


def refresh(simulator: Simulator, client) -> str:
    """Starts a job, and returns its id."""
    started = client.start("projects/1/unifiedDataset:refresh", asynchronous=True)
    return started.resource_id


def test_the_panel_of_a_queued_job_shows_the_jobs_ahead(queueing):
    """It shows their number and names, and an estimated start after their ends."""
    with queueing.client() as client:
        jobs = [refresh(queueing, client) for _ in range(3)]
        widget = follow(client, jobs[2], poll_interval_seconds=0.2)

        ahead = wait_until(lambda: panel(widget).get("ahead"))

        assert ahead["count"] == 2
        assert ahead["names"] == [client.operation(job).description for job in jobs[:2]]
        assert panel(widget)["queue"]["median"] > 60
        assert panel(widget)["queue"]["low"] < panel(widget)["queue"]["high"]
        widget.close()


def test_a_running_job_has_no_place_in_the_queue(tamr, client):
    """Its panel shows no jobs ahead."""
    widget = follow(client, tamr.jobs.add("RUNNING"))

    wait_until(lambda: panel(widget).get("estimate"))

    assert "ahead" not in panel(widget)
    assert "queue" not in panel(widget)


def test_the_panel_has_the_last_runs(tamr, client):
    """It has the usual time, and the end and duration of each run; failed ones are marked."""
    tamr.jobs.add("FAILED", age_seconds=50)
    widget = follow(client, tamr.jobs.add("RUNNING"))

    past = wait_until(lambda: panel(widget).get("past"))

    assert len(past["runs"]) == 20
    assert past["usual"]["median"] == pytest.approx(20, rel=0.1)
    assert [len(run) for run in past["runs"]].count(3) == 1
    assert "FAILED" in [run[-1] for run in past["runs"]]


def test_a_job_that_has_ended_is_not_among_its_past_runs(tamr, client):
    """The page shows it next to them, with the usual time from before."""
    job = tamr.jobs.start(queued_seconds=0, run_seconds=60)
    widget = follow(client, job)
    wait_until(lambda: panel(widget).get("past"))
    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved and panel(widget).get("ended_at"))

    past = panel(widget)["past"]

    assert len(past["runs"]) == 19  # of the last twenty, of which it is one
    assert panel(widget)["ended_at"] not in [run[0] for run in past["runs"]]
    assert past["usual"]["samples"] == 20


def test_an_ended_job_shows_past_runs_that_are_already_known(tamr, client):
    """Its widget makes no request for them."""
    running = follow(client, tamr.jobs.add("RUNNING"))
    wait_until(lambda: panel(running).get("past"))
    before = count_lists(tamr)

    widget = OperationWidget(client.operation(tamr.jobs.add("SUCCEEDED", age_seconds=40)))

    wait_until(lambda: panel(widget).get("past"))
    assert count_lists(tamr) == before


def latest_row(page: Page, key: str) -> list:
    """Returns the latest row of a job that was sent."""
    rows = [row for each in page.of("rows") for row in each["jobs"]]
    return next((row for row in reversed(rows) if row[0] == key), [None] * 10)


def queue_facts(page: Page, key: str) -> list | None:
    """Returns the estimated start of a job and the jobs ahead, or None if there are none."""
    start = latest_row(page, key)[9]
    return start if start and start[1] else None


def test_rows_of_pending_jobs_carry_their_place_and_start(queueing):
    """They have the number of jobs ahead and the first of these, which change when a job ends."""
    with queueing.client() as client:
        jobs = [refresh(queueing, client) for _ in range(3)]
        table = jobs_widget(client)
        page = Page(table)
        page.click("subscribe")

        estimate, ahead, first = wait_until(lambda: queue_facts(page, jobs[2]))

        assert (ahead, first) == (2, jobs[0])
        assert estimate[0] > 60
        queueing.jobs.finish(jobs[0])
        wait_until(lambda: latest_row(page, jobs[2])[9][1:] == [1, jobs[1]])
        table.close()


def test_rows_of_ended_jobs_carry_their_estimate(tamr, client):
    """It is that from before their end, with which the page finds slow jobs."""
    slow = tamr.jobs.add("SUCCEEDED", age_seconds=300)
    page = Page(jobs_widget(client))
    page.click("subscribe")

    estimate = wait_until(lambda: latest_row(page, "20")[8])

    assert estimate[1] <= estimate[0] <= estimate[2]
    assert latest_row(page, slow)[9] is None
