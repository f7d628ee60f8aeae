from __future__ import annotations

import builtins
import json
import threading
from itertools import dropwhile, islice
from typing import TYPE_CHECKING, Any

import pytest
import traitlets
from fakes import wait_until
from pages import Page, count_requests, jobs_widget, status

from tamr_widgets import JobsWidget, OperationWidget
from tamr_widgets.simulator import Fault, history

if TYPE_CHECKING:
    from tamr_widgets import Client


@pytest.fixture
def widget(client: Client) -> JobsWidget:
    return jobs_widget(client)


@pytest.fixture
def page(widget: JobsWidget) -> Page:
    page = Page(widget)
    page.click("subscribe")
    return page


def test_all_jobs_are_snapshots_newest_first(tamr, widget):
    """Python sees what the page sees."""
    old, new = tamr.jobs.add("SUCCEEDED"), tamr.jobs.add("QUARANTINED")

    wait_until(lambda: len(widget.operations) == 2)

    assert [each.resource_id for each in widget.operations] == [new, old]
    assert widget.operations[0].state == "QUARANTINED"


def test_a_page_gets_all_rows_once_and_then_only_what_changed(tamr, widget, page):
    """Ten polls of an idle server send nothing."""
    first, second = tamr.jobs.add("RUNNING"), tamr.jobs.add("SUCCEEDED")
    wait_until(lambda: sum(len(rows["jobs"]) for rows in page.of("rows")) >= 2)
    polls = count_requests(tamr, "GET", "operations")
    wait_until(lambda: count_requests(tamr, "GET", "operations") > polls + 3)
    page.clear()  # after the page's request was met, too
    polls = count_requests(tamr, "GET", "operations")
    wait_until(lambda: count_requests(tamr, "GET", "operations") > polls + 10)
    assert page == []

    tamr.jobs.finish(first)
    wait_until(lambda: page.of("rows"))

    assert [rows["jobs"][0][:2] for rows in page.of("rows")] == [[first, "SUCCEEDED"]]
    assert len(json.dumps(page[0])) < 600
    assert widget.operations[1].resource_id == first
    assert widget.operations[0].resource_id == second


def test_what_the_server_forgets_is_gone_from_the_page(tamr, widget, page):
    """The page receives the rows to remove."""
    job = tamr.jobs.add("SUCCEEDED")
    wait_until(lambda: widget.operations)

    tamr.jobs.remove(job)
    wait_until(lambda: not widget.operations)

    assert page.of("rows")[-1]["gone"] == [job]


def test_a_long_list_goes_to_a_new_page_in_pieces(tamr, widget, monkeypatch):
    """The first rows are drawn before the last have arrived."""
    monkeypatch.setattr("tamr_widgets.widgets.job_rows.CHUNK", 20)
    tamr.jobs.put_all(history(50))
    wait_until(lambda: len(widget.operations) == 50)
    page = Page(widget)
    page.click("subscribe")

    def whole_list() -> list[dict[str, Any]]:
        """Estimates may be sent before it and after it."""
        rows = dropwhile(lambda each: not each.get("reset"), page.of("rows"))
        return list(islice(rows, 3))

    wait_until(lambda: len(whole_list()) == 3)

    first, second, third = rows = whole_list()
    assert (first["reset"], first["total"], first["more"]) == (True, 50, True)
    assert (second.get("reset"), third["more"]) == (None, False)
    assert [len(each["jobs"]) for each in rows] == [20, 20, 10]
    assert [row[0] for row in first["jobs"][:3]] == [
        each.resource_id for each in widget.operations[:3]
    ]


def test_wild_documents_are_rows_too(tamr, widget, page):
    """Null statuses, missing ids and the same id twice: all are kept."""
    tamr.jobs.put({"id": "1", "status": None}, "a")
    tamr.jobs.put({"description": 7}, "b")
    tamr.jobs.put({"id": "1", "status": {"state": 5}}, "c")

    wait_until(lambda: len(widget.operations) == 3)

    keys = {row[0] for rows in page.of("rows") for row in rows["jobs"]}
    assert len(keys) == 3


def test_an_opened_row_is_a_panel_with_the_same_actions(tamr, widget, page):
    """It is followed, cancelled as in an OperationWidget, and shut."""
    job = tamr.jobs.start(queued_seconds=0, run_seconds=60)
    wait_until(lambda: widget.operations)

    page.click("expand", id=job)
    wait_until(lambda: page.of("facts"))
    page.click("cancel", id=job)
    wait_until(lambda: page.of("facts")[-1]["state"] in {"CANCELING", "CANCELED"})
    page.click("collapse", id=job)
    wait_until(lambda: page.of("collapsed") == [job])
    assert set(page.of("panel")) == {job}
    page.clear()
    tamr.jobs.finish(job)
    wait_until(lambda: widget.operations[0].resolved)

    assert count_requests(tamr, "POST", f"{job}/cancel") == 1
    assert page.of("facts") == []


