"""Code of users that widgets run: magic methods, observers, logging handlers, `__del__`."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from fakes import wait_until
from pages import QUICK, click, count_requests, follow, jobs_widget, status

from tamr_widgets import OperationWidget, Poller
from tamr_widgets._polling.callbacks import CallbackQueue
from tamr_widgets.simulator import Fault
from tamr_widgets.widgets import base

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.filterwarnings("ignore:.*_changed.*:DeprecationWarning")
@pytest.mark.parametrize("reaction", ["sleep", "wait", "exit"])
def test_a_magic_method_delays_no_poll(tamr, client, reaction):
    """`_x_changed` of a subclass runs on the thread of other observers."""
    other = tamr.jobs.add("RUNNING")
    free = threading.Event()
    received: list[tuple[str, Any]] = []

    class Mine(OperationWidget):
        def _state_changed(self, name: str, old: Any, new: Any) -> None:
            received.append((name, new))
            if reaction == "sleep":
                free.wait(60)
            elif reaction == "wait":
                client.operation(other).wait(QUICK, 60)
            else:
                raise SystemExit(name)

    job = tamr.jobs.add("RUNNING")
    widget = Mine(client.operation(job), poll_interval_seconds=QUICK)
    another = follow(client, other)
    tamr.jobs.finish(job)
    assert widget.wait(20).resolved
    wait_until(lambda: received)
    tamr.jobs.finish(other)
    assert another.wait(20).resolved
    free.set()

    assert received == [("state", "SUCCEEDED")]


@pytest.mark.filterwarnings("error::DeprecationWarning")
def test_a_magic_method_causes_a_warning_when_the_widget_is_created(tamr, client, monkeypatch):
    """A warning on the polling thread could be printed in any cell."""
    monkeypatch.setenv("TRAITLETS_ALL_DEPRECATIONS", "1")  # else once for each package

    class Warned(OperationWidget):
        def _state_changed(self) -> None:
            pass

    with pytest.raises(DeprecationWarning, match="_state_changed"):
        Warned(client.operation(tamr.jobs.add("RUNNING")))


def test_an_observer_that_removes_itself_is_not_notified_again(tamr, client):
    """Other traits that changed at the same time do not notify it either."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    received: list[str] = []
    last: list[str] = []

    def once(change: Any) -> None:
        received.append(change.name)
        widget.unobserve(once)

    widget.observe(once)
    widget.observe(lambda change: last.append(change.name))
    tamr.jobs.finish(job)
    wait_until(lambda: "resolved" in last)

    assert len(received) == 1


def test_an_output_that_cannot_be_updated_prevents_no_notification(
    tamr, client, kernel, monkeypatch, caplog
):
    """Waits end, and observers and callbacks are notified of the end."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    monkeypatch.setattr(base, "display", lambda *_, **__: None)
    widget._ipython_display_()
    received: list[Any] = []
    widget.on_resolved(received.append)
    widget.observe(received.append, "resolved")

    def display(*_: Any, **__: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(base, "display", display)
    tamr.jobs.finish(job)

    assert widget.wait(20).resolved
    wait_until(lambda: len(received) == 2)
    assert "could not be passed on" in caplog.text


def test_a_logging_handler_that_raises_ends_no_thread(tamr, client, monkeypatch):
    """The callbacks after it are called."""
    monkeypatch.setattr("logging.Logger.error", _raise)
    monkeypatch.setattr("logging.Logger.exception", _raise)
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    received: list[Any] = []
    widget.on_resolved(lambda _: 1 / 0)
    widget.on_resolved(received.append)
    tamr.jobs.finish(job)

    wait_until(lambda: received and "ZeroDivisionError" in widget.callback_error)


def _raise(*_: Any, **__: Any) -> None:
    raise SystemExit


def test_a_callback_that_raises_does_not_prevent_the_next_one(caplog):
    """Not even SystemExit ends the thread of a queue."""
    queue, done = CallbackQueue(), threading.Event()

    def leave() -> None:
        raise SystemExit

    queue.submit(leave)
    queue.submit(done.set)

    assert done.wait(20)
    assert "A callback raised" in caplog.text


@pytest.mark.parametrize("which", ["poller", "callbacks"])
def test_garbage_collection_on_a_new_thread_causes_no_deadlock(client, monkeypatch, which):
    """A `__del__` that runs when the thread starts needs a lock that the starter could hold."""
    done = threading.Event()
    use: Callable[[], object]
    if which == "poller":
        poller = Poller.of(client)
        use = lambda: poller.cancel(client)  # noqa: E731
        start = lambda: poller.submit(done.set, print)  # noqa: E731
    else:
        queue = CallbackQueue()
        use = lambda: queue.submit(int)  # noqa: E731
        start = lambda: queue.submit(done.set)  # noqa: E731
    begin = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]
    collected = threading.Event()

    def collect_first(self: threading.Thread) -> None:
        if self.name.startswith("tamr_widgets") and not collected.is_set():
            collected.set()
            use()
        begin(self)

    monkeypatch.setattr(threading.Thread, "_bootstrap_inner", collect_first)
    starter = threading.Thread(target=start, daemon=True)
    starter.start()

    assert done.wait(20)
    starter.join(20)
    assert not starter.is_alive()


def test_a_list_that_was_refused_is_requested_again_on_demand(tamr, client):
    """A click requests it, but no visible page; the error is shown until a request succeeds."""
    tamr.jobs.add("RUNNING")
    tamr.faults.add(Fault.status(403))
    widget = jobs_widget(client)
    wait_until(lambda: widget.error)
    tamr.faults.clear()
    count = count_requests(tamr, "GET", "operations")
    click(widget, "visible")
    time.sleep(4 * QUICK)
    assert count_requests(tamr, "GET", "operations") == count

    click(widget, "wait")
    wait_until(lambda: widget.operations)

    assert widget.error == ""
    assert "error" not in status(widget)
