from __future__ import annotations

import _thread
import asyncio
import json
import threading
import time
from typing import Any

import ipywidgets
import pytest
import traitlets
from fakes import wait_until
from pages import QUICK, Page, click, count_requests, follow, jobs_widget, panel, send

from tamr_widgets import (
    Operation,
    OperationTypeError,
    OperationWidget,
    Poller,
    TamrError,
    WaitTimeout,
)
from tamr_widgets.simulator import Fault, Simulator


def test_a_widget_polls_an_operation_until_it_has_ended(tamr, client):
    """Its traits change from PENDING to SUCCEEDED without a call."""
    job = tamr.jobs.add("PENDING")
    widget = follow(client, job)
    seen = []
    widget.observe(lambda change: seen.append(change.new), "state")

    tamr.jobs.change(job, status={"state": "RUNNING"})
    wait_until(lambda: widget.state == "RUNNING")
    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved)

    wait_until(lambda: seen == ["RUNNING", "SUCCEEDED"])
    assert widget.operation.succeeded()
    assert widget.progress == 1.0


def test_one_message_is_sent_for_each_change(tamr, client):
    """Polls without a change send none."""
    job = tamr.jobs.add("PENDING")
    widget = follow(client, job)
    sent = Page(widget)

    wait_until(lambda: count_requests(tamr, "GET", job) >= 4)
    assert sent == []
    tamr.jobs.change(job, status={"state": "RUNNING"})
    wait_until(lambda: widget.state == "RUNNING")
    polls = count_requests(tamr, "GET", job)
    wait_until(lambda: count_requests(tamr, "GET", job) >= polls + 3)

    assert [list(message["state"]) for message in sent] == [["_panel"]]
    assert len(json.dumps(sent[0])) <= 1000


def test_a_new_widget_is_two_small_messages(tamr, client, monkeypatch):
    """They contain code and styles, which are also saved in the notebook for each widget."""
    opened = []
    operation = client.operation(tamr.jobs.add("RUNNING"))
    monkeypatch.setattr(
        ipywidgets.widgets.widget.comm,
        "create_comm",
        lambda **kwargs: opened.append(kwargs) or _Comm(),
    )

    OperationWidget(operation)

    size = sum(
        len(json.dumps({**each, "buffers": None}, default=repr))
        + sum(len(buffer) for buffer in each.get("buffers") or ())
        for each in opened
    )
    assert len(opened) == 2
    assert size <= 16_000


def test_a_new_widget_needs_no_class_of_its_own(tamr, client):
    """anywidget adds a trait, for which traitlets would create a class; users can add traits."""
    widget = OperationWidget(client.operation(tamr.jobs.add("RUNNING")))

    assert type(widget) is OperationWidget
    assert widget.get_state()["_anywidget_id"] == "tamr_widgets.widgets.operation.OperationWidget"
    widget.add_traits(note=traitlets.Unicode("mine"))
    assert widget.note == "mine"


class _Comm:
    comm_id = "1"
    kernel = None

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def test_traits_with_data_of_the_server_are_read_only(tamr, client):
    """Neither Python code nor a page can set them."""
    widget = follow(client, tamr.jobs.add("RUNNING"))

    for name in ("state", "resolved", "operation", "progress", "deleted", "error"):
        with pytest.raises(traitlets.TraitError):
            setattr(widget, name, getattr(widget, name))
    widget.set_state({"_panel": {"state": "SUCCEEDED"}})

    assert panel(widget)["state"] == "RUNNING"


@pytest.mark.parametrize("thing", ["17", 17, None, {"id": "17"}, object()])
def test_a_value_that_is_no_operation_is_refused_at_once(thing):
    """The error says how to get an operation."""
    with pytest.raises(OperationTypeError, match="from_resource_id"):
        OperationWidget(thing)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("poll_interval_seconds", -1, ValueError),
        ("poll_interval_seconds", "3", TypeError),
        ("poll_interval_seconds", True, TypeError),
        ("timeout_seconds", float("nan"), ValueError),
        ("poll_intervall", 3, TypeError),
    ],
)
def test_an_invalid_argument_is_named(tamr, client, name, value, error):
    """A wrong argument is refused with its name, before anything is polled."""
    with pytest.raises(error, match=name):
        OperationWidget(client.operation(tamr.jobs.add("RUNNING")), **{name: value})