def test_many_are_cancelled_with_one_report(tamr, widget, page):
    """A partial failure loses nothing: what was refused is named with the reason."""
    jobs = [tamr.jobs.start(queued_seconds=0, run_seconds=60) for _ in range(3)]
    wait_until(lambda: len(widget.operations) == 3)
    tamr.faults.add(Fault.status(403, method="POST", path=f"jobs/{jobs[1]}/"))

    page.click("cancel_all", ids=[*jobs, "unknown"])
    wait_until(lambda: page.of("report") and page.of("report")[-1]["over"])

    report = page.of("report")[-1]
    assert (report["action"], report["done"], report["of"]) == ("cancel", 3, 3)
    assert [key for key, _ in report["failed"]] == [jobs[1]]
    assert "403" in report["failed"][0][1]


def test_a_second_bulk_action_waits_for_a_click_after_the_first(tamr, widget, page):
    """Two clicks are one action."""
    jobs = [tamr.jobs.start(queued_seconds=0, run_seconds=60) for _ in range(3)]
    wait_until(lambda: len(widget.operations) == 3)
    tamr.faults.add(Fault.delay(0.05, method="POST"))

    page.click("cancel_all", ids=jobs)
    page.click("cancel_all", ids=jobs)
    wait_until(lambda: page.of("report") and page.of("report")[-1]["over"])

    assert count_requests(tamr, "POST", "cancel") == 3


def test_a_bulk_action_of_a_closed_client_ends_at_once(tamr, client, widget, page):
    """The first error holds for all of them."""
    jobs = [tamr.jobs.start(queued_seconds=0, run_seconds=60) for _ in range(3)]
    wait_until(lambda: len(widget.operations) == 3)

    client.close()
    page.click("cancel_all", ids=jobs)
    wait_until(lambda: page.of("report") and page.of("report")[-1]["over"])

    assert len(page.of("report")[-1]["failed"]) == 3
    assert count_requests(tamr, "POST", "cancel") == 0


def test_many_are_deleted_and_leave_the_table(tamr, widget, page):
    """The rows go without waiting for the next list."""
    tamr.jobs.deletes = True
    jobs = [tamr.jobs.add("SUCCEEDED") for _ in range(3)]
    wait_until(lambda: len(widget.operations) == 3)

    page.click("delete_all", ids=jobs[:2])
    wait_until(lambda: len(widget.operations) == 1)

    assert widget.operations[0].resource_id == jobs[2]
    assert count_requests(tamr, "DELETE") == 2


def test_a_server_that_deletes_nothing_is_remembered(tamr, widget, page):
    """405 is the server's word for all of them: the page need not offer it again."""
    jobs = [tamr.jobs.add("SUCCEEDED") for _ in range(2)]
    wait_until(lambda: len(widget.operations) == 2)

    page.click("delete_all", ids=jobs)
    wait_until(lambda: status(widget).get("no_delete"))

    assert len(page.of("report")[-1]["failed"]) == 2
    assert len(widget.operations) == 2


def test_the_selection_is_snapshots(tamr, widget, page):
    """The jobs that are selected in the page can be used in code, and follow the server."""
    job = tamr.jobs.add("RUNNING")
    tamr.jobs.add("RUNNING")
    wait_until(lambda: len(widget.operations) == 2)

    widget.set_state({"_selected": [job]})
    wait_until(lambda: widget.selection)
    tamr.jobs.finish(job)
    wait_until(lambda: widget.selection[0].resolved)

    assert [each.resource_id for each in widget.selection] == [job]


def test_a_page_can_set_its_own_state_and_nothing_else(tamr, widget):
    """Filter and search are the page's; what the server said is not."""
    wait_until(lambda: "loading" not in status(widget))

    widget.set_state({"search": "train", "filter_state": "FAILED", "_status": {"loading": True}})

    wait_until(lambda: (widget.search, widget.filter_state) == ("train", "FAILED"))
    assert "loading" not in status(widget)
    with pytest.raises(traitlets.TraitError):
        widget.operations = ()


def test_callbacks_hear_of_each_job_that_resolves_once(tamr, widget):
    """Those that had ended before are not news; one that raises disturbs nobody."""
    tamr.jobs.add("SUCCEEDED")
    running = tamr.jobs.add("RUNNING")
    wait_until(lambda: len(widget.operations) == 2)
    heard: list[str] = []

    def broken(_: object) -> None:
        raise ValueError("oh")

    widget.on_resolved(broken)
    widget.on_resolved(lambda operation: heard.append(operation.resource_id))
    tamr.jobs.finish(running)
    wait_until(lambda: heard)
    quick = tamr.jobs.add("FAILED")
    wait_until(lambda: len(heard) == 2)

    assert heard == [running, quick]


