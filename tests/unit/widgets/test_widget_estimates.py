from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import wait_until
from pages import Page, count_requests, follow, jobs_widget, panel

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
def learning_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shortest pause between two polls is long enough to ask for the past."""
    monkeypatch.setattr("tamr_widgets._polling.history_loader.PAUSE_SECONDS", 0.0)


def lists(tamr: Simulator) -> int:
    return sum(each.path.endswith(LIST) for each in tamr.requests)


def test_a_running_job_is_estimated_from_those_before_it(tamr, client):
    """The page gets the estimate; Python gets the progress, which is never the end."""
    widget = follow(client, tamr.jobs.add("RUNNING", age_seconds=40))

    estimate = wait_until(lambda: panel(widget).get("estimate"))

    assert estimate["samples"] == 20
    assert estimate["low"] <= estimate["median"] <= estimate["high"]
    assert estimate["median"] == pytest.approx(20, rel=0.1)
    wait_until(lambda: widget.progress is not None and 0 < widget.progress < 1)


def test_a_pending_job_is_told_when_it_may_start(tamr, client):
    """What was queued lately says how long it is queued."""
    widget = follow(client, tamr.jobs.add("PENDING", age_seconds=2))

    queue = wait_until(lambda: panel(widget).get("queue"))

    assert queue["samples"] >= 3
    assert widget.progress == 0.0


def test_ten_widgets_cost_one_list(tamr, client):
    """The history is the client's, not the widget's."""
    for _ in range(3):
        job = tamr.jobs.add("RUNNING")
    widgets = [follow(client, job, poll_interval_seconds=5) for _ in range(10)]

    for widget in widgets:
        wait_until(lambda widget=widget: panel(widget).get("estimate"))

    assert lists(tamr) == 1


def test_the_estimate_goes_when_the_job_has_ended(tamr, client):
    """There is nothing left to foretell; the bar is full."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    wait_until(lambda: panel(widget).get("estimate"))

    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved)

    assert "estimate" not in panel(widget)
    assert widget.progress == 1.0


def test_it_can_be_switched_off(tamr, client):
    """Then no list is asked for."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job, estimate=False)

    wait_until(lambda: count_requests(tamr, "GET", job) > 5)

    assert lists(tamr) == 0
    assert "estimate" not in panel(widget)


@pytest.mark.parametrize("status", [403, 404])
def test_where_there_is_no_list_the_widget_does_without(tamr, client, status):
    """It says nothing, and follows the job as ever."""
    tamr.faults.add(Fault.status(status, path=f"{LIST}$"))
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)

    wait_until(lambda: lists(tamr))
    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved)

    assert widget.error == ""


def test_with_no_history_there_is_no_estimate(client, tamr):
    """A job of a kind that was never seen: the bar says nothing."""
    job = tamr.jobs.add("RUNNING", kind="train", description="Something new")
    widget = follow(client, job)

    wait_until(lambda: lists(tamr))
    polls = count_requests(tamr, "GET", job)
    wait_until(lambda: count_requests(tamr, "GET", job) > polls + 2)

    assert "estimate" not in panel(widget)
    assert widget.progress is None


def test_rows_of_the_jobs_page_carry_estimates(tamr, client):
    """Unresolved rows only."""
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
    assert {estimate for key, estimate in estimates.items() if key != job} == {None}
