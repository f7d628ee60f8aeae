"""The poller with callbacks that raise or block, forks, many commands, and unusual clients."""

from __future__ import annotations

import contextvars
import dataclasses
import gc
import os
import pickle
import sys
import threading
import time
import weakref
from itertools import pairwise
from types import SimpleNamespace

import pytest
from fakes import document, fake_response, wait_until
from polling import EXAMPLE, LIST, FakeTamr, Subscriber, drive

from tamr_widgets import (
    Client,
    CrossOriginError,
    DeadlockError,
    JobsWidget,
    Operation,
    Poller,
    TamrError,
    TokenAuth,
)
from tamr_widgets._http.deadline import current_deadline, deadline
from tamr_widgets._polling.callbacks import CallbackQueue
from tamr_widgets._polling.cell_monitor import cells
from tamr_widgets.errors import InternalError, UnexpectedResponse
from tamr_widgets.widgets.bulk_action import BulkAction

QUICK = 0.01
FATAL = [SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError, RecursionError]


class Unprintable(Exception):
    def __str__(self):
        raise SystemExit


@pytest.fixture
def job(tamr, tamr_client):
    return tamr_client.operation(tamr.jobs.add("RUNNING"))


class LocalTamr(FakeTamr):
    """A fake server on the real clock, without sockets that a fork would share."""

    def __init__(self):
        super().__init__(SimpleNamespace(now=0.0, advance=lambda _: None))

    def request(self, method, endpoint, **options):
        time.sleep(0.001)
        return super().request(method, endpoint, **options)


def threads(of="poller"):
    return [each for each in threading.enumerate() if f"tamr_widgets {of}" in each.name]


def raising(error):
    def callback(*_):
        raise error

    return callback


# Callbacks and commands of users


@pytest.mark.parametrize("error", [*FATAL, Unprintable])
def test_any_exception_of_a_callback_has_no_effect_on_others(
    poller, job, subscriber, caplog, error
):
    """Its later calls, the other callbacks and the polls continue."""
    calls = []
    bad = poller.subscribe(job, lambda each: (calls.append(each), raising(error)()), None, QUICK)
    good = subscriber.subscribe(poller, job, QUICK)
    poller.submit(lambda: None, raising(error))
    poller.submit(raising(TamrError("refused")), print, raising(error))
    poller.learn(raising(error))

    wait_until(lambda: len(subscriber.results) >= 2 and len(calls) >= 2)
    assert len(threads()) == 1
    bad.close()
    good.close()
    assert "callback raised" in caplog.text


@pytest.mark.parametrize("error", [*FATAL, Unprintable])
def test_any_exception_of_a_command_is_reported(poller, subscriber, caplog, error):
    """Its error callback is called, and the next command runs."""
    poller.submit(raising(error), subscriber.results.append, subscriber.errors.append)
    poller.submit(lambda: "next", subscriber.results.append, subscriber.errors.append)

    wait_until(lambda: subscriber.results and subscriber.errors)
    assert subscriber.results == ["next"]
    assert isinstance(subscriber.errors[0], (InternalError, UnexpectedResponse))
    assert error.__name__ in str(subscriber.errors[0])
    wait_until(lambda: not threads())


# The public client's RecursionError means that the server accepts no login.
@pytest.mark.parametrize("error", FATAL[:-1])
def test_polls_continue_after_any_exception_of_a_client(
    driven, fake, clock, subscriber, caplog, error
):
    """The subscriber is notified of an error."""
    subscriber.subscribe(driven, fake.add())
    fake.faults[None] = error
    drive(driven, clock, 2)
    fake.faults.clear()
    drive(driven, clock, 5)

    assert isinstance(subscriber.errors[0], (InternalError, UnexpectedResponse))
    assert subscriber.results


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("wake", ["subscribe", "submit", "refresh", "learn"])
def test_a_thread_that_died_is_restarted(poller, job, subscriber, monkeypatch, wake):
    """The next call that needs it restarts it, also for earlier subscribers."""
    subscriber.subscribe(poller, job, QUICK)
    wait_until(lambda: subscriber.results)
    with monkeypatch.context() as broken:
        broken.setattr("tamr_widgets._polling.targets.PollTargets.next", raising(SystemExit))
        poller.refresh(job)
        wait_until(lambda: not threads())
    received = len(subscriber.results)
    calls = {
        "subscribe": lambda: poller.subscribe(job, print).close(),
        "submit": lambda: poller.submit(lambda: None, lambda _: None),
        "refresh": lambda: poller.refresh(job),
        "learn": lambda: poller.learn(lambda _: None),
    }
    calls[wake]()

    wait_until(lambda: len(subscriber.results) > received + 1)


