"""Survival of the poller: code of other people, forks, many commands, many and odd clients."""

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
from polling import EXAMPLE, LIST, FakeTamr, Follower, drive

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


# Code of other people


@pytest.mark.parametrize("error", [*FATAL, Unprintable])
def test_a_callback_that_raises_anything_disturbs_nobody(poller, job, follower, caplog, error):
    """Its other calls, the other callbacks and the polls go on."""
    calls = []
    bad = poller.subscribe(job, lambda news: (calls.append(news), raising(error)()), None, QUICK)
    good = follower.follow(poller, job, QUICK)
    poller.submit(lambda: None, raising(error))
    poller.submit(raising(TamrError("refused")), print, raising(error))
    poller.learn(raising(error))

    wait_until(lambda: len(follower.results) >= 2 and len(calls) >= 2)
    assert len(threads()) == 1
    bad.close()
    good.close()
    assert "callback raised" in caplog.text


@pytest.mark.parametrize("error", [*FATAL, Unprintable])
def test_a_command_that_raises_anything_reports_it(poller, follower, caplog, error):
    """Its owner hears of it, and the next command runs."""
    poller.submit(raising(error), follower.results.append, follower.errors.append)
    poller.submit(lambda: "next", follower.results.append, follower.errors.append)

    wait_until(lambda: follower.results and follower.errors)
    assert follower.results == ["next"]
    assert isinstance(follower.errors[0], (InternalError, UnexpectedResponse))
    assert error.__name__ in str(follower.errors[0])
    wait_until(lambda: not threads())


# The public client's RecursionError means that the server accepts no login.
@pytest.mark.parametrize("error", FATAL[:-1])
def test_a_client_that_raises_anything_is_polled_again(
    driven, fake, clock, follower, caplog, error
):
    """Its follower hears of an error that passes."""
    follower.follow(driven, fake.add())
    fake.faults[None] = error
    drive(driven, clock, 2)
    fake.faults.clear()
    drive(driven, clock, 5)

    assert isinstance(follower.errors[0], (InternalError, UnexpectedResponse))
    assert follower.results


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("wake", ["subscribe", "submit", "refresh", "learn"])
def test_a_thread_that_died_is_started_anew(poller, job, follower, monkeypatch, wake):
    """By whatever needs it next; those who subscribed before are served again, too."""
    follower.follow(poller, job, QUICK)
    wait_until(lambda: follower.results)
    with monkeypatch.context() as broken:
        broken.setattr("tamr_widgets._polling.targets.PollTargets.next", raising(SystemExit))
        poller.refresh(job)
        wait_until(lambda: not threads())
    heard = len(follower.results)
    others = {
        "subscribe": lambda: poller.subscribe(job, print).close(),
        "submit": lambda: poller.submit(lambda: None, lambda _: None),
        "refresh": lambda: poller.refresh(job),
        "learn": lambda: poller.learn(lambda _: None),
    }
    others[wake]()

    wait_until(lambda: len(follower.results) > heard + 1)


def test_a_callback_may_wait_for_another_operation(tamr, tamr_client, poller, job, follower):
    """It runs on a thread of its own; polls and other callbacks go on meanwhile."""
    other = tamr_client.operation(tamr.jobs.add("RUNNING"))
    waited = []
    waiting = poller.subscribe(job, lambda _: waited.append(other.wait(QUICK)), None, QUICK)
    subscription = follower.follow(poller, other, QUICK)
    wait_until(lambda: len(follower.results) > 2)
    assert not waited

    tamr.jobs.finish(other.resource_id)

    wait_until(lambda: waited and follower.ends)
    assert waited[0].resolved
    waiting.close()
    subscription.close()


def test_a_callback_that_sleeps_holds_up_neither_polls_nor_others(poller, job, follower):
    """Its own calls come one after another, in order, and none is left out."""
    calls, running = [], []

    def slow(news):
        running.append(news)
        assert len(running) == 1
        heard = len(follower.results)
        wait_until(lambda: len(follower.results) > heard + 2)
        calls.append(running.pop())

    follower.follow(poller, job, QUICK)
    sleeper = poller.subscribe(job, slow, None, QUICK)
    wait_until(lambda: len(calls) >= 2 and calls[1] in follower.results)

    assert len(follower.results) >= len(calls) + 2
    heard = [id(each) for each in follower.results]
    first = heard.index(id(calls[0]))
    assert [id(each) for each in calls] == heard[first : first + len(calls)]
    sleeper.close()
    wait_until(lambda: not running)


