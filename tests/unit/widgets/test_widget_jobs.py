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
    """`operations` has the jobs that the page shows."""
    old, new = tamr.jobs.add("SUCCEEDED"), tamr.jobs.add("QUARANTINED")

    wait_until(lambda: len(widget.operations) == 2)

    assert [each.resource_id for each in widget.operations] == [new, old]
    assert widget.operations[0].state == "QUARANTINED"


def test_a_page_receives_all_rows_once_and_then_changed_rows(tamr, widget, page):
    """Polls of an idle server send no message."""
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


def test_a_job_that_the_server_removed_is_removed_from_the_page(tamr, widget, page):
    """The page receives the keys of such rows."""
    job = tamr.jobs.add("SUCCEEDED")
    wait_until(lambda: widget.operations)

    tamr.jobs.remove(job)
    wait_until(lambda: not widget.operations)

    assert page.of("rows")[-1]["gone"] == [job]


def test_a_long_list_is_sent_to_a_new_page_in_parts(tamr, widget, monkeypatch):
    """The first rows are drawn before the last have arrived."""
    monkeypatch.setattr("tamr_widgets.widgets.job_rows.CHUNK", 20)
    tamr.jobs.put_all(history(50))
    wait_until(lambda: len(widget.operations) == 50)
    page = Page(widget)
    page.click("subscribe")

    def whole_list() -> list[dict[str, Any]]:
        """Returns its messages; those of estimates may be sent before and after them."""
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


def test_malformed_documents_are_rows(tamr, widget, page):
    """A null status, a missing id and an id that occurs twice remove no row."""
    tamr.jobs.put({"id": "1", "status": None}, "a")
    tamr.jobs.put({"description": 7}, "b")
    tamr.jobs.put({"id": "1", "status": {"state": 5}}, "c")

    wait_until(lambda: len(widget.operations) == 3)

    keys = {row[0] for rows in page.of("rows") for row in rows["jobs"]}
    assert len(keys) == 3


def test_an_expanded_row_is_a_panel_with_the_same_actions(tamr, widget, page):
    """It is polled, cancelled as in an OperationWidget, and collapsed."""
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


def test_a_bulk_cancel_ends_with_one_report(tamr, widget, page):
    """It names the jobs that were refused, with the reason."""
    jobs = [tamr.jobs.start(queued_seconds=0, run_seconds=60) for _ in range(3)]
    wait_until(lambda: len(widget.operations) == 3)
    tamr.faults.add(Fault.status(403, method="POST", path=f"jobs/{jobs[1]}/"))

    page.click("cancel_all", ids=[*jobs, "unknown"])
    wait_until(lambda: page.of("report") and page.of("report")[-1]["over"])

    report = page.of("report")[-1]
    assert (report["action"], report["done"], report["of"]) == ("cancel", 3, 3)
    assert [key for key, _ in report["failed"]] == [jobs[1]]
    assert "403" in report["failed"][0][1]


def test_a_click_during_a_bulk_action_is_ignored(tamr, widget, page):
    """Each job is cancelled once."""
    jobs = [tamr.jobs.start(queued_seconds=0, run_seconds=60) for _ in range(3)]
    wait_until(lambda: len(widget.operations) == 3)
    tamr.faults.add(Fault.delay(0.05, method="POST"))

    page.click("cancel_all", ids=jobs)
    page.click("cancel_all", ids=jobs)
    wait_until(lambda: page.of("report") and page.of("report")[-1]["over"])

    assert count_requests(tamr, "POST", "cancel") == 3


def test_a_bulk_action_of_a_closed_client_ends_at_once(tamr, client, widget, page):
    """The first error applies to all jobs."""
    jobs = [tamr.jobs.start(queued_seconds=0, run_seconds=60) for _ in range(3)]
    wait_until(lambda: len(widget.operations) == 3)

    client.close()
    page.click("cancel_all", ids=jobs)
    wait_until(lambda: page.of("report") and page.of("report")[-1]["over"])

    assert len(page.of("report")[-1]["failed"]) == 3
    assert count_requests(tamr, "POST", "cancel") == 0


def test_a_bulk_delete_removes_the_rows(tamr, widget, page):
    """They are removed before the next list."""
    tamr.jobs.deletes = True
    jobs = [tamr.jobs.add("SUCCEEDED") for _ in range(3)]
    wait_until(lambda: len(widget.operations) == 3)

    page.click("delete_all", ids=jobs[:2])
    wait_until(lambda: len(widget.operations) == 1)

    assert widget.operations[0].resource_id == jobs[2]
    assert count_requests(tamr, "DELETE") == 2


def test_a_server_without_deletion_is_remembered(tamr, widget, page):
    """405 applies to all jobs: the page need not offer the action again."""
    jobs = [tamr.jobs.add("SUCCEEDED") for _ in range(2)]
    wait_until(lambda: len(widget.operations) == 2)

    page.click("delete_all", ids=jobs)
    wait_until(lambda: status(widget).get("no_delete"))

    assert len(page.of("report")[-1]["failed"]) == 2
    assert len(widget.operations) == 2