def test_a_callback_may_wait_for_another_operation(tamr, tamr_client, poller, job, subscriber):
    """It runs on its own thread; polls and other callbacks continue meanwhile."""
    other = tamr_client.operation(tamr.jobs.add("RUNNING"))
    waited = []
    waiting = poller.subscribe(job, lambda _: waited.append(other.wait(QUICK)), None, QUICK)
    subscription = subscriber.subscribe(poller, other, QUICK)
    wait_until(lambda: len(subscriber.results) > 2)
    assert not waited

    tamr.jobs.finish(other.resource_id)

    wait_until(lambda: waited and subscriber.ends)
    assert waited[0].resolved
    waiting.close()
    subscription.close()


def test_a_slow_callback_delays_neither_polls_nor_other_callbacks(poller, job, subscriber):
    """It is called for each result in order, one call at a time."""
    calls, running = [], []

    def slow(snapshot):
        running.append(snapshot)
        assert len(running) == 1
        received = len(subscriber.results)
        wait_until(lambda: len(subscriber.results) > received + 2)
        calls.append(running.pop())

    subscriber.subscribe(poller, job, QUICK)
    slow_subscription = poller.subscribe(job, slow, None, QUICK)
    wait_until(lambda: len(calls) >= 2 and calls[1] in subscriber.results)

    assert len(subscriber.results) >= len(calls) + 2
    received = [id(each) for each in subscriber.results]
    first = received.index(id(calls[0]))
    assert [id(each) for each in calls] == received[first : first + len(calls)]
    slow_subscription.close()
    wait_until(lambda: not running)


def test_a_callback_that_blocks_has_a_bounded_queue(poller):
    """The oldest results are dropped, never the newest."""
    free = threading.Event()
    received: list[object] = []

    def slow(result: object) -> None:
        free.wait(10)
        received.append(result)

    subscription = poller.subscribe_all(slow, interval=60)
    for number in range(1000):
        subscription.notify(number)
    free.set()
    wait_until(lambda: received and 999 in received)
    subscription.close()

    assert len(received) <= 103
    assert {999, 950} < set(received)


def test_no_callback_is_called_after_close(poller, job, subscriber):
    """A callback may close its own subscription, or another one."""
    calls, both = [], threading.Barrier(2)

    def close_both(snapshot):
        calls.append(snapshot)
        both.wait(20)
        received = len(subscriber.results)
        wait_until(lambda: len(subscriber.results) > received + 2)
        for each in subscriptions:
            each.close()

    subscriber.subscribe(poller, job, QUICK)
    subscriptions = [poller.subscribe(job, close_both, None, QUICK) for _ in range(2)]
    wait_until(lambda: len(calls) == 2 and all(each.closed for each in subscriptions))
    subscriber.close()
    wait_until(lambda: not threads())
    wait_until(lambda: not threads("callbacks"))

    assert len(calls) == 2


def test_a_callback_may_subscribe_and_submit(poller, job, subscriber):
    """Its subscriptions and commands are served like any other."""

    def nested():
        subscriber.subscribe(poller, job, QUICK)
        return "done"

    poller.submit(nested, lambda result: poller.submit(lambda: result, subscriber.results.append))

    wait_until(lambda: "done" in subscriber.results and len(subscriber.results) > 3)


def test_a_deadline_around_a_subscription_has_no_effect_on_its_callback(poller, job, subscriber):
    """Requests of the callback have their own deadlines."""
    with deadline(0.01):
        subscription = poller.subscribe(
            job, lambda _: subscriber.results.append(job.poll()), None, QUICK
        )
    time.sleep(0.02)
    received = len(subscriber.results)

    wait_until(lambda: len(subscriber.results) > received + 3)
    subscription.close()


def test_a_callback_runs_in_the_context_of_its_registration(poller, job):
    """A notebook then shows its output, or that of a command, below the cell that registered it."""
    cell = contextvars.ContextVar("cell", default="none")
    seen = []
    token = cell.set("mine")
    subscription = poller.subscribe(job, lambda _: seen.append(cell.get()), None, QUICK)
    poller.submit(lambda: seen.append(cell.get()), lambda _: seen.append(cell.get()))
    cell.reset(token)

    wait_until(lambda: len(seen) >= 4)
    assert set(seen) == {"mine"}
    subscription.close()