def test_a_callback_that_blocks_keeps_a_bounded_number_of_results(poller):
    """It misses the oldest ones, never the newest."""
    free = threading.Event()
    heard: list[object] = []

    def slow(news: object) -> None:
        free.wait(10)
        heard.append(news)

    subscription = poller.subscribe_all(slow, interval=60)
    for number in range(1000):
        subscription.notify(number)
    free.set()
    wait_until(lambda: heard and 999 in heard)
    subscription.close()

    assert len(heard) <= 103
    assert {999, 950} < set(heard)


def test_nothing_is_called_after_close_however_much_is_queued(poller, job, follower):
    """Also where a callback closes its own subscription, or that of another."""
    calls, both = [], threading.Barrier(2)

    def close_both(news):
        calls.append(news)
        both.wait(20)
        heard = len(follower.results)
        wait_until(lambda: len(follower.results) > heard + 2)
        for each in subscriptions:
            each.close()

    follower.follow(poller, job, QUICK)
    subscriptions = [poller.subscribe(job, close_both, None, QUICK) for _ in range(2)]
    wait_until(lambda: len(calls) == 2 and all(each.closed for each in subscriptions))
    follower.close()
    wait_until(lambda: not threads())
    wait_until(lambda: not threads("callbacks"))

    assert len(calls) == 2


def test_a_callback_may_subscribe_and_submit(poller, job, follower):
    """Its subscriptions and commands are served like any other."""

    def nested():
        follower.follow(poller, job, QUICK)
        return "done"

    poller.submit(nested, lambda result: poller.submit(lambda: result, follower.results.append))

    wait_until(lambda: "done" in follower.results and len(follower.results) > 3)


def test_a_time_limit_around_a_registration_is_none_of_the_callback(poller, job, follower):
    """Its requests have limits of their own."""
    with deadline(0.01):
        subscription = poller.subscribe(
            job, lambda _: follower.results.append(job.poll()), None, QUICK
        )
    time.sleep(0.02)
    heard = len(follower.results)

    wait_until(lambda: len(follower.results) > heard + 3)
    subscription.close()


def test_a_callback_runs_in_the_context_of_its_registration(poller, job):
    """So a notebook shows what it prints below the cell that subscribed; a command, too."""
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
    """A machine may have no thread left for a moment."""
    queue, calls = CallbackQueue(), []
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", raising(RuntimeError("can't start new thread")))
        queue.submit(lambda: calls.append(1))
    queue.submit(lambda: calls.append(2))

    wait_until(lambda: calls == [1, 2])
    assert "can't start" in caplog.text


@pytest.mark.parametrize("wait", [Operation.wait, lambda job: next(job.snapshots())])
def test_a_wait_on_the_polling_thread_is_an_error(poller, job, follower, wait):
    """It says so at once instead of stopping all polls; a wait elsewhere is fine."""
    poller.submit(lambda: wait(job), print, follower.errors.append)

    wait_until(lambda: follower.errors)
    assert isinstance(follower.errors[0], DeadlockError)
    assert isinstance(follower.errors[0], RuntimeError)
    assert "on_resolved" in str(follower.errors[0])


def test_an_operation_that_has_ended_can_be_waited_for_anywhere(
    tamr, tamr_client, poller, follower
):
    """It keeps nobody waiting."""
    ended = tamr_client.operation(tamr.jobs.add("SUCCEEDED"))
    poller.submit(ended.wait, follower.results.append, follower.errors.append)

    wait_until(lambda: follower.results)
    assert follower.results[0].resolved


# Forks


def in_child(work):
    """Run work in a forked child; return what it raised, as text, or nothing."""
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
def test_a_forked_child_starts_anew(follower, at):
    """The parent's subscriptions are closed there, and everything works at once."""
    tamr = LocalTamr()
    poller = Poller.of(tamr)
    job = tamr.add()
    subscription = follower.follow(poller, job, QUICK)
    wait_until(lambda: len(follower.results) > 2)
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
        child = Follower()
        poller.learn(child.results.append)
        poller.submit(lambda: "command", child.results.append)
        child.follow(poller, job, QUICK)
        wait_until(lambda: "command" in child.results and len(child.results) > 4)
        tamr.end()
        wait_until(lambda: any(getattr(each, "resolved", False) for each in child.results))
        wait_until(lambda: not threads())

    assert in_child(work) == ""
    release.set()
    heard = len(follower.results)
    if at != "idle":
        assert not subscription.closed
        wait_until(lambda: len(follower.results) > heard)
        subscription.close()