def test_every_message_of_a_page_is_acknowledged_at_once(tamr, client):
    """The reply contains the number of the message and both clocks."""
    widget = follow(client, tamr.jobs.add("RUNNING"))
    sent = Page(widget)

    click(widget, "subscribe", 7)

    (reply,) = sent.contents()
    assert reply["ack"] == 7
    assert abs(reply["kernel"] - time.time() * 1000) < 60_000
    assert abs(reply["server"] - reply["kernel"]) < 1000


def test_the_page_receives_the_server_s_clock():
    """It is an hour ahead here; the page computes elapsed times with it."""
    with Simulator(past_jobs=0, clock_offset_seconds=3600) as ahead, ahead.client() as client:
        widget = follow(client, ahead.jobs.add("RUNNING"))
        sent = Page(widget)
        click(widget, "subscribe")
        (reply,) = sent.contents()
        widget.close()

    assert reply["server"] - reply["kernel"] == pytest.approx(3_600_000, abs=2000)


def test_an_invalid_message_has_no_effect(tamr, client):
    """It raises no error, and no request is sent to the server."""
    widget = follow(client, tamr.jobs.add("RUNNING"))

    for content in (None, "wait", [], {}, {"action": None}, {"action": "explode"}):
        send(widget, content)
        assert not widget.waiting, content
        assert count_requests(tamr, "POST") == count_requests(tamr, "DELETE") == 0, content


def test_a_click_on_wait_ends_with_the_outcome(tamr, client):
    """It waits with the polls of the widget."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)

    click(widget, "wait")
    wait_until(lambda: widget.waiting)
    tamr.jobs.finish(job, "FAILED")
    wait_until(lambda: not widget.waiting)

    assert panel(widget)["outcome"] == "It failed while you waited."


def test_a_click_on_wait_ends_at_the_timeout(tamr, client):
    """The job continues, and the widget shows that it is still running."""
    widget = follow(client, tamr.jobs.add("RUNNING"), timeout_seconds=0.1)

    click(widget, "wait")
    wait_until(lambda: panel(widget).get("outcome"))

    assert panel(widget)["outcome"] == "Still running after 0.1 s."
    assert not widget.waiting
    assert count_requests(tamr, "POST") == 0


def test_a_click_on_stop_ends_only_the_wait(tamr, client):
    """A second click on Wait starts another wait."""
    widget = follow(client, tamr.jobs.add("RUNNING"), timeout_seconds=60)

    click(widget, "wait")
    wait_until(lambda: widget.waiting)
    click(widget, "stop")
    wait_until(lambda: not widget.waiting)
    click(widget, "wait")
    wait_until(lambda: widget.waiting)

    assert count_requests(tamr, "POST") == 0


def test_three_clicks_on_cancel_are_one_request(tamr, client):
    """The next snapshot shows the effect, which may be CANCELING."""
    job = tamr.jobs.start(run_seconds=60, queued_seconds=0)
    widget = follow(client, job)
    states = []
    widget.observe(lambda change: states.append(change.new), "state")

    for number in range(3):
        click(widget, "cancel", number)
    wait_until(lambda: widget.state in {"CANCELING", "CANCELED"})

    assert count_requests(tamr, "POST", "cancel") == 1


def test_cancelling_a_job_that_has_ended_sends_no_request(tamr, client):
    """The widget shows that the job has ended."""
    job = tamr.jobs.add("SUCCEEDED")
    widget = follow(client, job)

    click(widget, "cancel")
    wait_until(lambda: panel(widget).get("outcome"))

    assert "already ended" in panel(widget)["outcome"]
    assert count_requests(tamr, "POST") == 0


def test_a_refused_delete_does_not_end_the_polling(tamr, client):
    """The reason of a 405 is shown."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)

    for number in range(3):
        click(widget, "delete", number)
    wait_until(lambda: widget.error)
    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved)

    assert count_requests(tamr, "DELETE") == 1
    assert panel(widget)["no_delete"]
    assert not widget.deleted
    assert "405" in widget.error