def test_a_callback_whose_thread_cannot_be_started_runs_with_the_next(monkeypatch, caplog):
    """A machine may temporarily have no free thread."""
    queue, calls = CallbackQueue(), []
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", raising(RuntimeError("can't start new thread")))
        queue.submit(lambda: calls.append(1))
    queue.submit(lambda: calls.append(2))

    wait_until(lambda: calls == [1, 2])
    assert "can't start" in caplog.text


@pytest.mark.parametrize("wait", [Operation.wait, lambda job: next(job.snapshots())])
def test_a_wait_on_the_polling_thread_is_an_error(poller, job, subscriber, wait):
    """It would block all polls."""
    poller.submit(lambda: wait(job), print, subscriber.errors.append)

    wait_until(lambda: subscriber.errors)
    assert isinstance(subscriber.errors[0], DeadlockError)
    assert isinstance(subscriber.errors[0], RuntimeError)
    assert "on_resolved" in str(subscriber.errors[0])


def test_an_operation_that_has_ended_can_be_waited_for_anywhere(
    tamr, tamr_client, poller, subscriber
):
    """Such a wait does not block."""
    ended = tamr_client.operation(tamr.jobs.add("SUCCEEDED"))
    poller.submit(ended.wait, subscriber.results.append, subscriber.errors.append)

    wait_until(lambda: subscriber.results)
    assert subscriber.results[0].resolved


# Forks


def in_child(work):
    """Runs work in a forked child; returns the repr of its exception, or an empty text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        text = ""
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            text = repr(error)
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(child, 0)
    return text


forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
with_threads = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.mark.parametrize("at", ["polling", "holding the lock", "idle"])
@forking
@with_threads
def test_a_forked_child_polls_independently(subscriber, at):
    """The parent's subscriptions are closed in it, and new ones work immediately."""
    tamr = LocalTamr()
    poller = Poller.of(tamr)
    job = tamr.add()
    subscription = subscriber.subscribe(poller, job, QUICK)
    wait_until(lambda: len(subscriber.results) > 2)
    history = poller.history
    release = threading.Event()
    if at == "holding the lock":
        held = threading.Event()
        holder = threading.Thread(target=hold, args=(poller, history, held, release))
        holder.start()
        held.wait(5)
    elif at == "idle":
        subscription.close()
        wait_until(lambda: not threads())

    def work():
        assert subscription.closed
        subscription.close()
        assert Poller.of(tamr) is poller
        history.add(Operation(tamr, document("SUCCEEDED")))
        child = Subscriber()
        poller.learn(child.results.append)
        poller.submit(lambda: "command", child.results.append)
        child.subscribe(poller, job, QUICK)
        wait_until(lambda: "command" in child.results and len(child.results) > 4)
        tamr.end()
        wait_until(lambda: any(getattr(each, "resolved", False) for each in child.results))
        wait_until(lambda: not threads())

    assert in_child(work) == ""
    release.set()
    received = len(subscriber.results)
    if at != "idle":
        assert not subscription.closed
        wait_until(lambda: len(subscriber.results) > received)
        subscription.close()


def hold(poller, history, held, release):
    with poller._wake, history._lock:
        held.set()
        release.wait(10)


@forking
@with_threads
@pytest.mark.parametrize("way", ["callback", "command"])
def test_a_callback_or_command_may_fork(subscriber, way):
    """The child can poll, and the parent's polls continue."""
    tamr = LocalTamr()
    poller, job, texts = Poller.of(tamr), tamr.add(), []

    def work():
        child = Subscriber()
        child.subscribe(poller, job, QUICK)
        wait_until(lambda: len(child.results) > 2)
        tamr.end()
        assert job.wait(QUICK).resolved

    def fork(*_):
        if not texts:
            texts.append(in_child(work))

    subscriber.subscribe(poller, job, QUICK)
    forking = poller.subscribe(job, fork if way == "callback" else print, None, QUICK)
    if way == "command":
        poller.submit(fork, print)
    wait_until(lambda: texts)
    received = len(subscriber.results)

    wait_until(lambda: len(subscriber.results) > received)
    assert texts == [""]
    forking.close()


# Waiting