def hold(poller, history, held, release):
    with poller._wake, history._lock:
        held.set()
        release.wait(10)


@forking
@with_threads
@pytest.mark.parametrize("way", ["callback", "command"])
def test_a_callback_or_command_may_fork(follower, way):
    """The child works on, and the parent's polls go on."""
    tamr = LocalTamr()
    poller, job, texts = Poller.of(tamr), tamr.add(), []

    def work():
        child = Follower()
        child.follow(poller, job, QUICK)
        wait_until(lambda: len(child.results) > 2)
        tamr.end()
        assert job.wait(QUICK).resolved

    def fork(*_):
        if not texts:
            texts.append(in_child(work))

    follower.follow(poller, job, QUICK)
    forking = poller.subscribe(job, fork if way == "callback" else print, None, QUICK)
    if way == "command":
        poller.submit(fork, print)
    wait_until(lambda: texts)
    heard = len(follower.results)

    wait_until(lambda: len(follower.results) > heard)
    assert texts == [""]
    forking.close()


# Waiting


def test_what_code_waits_for_keeps_its_interval(driven, fake, clock, follower):
    """Whether pages show it or not; when nobody waits any more, pages count again."""
    subscription = follower.follow(driven, fake.add(), interval=10, on_a_page=True)
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


def test_one_who_begins_to_wait_for_what_no_page_shows_is_served_at_once(
    driven, fake, clock, follower
):
    """It need not wait for the rare poll."""
    subscription = follower.follow(driven, fake.add(), interval=3, on_a_page=True)
    drive(driven, clock, 1000)
    requested = fake.count()

    subscription.add_waiter()
    driven.run_once()

    assert fake.count() == requested + 1


@pytest.fixture
def shell(monkeypatch):
    """A kernel's shell whose cells begin and end by hand."""
    hooks = {}
    events = SimpleNamespace(register=hooks.__setitem__)
    shell = SimpleNamespace(kernel=object(), events=events, hooks=hooks)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    for name in ("_shell", "_running", "_ended_at"):
        monkeypatch.setattr(cells, name, getattr(cells, name))
    return shell


def test_a_page_that_cannot_be_heard_keeps_its_interval(driven, fake, clock, follower, shell):
    """Its messages wait for the end of the cell that runs: five minutes count from there."""
    follower.follow(driven, fake.add(), interval=20, on_a_page=True)
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


def test_what_has_ended_is_delivered_once(poller, tamr, tamr_client, follower):
    """A job, a NOOP, and one that was unpickled and has no client any more."""
    ended = tamr_client.operation(tamr.jobs.add("FAILED"))
    noop = Operation.from_response(tamr_client, fake_response(204))
    unpickled = pickle.loads(pickle.dumps(ended))
    assert unpickled.client is None
    requested = len(list(tamr.requests))
    for each in (ended, noop, unpickled):
        follower.follow(poller, each, QUICK)
    Poller.of(unpickled.client).subscribe(unpickled, follower.results.append)

    wait_until(lambda: len(follower.results) == 4)
    wait_until(lambda: not threads())
    assert follower.ends == 4
    assert len(list(tamr.requests)) == requested
    assert not follower.errors


def test_one_that_has_ended_is_not_delivered_to_a_closed_subscription(
    driven, fake, clock, follower
):
    """As with any other."""
    follower.follow(driven, fake.add(state="FAILED")).close()

    drive(driven, clock, 10)

    assert not follower.results


@pytest.mark.parametrize("path", [EXAMPLE, LIST])
def test_a_refresh_during_a_poll_asks_again_right_after(driven, fake, clock, follower, path):
    """The response on its way may be older than what somebody knows."""
    operation = fake.add()
    everything = Follower()
    if path == LIST:
        everything.follow_all(driven, interval=600)
    follower.follow(driven, operation, interval=600)
    drive(driven, clock, 3000)
    fake.requests.clear()
    pending = [driven.refresh]

    def refresh_once():
        if pending:
            pending.pop()(operation)

    fake.faults[path] = refresh_once
    if path == LIST:
        Follower().follow_all(driven, interval=600)
    else:
        driven.refresh(operation)

    drive(driven, clock, 1)

    assert [each for _, each in fake.requests] == [path, EXAMPLE]
    drive(driven, clock, 100)
    assert fake.count() == 2