def test_a_click_on_wait_after_the_end_shows_the_outcome(tamr, client):
    """No wait is started."""
    widget = follow(client, tamr.jobs.add("FAILED"))

    click(widget, "wait")
    wait_until(lambda: panel(widget).get("outcome"))

    assert panel(widget)["outcome"] == "It failed before."
    assert not widget.waiting


def test_the_error_of_an_action_is_cleared_by_the_next_action(tamr, client):
    """It stays until then, although polls succeed."""
    widget = follow(client, tamr.jobs.add("RUNNING"))
    errors: list[str] = []
    widget.observe(lambda change: errors.append(change.new), "error")
    click(widget, "delete")
    wait_until(lambda: widget.error)

    click(widget, "delete")
    wait_until(lambda: len(errors) == 3)

    assert [bool(each) for each in errors] == [True, False, True]


def test_polls_continue_after_a_delete_whose_request_was_lost(tamr, client):
    """They show that the job still exists."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    tamr.faults.add(Fault.close(method="DELETE"))

    click(widget, "delete")
    wait_until(lambda: widget.error)
    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved)

    assert not widget.deleted


def test_a_successful_delete_ends_the_polling(tamr, client):
    """The panel shows that the job was deleted, and a second click has no effect."""
    tamr.jobs.deletes = True
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)

    click(widget, "delete")
    wait_until(lambda: widget.deleted)
    click(widget, "delete")
    polls = count_requests(tamr, "GET", job)
    wait_until(lambda: threading.active_count() == _threads_of(tamr))

    assert count_requests(tamr, "GET", job) == polls
    assert count_requests(tamr, "DELETE") == 1
    assert panel(widget)["outcome"] == "Deleted from Tamr."


def _threads_of(tamr: Simulator) -> int:
    return sum(not thread.name.startswith("tamr_widgets") for thread in threading.enumerate())


def test_a_delete_whose_response_was_lost_is_not_repeated(tamr, client):
    """The operation is polled instead, and not found."""
    tamr.jobs.deletes = True
    job = tamr.jobs.add("SUCCEEDED")
    widget = follow(client, job)
    tamr.faults.add(Fault.close(perform=True, method="DELETE"))

    click(widget, "delete")
    wait_until(lambda: panel(widget).get("error_kind") == "gone")

    assert count_requests(tamr, "DELETE") == 1


def test_transient_errors_are_shown_until_a_poll_succeeds(tamr, client):
    """The last known state stays, with the times of the last response and of the retry."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    tamr.faults.add(Fault.status(502, times=2))

    facts = wait_until(lambda: panel(widget) if "retry_at" in panel(widget) else None)
    wait_until(lambda: not widget.error)

    assert facts["error_kind"] == "retrying"
    assert facts["error"] == "the server answered 502"
    assert facts["state"] == "RUNNING"
    assert facts["retry_at"] >= facts["checked_at"]
    assert "error" not in panel(widget)


@pytest.mark.parametrize(("status", "kind"), [(403, "refused"), (401, "refused"), (404, "gone")])
def test_permanent_errors_end_the_polling_and_are_shown(tamr, client, monkeypatch, status, kind):
    """No permission and a deleted operation have different kinds; both end waits."""
    monkeypatch.setattr("tamr_widgets._http.retry.NOT_FOUND_GRACE_SECONDS", 0)
    widget = follow(client, tamr.jobs.add("RUNNING"))
    tamr.faults.add(Fault.status(status))

    wait_until(lambda: panel(widget).get("error_kind") == kind)

    with pytest.raises(TamrError, match=str(status)):
        widget.wait()


def test_wait_blocks_until_the_operation_is_resolved(tamr, client):
    """It returns the resolved operation, whatever its outcome."""
    job = tamr.jobs.start(queued_seconds=0, run_seconds=0.05, outcome="FAILED")

    resolved = follow(client, job).wait(10)

    assert resolved.state == "FAILED"