def test_an_operation_that_code_waits_for_keeps_its_interval(driven, fake, clock, subscriber):
    """Its visibility on pages has an effect only after the last waiter is removed."""
    subscription = subscriber.subscribe(driven, fake.add(), interval=10, on_a_page=True)
    subscription.add_waiter()
    subscription.add_waiter()
    drive(driven, clock, 600)
    subscription.remove_waiter()
    drive(driven, clock, 600)
    assert fake.count() >= 1200 / 10.5

    subscription.remove_waiter()
    requested = fake.count()
    drive(driven, clock, 290)
    assert fake.count() - requested >= 290 / 10.5
    drive(driven, clock, 20)
    fake.requests.clear()
    drive(driven, clock, 600)
    assert fake.count() <= 7


def test_a_hidden_operation_is_polled_when_a_wait_begins(driven, fake, clock, subscriber):
    """The next poll of a hidden operation would be minutes later."""
    subscription = subscriber.subscribe(driven, fake.add(), interval=3, on_a_page=True)
    drive(driven, clock, 1000)
    requested = fake.count()

    subscription.add_waiter()
    driven.run_once()

    assert fake.count() == requested + 1


@pytest.fixture
def shell(monkeypatch):
    """A kernel's shell, whose cells the test starts and ends."""
    hooks = {}
    events = SimpleNamespace(register=hooks.__setitem__)
    shell = SimpleNamespace(kernel=object(), events=events, hooks=hooks)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    for name in ("_shell", "_running", "_ended_at"):
        monkeypatch.setattr(cells, name, getattr(cells, name))
    return shell


def test_an_operation_on_a_page_keeps_its_interval_while_a_cell_runs(
    driven, fake, clock, subscriber, shell
):
    """Messages of the page arrive after the cell, so the five minutes begin at its end."""
    subscriber.subscribe(driven, fake.add(), interval=20, on_a_page=True)
    drive(driven, clock, 1200)
    assert fake.count() >= 1200 / 21

    shell.hooks["post_execute"]()
    drive(driven, clock, 299)
    assert fake.count() >= 1499 / 21
    drive(driven, clock, 10)
    fake.requests.clear()
    drive(driven, clock, 600)
    assert fake.count() <= 4

    shell.hooks["pre_execute"]()
    drive(driven, clock, 200)
    fake.requests.clear()
    drive(driven, clock, 600)
    assert fake.count() >= 600 / 21


# Ended operations and refreshes


def test_an_ended_operation_is_delivered_once(poller, tamr, tamr_client, subscriber):
    """It is a job, a NOOP, or an unpickled operation, which has no client."""
    ended = tamr_client.operation(tamr.jobs.add("FAILED"))
    noop = Operation.from_response(tamr_client, fake_response(204))
    unpickled = pickle.loads(pickle.dumps(ended))
    assert unpickled.client is None
    requested = len(list(tamr.requests))
    for each in (ended, noop, unpickled):
        subscriber.subscribe(poller, each, QUICK)
    Poller.of(unpickled.client).subscribe(unpickled, subscriber.results.append)

    wait_until(lambda: len(subscriber.results) == 4)
    wait_until(lambda: not threads())
    assert subscriber.ends == 4
    assert len(list(tamr.requests)) == requested
    assert not subscriber.errors


def test_an_ended_operation_is_not_delivered_after_close(driven, fake, clock, subscriber):
    subscriber.subscribe(driven, fake.add(state="FAILED")).close()

    drive(driven, clock, 10)

    assert not subscriber.results


@pytest.mark.parametrize("path", [EXAMPLE, LIST])
def test_a_refresh_during_a_poll_causes_another_poll(driven, fake, clock, subscriber, path):
    """The pending response may be older than the change that the refresh is for."""
    operation = fake.add()
    list_subscriber = Subscriber()
    if path == LIST:
        list_subscriber.subscribe_all(driven, interval=600)
    subscriber.subscribe(driven, operation, interval=600)
    drive(driven, clock, 3000)
    fake.requests.clear()
    pending = [driven.refresh]

    def refresh_once():
        if pending:
            pending.pop()(operation)

    fake.faults[path] = refresh_once
    if path == LIST:
        Subscriber().subscribe_all(driven, interval=600)
    else:
        driven.refresh(operation)

    drive(driven, clock, 1)

    assert [each for _, each in fake.requests] == [path, EXAMPLE]
    drive(driven, clock, 100)
    assert fake.count() == 2


def test_a_refresh_does_not_override_retry_after(driven, fake, clock, subscriber):
    """It is called during and after the request that fails."""
    operation = fake.add()
    subscriber.subscribe(driven, operation)
    fake.faults[None] = lambda: driven.refresh(operation) or fake_response(503, Retry_After="60")

    drive(driven, clock, 50)
    driven.refresh(operation)
    drive(driven, clock, 5)

    assert fake.count() == 1


