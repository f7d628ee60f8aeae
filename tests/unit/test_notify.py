"""Notifications: which events, once each, in which words, and what if they can't be sent."""

from __future__ import annotations

import builtins
import logging
import pickle
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import apprise
import pytest
from fakes import PublicOperation, callback_threads, document, wait_until
from forks import in_child, may_fork, needs_fork
from polling import LIST, FakeTamr, drive
from recipients import MailServer, Webhook

import tamr_widgets
from tamr_widgets import Client, Operation, Poller, UsernamePasswordAuth
from tamr_widgets._http.urls import server_name
from tamr_widgets._notify import outbox
from tamr_widgets._notify.recipient import recipient
from tamr_widgets._notify.registry import registry
from tamr_widgets._operation.parse import NOOP
from tamr_widgets.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tamr_widgets._notify.notification import Notification

FAILURE = (
    "org.apache.spark.sql.AnalysisException: cannot resolve 'compnay_name';\n\tat org.apache.spark"
)


class Inbox:
    """A function of title and text that keeps them, after it has raised some errors."""

    def __init__(self, *errors: BaseException) -> None:
        self.received: list[tuple[str, str]] = []
        self.calls = 0
        self._errors = list(errors)

    def __call__(self, title: str, text: str) -> None:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        self.received.append((title, text))


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "RETRY_SECONDS", (0.0, 0.01, 0.01))


@pytest.fixture
def notify() -> Iterator[Callable[..., Notification]]:
    """`notify`, whose notifications are closed after the test."""
    handles: list[Notification] = []

    def notify(*args: Any, **options: Any) -> Notification:
        handles.append(tamr_widgets.notify(*args, **options))
        return handles[-1]

    yield notify
    for each in handles:
        each.close()


@pytest.fixture
def tamr(fake: FakeTamr, driven: Poller, monkeypatch: pytest.MonkeyPatch) -> FakeTamr:
    """A server whose poller has no thread: `work` runs it."""
    monkeypatch.setattr(Poller, "of", lambda _: driven)
    return fake


def settle(inbox: Inbox, count: int = 1) -> list[tuple[str, str]]:
    """Waits for the notifications, and then until nothing is left to send."""
    wait_until(lambda: len(inbox.received) >= count)
    wait_until(lambda: not callback_threads())
    return inbox.received


def work(tamr: FakeTamr, seconds: float = 30) -> None:
    drive(Poller.of(tamr), tamr.clock, seconds)


def test_a_function_gets_title_and_text_when_the_job_has_ended(tamr, notify):
    """Once, and then the notification is closed by itself and nothing is polled for it."""
    operation, inbox = tamr.add("17"), Inbox()
    handle = notify(operation, inbox)
    work(tamr)
    assert inbox.received == []

    tamr.end("17")
    work(tamr)

    [(title, text)] = settle(inbox)
    assert title == "Succeeded: Train Mastering Model"
    assert text == (
        "Succeeded after 1 min: Train Mastering Model, job 17 on tamr.test:9100, started by admin"
    )
    wait_until(lambda: handle.closed)
    requests = tamr.count()
    work(tamr, 100)
    assert tamr.count() == requests


def test_the_text_says_what_is_usual_and_why_it_failed(tamr, notify):
    """Label, duration, usual duration, user and reason stand in one line."""
    tamr.label = "production"
    for number in range(1, 6):
        tamr.jobs[str(number)] = document(
            "SUCCEEDED", id=str(number), relativeId=f"operations/{number}"
        )
    operation, inbox = tamr.add("17"), Inbox()
    notify(operation, inbox, when="failed")
    work(tamr)

    failed = document("FAILED", created={"username": "nightly", "time": "2021-01-29T18:24:40Z"})
    failed["status"] |= {"message": FAILURE, "endTime": "2021-01-29T18:36:40Z"}
    tamr.jobs["17"] = failed
    work(tamr)

    [(title, text)] = settle(inbox)
    assert title == "Failed: Train Mastering Model"
    assert text == (
        "Failed after 12 min (usually 1): Train Mastering Model, job 17 on production, "
        "started by nightly: AnalysisException: cannot resolve 'compnay_name';"
    )