def test_wait_raises_at_the_deadline(tamr, client):
    """The error is a TimeoutError that holds the last snapshot."""
    widget = follow(client, tamr.jobs.add("RUNNING"))

    with pytest.raises(WaitTimeout) as raised:
        widget.wait(0.05)

    assert raised.value.operation.state == "RUNNING"
    assert isinstance(raised.value, TimeoutError)


def test_an_action_whose_response_is_lost_is_checked(tamr, client):
    """An error had ended the polling before, which then starts again."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    tamr.faults.add(Fault.status(403, times=1, method="GET"))
    wait_until(lambda: panel(widget).get("error_kind") == "refused")
    tamr.faults.add(Fault.reset(perform=True, times=1, method="POST"))

    click(widget, "cancel")
    wait_until(lambda: widget.state == "CANCELING")

    tamr.jobs.finish(job, "CANCELED")
    wait_until(lambda: widget.state == "CANCELED")


def test_an_interrupt_of_wait_shows_one_line_instead_of_a_traceback(tamr, client):
    """The job continues."""
    widget = follow(client, tamr.jobs.add("RUNNING"))
    threading.Timer(0.05, _thread.interrupt_main).start()

    with pytest.raises(KeyboardInterrupt) as raised:
        widget.wait()

    assert raised.value._render_traceback_() == ["Stopped waiting. The job goes on."]
    assert widget.state == "RUNNING"
    assert count_requests(tamr, "POST") == 0


def test_await_waits_without_blocking(tamr, client):
    """Other coroutines run in the meantime; the result is the resolved operation."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)

    async def main() -> Operation:
        waiting = asyncio.gather(widget)
        await asyncio.sleep(0)
        tamr.jobs.finish(job)
        return (await waiting)[0]

    assert asyncio.run(main()).succeeded()

    async def again() -> Operation:
        return await widget

    assert asyncio.run(again()) is widget.operation


def test_closing_a_widget_ends_its_waits(tamr, client):
    """They would wait for ever otherwise."""
    widget = follow(client, tamr.jobs.add("RUNNING"))
    threading.Timer(0.05, widget.close).start()

    with pytest.raises(TamrError, match="closed"):
        widget.wait(10)


def test_callbacks_that_raise_do_not_stop_the_others(tamr, client):
    """Each is called once; the widget shows the error, and continues."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    called: list[str] = []

    def broken(_: object) -> None:
        called.append("broken")
        raise ValueError("<b>oh</b>")

    widget.observe(broken, "state")
    widget.on_resolved(broken)
    widget.on_resolved(lambda operation: called.append(operation.state))
    widget.observe(lambda _: called.append("observer"), "state")
    tamr.jobs.finish(job)
    wait_until(lambda: panel(widget).get("callback_error"))
    wait_until(lambda: "SUCCEEDED" in called)

    assert sorted(called) == ["SUCCEEDED", "broken", "broken", "observer"]
    assert "ValueError: <b>oh</b>" in widget.callback_error
    assert widget.error == ""
    assert widget.resolved


def test_an_observer_can_be_removed(tamr, client):
    """`unobserve` accepts the function that was passed to `observe`."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    called = []
    widget.observe(called.append, "state")

    widget.unobserve(called.append, "state")
    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved)

    assert called == []