# Many commands


def timed_command(clock, seconds, done):
    def command():
        clock.advance(seconds)
        done.append(clock.now)

    return command


def test_many_commands_keep_polls_at_their_interval(driven, fake, clock, subscriber):
    """Each command runs between two polls that are due."""
    subscriber.subscribe(driven, fake.add(), interval=3)
    drive(driven, clock, 60)
    fake.requests.clear()
    done = []
    for _ in range(120):
        driven.submit(timed_command(clock, 0.25, done), lambda _: None)

    drive(driven, clock, 35)

    assert len(done) == 120
    assert max(fake.gaps()) <= 3.3
    assert fake.count() >= 10


def test_a_command_waits_for_one_command_of_each_other_owner(driven, clock):
    """Owners alternate, and the commands of an owner keep their order."""
    done = {name: [] for name in ("bulk", "other bulk", "click")}
    for _ in range(60):
        for name in ("bulk", "other bulk"):
            driven.submit(timed_command(clock, 0.1, done[name]), print, owner=name)
    clock.advance(0.01)
    driven.run_once()
    driven.submit(timed_command(clock, 0.1, done["click"]), print, owner="click")
    start = clock.now

    drive(driven, clock, 0.35)

    assert done["click"][0] <= start + 0.31
    drive(driven, clock, 20)
    assert [len(each) for each in done.values()] == [60, 60, 1]


def test_polls_that_are_always_late_do_not_starve_commands(driven, fake, clock):
    """Late polls and commands alternate."""
    fake.single_seconds, done = 1.0, []
    fake.faults[LIST] = fake_response(403)
    for each in fake.add_many(20):
        Subscriber().subscribe(driven, each, interval=3)
    drive(driven, clock, 30)
    for _ in range(5):
        driven.submit(timed_command(clock, 0.1, done), print)
    start = clock.now

    drive(driven, clock, 8)

    assert len(done) == 5
    assert done[-1] - start <= 7


def test_many_notifications_keep_polls_at_their_interval(driven, fake, clock, subscriber):
    """Three hundred new subscribers are notified, each of which takes 0.05 s."""
    subscriber.subscribe(driven, fake.add(), interval=3)
    subscriber.subscribe_all(driven, interval=60)
    drive(driven, clock, 60)
    fake.requests.clear()
    received = []
    for _ in range(300):
        driven.subscribe_all(lambda _: (clock.advance(0.05), received.append(1)), None, 60)

    drive(driven, clock, 20)

    assert len(received) >= 300
    assert max(fake.gaps()) <= 3.3


def test_polls_that_are_always_late_do_not_starve_notifications(driven, fake, clock):
    """Many notifications are sent between two polls."""
    fake.single_seconds, received = 1.0, []
    fake.faults[LIST] = fake_response(403)
    operations = fake.add_many(20)
    for each in operations:
        Subscriber().subscribe(driven, each, interval=3)
    drive(driven, clock, 60)
    for each in operations:
        driven.subscribe(each, lambda _: received.append(clock.now), interval=600)
    start = clock.now

    drive(driven, clock, 3)

    assert len([at for at in received if at - start <= 2]) >= 20


def test_a_slow_server_is_polled_in_spite_of_many_commands(driven, fake, clock, subscriber):
    """A poll is cancelled for a command, but not repeatedly."""
    subscriber.subscribe(driven, fake.add(), interval=3)
    drive(driven, clock, 60)

    def slow():
        for _ in range(20):
            clock.advance(0.1)
            current_deadline().slice()

    fake.faults[None] = slow
    received, done = len(subscriber.results), []
    for _ in range(200):
        driven.submit(timed_command(clock, 0.25, done), print)
    drive(driven, clock, 60)

    assert len(done) >= 50
    assert len(subscriber.results) - received >= 6
    assert not subscriber.errors


def test_a_command_does_not_wait_for_several_hanging_polls(driven, fake, clock, subscriber):
    """Each poll is cancelled, which is no error for the subscriber."""
    subscriber.subscribe(driven, fake.add(), interval=3)
    drive(driven, clock, 60)
    delays, clicked = [], []

    def hang():
        while True:
            clock.advance(0.1)
            if not clicked:
                clicked.append(clock.now)
                driven.submit(lambda: delays.append(clock.now - clicked.pop()), print)
            current_deadline().slice()

    fake.faults[None] = hang
    while len(delays) < 4:
        drive(driven, clock, 0.1)

    assert max(delays) <= 0.5
    assert not subscriber.errors