def test_a_refresh_does_not_override_a_pause_that_an_error_asks_for(driven, fake, clock, follower):
    """Neither before nor during a request that fails."""
    operation = fake.add()
    follower.follow(driven, operation)
    fake.faults[None] = lambda: driven.refresh(operation) or fake_response(503, Retry_After="60")

    drive(driven, clock, 50)
    driven.refresh(operation)
    drive(driven, clock, 5)

    assert fake.count() == 1


# Many commands


def taking(clock, seconds, done):
    def command():
        clock.advance(seconds)
        done.append(clock.now)

    return command


def test_many_commands_keep_polls_at_their_interval(driven, fake, clock, follower):
    """Each runs between two polls that are due."""
    follower.follow(driven, fake.add(), interval=3)
    drive(driven, clock, 60)
    fake.requests.clear()
    done = []
    for _ in range(120):
        driven.submit(taking(clock, 0.25, done), lambda _: None)

    drive(driven, clock, 35)

    assert len(done) == 120
    assert max(fake.gaps()) <= 3.3
    assert fake.count() >= 10


def test_a_command_waits_for_one_of_another_owner_only(driven, clock):
    """Owners take turns, and the commands of one keep their order."""
    done = {name: [] for name in ("bulk", "other bulk", "click")}
    for _ in range(60):
        for name in ("bulk", "other bulk"):
            driven.submit(taking(clock, 0.1, done[name]), print, owner=name)
    clock.advance(0.01)
    driven.run_once()
    driven.submit(taking(clock, 0.1, done["click"]), print, owner="click")
    start = clock.now

    drive(driven, clock, 0.35)

    assert done["click"][0] <= start + 0.31
    drive(driven, clock, 20)
    assert [len(each) for each in done.values()] == [60, 60, 1]


def test_polls_that_are_always_late_do_not_starve_commands(driven, fake, clock):
    """They take turns as well."""
    fake.single_seconds, done = 1.0, []
    fake.faults[LIST] = fake_response(403)
    for each in fake.add_many(20):
        Follower().follow(driven, each, interval=3)
    drive(driven, clock, 30)
    for _ in range(5):
        driven.submit(taking(clock, 0.1, done), print)
    start = clock.now

    drive(driven, clock, 8)

    assert len(done) == 5
    assert done[-1] - start <= 7


def test_many_deliveries_keep_polls_at_their_interval(driven, fake, clock, follower):
    """Three hundred tables that are greeted, each of which takes a while to draw itself."""
    follower.follow(driven, fake.add(), interval=3)
    follower.follow_all(driven, interval=60)
    drive(driven, clock, 60)
    fake.requests.clear()
    heard = []
    for _ in range(300):
        driven.subscribe_all(lambda _: (clock.advance(0.05), heard.append(1)), None, 60)

    drive(driven, clock, 20)

    assert len(heard) >= 300
    assert max(fake.gaps()) <= 3.3


def test_polls_that_are_always_late_do_not_starve_deliveries(driven, fake, clock):
    """Many of these fit between two polls."""
    fake.single_seconds, heard = 1.0, []
    fake.faults[LIST] = fake_response(403)
    operations = fake.add_many(20)
    for each in operations:
        Follower().follow(driven, each, interval=3)
    drive(driven, clock, 60)
    for each in operations:
        driven.subscribe(each, lambda _: heard.append(clock.now), interval=600)
    start = clock.now

    drive(driven, clock, 3)

    assert len([at for at in heard if at - start <= 2]) >= 20


def test_a_slow_server_is_polled_in_spite_of_many_commands(driven, fake, clock, follower):
    """A poll is cancelled for a command, but not again and again."""
    follower.follow(driven, fake.add(), interval=3)
    drive(driven, clock, 60)

    def slow():
        for _ in range(20):
            clock.advance(0.1)
            current_deadline().slice()

    fake.faults[None] = slow
    heard, done = len(follower.results), []
    for _ in range(200):
        driven.submit(taking(clock, 0.25, done), print)
    drive(driven, clock, 60)

    assert len(done) >= 50
    assert len(follower.results) - heard >= 6
    assert not follower.errors


def test_a_click_waits_for_no_hanging_poll_one_after_another(driven, fake, clock, follower):
    """As long as somebody clicks now and then; the follower hears of no error."""
    follower.follow(driven, fake.add(), interval=3)
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
    assert not follower.errors


