"""Code of users that widgets run: magic methods, queued observers, handlers, `__del__`."""

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
def test_a_magic_method_holds_up_no_poll(tamr, client, reaction):
    """`_x_changed` of a subclass runs where other observers run."""
    other = tamr.jobs.add("RUNNING")
    free = threading.Event()
    heard: list[tuple[str, Any]] = []

    class Mine(OperationWidget):
        def _state_changed(self, name: str, old: Any, new: Any) -> None:
            heard.append((name, new))
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
    wait_until(lambda: heard)
    tamr.jobs.finish(other)
    assert another.wait(20).resolved
    free.set()

    assert heard == [("state", "SUCCEEDED")]


@pytest.mark.filterwarnings("error::DeprecationWarning")
def test_a_magic_method_is_warned_of_where_the_widget_is_made(tamr, client, monkeypatch):
    """Not on the polling thread, whose output would land in any cell."""
    monkeypatch.setenv("TRAITLETS_ALL_DEPRECATIONS", "1")  # else once for each package

    class Warned(OperationWidget):
        def _state_changed(self) -> None:
            pass

    with pytest.raises(DeprecationWarning, match="_state_changed"):
        Warned(client.operation(tamr.jobs.add("RUNNING")))


def test_an_observer_that_takes_itself_off_hears_nothing_more(tamr, client):
    """Also not of the other traits that changed at the same time."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    heard: list[str] = []
    last: list[str] = []

    def once(change: Any) -> None:
        heard.append(change.name)
        widget.unobserve(once)

    widget.observe(once)
    widget.observe(lambda change: last.append(change.name))
    tamr.jobs.finish(job)
    wait_until(lambda: "resolved" in last)

    assert len(heard) == 1


def test_a_record_that_cannot_be_written_loses_no_news(tamr, client, kernel, monkeypatch, caplog):
    """Waits end, observers and callbacks are notified of the end."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    monkeypatch.setattr(base, "display", lambda *_, **__: None)
    widget._ipython_display_()
    heard: list[Any] = []
    widget.on_resolved(heard.append)
    widget.observe(heard.append, "resolved")

    def display(*_: Any, **__: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(base, "display", display)
    tamr.jobs.finish(job)

    assert widget.wait(20).resolved
    wait_until(lambda: len(heard) == 2)
    assert "could not be passed on" in caplog.text


def test_a_logging_handler_that_raises_ends_no_thread(tamr, client, monkeypatch):
    """It cannot keep the callbacks after it from running."""
    monkeypatch.setattr("logging.Logger.error", _raise)
    monkeypatch.setattr("logging.Logger.exception", _raise)
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    heard: list[Any] = []
    widget.on_resolved(lambda _: 1 / 0)
    widget.on_resolved(heard.append)
    tamr.jobs.finish(job)

    wait_until(lambda: heard and "ZeroDivisionError" in widget.callback_error)


def _raise(*_: Any, **__: Any) -> None:
    raise SystemExit


def test_a_call_that_raises_keeps_no_other_from_running(caplog):
    """Not even SystemExit ends the thread of a queue."""
    queue, done = CallbackQueue(), threading.Event()

    def leave() -> None:
        raise SystemExit

    queue.submit(leave)
    queue.submit(done.set)

    assert done.wait(20)
    assert "A callback raised" in caplog.text


@pytest.mark.parametrize("which", ["poller", "callbacks"])
def test_a_new_thread_may_collect_what_needs_its_owner(client, monkeypatch, which):
    """A `__del__` that runs as the thread begins takes the lock that the starter could hold."""
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
    """Only when a person asks for it; the error is shown until the server responds again."""
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