def test_cancel_removes_the_pending_commands_of_an_owner(driven, clock):
    """Delayed commands are removed, too; those of other owners run."""
    done = []
    driven.submit(lambda: None, print)
    for owner in ("mine", "yours"):
        for delay in (0, 5):
            driven.submit(lambda o=owner: done.append(o), print, delay=delay, owner=owner)
    driven.run_once()

    driven.cancel("mine")
    drive(driven, clock, 10)

    assert done == ["yours", "yours"]


def test_a_cancelled_command_is_released_at_once(driven):
    """It would have been due an hour later."""

    class Widget:
        def act(self):
            """Does nothing."""

    widget = Widget()
    gone = weakref.ref(widget)
    handle = driven.submit(widget.act, print, delay=3600)

    handle.close()
    del widget
    gc.collect()

    assert gone() is None


# Bulk actions


@pytest.fixture
def reports():
    return []


def bulk_of(poller, action, operations, reports):
    by_key = {each.resource_id: each for each in operations}
    return BulkAction(poller, action, by_key, lambda *_: None, reports.append)


@pytest.mark.parametrize(("status", "requests"), [(405, 1), (401, 1), (403, 3), (503, 3)])
def test_an_error_that_affects_all_operations_ends_a_bulk_action(
    driven, fake, clock, reports, status, requests
):
    """The report lists the operations that were not tried."""
    operations = fake.add_many(102)
    fake.faults[None] = fake_response(status)

    bulk = bulk_of(driven, "delete", operations, reports)
    drive(driven, clock, 60)

    assert fake.count() == requests
    assert bulk.over
    assert reports[-1]["over"]
    assert reports[-1]["done"] == 102
    assert len(reports[-1]["failed"]) == 102
    assert reports[-1]["not_tried"] == 102 - requests
    assert "Not tried" in reports[-1]["failed"][-1][1]
    assert bulk.no_delete == (status == 405)


def test_an_error_of_one_operation_does_not_end_a_bulk_action(driven, fake, clock, reports):
    """The job is gone, or this user may not delete it."""
    operations = fake.add_many(30)
    for number in range(1, 30):
        fake.faults[f"operations/{number}"] = fake_response(403 if number % 3 else 404)

    bulk_of(driven, "delete", operations, reports)
    drive(driven, clock, 60)

    assert len(fake.counts()) == 30
    assert fake.deleted == ["operations/30"]
    assert len(reports[-1]["failed"]) == 29
    assert reports[-1]["not_tried"] == 0


def test_a_bulk_action_continues_when_its_callback_raises(driven, fake, clock, reports, caplog):
    """Each operation is deleted once, and the end is reported."""
    operations = {each.resource_id: each for each in fake.add_many(5)}
    BulkAction(driven, "delete", operations, raising(SystemExit), reports.append)

    drive(driven, clock, 60)

    assert fake.deleted == [f"operations/{number}" for number in range(1, 6)]
    assert reports[-1]["over"]


def test_commands_and_polls_run_between_the_steps_of_a_bulk_action(
    driven, fake, clock, subscriber, reports
):
    """Neither waits for the end of the bulk action."""
    fake.single_seconds, done = 0.1, []
    subscriber.subscribe(driven, fake.add(), interval=3)
    drive(driven, clock, 60)
    bulk_of(driven, "delete", fake.add_many(60), reports)
    fake.requests.clear()
    drive(driven, clock, 1)
    driven.submit(lambda: done.append(clock.now), print, owner="click")
    start = clock.now
    drive(driven, clock, 20)

    # A step is two requests, a poll of the job and the delete, and a poll may come after it.
    assert done[0] - start <= 0.35
    assert reports[-1]["over"]
    polls = [at for at, path in fake.requests if path == EXAMPLE]
    assert len(polls) >= 4


def test_a_closed_bulk_action_starts_no_further_step(driven, fake, clock, reports):
    """Its first step was done before."""
    bulk = bulk_of(driven, "delete", fake.add_many(5), reports)
    driven.run_once()
    bulk.close()
    drive(driven, clock, 10)

    assert fake.deleted == ["operations/1"]


# Many clients, and unusual ones


def count_lists(tamr):
    return sum(each.path.endswith("operations") for each in tamr.requests)