def test_cancelling_an_owner_cancels_what_has_not_begun(driven, clock):
    """Delayed commands too; those of others run."""
    done = []
    driven.submit(lambda: None, print)
    for owner in ("mine", "yours"):
        for delay in (0, 5):
            driven.submit(lambda o=owner: done.append(o), print, delay=delay, owner=owner)
    driven.run_once()

    driven.cancel("mine")
    drive(driven, clock, 10)

    assert done == ["yours", "yours"]


def test_a_command_that_was_cancelled_is_let_go_at_once(driven):
    """However late it would have been due."""

    class Widget:
        def act(self):
            """Nothing."""

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
def test_an_error_of_all_ends_a_bulk_action(driven, fake, clock, reports, status, requests):
    """Operations that were not tried stay, and the report says so."""
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


def test_an_error_of_one_does_not_end_a_bulk_action(driven, fake, clock, reports):
    """Such as a job that is gone, or one that this user may not delete."""
    operations = fake.add_many(30)
    for number in range(1, 30):
        fake.faults[f"operations/{number}"] = fake_response(403 if number % 3 else 404)

    bulk_of(driven, "delete", operations, reports)
    drive(driven, clock, 60)

    assert len(fake.counts()) == 30
    assert fake.deleted == ["operations/30"]
    assert len(reports[-1]["failed"]) == 29
    assert reports[-1]["not_tried"] == 0


def test_a_bulk_action_goes_on_when_its_owner_raises(driven, fake, clock, reports, caplog):
    """Each operation is dealt with once, and the end is reported."""
    operations = {each.resource_id: each for each in fake.add_many(5)}
    BulkAction(driven, "delete", operations, raising(SystemExit), reports.append)

    drive(driven, clock, 60)

    assert fake.deleted == [f"operations/{number}" for number in range(1, 6)]
    assert reports[-1]["over"]


def test_a_click_and_a_poll_come_between_the_steps_of_a_bulk_action(
    driven, fake, clock, follower, reports
):
    """Neither waits for the end of it."""
    fake.single_seconds, done = 0.1, []
    follower.follow(driven, fake.add(), interval=3)
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


def test_a_closed_bulk_action_begins_nothing_more(driven, fake, clock, reports):
    """Also when one of it has begun."""
    bulk = bulk_of(driven, "delete", fake.add_many(5), reports)
    driven.run_once()
    bulk.close()
    drive(driven, clock, 10)

    assert fake.deleted == ["operations/1"]


# Many clients, and odd ones


def lists(tamr):
    return sum(each.path.endswith("operations") for each in tamr.requests)


def test_a_cell_that_is_run_again_shares_thread_and_requests(tamr):
    """Twenty equal clients and tables cost one thread and one list for each interval."""
    clients = [tamr.client() for _ in range(20)]
    followers = [Follower() for _ in clients]
    for each, follower in zip(clients, followers, strict=True):
        follower.follow_all(Poller.of(each), 0.1)
    wait_until(lambda: all(len(each.results) >= 3 for each in followers))
    requested = lists(tamr)

    assert len(threads()) == 1
    assert requested <= max(len(each.results) for each in followers) + 10
    for each in (*followers, *clients):
        each.close()


@pytest.mark.parametrize("closed", [0, 1])
def test_a_client_that_is_closed_leaves_the_others_their_poller(tamr, closed):
    """Operations of either go on to be polled, with the client that is open."""
    clients = [tamr.client(), tamr.client()]
    job = tamr.jobs.add("RUNNING")
    followers = [Follower() for _ in range(4)]
    for client, one, all_ in zip(clients, followers[:2], followers[2:], strict=True):
        one.follow(Poller.of(client), client.operation(job), QUICK)
        all_.follow_all(Poller.of(client), QUICK)
    wait_until(lambda: all(each.results for each in followers))

    clients[closed].close()
    heard = [len(each.results) for each in followers]
    wait_until(lambda: all(len(f.results) > h + 1 for f, h in zip(followers, heard, strict=True)))
    tamr.jobs.finish(job)
    wait_until(lambda: followers[0].results[-1].resolved and followers[1].results[-1].resolved)

    assert not any(each.errors for each in followers)
    for each in (*followers, *clients):
        each.close()