@pytest.mark.parametrize("state", ["SUCCEEDED", "CANCELED"])
def test_a_job_that_does_not_fail_sends_no_failure(tamr, state, notify):
    """`failed` is about FAILED only; the notification is closed with the job's end."""
    operation, inbox = tamr.add("17"), Inbox()
    handle = notify(operation, inbox, when="failed")

    tamr.end("17", state)
    work(tamr)

    wait_until(lambda: handle.closed)
    assert inbox.received == []


def test_a_cancelled_job_says_who_cancelled_it(tamr, notify):
    """The message's fact takes the place of the bare word."""
    operation, inbox = tamr.add("17"), Inbox()
    notify(operation, inbox)

    cancelled = document("CANCELED")
    cancelled["status"]["message"] = "Running job canceled by carla at step 3 of 8\n\nKilled."
    tamr.jobs["17"] = cancelled
    work(tamr)

    [(title, text)] = settle(inbox)
    assert title == "Cancelled: Train Mastering Model"
    assert text.startswith("Cancelled by carla, at step 3 of 8, after 1 min: Train")


def test_a_job_is_late_once_it_exceeds_the_upper_end_of_its_estimate(tamr, notify):
    """Once, while it runs, and not before."""
    for number in range(1, 6):
        tamr.jobs[str(number)] = document(
            "SUCCEEDED", id=str(number), relativeId=f"operations/{number}"
        )
    started = "2021-01-29T18:13:20Z"  # when the clock of the test begins
    operation = tamr.add("17", status={"state": "RUNNING", "startTime": started})
    tamr.headers = {"Date": "Fri, 29 Jan 2021 18:13:50 GMT"}
    inbox = Inbox()
    notify(operation, inbox, when="late")
    work(tamr)
    assert inbox.received == []

    tamr.headers = {"Date": "Fri, 29 Jan 2021 18:16:20 GMT"}
    work(tamr)

    [(title, text)] = settle(inbox)
    assert title == "Still running: Train Mastering Model"
    assert text.startswith("Still running after 3 min (usually 1): Train Mastering Model, job 17")
    work(tamr, 100)
    assert settle(inbox) == [(title, text)]


def test_a_client_notifies_of_jobs_that_end_from_now_on(tamr, notify):
    """Also of a job that began and ended between two lists, but not of those that ended before."""
    tamr.add("1", "FAILED")
    tamr.add("2")
    inbox = Inbox()
    handle = notify(tamr, inbox, when="failed")
    work(tamr)
    assert inbox.received == []

    tamr.end("2", "FAILED")
    quick_job = document("FAILED", id="3", relativeId="operations/3")
    quick_job["status"]["endTime"] = "2099-01-29T18:25:53.326Z"
    tamr.jobs["3"] = quick_job
    work(tamr)

    assert {text.partition(", job ")[2][:1] for _, text in settle(inbox, 2)} == {"2", "3"}
    work(tamr, 100)
    assert len(settle(inbox, 2)) == 2
    assert not handle.closed


def test_an_old_job_that_comes_back_into_the_list_is_no_news(tamr, notify):
    """A list that was empty for a while does not end all jobs of the past once more."""
    tamr.add("1", "FAILED")
    tamr.add("2", "SUCCEEDED")
    tamr.headers = {"Date": "Sat, 30 Jan 2021 18:00:00 GMT"}
    inbox = Inbox()
    notify(tamr, inbox)
    work(tamr)

    tamr.unlisted = {"1", "2"}
    work(tamr)
    tamr.unlisted = set()
    work(tamr)

    assert not callback_threads()
    assert inbox.received == []


