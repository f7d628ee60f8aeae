"""Widgets and code of users: observers, callbacks, closing, rows, arguments, and forks."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import pickle
import signal
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets
import pytest
import traitlets
from fakes import wait_until
from forks import in_child, may_fork, needs_fork, start_child, succeeds
from pages import QUICK, Page, click, count_requests, follow, jobs_widget, panel, status

from tamr_widgets import ClientClosed, Forbidden, JobsWidget, Operation, OperationWidget, TamrError
from tamr_widgets.simulator import Fault, history
from tamr_widgets.widgets.job_table import JobTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# Observers


@pytest.mark.parametrize("names", ["state", "operation", "resolved", "progress", traitlets.All])
def test_an_observer_of_one_trait_sees_all_traits_updated(tamr, client, names):
    """All traits are of the same snapshot."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    seen: list[Any] = []

    def look(_: object) -> None:
        operation = widget.operation
        seen.append(
            (widget.state, widget.resolved, widget.message, widget.progress == 1.0)
            == (operation.state, operation.resolved, operation.message, operation.resolved)
        )

    widget.observe(look, names)
    tamr.jobs.finish(job)
    wait_until(lambda: widget.resolved and seen)

    assert all(seen)


def test_an_observer_sees_one_snapshot_while_polls_continue(tamr, client, monkeypatch):
    """The next snapshot arrives while the observer runs."""
    monkeypatch.setattr("tamr_widgets.widgets.server_traits.STEADY_SECONDS", 60)
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    mixed: list[bool] = []

    def look(_: object) -> None:
        seen = widget.state, widget.message
        tamr.jobs.change(job, status={"state": "CANCELING", "message": "later"})
        polls = count_requests(tamr, "GET", job)
        wait_until(lambda: count_requests(tamr, "GET", job) > polls)
        time.sleep(0.02)  # so that the snapshot has arrived, and is queued
        mixed.append((widget.state, widget.message) != seen)

    widget.observe(look, "message")
    tamr.jobs.change(job, status={"state": "PENDING", "message": "first"})
    wait_until(lambda: len(mixed) == 2)

    assert mixed == [False, False]


def test_the_jobs_widget_updates_its_traits_together(tamr, client):
    """Operations and selection are of the same list."""
    job = tamr.jobs.add("RUNNING")
    widget = jobs_widget(client)
    wait_until(lambda: widget.operations)
    widget.set_state({"_selected": [job]})
    wait_until(lambda: widget.selection)
    seen: list[Any] = []
    widget.observe(
        lambda _: seen.append((widget.operations[0].state, widget.selection[0].state)),
        ["operations", "selection"],
    )
    tamr.jobs.finish(job)
    wait_until(lambda: len(seen) == 2)

    assert set(seen) == {("SUCCEEDED", "SUCCEEDED")}


def test_observers_of_a_subclass_run_on_the_callback_thread(tamr, client):
    """Decorated methods are code of users, too."""
    threads: list[str] = []

    class Mine(OperationWidget):
        @traitlets.observe("state")
        def _on_state(self, change: Any) -> None:
            threads.append(threading.current_thread().name)
            raise SystemExit(change.new)

    job = tamr.jobs.add("RUNNING")
    widget = Mine(client.operation(job), poll_interval_seconds=QUICK)
    tamr.jobs.finish(job)
    wait_until(lambda: widget.callback_error)

    assert all("callbacks" in name for name in threads)
    assert "SystemExit: SUCCEEDED" in widget.callback_error
    assert widget.resolved