def test_equal_clients_share_a_thread_and_requests(tamr):
    """A cell that runs again creates such clients; twenty of them request one list per interval."""
    clients = [tamr.client() for _ in range(20)]
    subscribers = [Subscriber() for _ in clients]
    for each, subscriber in zip(clients, subscribers, strict=True):
        subscriber.subscribe_all(Poller.of(each), 0.1)
    wait_until(lambda: all(len(each.results) >= 3 for each in subscribers))
    requested = count_lists(tamr)

    assert len(threads()) == 1
    assert requested <= max(len(each.results) for each in subscribers) + 10
    for each in (*subscribers, *clients):
        each.close()


@pytest.mark.parametrize("closed", [0, 1])
def test_closing_a_client_does_not_end_the_polls_of_an_equal_one(tamr, closed):
    """Operations of both continue to be polled with the open client."""
    clients = [tamr.client(), tamr.client()]
    job = tamr.jobs.add("RUNNING")
    subscribers = [Subscriber() for _ in range(4)]
    for client, one, all_ in zip(clients, subscribers[:2], subscribers[2:], strict=True):
        one.subscribe(Poller.of(client), client.operation(job), QUICK)
        all_.subscribe_all(Poller.of(client), QUICK)
    wait_until(lambda: all(each.results for each in subscribers))

    clients[closed].close()
    received = [len(each.results) for each in subscribers]
    wait_until(
        lambda: all(len(f.results) > h + 1 for f, h in zip(subscribers, received, strict=True))
    )
    tamr.jobs.finish(job)
    wait_until(lambda: subscribers[0].results[-1].resolved and subscribers[1].results[-1].resolved)

    assert not any(each.errors for each in subscribers)
    for each in (*subscribers, *clients):
        each.close()


def test_a_delivered_operation_has_the_client_of_its_subscription(tamr):
    """An equal client may have fetched it, and may be closed."""
    mine, other = tamr.client(), tamr.client()
    job = tamr.jobs.add("RUNNING")
    one, two = Subscriber(), Subscriber()
    jobs_widget = JobsWidget(mine, poll_interval_seconds=QUICK)
    one.subscribe(Poller.of(mine), mine.operation(job), QUICK)
    with other:
        two.subscribe(Poller.of(other), other.operation(job), QUICK)
        wait_until(lambda: len(one.results) > 2 and jobs_widget.operations)
    received = len(one.results)
    wait_until(lambda: len(one.results) > received + 2)

    assert {each.client for each in (*one.results, *jobs_widget.operations)} == {mine}
    assert one.results[0].poll().state == jobs_widget.operations[0].poll().state == "RUNNING"
    for each in (one, two, jobs_widget, mine):
        each.close()


def test_closing_the_last_client_ends_polling_with_an_error(tamr, subscriber):
    """The error says that the client was closed."""
    client = tamr.client()
    subscriber.subscribe(Poller.of(client), client.operation(tamr.jobs.add("RUNNING")), QUICK)
    wait_until(lambda: subscriber.results)
    client.close()

    wait_until(lambda: subscriber.errors)
    assert subscriber.errors[0].retry_in_seconds is None
    assert "closed" in str(subscriber.errors[0])
    wait_until(lambda: not threads())