def test_each_event_is_sent_once_however_many_notifications_are_about_it(tamr, notify):
    """A cell that is run again, an operation and its server: one recipient, one notification."""
    operation, inbox = tamr.add("17"), Inbox()
    for target in (operation, operation, tamr):
        notify(target, inbox)
    notify(tamr, inbox, when="failed")
    work(tamr)

    tamr.end("17", "FAILED")
    work(tamr)

    assert len(settle(inbox)) == 1


def test_a_job_that_has_ended_already_is_reported_at_once_and_once(tamr, notify):
    """Running the cell again does not send it again."""
    operation, inbox = tamr.add("17", "SUCCEEDED"), Inbox()

    for _ in range(3):
        notify(operation, inbox)
        work(tamr, 1)

    assert len(settle(inbox)) == 1


def test_failed_attempts_are_repeated(tamr, caplog, notify):
    """The recipient gets it in the end, and the error is gone."""
    operation = tamr.add("17", "SUCCEEDED")
    inbox = Inbox(OSError("http://s3cret"), SystemExit())
    handle = notify(operation, inbox)
    work(tamr, 1)

    assert len(settle(inbox)) == 1
    assert inbox.calls == 3
    assert handle.error == ""
    assert "s3cret" not in caplog.text
    assert "it raised OSError" in caplog.text


def test_a_recipient_that_fails_for_good_is_an_error_of_the_handle(tamr, notify):
    """It stays until the handle is closed; its text has the kind of error only."""
    operation = tamr.add("17", "SUCCEEDED")
    handle = notify(operation, Inbox(*[OSError("http://s3cret")] * 9))
    work(tamr, 1)

    wait_until(lambda: handle.error)

    assert handle.error == (
        "Inbox() was not notified: it raised OSError; call it in a cell to see why. "
        "Check the arguments of notify()."
    )
    assert not handle.closed
    assert registry.of(tamr, operation) == [handle]


def test_closing_ends_the_attempts(tamr, monkeypatch, notify):
    """Also while it waits for the next one."""
    monkeypatch.setattr(outbox, "RETRY_SECONDS", (1000.0,))
    operation, inbox = tamr.add("17", "SUCCEEDED"), Inbox(OSError())
    handle = notify(operation, inbox)
    work(tamr, 1)
    wait_until(lambda: inbox.calls)

    handle.close()

    wait_until(lambda: not callback_threads())
    assert inbox.calls == 1
    assert registry.of(tamr, operation) == []


def test_the_end_of_polling_is_said_too(tamr, notify):
    """Silence would mean that the job runs on."""
    operation, inbox = tamr.add("17"), Inbox()
    handle = notify(operation, inbox)
    tamr.faults[None] = lambda: Forbidden("No permission.")
    work(tamr)

    [(title, text)] = settle(inbox)
    assert title == "No longer watched: Train Mastering Model"
    assert "job 17 on tamr.test:9100" in text
    assert text.endswith("No permission.")
    wait_until(lambda: handle.closed)


def test_polling_that_ends_again_is_said_again(tamr, notify):
    """A notification that is made anew days later has an end of its own."""
    inbox = Inbox()
    for count in (1, 2):
        handle = notify(tamr, inbox)
        tamr.faults[None] = lambda: Forbidden("No permission.")
        work(tamr)
        settle(inbox, count)
        wait_until(lambda handle=handle: handle.closed)


def test_the_end_of_polling_a_server_names_the_server(tamr, notify):
    """No job is meant then."""
    inbox = Inbox()
    notify(tamr, inbox)
    tamr.faults[None] = lambda: Forbidden("No permission.")
    work(tamr)

    [(title, text)] = settle(inbox)
    assert title == "No longer watched: The jobs on tamr.test:9100"
    assert text.endswith("The jobs on tamr.test:9100: No permission.")