@pytest.mark.parametrize("link", [traitlets.link, traitlets.dlink])
def test_linked_traits_are_updated(tamr, client, link):
    """Another widget's trait is kept equal, also if callbacks are late."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job, poll_interval_seconds=0.05)
    label = ipywidgets.Label()
    widget.observe(lambda _: time.sleep(0.1), "message")
    link((widget, "message"), (label, "value"))
    for number in range(3):
        tamr.jobs.change(job, status={"message": f"Step {number}"})
        wait_until(lambda number=number: widget.message == f"Step {number}")

    wait_until(lambda: label.value == "Step 2")
    assert widget.callback_error == ""


def test_a_link_follows_a_value_that_changes_while_it_updates_its_target(tamr, client):
    """traitlets reports a broken link; the next notification brings the newer value."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    label = ipywidgets.Label()

    def change_again(change: Any) -> None:
        if change.new == "first":
            tamr.jobs.change(job, status={"message": "second"})
            wait_until(lambda: widget.message == "second")

    traitlets.link((widget, "message"), (label, "value"))
    label.observe(change_again, "value")
    tamr.jobs.change(job, status={"message": "first"})

    wait_until(lambda: label.value == "second")
    assert widget.callback_error == ""


def test_a_link_with_the_search_works_both_ways(tamr, client):
    """A trait that a page or code sets notifies at once, as in traitlets."""
    widget = jobs_widget(client, search="a")
    text = ipywidgets.Text()
    traitlets.link((widget, "search"), (text, "value"))
    assert text.value == "a"

    widget.search = "b"
    assert text.value == "b"
    text.value = "c"
    assert widget.search == "c"
    widget.set_state({"search": "d"})
    wait_until(lambda: text.value == "d")
    ipywidgets.jslink((widget, "search"), (text, "value"))


@pytest.mark.parametrize("how", ["unobserve", "unobserve names", "unobserve_all"])
def test_an_observer_that_was_removed_is_not_notified(tamr, client, how):
    """The widget itself is still updated."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    called: list[Any] = []
    widget.observe(called.append, "state" if how == "unobserve names" else traitlets.All)
    ways: dict[str, Callable[[], object]] = {
        "unobserve": lambda: widget.unobserve(called.append),
        "unobserve names": lambda: widget.unobserve(called.append, ["state"]),
        "unobserve_all": widget.unobserve_all,
    }
    ways[how]()
    tamr.jobs.finish(job)

    assert widget.wait(20).succeeded()
    wait_until(lambda: widget.resolved)
    time.sleep(0.05)
    assert called == []


def test_an_observer_that_is_removed_before_its_call_is_not_called(tamr, client):
    """Its call is queued after that of a slow observer."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    begun, free = threading.Event(), threading.Event()
    called: list[Any] = []

    def slow(_: object) -> None:
        begun.set()
        free.wait(60)

    widget.observe(slow, "state")
    widget.observe(called.append, "state")
    tamr.jobs.finish(job)
    assert begun.wait(20)
    widget.unobserve(called.append, "state")
    ended: list[Any] = []
    widget.on_resolved(ended.append)
    free.set()
    wait_until(lambda: ended)

    assert called == []


def test_the_selection_works_after_unobserve_all(tamr, client):
    """`unobserve_all` does not remove the widget's own handlers."""
    job = tamr.jobs.add("RUNNING")
    widget = jobs_widget(client)
    wait_until(lambda: widget.operations)

    widget.unobserve_all()
    widget.set_state({"_selected": [job]})

    wait_until(lambda: widget.selection)


# Exceptions of callbacks