def test_what_is_delivered_acts_through_the_client_that_it_was_subscribed_with(tamr):
    """An equal client may have fetched it, and its owner may close it."""
    mine, other = tamr.client(), tamr.client()
    job = tamr.jobs.add("RUNNING")
    one, two = Follower(), Follower()
    everything = JobsWidget(mine, poll_interval_seconds=QUICK)
    one.follow(Poller.of(mine), mine.operation(job), QUICK)
    with other:
        two.follow(Poller.of(other), other.operation(job), QUICK)
        wait_until(lambda: len(one.results) > 2 and everything.operations)
    heard = len(one.results)
    wait_until(lambda: len(one.results) > heard + 2)

    assert {each.client for each in (*one.results, *everything.operations)} == {mine}
    assert one.results[0].poll().state == everything.operations[0].poll().state == "RUNNING"
    for each in (one, two, everything, mine):
        each.close()


def test_the_last_client_that_is_closed_ends_the_polling_with_a_reason(tamr, follower):
    """As with a client that shares with nobody."""
    client = tamr.client()
    follower.follow(Poller.of(client), client.operation(tamr.jobs.add("RUNNING")), QUICK)
    wait_until(lambda: follower.results)
    client.close()

    wait_until(lambda: follower.errors)
    assert follower.errors[0].retry_in_seconds is None
    assert "closed" in str(follower.errors[0])
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
def test_another_user_server_or_limit_has_a_poller_of_its_own(other):
    """Nothing is requested in somebody else's name, or where it was not meant."""
    options = {"auth": TokenAuth("YWRhOmxvdmVsYWNl"), "host": "tamr.test"}
    with Client(**options) as one, Client(**options) as same, Client(**options | other) as another:
        assert Poller.of(one) is Poller.of(same)
        assert Poller.of(one) is not Poller.of(another)


def test_other_settings_of_the_session_have_a_poller_of_their_own():
    """Certificates that one client does not check are checked by the other."""
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
def test_any_client_can_be_polled(make, follower):
    """One that is unhashable, frozen or has slots; each has a poller of its own."""
    client, other = make(), make()
    poller = Poller.of(client)
    subscriptions = [
        follower.follow(poller, Operation(client, document(id="1", relativeId=EXAMPLE)), QUICK),
        follower.follow_all(poller, QUICK),
    ]

    wait_until(lambda: len(follower.results) > 5)
    assert Poller.of(client) is poller
    assert Poller.of(other) is not poller
    for each in subscriptions:
        each.close()
    wait_until(lambda: not threads())


@pytest.mark.parametrize("make", [Unhashable, Frozen, Slotted, LocalTamr])
def test_a_poller_keeps_a_client_that_nobody_else_holds(make, follower):
    """As long as somebody follows; then both are let go."""
    poller = Poller.of(make())
    subscription = poller.subscribe_all(follower.results.append, None, QUICK)
    gone = weakref.ref(poller)
    del poller
    gc.collect()
    wait_until(lambda: len(follower.results) > 2)

    subscription.close()
    wait_until(lambda: not threads())
    wait_until(lambda: not threads("callbacks"))
    follower.results.clear()
    del subscription
    gc.collect()

    assert gone() is None


def test_a_poller_that_nobody_subscribed_to_keeps_nothing(tamr):
    """Neither itself nor its client."""
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
    """It would be mistaken for the one with the same path."""
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


def test_closed_followers_are_let_go_where_the_list_is_refused(driven, fake, clock):
    """Widgets that wanted to learn from it, and were closed."""

    class Widget:
        def hear(self, news):
            """Nothing."""

    fake.faults[LIST] = fake_response(403)
    keeper = driven.subscribe(fake.add(), print, interval=600)
    gone = []
    for _ in range(60):
        widget = Widget()
        gone.append(weakref.ref(widget))
        handles = [
            driven.subscribe(Operation(fake, fake.jobs["1"]), widget.hear),
            driven.learn(widget.hear),
            driven.submit(widget.hear, widget.hear, delay=3600),
        ]
        drive(driven, clock, 0.1)
        for each in handles:
            each.close()
            gone.append(weakref.ref(each))
    del widget, handles, each
    gc.collect()

    assert not any(each() for each in gone)
    keeper.close()


def test_learning_holds_up_no_poll_by_more_than_a_second(driven, fake, clock, follower):
    """A list that takes longer is given up for some minutes."""
    heard_at = []

    def slow():
        for _ in range(80):
            clock.advance(0.1)
            current_deadline().slice()

    fake.faults[LIST] = slow
    driven.subscribe(fake.add(), lambda _: heard_at.append(clock.now))
    driven.learn(follower.results.append)

    drive(driven, clock, 60)

    gaps = [later - earlier for earlier, later in pairwise(heard_at)]
    assert max(gaps) <= 3 + 1.2
    assert fake.count(LIST) == 1