@pytest.mark.parametrize(
    "other",
    [
        {"auth": TokenAuth("bG92ZTpsYWNl")},
        {"port": 9101},
        {"base_path": "/tamr/api/versioned/v1/"},
        {"total_seconds": 5},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_user_server_or_timeout_has_its_own_poller(other):
    """No request uses another client's credentials, server or timeout."""
    options = {"auth": TokenAuth("YWRhOmxvdmVsYWNl"), "host": "tamr.test"}
    with Client(**options) as one, Client(**options) as same, Client(**options | other) as another:
        assert Poller.of(one) is Poller.of(same)
        assert Poller.of(one) is not Poller.of(another)


def test_clients_with_different_session_settings_have_different_pollers():
    """One of them does not check certificates."""
    options = {"auth": TokenAuth("YWRhOmxvdmVsYWNl"), "host": "tamr.test"}
    with Client(**options) as one, Client(**options) as other:
        other.session.verify = False
        assert Poller.of(one) is not Poller.of(other)


@dataclasses.dataclass
class Unhashable:
    origin: str = LocalTamr.origin
    base_path: str = LocalTamr.base_path
    auth: object = None

    def request(self, method, endpoint, **_):
        time.sleep(0.001)
        jobs = document(id="1", relativeId=EXAMPLE)
        return fake_response(200, [jobs] if endpoint == LIST else jobs)


@dataclasses.dataclass(frozen=True)
class Frozen(Unhashable.__mro__[1]):
    origin: str = LocalTamr.origin
    base_path: str = LocalTamr.base_path
    auth: object = None
    request = Unhashable.request


class Slotted:
    __slots__ = ("auth", "base_path", "origin")

    def __init__(self):
        self.origin, self.base_path, self.auth = LocalTamr.origin, LocalTamr.base_path, None

    request = Unhashable.request


@pytest.mark.parametrize("make", [Unhashable, Frozen, Slotted, LocalTamr])
def test_any_client_can_be_polled(make, subscriber):
    """It may be unhashable, frozen or have slots; each client has its own poller."""
    client, other = make(), make()
    poller = Poller.of(client)
    subscriptions = [
        subscriber.subscribe(
            poller, Operation(client, document(id="1", relativeId=EXAMPLE)), QUICK
        ),
        subscriber.subscribe_all(poller, QUICK),
    ]

    wait_until(lambda: len(subscriber.results) > 5)
    assert Poller.of(client) is poller
    assert Poller.of(other) is not poller
    for each in subscriptions:
        each.close()
    wait_until(lambda: not threads())


@pytest.mark.parametrize("make", [Unhashable, Frozen, Slotted, LocalTamr])
def test_a_poller_keeps_a_client_without_other_references(make, subscriber):
    """Both are garbage-collected after the last subscription is closed."""
    poller = Poller.of(make())
    subscription = poller.subscribe_all(subscriber.results.append, None, QUICK)
    gone = weakref.ref(poller)
    del poller
    gc.collect()
    wait_until(lambda: len(subscriber.results) > 2)

    subscription.close()
    wait_until(lambda: not threads())
    wait_until(lambda: not threads("callbacks"))
    subscriber.results.clear()
    del subscription
    gc.collect()

    assert gone() is None


def test_a_poller_without_subscriptions_is_garbage_collected(tamr):
    """Its client is, too."""
    client = tamr.client()
    gone = weakref.ref(client), weakref.ref(Poller.of(client))
    client.close()
    del client
    gc.collect()

    assert [each() for each in gone] == [None, None]


@pytest.mark.parametrize(
    ("name", "value"), [("origin", "http://other.test:9100"), ("base_path", "/b/api/versioned/v1/")]
)
def test_an_operation_of_another_server_is_refused(driven, fake, clock, name, value):
    """It could be confused with the operation of the same path."""
    other = FakeTamr(clock)
    setattr(other, name, value)
    with pytest.raises(CrossOriginError, match=r"Poller\.of\(operation\.client\)"):
        driven.subscribe(other.add(), print)


def test_an_operation_may_name_the_default_port_of_its_server(driven, fake, clock):
    """It is the same server, with or without the port in its address."""
    fake.origin = "http://tamr.test"
    same = FakeTamr(clock)
    same.origin = "http://tamr.test:80"

    subscription = driven.subscribe(same.add(), print)

    assert not subscription.closed


def test_closed_subscriptions_are_released_if_the_list_is_refused(driven, fake, clock):
    """The widgets requested estimates, which need the list, and were closed."""

    class Widget:
        def on_result(self, result):
            """Does nothing."""

    fake.faults[LIST] = fake_response(403)
    keeper = driven.subscribe(fake.add(), print, interval=600)
    gone = []
    for _ in range(60):
        widget = Widget()
        gone.append(weakref.ref(widget))
        handles = [
            driven.subscribe(Operation(fake, fake.jobs["1"]), widget.on_result),
            driven.learn(widget.on_result),
            driven.submit(widget.on_result, widget.on_result, delay=3600),
        ]
        drive(driven, clock, 0.1)
        for each in handles:
            each.close()
            gone.append(weakref.ref(each))
    del widget, handles, each
    gc.collect()

    assert not any(each() for each in gone)
    keeper.close()


def test_learning_delays_no_poll_by_more_than_a_second(driven, fake, clock, subscriber):
    """A list that takes longer is cancelled, and not requested again for some minutes."""
    received_at = []

    def slow():
        for _ in range(80):
            clock.advance(0.1)
            current_deadline().slice()

    fake.faults[LIST] = slow
    driven.subscribe(fake.add(), lambda _: received_at.append(clock.now))
    driven.learn(subscriber.results.append)

    drive(driven, clock, 60)

    gaps = [later - earlier for earlier, later in pairwise(received_at)]
    assert max(gaps) <= 3 + 1.2
    assert fake.count(LIST) == 1