def test_many_widgets_and_the_jobs_page_ask_once_each_tick(tamr, client):
    """The list serves them all."""
    jobs = [tamr.jobs.add("RUNNING") for _ in range(16)]
    by_id = {each.resource_id: each for each in client.operations()}
    tamr.faults.add(Fault.delay(0.01, path=r"operations/\d"))  # so that the list is cheaper
    table = JobsWidget(client, poll_interval_seconds=0.1)
    widgets = [OperationWidget(by_id[job], poll_interval_seconds=0.1) for job in jobs]
    wait_until(lambda: len(table.operations) == 16)
    lists = count_requests(tamr, "GET", "v1/operations")
    wait_until(lambda: count_requests(tamr, "GET", "v1/operations") > lists + 3)
    tamr.requests.clear()

    wait_until(lambda: count_requests(tamr, "GET") >= 4)
    for job in jobs:
        tamr.jobs.finish(job)
    wait_until(lambda: all(widget.resolved for widget in widgets))

    assert {each.path for each in tamr.requests} == {"/api/versioned/v1/operations"}


def test_errors_are_shown_and_the_last_known_rows_stay(tamr, widget):
    """502: retrying, with when it was checked last; then it is over."""
    tamr.jobs.add("RUNNING")
    wait_until(lambda: widget.operations)
    tamr.faults.add(Fault.status(502, times=2))

    shown = wait_until(lambda: status(widget) if "retry_at" in status(widget) else None)
    assert shown["error"] == "the server answered 502"
    assert len(widget.operations) == 1
    wait_until(lambda: "error" not in status(widget))
    assert widget.error == ""


def test_a_list_that_is_refused_says_so(tamr, client):
    """403 is final; nothing is requested any more."""
    tamr.faults.add(Fault.status(403))
    widget = jobs_widget(client)

    wait_until(lambda: status(widget).get("error_kind") == "refused")

    assert "403" in widget.error


def test_try_again_after_a_refusal(tamr, widget, page):
    """The list is fetched again; what comes of it is shown, and a click too many is nothing."""
    wait_until(lambda: "loading" not in status(widget))
    tamr.jobs.add("RUNNING")
    wait_until(lambda: widget.operations)
    tamr.faults.add(Fault.status(403))
    wait_until(lambda: status(widget).get("error_kind") == "refused")
    before = count_requests(tamr, "GET")

    page.click("wait")
    wait_until(lambda: count_requests(tamr, "GET") > before and "error" in status(widget))
    tamr.faults.clear()
    tamr.jobs.add("PENDING")
    page.click("wait")
    page.click("wait")

    wait_until(lambda: len(widget.operations) == 2)
    assert "error" not in status(widget)
    assert widget.error == ""


def test_closing_leaves_nothing_behind(tamr, widget, page):
    """The thread ends within a second, also while a list hangs."""
    wait_until(lambda: "loading" not in status(widget))
    tamr.faults.add(Fault.hang())
    hanging = count_requests(tamr, "GET")
    wait_until(lambda: count_requests(tamr, "GET") > hanging)

    widget.close()
    widget.close()

    wait_until(
        lambda: not any(each.name.startswith("tamr_widgets") for each in threading.enumerate()),
        seconds=1,
    )


@pytest.mark.parametrize("thing", ["http://localhost", None, 7])
def test_something_that_is_no_client_is_refused(thing):
    """The error says what is needed."""
    with pytest.raises(TypeError, match="client"):
        JobsWidget(thing)


@pytest.mark.slow  # for pandas alone, which the test_survival_*.py have loaded by default
def test_to_frame_is_a_table_with_real_times(tamr, widget):
    """Aware times and durations, a row for each job."""
    tamr.jobs.add("SUCCEEDED")
    tamr.jobs.add("PENDING")
    wait_until(lambda: len(widget.operations) == 2)

    frame = widget.to_frame()

    assert list(frame["state"]) == ["PENDING", "SUCCEEDED"]
    assert str(frame["created_at"].dt.tz) == "UTC"
    assert frame["elapsed"].dt.total_seconds()[1] > 0


def test_to_frame_without_pandas_says_how_to_get_it(widget, monkeypatch):
    """pandas is nobody's dependency."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install pandas"):
        widget.to_frame()


def test_at_rest_it_is_a_table_of_text(tamr, widget):
    """The output in nbconvert and on GitHub holds the newest jobs, as text."""
    tamr.jobs.add("FAILED", description="<img src=x onerror=alert(1)>")
    wait_until(lambda: widget.operations)

    data, _ = widget._repr_mimebundle_()

    assert "&lt;img" in data["text/html"]
    assert "<img" not in data["text/html"]
    assert "1 jobs" in data["text/plain"]
    assert str(widget) == data["text/plain"]


def test_no_secret_gets_into_the_widget(tamr, client, widget, page):
    """Neither state, nor messages, nor what is shown at rest."""
    tamr.jobs.add("RUNNING")
    wait_until(lambda: widget.operations)

    text = json.dumps([widget.get_state(), list(page), widget._repr_mimebundle_()[0]], default=repr)

    for secret in client.auth.secrets:
        assert secret not in text