def test_the_selection_consists_of_snapshots(tamr, widget, page):
    """Code can use the jobs that are selected in the page, and they are updated."""
    job = tamr.jobs.add("RUNNING")
    tamr.jobs.add("RUNNING")
    wait_until(lambda: len(widget.operations) == 2)

    widget.set_state({"_selected": [job]})
    wait_until(lambda: widget.selection)
    tamr.jobs.finish(job)
    wait_until(lambda: widget.selection[0].resolved)

    assert [each.resource_id for each in widget.selection] == [job]


def test_a_page_can_set_only_its_own_traits(tamr, widget):
    """It can set filter and search, but no data of the server."""
    wait_until(lambda: "loading" not in status(widget))

    widget.set_state({"search": "train", "filter_state": "FAILED", "_status": {"loading": True}})

    wait_until(lambda: (widget.search, widget.filter_state) == ("train", "FAILED"))
    assert "loading" not in status(widget)
    with pytest.raises(traitlets.TraitError):
        widget.operations = ()


def test_callbacks_are_notified_once_of_each_job_that_resolves(tamr, widget):
    """They are not notified of jobs that had ended before; one raises, which affects no other."""
    tamr.jobs.add("SUCCEEDED")
    running = tamr.jobs.add("RUNNING")
    wait_until(lambda: len(widget.operations) == 2)
    received: list[str] = []

    def broken(_: object) -> None:
        raise ValueError("oh")

    widget.on_resolved(broken)
    widget.on_resolved(lambda operation: received.append(operation.resource_id))
    tamr.jobs.finish(running)
    wait_until(lambda: received)
    quick = tamr.jobs.add("FAILED")
    wait_until(lambda: len(received) == 2)

    assert received == [running, quick]


def test_many_widgets_and_the_jobs_page_share_one_request(tamr, client):
    """The list updates all of them."""
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
    """A 502 is shown with the time of the retry, until a request succeeds."""
    tamr.jobs.add("RUNNING")
    wait_until(lambda: widget.operations)
    tamr.faults.add(Fault.status(502, times=2))

    shown = wait_until(lambda: status(widget) if "retry_at" in status(widget) else None)
    assert shown["error"] == "the server answered 502"
    assert len(widget.operations) == 1
    wait_until(lambda: "error" not in status(widget))
    assert widget.error == ""


def test_a_refused_list_is_shown_as_an_error(tamr, client):
    """403 is final."""
    tamr.faults.add(Fault.status(403))
    widget = jobs_widget(client)

    wait_until(lambda: status(widget).get("error_kind") == "refused")

    assert "403" in widget.error


def test_a_click_requests_a_refused_list_again(tamr, widget, page):
    """The page shows its result; a second click at the same time has no effect."""
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


def test_closing_ends_the_thread_within_a_second(tamr, widget, page):
    """It does so also while a list hangs; a second close is no error."""
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
def test_a_value_that_is_no_client_is_refused(thing):
    """The error says what is needed."""
    with pytest.raises(TypeError, match="client"):
        JobsWidget(thing)


def test_to_frame_has_typed_times(tamr, widget):
    """Each job is a row, with aware times and a duration."""
    tamr.jobs.add("SUCCEEDED")
    tamr.jobs.add("PENDING")
    wait_until(lambda: len(widget.operations) == 2)

    frame = widget.to_frame()

    assert list(frame["state"]) == ["PENDING", "SUCCEEDED"]
    assert str(frame["created_at"].dt.tz) == "UTC"
    assert frame["elapsed"].dt.total_seconds()[1] > 0


def test_to_frame_without_pandas_says_how_to_install_it(widget, monkeypatch):
    """pandas is no dependency of the package."""
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="pip install pandas"):
        widget.to_frame()


def test_the_static_output_is_a_table_of_text(tamr, widget):
    """The output in nbconvert and on GitHub holds the newest jobs, as text."""
    tamr.jobs.add("FAILED", description="<img src=x onerror=alert(1)>")
    wait_until(lambda: widget.operations)

    data, _ = widget._repr_mimebundle_()

    assert "&lt;img" in data["text/html"]
    assert "<img" not in data["text/html"]
    assert "1 jobs" in data["text/plain"]
    assert str(widget) == data["text/plain"]


def test_the_static_output_says_that_older_jobs_are_omitted(tamr, widget, monkeypatch):
    """A saved notebook stays small."""
    monkeypatch.setattr("tamr_widgets.widgets.job_table.MAX_STATIC_ROWS", 1)
    for _ in range(2):
        tamr.jobs.add("SUCCEEDED")
    wait_until(lambda: len(widget.operations) == 2)

    data, _ = widget._repr_mimebundle_()

    assert "2 jobs of 127.0.0.1" in data["text/plain"]
    assert "the newest 1 of them" in data["text/plain"]
    assert data["text/html"].count("<tr") == 2  # with the header


def test_the_widget_contains_no_secret(tamr, client, widget, page):
    """The state, the messages and the static output are searched."""
    tamr.jobs.add("RUNNING")
    wait_until(lambda: widget.operations)

    text = json.dumps([widget.get_state(), list(page), widget._repr_mimebundle_()[0]], default=repr)

    for secret in client.auth.secrets:
        assert secret not in text