@pytest.mark.parametrize("rounds", [8, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_callback_that_is_registered_as_the_job_ends_is_called(tamr, client, rounds):
    """It is called once, also if it is registered shortly before or after the end."""
    calls: list[Any] = []
    for number in range(rounds):
        job = tamr.jobs.add("RUNNING")
        widget = follow(client, job, estimate=False)
        tamr.jobs.finish(job)
        Poller.of(client).refresh(widget.operation)
        time.sleep(number % 8 * 0.0005)  # a poll takes about two milliseconds
        widget.on_resolved(calls.append)
        wait_until(lambda number=number: len(calls) > number)
        widget.close()

    assert len(calls) == rounds


def test_closing_releases_widgets_layouts_and_threads(tamr, client):
    """A cell may create a widget each time it runs."""
    before = len(ipywidgets.widgets.widget._instances)
    for _ in range(5):
        widget = follow(client, tamr.jobs.add("RUNNING"))
        widget.close()
        widget.close()

    wait_until(lambda: threading.active_count() == _threads_of(tamr), seconds=1)
    assert len(ipywidgets.widgets.widget._instances) == before


def test_closing_while_a_request_hangs_ends_the_thread_within_a_second(tamr, client):
    """A server that does not respond does not delay this."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    tamr.faults.add(Fault.hang())
    hanging = count_requests(tamr, "GET", job)
    wait_until(lambda: count_requests(tamr, "GET", job) > hanging)

    widget.close()

    wait_until(lambda: threading.active_count() == _threads_of(tamr), seconds=1)


def test_widgets_of_one_operation_share_the_request_of_each_interval(tamr, client):
    """They share one poll target."""
    job = tamr.jobs.add("RUNNING")
    operation = client.operation(job)
    tamr.requests.clear()
    start = time.monotonic()
    for _ in range(8):
        OperationWidget(operation, poll_interval_seconds=QUICK)

    wait_until(lambda: count_requests(tamr, "GET", job) >= 5)

    assert time.monotonic() - start > 3 * QUICK


def test_a_thousand_changes_in_a_second_are_few_messages(tamr, client):
    """A page receives the state at each poll, and always the last one."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    sent = Page(widget)
    for number in range(1000):
        tamr.jobs.change(job, status={"message": f"step {number}"})
    wait_until(lambda: widget.message == "step 999")

    assert len(sent) < 100


def test_the_static_output_has_the_texts_of_the_server_as_text(tamr, client):
    """They are no markup, and no control characters."""
    job = tamr.jobs.add("FAILED", description="<script>alert(1)</script>\x00" + "x" * 2000)
    widget = follow(client, job)

    data, _ = widget._repr_mimebundle_()

    assert "<script>" not in data["text/html"]
    assert "\x00" not in data["text/html"]
    assert "&lt;script&gt;" in data["text/html"]
    assert "FAILED" in data["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_displayed_widget_updates_its_output_when_the_job_ends(tamr, client, kernel, monkeypatch):
    """A saved notebook then contains the final state."""
    shown: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "tamr_widgets.widgets.base.display",
        lambda data, **options: shown.append((data["text/plain"], options)),
    )
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)

    widget._ipython_display_()
    tamr.jobs.finish(job)
    wait_until(lambda: len(shown) == 2)

    assert "RUNNING" in shown[0][0]
    assert "SUCCEEDED" in shown[1][0]
    assert shown[1][1]["update"]
    assert shown[0][1]["display_id"] == shown[1][1]["display_id"]


def test_repr_names_the_class_and_the_jobs(tamr, client):
    """It is in lists of widgets, by print and in logs, also after a widget was closed."""
    widget, jobs = follow(client, tamr.jobs.add("RUNNING")), jobs_widget(client)
    wait_until(lambda: jobs.operations)

    assert repr(widget).startswith("<OperationWidget: Operation 1: RUNNING: ")
    assert repr(jobs).startswith(f"<JobsWidget: 1 jobs of 127.0.0.1:{tamr.port}, as of ")
    widget.close()
    assert repr(widget) == "<OperationWidget, closed>"


def test_the_widget_and_the_notebook_contain_no_secret(tamr):
    """Neither state, nor bundle, nor repr holds the password or its encoded form."""
    with tamr.client() as client:
        widget = follow(client, tamr.jobs.add("RUNNING"))
        text = json.dumps(widget.get_state(), default=repr) + repr(widget)
        text += json.dumps(widget._repr_mimebundle_()[0])

    for secret in client.auth.secrets:
        assert secret not in text


def test_a_widget_is_adopted_as_its_operation(tamr, client):
    """A function that accepts an operation accepts its widget, too."""
    widget = follow(client, tamr.jobs.add("SUCCEEDED"))

    assert Operation.adopt(widget) is widget.operation


def test_marimo_displays_an_operation_as_its_widget(tamr, client):
    """marimo calls `_display_`."""
    operation = client.operation(tamr.jobs.add("SUCCEEDED"))

    widget = operation._display_()

    assert isinstance(widget, OperationWidget)
    assert widget.operation is operation