def test_an_operation_that_had_nothing_to_do_has_no_number(tamr, notify):
    """A server knows no such job."""
    inbox = Inbox()
    notify(Operation(tamr, NOOP), inbox)
    work(tamr, 1)

    [(_, text)] = settle(inbox)
    assert text.startswith("Succeeded")
    assert "job " not in text


def test_an_event_that_arrives_before_notify_returns_ends_the_polls(tamr, notify, monkeypatch):
    """Another thread polls meanwhile."""
    subscribe, subscriptions = Poller.subscribe, []

    def quickly(poller: Poller, *args: Any, **options: Any) -> Any:
        subscriptions.append(subscribe(poller, *args, **options))
        work(tamr)
        return subscriptions[-1]

    monkeypatch.setattr(Poller, "subscribe", quickly)
    operation, inbox = tamr.add("17"), Inbox()
    tamr.end("17")
    handle = notify(operation, inbox)

    wait_until(lambda: handle.closed)
    assert len(settle(inbox)) == 1
    assert [each.closed for each in subscriptions] == [True]


def test_a_notification_that_cannot_be_started_is_none(tamr, monkeypatch):
    """Pages do not show it."""

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Poller, "subscribe", fail)
    operation = tamr.add("17")
    with pytest.raises(RuntimeError, match="new thread"):
        tamr_widgets.notify(operation, Inbox())

    assert registry.of(tamr, operation) == []


def test_the_notifications_of_another_server_are_not_shown(tamr, clock, notify):
    """Its jobs have the same numbers."""
    operation, other = tamr.add("17"), FakeTamr(clock)
    other.origin = "http://other.test:9100"
    handle = notify(operation, Inbox())

    assert registry.of(tamr, operation) == registry.of(tamr) == [handle]
    assert registry.of(other, other.add("17")) == registry.of(other) == []


def test_the_memory_of_what_was_sent_is_bounded(monkeypatch):
    """The oldest event is forgotten first."""
    monkeypatch.setattr(outbox, "MAX_REMEMBERED", 2)
    inbox, done = Inbox(), threading.Semaphore(0)
    box = outbox.Outbox(recipient(inbox))
    for event in (1, 2, 3, 2, 3, 1):
        box.submit(event, str(event), "", threading.Event(), lambda _: done.release())

    assert all(done.acquire(timeout=20) for _ in range(6))
    assert [title for title, _ in inbox.received] == ["1", "2", "3", "1"]


@pytest.mark.parametrize(
    ("to", "when", "error", "says"),
    [
        (print, "sometimes", ValueError, "'ended', 'failed' or 'late'"),
        (7, "ended", TypeError, "a function of title and text"),
        ("nosuch://u:s3cret@h", "ended", ValueError, "begins with nosuch://"),
        ("s3cret", "ended", ValueError, "does not understand"),
        ("mailto://s3cret", "ended", ValueError, "begins with mailto://"),
    ],
)
def test_wrong_arguments_are_errors_at_once(tamr, caplog, to, when, error, says, notify):
    """Nothing is polled then, and the address is not quoted."""
    with caplog.at_level(logging.DEBUG), pytest.raises(error, match=says) as raised:
        notify(tamr.add("17"), to, when)

    assert "s3cret" not in str(raised.value) + caplog.text
    assert registry.of(tamr) == []
    work(tamr)
    assert tamr.count() == 0


def test_an_error_that_quotes_the_address_is_not_shown(tamr, monkeypatch, notify):
    """Such as one of a service's own code for addresses."""

    def fail(address: str, **_: Any) -> None:
        raise OSError(address)

    monkeypatch.setattr("apprise.Apprise.instantiate", fail)
    with pytest.raises(ValueError, match="does not understand") as raised:
        notify(tamr.add("17"), "json://s3cret")

    assert "s3cret" not in str(raised.value)
    assert raised.value.__context__ is None  # a traceback would show it