class Odd(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("register", ["observe", "on_resolved", "jobs"])
def test_an_exception_of_a_callback_stops_neither_others_nor_polls(tamr, client, register):
    """It is not shown as an error of the server, and each other callback is called once."""
    job = tamr.jobs.add("RUNNING")
    widget = jobs_widget(client) if register == "jobs" else follow(client, job)
    if register == "jobs":
        wait_until(lambda: widget.operations)
    kinds: list[type[BaseException]] = [ValueError, SystemExit, KeyboardInterrupt, Odd]
    called: list[str] = []

    def broken(kind: type[BaseException], _: object) -> None:
        raise kind(3)

    def note_when_shown(name: str, _: object) -> None:
        wait_until(lambda: name in widget.callback_error)
        called.append(name)

    names = [each.__name__ for each in kinds]
    for kind, name in zip(kinds, names, strict=True):
        for callback in (partial(broken, kind), partial(note_when_shown, name)):
            if register == "observe":
                widget.observe(callback, "state")
            else:
                widget.on_resolved(callback)
    tamr.jobs.finish(job)
    wait_until(lambda: called == names)
    page = status(widget) if register == "jobs" else panel(widget)

    wait_until(
        lambda: (status(widget) if register == "jobs" else panel(widget)).get("callback_error")
    )
    assert "error" not in page
    assert widget.error == ""
    polls = count_requests(tamr, "GET")
    if register == "jobs":
        wait_until(lambda: count_requests(tamr, "GET") > polls)


@pytest.mark.parametrize("names", ["error", "callback_error", "_panel", traitlets.All])
def test_an_observer_that_raises_at_each_error_does_not_loop(tamr, client, names):
    """An error of a callback that is notified of a callback's error is not reported."""
    widget = follow(client, tamr.jobs.add("RUNNING"), poll_interval_seconds=0.05)
    calls: list[Any] = []

    def broken(change: Any) -> None:
        calls.append(change)
        raise ValueError(f"{len(calls)}: {change['new']!r:.200}")

    widget.observe(broken, names)
    widget.observe(broken, "error")
    tamr.faults.add(Fault.status(502, times=1))
    wait_until(lambda: calls and widget.callback_error)
    wait_until(lambda: not widget.error)
    time.sleep(0.1)

    assert len(calls) < 30


def test_an_error_of_a_callback_is_short_and_printable(tamr, client):
    """Its text is limited, and has no control characters."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)

    def broken(_: object) -> None:
        raise ValueError("\x1b[2J\u202e" + "x" * 1_000_000)

    widget.on_resolved(broken)
    tamr.jobs.finish(job)
    wait_until(lambda: widget.callback_error)

    assert len(widget.callback_error) <= 1000
    assert widget.callback_error.isprintable()


def test_a_slow_callback_delays_no_poll(tamr, client):
    """Its own widget and others are updated."""
    job, other = tamr.jobs.add("RUNNING"), tamr.jobs.add("RUNNING")
    slow, quick = follow(client, job), follow(client, other)
    free, states = threading.Event(), []

    def wait(change: Any) -> None:
        free.wait(60)
        states.append(change.new)

    slow.observe(wait, "state")
    tamr.jobs.change(job, status={"state": "CANCELING"})
    wait_until(lambda: slow.state == "CANCELING")
    tamr.jobs.finish(job)
    tamr.jobs.finish(other)
    wait_until(lambda: slow.resolved and quick.resolved)
    assert states == []

    free.set()
    wait_until(lambda: states == ["CANCELING", "SUCCEEDED"])


def test_a_callback_runs_in_the_context_that_registered_it(tamr, client):
    """The context is another one when the job ends."""
    cell = contextvars.ContextVar("cell", default="none")
    job = tamr.jobs.add("RUNNING")
    widget, jobs = follow(client, job), jobs_widget(client)
    wait_until(lambda: jobs.operations)
    seen: list[str] = []
    token = cell.set("first")
    widget.on_resolved(lambda _: seen.append(cell.get()))
    widget.observe(lambda _: seen.append(cell.get()), "state")
    jobs.on_resolved(lambda _: seen.append(cell.get()))
    cell.set("second")
    tamr.jobs.finish(job)
    wait_until(lambda: len(seen) == 3)
    cell.reset(token)

    assert seen == ["first"] * 3


# Closing


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    shown: list[Any] = []
    monkeypatch.setattr(
        "tamr_widgets.widgets.base.display", lambda data, **_: shown.append(data["text/plain"])
    )
    return shown


@pytest.mark.parametrize("callback", ["on_resolved", "observe"])
def test_a_callback_may_close_the_widget(tamr, client, kernel, displayed, callback):
    """The output is updated before, so that a saved notebook has the final state."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    widget._ipython_display_()
    close = lambda _: widget.close()  # noqa: E731
    if callback == "observe":
        widget.observe(close, "state")
    else:
        widget.on_resolved(close)
    tamr.jobs.finish(job)
    wait_until(lambda: widget.comm is None)

    assert "SUCCEEDED" in displayed[-1]
    assert widget.callback_error == ""
    assert widget.wait().succeeded()


def test_the_output_is_updated_before_waits_end(tamr, client, kernel, monkeypatch):
    """The cell that waits may be the last one of its notebook."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    order: list[str] = []

    def show(*_: object, update: bool, **__: object) -> None:
        time.sleep(0.05)
        order.append("update" if update else "display")

    monkeypatch.setattr("tamr_widgets.widgets.base.display", show)
    widget._ipython_display_()
    widget.observe(lambda _: order.append("observer"), "state")
    widget.on_resolved(lambda _: order.append("callback"))
    threading.Timer(0.05, tamr.jobs.finish, (job,)).start()
    widget.wait(20)
    order.append("wait")
    wait_until(lambda: len(order) == 5)

    assert order[:2] == ["display", "update"]


def test_no_message_is_sent_after_a_widget_was_closed(tamr, client, caplog, monkeypatch):
    """Another thread closes it while snapshots arrive, which is no error."""
    monkeypatch.setattr("tamr_widgets.widgets.jobs.AGAIN_SECONDS", 0.05)
    late: list[Any] = []
    sending, closed = threading.Event(), threading.Event()

    def sent(widget: Any, **_: object) -> None:
        sending.set()
        time.sleep(0.005)  # so that it is closed meanwhile
        if widget.comm is None:
            late.append(widget)

    def change(job: str) -> None:
        more = 10  # after the widget was closed
        for state in itertools.cycle(("PENDING", "RUNNING")):
            tamr.jobs.change(job, status={"state": state})
            time.sleep(0.003)
            more -= closed.is_set()
            if not more:
                return

    def make(kind: str, job: str) -> Any:
        if kind == "operation":
            widget = follow(client, job)
            widget.comm.send = partial(sent, widget)
            return widget
        with tamr.jobs.lock:  # so that no list arrives before
            widget = jobs_widget(client)
            widget.comm.send = partial(sent, widget)
            return widget

    for kind in ("operation", "jobs"):
        job = tamr.jobs.add("RUNNING")
        sending.clear()
        closed.clear()
        widget = make(kind, job)
        changing = threading.Thread(target=change, args=(job,))
        changing.start()
        assert sending.wait(20)
        widget.close()
        closed.set()
        changing.join()
        assert not late, kind
        assert not caplog.records, kind


def test_closing_a_jobs_widget_cancels_the_clicks(tamr, client):
    """At most the request that is being sent follows."""
    tamr.jobs.deletes = True
    jobs = [tamr.jobs.start(queued_seconds=0, run_seconds=60) for _ in range(30)]
    widget = jobs_widget(client)
    page = Page(widget)
    wait_until(lambda: len(widget.operations) == 30)
    tamr.faults.add(Fault.delay(0.05, method="POST"))
    for job in jobs[:5]:
        click(widget, "expand", id=job)
    wait_until(lambda: len(set(page.of("panel"))) == 5)
    for job in jobs[:5]:
        click(widget, "cancel", id=job)
    click(widget, "cancel_all", ids=jobs)
    wait_until(lambda: count_requests(tamr, "POST"))

    widget.close()
    requests = len(tamr.requests)
    time.sleep(0.3)

    assert len(tamr.requests) <= requests + 1


@pytest.fixture
def untraced() -> Iterator[None]:
    """Measures no coverage on the main thread.

    coverage acquires a lock at each call. A signal handler that runs between that and the release
    waits for another thread, which waits for the same lock.
    """
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
@pytest.mark.parametrize("rounds", [5, pytest.param(150, marks=pytest.mark.slow)])
def test_a_signal_handler_may_make_and_close_widgets(tamr, client, untraced, rounds):
    """It may interrupt the main thread while that uses widgets."""
    operation = client.operation(tamr.jobs.add("RUNNING"))
    made: list[int] = []

    def handle(*_: object) -> None:
        OperationWidget(operation).close()
        JobsWidget(client).close()
        made.append(1)
        signal.setitimer(signal.ITIMER_REAL, 0.002)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.005)
    try:
        while len(made) < rounds:
            widget = OperationWidget(operation)
            widget.on_resolved(print)
            click(widget, "wait")
            widget.close()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# Known and unknown facts


def test_rows_are_sent_without_a_request_and_repeated(tamr, client, monkeypatch):
    """The page may not be ready, and its request may be delayed by a cell that runs."""
    monkeypatch.setattr("tamr_widgets.widgets.jobs.AGAIN_SECONDS", 0.05)
    tamr.jobs.put_all(history(5))
    with tamr.jobs.lock:  # so that the list arrives when the page is there
        sent = Page(jobs_widget(client))
    wait_until(lambda: len(sent.of("rows")) >= 2)
    time.sleep(0.15)

    first, again = sent.of("rows")
    assert (first["reset"], first["total"], len(first["jobs"])) == (True, 5, 5)
    assert again == first


def test_a_page_that_has_subscribed_receives_the_rows_once(tamr, client, monkeypatch):
    """They are not repeated after its request."""
    monkeypatch.setattr("tamr_widgets.widgets.jobs.AGAIN_SECONDS", 0.5)
    tamr.jobs.put_all(history(5))
    widget = jobs_widget(client, poll_interval_seconds=60)
    wait_until(lambda: widget.operations)
    sent = Page(widget)
    click(widget, "subscribe")
    time.sleep(0.7)

    assert len(sent.of("rows")) == 1


@pytest.mark.parametrize("jobs", [0, 3])
def test_the_status_distinguishes_no_jobs_from_unknown(tamr, client, jobs):
    """`total` is missing before the first list, and zero after an empty one."""
    tamr.jobs.put_all(history(jobs))
    tamr.faults.add(Fault.status(502, times=1))
    widget = jobs_widget(client)
    assert "total" not in status(widget)
    wait_until(lambda: status(widget).get("error_kind") == "retrying")
    assert "total" not in status(widget)

    wait_until(lambda: "total" in status(widget))
    assert status(widget)["total"] == jobs


def test_before_the_first_list_no_number_of_jobs_is_shown(tamr, client, monkeypatch):
    """The static output states that no list has been fetched yet; `to_frame` fetches it."""
    monkeypatch.setattr("tamr_widgets.widgets.job_table.to_frame", list)  # pandas loads slowly
    tamr.jobs.add("RUNNING")
    tamr.faults.add(Fault.hang(times=1))
    widget = jobs_widget(client)
    wait_until(lambda: count_requests(tamr, "GET", "operations"))

    text = widget._repr_mimebundle_()[0]
    assert "0 jobs" not in text["text/plain"] + text["text/html"]
    assert "not been fetched yet" in text["text/plain"]
    assert [each.state for each in widget.to_frame()] == ["RUNNING"]


def test_to_frame_raises_the_error_of_the_list(tamr, client):
    """An empty frame would look like a server without jobs."""
    tamr.faults.add(Fault.status(403))

    with pytest.raises(Forbidden):
        jobs_widget(client).to_frame()


def test_an_update_never_shows_an_incomplete_list(tamr, client, monkeypatch):
    """While the list is replaced, a reader sees either the old one or the new one."""
    tamr.jobs.put_all(history(5))
    widget = jobs_widget(client)
    wait_until(lambda: len(widget.operations) == 5)
    texts, new_key = [], JobTable._key

    def read(table: JobTable, *args: Any) -> str:
        texts.append(widget._repr_mimebundle_()[0]["text/plain"].partition(" ")[0])
        return new_key(table, *args)

    monkeypatch.setattr(JobTable, "_key", read)
    tamr.jobs.put_all(history(6))
    wait_until(lambda: len(widget.operations) == 6)

    assert len(texts) >= 6
    assert set(texts) <= {"5", "6"}


# Arguments


@pytest.mark.parametrize("kind", ["operation", "jobs"])
def test_any_layout_is_accepted(tamr, client, kind):
    """It may be one of ipywidgets, another widget's, or a dict."""
    operation = client.operation(tamr.jobs.add("RUNNING"))

    def make(**options: Any) -> Any:
        return (
            JobsWidget(client, **options)
            if kind == "jobs"
            else OperationWidget(operation, **options)
        )

    own = ipywidgets.Layout(width="50%")
    make(layout=own).close()
    widget = make(layout=own)
    assert widget.layout is own
    other = make(layout={"height": "10em"})
    assert other.layout.height == "10em"
    widget.layout = other.layout
    box = ipywidgets.Box([widget, other], layout=ipywidgets.Layout(border="none"))
    widget.layout = box.layout
    other.layout = make().layout
    other.layout = {"width": "1px"}

    widget.close()
    assert box.layout.comm is not None
    assert own.comm is not None


def test_a_shared_layout_is_closed_with_the_last_widget(tamr, client):
    """Closing one of two widgets does not affect the other."""
    operation = client.operation(tamr.jobs.add("RUNNING"))
    one, two = OperationWidget(operation), OperationWidget(operation)
    two.layout.close()
    two.layout = layout = one.layout

    one.close()
    assert layout.comm is not None
    two.close()
    assert layout.comm is None


def test_traits_that_a_page_may_set_are_arguments(tamr, client):
    """They are `search` and `filter_state`; an error names an unknown argument."""
    widget = JobsWidget(client, search="x", filter_state="FAILED")

    assert (widget.search, widget.filter_state) == ("x", "FAILED")
    with pytest.raises(TypeError, match="serach"):
        JobsWidget(client, serach="x")
    with pytest.raises(TypeError, match="search"):
        OperationWidget(client.operation(tamr.jobs.add("RUNNING")), search="x")


def test_an_unpickled_operation_that_has_ended_is_shown(tamr, client):
    """It needs no client; an action that needs one shows an error."""
    operation = pickle.loads(pickle.dumps(client.operation(tamr.jobs.add("FAILED"))))
    widget = OperationWidget(operation)

    assert widget.state == "FAILED"
    assert widget.wait() is operation
    assert "FAILED" in widget._repr_mimebundle_()[0]["text/plain"]
    click(widget, "delete")
    wait_until(lambda: "no client" in widget.error)


def test_an_unpickled_operation_that_has_not_ended_is_refused(tamr, client):
    """The error says how to fetch it again."""
    operation = pickle.loads(pickle.dumps(client.operation(tamr.jobs.add("RUNNING"))))

    with pytest.raises(ClientClosed, match="from_resource_id"):
        OperationWidget(operation)


# Other processes


@needs_fork
@may_fork
def test_a_wait_for_an_inherited_widget_ends_in_a_forked_child(tamr, client):
    """The parent's thread does not exist there; the child polls for itself."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    wait_until(lambda: count_requests(tamr, "GET", job) > 2)
    tamr.jobs.finish(job)

    async def wait() -> Operation:
        return await widget

    assert in_child(lambda: widget.wait(20).succeeded() and asyncio.run(wait()).succeeded())


def test_a_widget_whose_constructor_raised_is_closed_silently(tamr, client):
    """Its garbage collection raises no error."""
    with pytest.raises(TypeError):
        OperationWidget(client.operation(tamr.jobs.add("RUNNING")), colour="red")
    with pytest.raises(TamrError):
        OperationWidget(Operation(None, {"id": "1", "relativeId": "operations/1"}))


@needs_fork
@may_fork
def test_an_inherited_widget_can_be_used_in_a_forked_child(tamr, client):
    """Another thread of the parent holds all of its locks during the fork."""
    job = tamr.jobs.add("RUNNING")
    widget = follow(client, job)
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as stack:
            for lock in locks_of(widget):
                stack.enter_context(lock)
            held.set()
            free.wait(60)

    def is_used() -> bool:
        ended = threading.Event()
        widget.on_resolved(lambda _: ended.set())
        tamr_is_polled = ended.wait(15)
        widget.close()
        return tamr_is_polled

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(20)
    child = start_child(is_used)
    free.set()
    holder.join()
    tamr.jobs.finish(job)

    assert succeeds(child)


def locks_of(thing: object, seen: set[int] | None = None) -> list[Any]:
    """Returns the locks in the attributes of a widget and of this package's objects below it."""
    seen = set() if seen is None else seen
    found = []
    for each in vars(thing).values():
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, (type(threading.Lock()), type(threading.RLock()))):
            found.append(each)
        elif type(each).__module__.startswith("tamr_widgets.widgets") and hasattr(each, "__dict__"):
            found += locks_of(each, seen)
    return found