def test_the_target_must_be_something_to_watch(notify):
    """A project has a client too, but nobody means all jobs of its server by it."""
    project = type("Project", (), {"client": None})()
    with pytest.raises(TypeError, match="not something of type Project"):
        notify(project, print)


def test_an_operation_without_a_client_cannot_be_watched(notify):
    """The error is that of polling it."""
    operation = pickle.loads(pickle.dumps(Operation(None, document("RUNNING"))))
    with pytest.raises(RuntimeError, match="no client"):
        notify(operation, print)


def test_without_apprise_the_error_says_how_to_get_it(tamr, monkeypatch, notify):
    """Functions work without."""
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name == "apprise":
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'tamr_widgets\[notify\]'"):
        notify(tamr.add("17"), "json://127.0.0.1/")


def test_an_operation_of_the_public_client_is_a_target(tamr, notify):
    """As everywhere."""
    inbox = Inbox()
    notify(PublicOperation(tamr, document("FAILED")), inbox)
    work(tamr, 1)

    assert [title for title, _ in settle(inbox)] == ["Failed: Train Mastering Model"]


def test_a_webhook_gets_title_and_text(tamr, notify):
    """Through Apprise itself, as text."""
    operation = tamr.add("17", "SUCCEEDED", description="Update <b>[x]</b> & *y*")
    with Webhook() as webhook:
        notify(operation, webhook.address)
        work(tamr, 1)
        wait_until(lambda: webhook.received and not callback_threads())

        [posted] = webhook.received
        assert posted["title"] == "Succeeded: Update <b>[x]</b> & *y*"
        assert "Update <b>[x]</b> & *y*, job 17 on tamr.test:9100" in posted["message"]


def test_a_mail_server_gets_a_mail(tamr, notify):
    """Through Apprise itself."""
    with MailServer() as server:
        notify(tamr.add("17", "SUCCEEDED"), server.address)
        work(tamr, 1)
        wait_until(lambda: server.received and not callback_threads())

        [mail] = server.received
        assert "Subject: Succeeded: Train Mastering Model" in mail
        assert "steward@example.com" in mail


def test_a_webhook_that_fails_is_tried_again(tamr, notify):
    """A passing error is not an error in the end."""
    with Webhook() as webhook:
        webhook.statuses = [503]
        handle = notify(tamr.add("17", "SUCCEEDED"), webhook.address)
        work(tamr, 1)
        wait_until(lambda: handle.closed)

        assert len(webhook.received) == 2
        assert handle.error == ""


def test_an_address_shows_nowhere(tamr, caplog, monkeypatch, notify):
    """Not in a log at any level, a repr, an error, or a pickle."""
    monkeypatch.setattr(outbox, "RETRY_SECONDS", ())
    with Webhook() as webhook, caplog.at_level(logging.DEBUG):
        webhook.statuses = [404]
        handle = notify(tamr.add("17", "SUCCEEDED"), webhook.address)
        work(tamr, 1)
        wait_until(lambda: handle.error)

    assert handle.error == (
        "JSON was not notified: its response had HTTP status 404. Check the arguments of notify()."
    )
    assert "JSON was not notified" in caplog.text
    for shown in (caplog.text, repr(handle), handle.error, repr(vars(handle))):
        assert "s3cret" not in shown
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(handle)


@pytest.mark.parametrize(
    ("sends", "reason"), [(OSError("s3cret"), "Apprise raised OSError"), (False, "it was refused")]
)
def test_an_address_that_fails_otherwise_is_said(tamr, monkeypatch, notify, sends, reason):
    """Without the text of the error, which may quote the address."""

    def send(*_: Any, **__: Any) -> bool:
        if isinstance(sends, Exception):
            raise sends
        return sends

    monkeypatch.setattr("apprise.Apprise.notify", send)
    handle = notify(tamr.add("17", "SUCCEEDED"), "json://127.0.0.1/")
    work(tamr, 1)

    wait_until(lambda: handle.error)

    assert handle.error == f"JSON was not notified: {reason}. Check the arguments of notify()."


def test_an_older_apprise_sends_too(tamr, monkeypatch, notify):
    """It knows no time limit, and so has no threads for one."""
    asset = apprise.AppriseAsset

    def without_limit(**settings: Any) -> Any:
        if "service_timeout" in settings:
            raise AttributeError("An invalid key service_timeout was specified.")
        return asset(**settings)

    monkeypatch.setattr(asset, "_service_timeout", 0.0, raising=False)
    monkeypatch.setattr(apprise, "AppriseAsset", without_limit)
    with Webhook() as webhook:
        notify(tamr.add("17", "SUCCEEDED"), webhook.address)
        work(tamr, 1)
        wait_until(lambda: webhook.received and not callback_threads())


def test_an_object_without_a_hash_can_be_notified(tamr, notify):
    """A callable with an equality of its own is one."""

    class Unhashable(Inbox):
        __hash__ = None

    operation, inbox = tamr.add("17", "SUCCEEDED"), Unhashable()
    for _ in range(2):
        notify(operation, inbox)
        work(tamr, 1)

    assert len(settle(inbox)) == 1


def test_a_recipient_cannot_be_pickled():
    """Its address may hold a password."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(recipient("json://s3cret@127.0.0.1/"))


def test_a_closed_port_is_said(tamr, notify):
    """In words, without host and port."""
    with Webhook() as webhook:
        address = webhook.address
    handle = notify(tamr.add("17", "SUCCEEDED"), address)
    work(tamr, 1)

    wait_until(lambda: handle.error)

    assert "could not be reached" in handle.error


def test_a_mail_server_that_hangs_delays_neither_polls_nor_others(tamr, notify):
    """It has a thread of its own, a daemon, that does not hold up the exit."""
    with MailServer(silent=True) as server:
        operation, inbox = tamr.add("17", "SUCCEEDED"), Inbox()
        handle = notify(operation, server.address)
        notify(operation, inbox)
        work(tamr, 1)

        assert server.connected.wait(5)
        wait_until(lambda: inbox.received)
        assert all(each.daemon for each in callback_threads())
        handle.close()
        requests = tamr.count(LIST)
        notify(tamr, inbox)
        work(tamr, 60)
        assert tamr.count(LIST) > requests
    wait_until(lambda: not callback_threads(), 10)


@pytest.mark.slow  # test_poller_thread.py has an exit while a function hangs
def test_a_kernel_that_exits_does_not_wait_for_a_mail_server():
    """A process of its own, whose mail server never says a word."""
    script = """
import sys, time
from tamr_widgets import Operation, notify
from fakes import document
notify(Operation(None, document("SUCCEEDED")), sys.argv[1])
print("sent", flush=True)
sys.stdin.readline()
"""
    with MailServer(silent=True) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", script, server.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
        )
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"sent\n"
        assert server.connected.wait(30)
        process.stdin.close()
        began = time.monotonic()
        assert process.wait(20) == 0
        process.stdout.close()
        assert time.monotonic() - began < 5


@needs_fork
@may_fork
def test_a_forked_child_notifies_nobody(tamr, notify):
    """Its parent does."""
    handle = notify(tamr.add("17"), Inbox())

    assert in_child(lambda: handle.closed)
    assert not handle.closed


def test_many_notifications_of_one_server_cost_one_list(tamr, notify):
    """They share the poller's subscription, like widgets."""
    tamr.add("1")
    handles: list[Notification] = [notify(tamr, Inbox()) for _ in range(20)]
    work(tamr, 100)

    assert tamr.count(LIST) <= 12
    for each in handles:
        each.close()


def test_a_client_names_its_server_by_host_and_port():
    """Without a label."""
    with Client(UsernamePasswordAuth("ada", "s3cret"), host="tamr.test") as client:
        assert server_name(client) == "tamr.test:9100"
