"""Notifications: their events and texts, duplicates, and recipients that fail."""

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
    """A recipient that keeps titles and texts, after it has raised the given errors."""

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
    """A server whose poller has no thread: `run_poller` runs it."""
    monkeypatch.setattr(Poller, "of", lambda _: driven)
    return fake


def settle(inbox: Inbox, count: int = 1) -> list[tuple[str, str]]:
    """Waits for the notifications and the callbacks that run; returns what was received."""
    wait_until(lambda: len(inbox.received) >= count)
    wait_until(lambda: not callback_threads())
    return inbox.received


def run_poller(tamr: FakeTamr, seconds: float = 30) -> None:
    drive(Poller.of(tamr), tamr.clock, seconds)


def test_a_function_is_called_with_title_and_text_when_the_job_ends(tamr, notify):
    """The notification is then closed, and the job is no longer polled."""
    operation, inbox = tamr.add("17"), Inbox()
    handle = notify(operation, inbox)
    run_poller(tamr)
    assert inbox.received == []

    tamr.end("17")
    run_poller(tamr)

    [(title, text)] = settle(inbox)
    assert title == "Succeeded: Train Mastering Model"
    assert text == (
        "Succeeded after 1 min: Train Mastering Model, job 17 on tamr.test:9100, started by admin"
    )
    wait_until(lambda: handle.closed)
    requests = tamr.count()
    run_poller(tamr, 100)
    assert tamr.count() == requests


def test_the_text_has_the_usual_duration_and_the_reason(tamr, notify):
    """Label, duration, usual duration, user and reason are in one line."""
    tamr.label = "production"
    for number in range(1, 6):
        tamr.jobs[str(number)] = document(
            "SUCCEEDED", id=str(number), relativeId=f"operations/{number}"
        )
    operation, inbox = tamr.add("17"), Inbox()
    notify(operation, inbox, when="failed")
    run_poller(tamr)

    failed = document("FAILED", created={"username": "nightly", "time": "2021-01-29T18:24:40Z"})
    failed["status"] |= {"message": FAILURE, "endTime": "2021-01-29T18:36:40Z"}
    tamr.jobs["17"] = failed
    run_poller(tamr)

    [(title, text)] = settle(inbox)
    assert title == "Failed: Train Mastering Model"
    assert text == (
        "Failed after 12 min (usually 1): Train Mastering Model, job 17 on production, "
        "started by nightly: AnalysisException: cannot resolve 'compnay_name';"
    )


@pytest.mark.parametrize("state", ["SUCCEEDED", "CANCELED"])
def test_a_job_that_does_not_fail_sends_no_notification_of_a_failure(tamr, state, notify):
    """`failed` means FAILED only; the notification is closed when the job ends."""
    operation, inbox = tamr.add("17"), Inbox()
    handle = notify(operation, inbox, when="failed")

    tamr.end("17", state)
    run_poller(tamr)

    wait_until(lambda: handle.closed)
    assert inbox.received == []


def test_the_text_of_a_cancelled_job_has_user_and_step(tamr, notify):
    """They are in the message of its status."""
    operation, inbox = tamr.add("17"), Inbox()
    notify(operation, inbox)

    cancelled = document("CANCELED")
    cancelled["status"]["message"] = "Running job canceled by carla at step 3 of 8\n\nKilled."
    tamr.jobs["17"] = cancelled
    run_poller(tamr)

    [(title, text)] = settle(inbox)
    assert title == "Cancelled: Train Mastering Model"
    assert text.startswith("Cancelled by carla, at step 3 of 8, after 1 min: Train")


def test_a_job_is_late_when_it_exceeds_the_upper_end_of_its_estimate(tamr, notify):
    """One notification is sent while the job runs."""
    for number in range(1, 6):
        tamr.jobs[str(number)] = document(
            "SUCCEEDED", id=str(number), relativeId=f"operations/{number}"
        )
    started = "2021-01-29T18:13:20Z"  # when the clock of the test begins
    operation = tamr.add("17", status={"state": "RUNNING", "startTime": started})
    tamr.headers = {"Date": "Fri, 29 Jan 2021 18:13:50 GMT"}
    inbox = Inbox()
    notify(operation, inbox, when="late")
    run_poller(tamr)
    assert inbox.received == []

    tamr.headers = {"Date": "Fri, 29 Jan 2021 18:16:20 GMT"}
    run_poller(tamr)

    [(title, text)] = settle(inbox)
    assert title == "Still running: Train Mastering Model"
    assert text.startswith("Still running after 3 min (usually 1): Train Mastering Model, job 17")
    run_poller(tamr, 100)
    assert settle(inbox) == [(title, text)]


def test_notify_of_a_client_is_about_jobs_that_end_afterwards(tamr, notify):
    """Also about a job that starts and ends between two lists."""
    tamr.add("1", "FAILED")
    tamr.add("2")
    inbox = Inbox()
    handle = notify(tamr, inbox, when="failed")
    run_poller(tamr)
    assert inbox.received == []

    tamr.end("2", "FAILED")
    quick_job = document("FAILED", id="3", relativeId="operations/3")
    quick_job["status"]["endTime"] = "2099-01-29T18:25:53.326Z"
    tamr.jobs["3"] = quick_job
    run_poller(tamr)

    assert {text.partition(", job ")[2][:1] for _, text in settle(inbox, 2)} == {"2", "3"}
    run_poller(tamr, 100)
    assert len(settle(inbox, 2)) == 2
    assert not handle.closed


def test_an_old_job_that_is_listed_again_sends_no_notification(tamr, notify):
    """The list of a server may be empty for a while."""
    tamr.add("1", "FAILED")
    tamr.add("2", "SUCCEEDED")
    tamr.headers = {"Date": "Sat, 30 Jan 2021 18:00:00 GMT"}
    inbox = Inbox()
    notify(tamr, inbox)
    run_poller(tamr)

    tamr.unlisted = {"1", "2"}
    run_poller(tamr)
    tamr.unlisted = set()
    run_poller(tamr)

    assert not callback_threads()
    assert inbox.received == []


def test_each_event_is_sent_once_to_each_recipient(tamr, notify):
    """A cell may run again, and an operation and its server may have the same recipient."""
    operation, inbox = tamr.add("17"), Inbox()
    for target in (operation, operation, tamr):
        notify(target, inbox)
    notify(tamr, inbox, when="failed")
    run_poller(tamr)

    tamr.end("17", "FAILED")
    run_poller(tamr)

    assert len(settle(inbox)) == 1


def test_a_job_that_has_already_ended_is_reported_once(tamr, notify):
    """Running the cell again does not send it again."""
    operation, inbox = tamr.add("17", "SUCCEEDED"), Inbox()

    for _ in range(3):
        notify(operation, inbox)
        run_poller(tamr, 1)

    assert len(settle(inbox)) == 1


def test_failed_attempts_are_retried(tamr, caplog, notify):
    """The attempt that succeeds removes the error."""
    operation = tamr.add("17", "SUCCEEDED")
    inbox = Inbox(OSError("http://s3cret"), SystemExit())
    handle = notify(operation, inbox)
    run_poller(tamr, 1)

    assert len(settle(inbox)) == 1
    assert inbox.calls == 3
    assert handle.error == ""
    assert "s3cret" not in caplog.text
    assert "it raised OSError" in caplog.text


def test_the_handle_has_the_error_of_the_last_attempt(tamr, notify):
    """It stays open and registered; the text has only the type of the error."""
    operation = tamr.add("17", "SUCCEEDED")
    handle = notify(operation, Inbox(*[OSError("http://s3cret")] * 9))
    run_poller(tamr, 1)

    wait_until(lambda: handle.error)

    assert handle.error == (
        "Inbox() was not notified: it raised OSError; call it in a cell to see why. "
        "Check the arguments of notify()."
    )
    assert not handle.closed
    assert registry.of(tamr, operation) == [handle]


def test_close_ends_the_retries(tamr, monkeypatch, notify):
    """Also during the delay before the next one."""
    monkeypatch.setattr(outbox, "RETRY_SECONDS", (1000.0,))
    operation, inbox = tamr.add("17", "SUCCEEDED"), Inbox(OSError())
    handle = notify(operation, inbox)
    run_poller(tamr, 1)
    wait_until(lambda: inbox.calls)

    handle.close()

    wait_until(lambda: not callback_threads())
    assert inbox.calls == 1
    assert registry.of(tamr, operation) == []


def test_the_end_of_polling_sends_a_notification(tamr, notify):
    """Without it, the job would seem to be running."""
    operation, inbox = tamr.add("17"), Inbox()
    handle = notify(operation, inbox)
    tamr.faults[None] = lambda: Forbidden("No permission.")
    run_poller(tamr)

    [(title, text)] = settle(inbox)
    assert title == "No longer watched: Train Mastering Model"
    assert "job 17 on tamr.test:9100" in text
    assert text.endswith("No permission.")
    wait_until(lambda: handle.closed)


def test_each_end_of_polling_sends_a_notification(tamr, notify):
    """A later notification of the same server may end for the same reason."""
    inbox = Inbox()
    for count in (1, 2):
        handle = notify(tamr, inbox)
        tamr.faults[None] = lambda: Forbidden("No permission.")
        run_poller(tamr)
        settle(inbox, count)
        wait_until(lambda handle=handle: handle.closed)


def test_the_end_of_polling_all_jobs_names_the_server(tamr, notify):
    inbox = Inbox()
    notify(tamr, inbox)
    tamr.faults[None] = lambda: Forbidden("No permission.")
    run_poller(tamr)

    [(title, text)] = settle(inbox)
    assert title == "No longer watched: The jobs on tamr.test:9100"
    assert text.endswith("The jobs on tamr.test:9100: No permission.")


def test_the_text_of_an_operation_without_a_job_has_no_number(tamr, notify):
    """A NOOP has no job on the server."""
    inbox = Inbox()
    notify(Operation(tamr, NOOP), inbox)
    run_poller(tamr, 1)

    [(_, text)] = settle(inbox)
    assert text.startswith("Succeeded")
    assert "job " not in text


def test_an_event_that_arrives_before_notify_returns_ends_the_polls(tamr, notify, monkeypatch):
    """Another thread may poll meanwhile."""
    subscribe, subscriptions = Poller.subscribe, []

    def subscribe_and_poll(poller: Poller, *args: Any, **options: Any) -> Any:
        subscriptions.append(subscribe(poller, *args, **options))
        run_poller(tamr)
        return subscriptions[-1]

    monkeypatch.setattr(Poller, "subscribe", subscribe_and_poll)
    operation, inbox = tamr.add("17"), Inbox()
    tamr.end("17")
    handle = notify(operation, inbox)

    wait_until(lambda: handle.closed)
    assert len(settle(inbox)) == 1
    assert [each.closed for each in subscriptions] == [True]


def test_a_notification_that_cannot_be_started_is_not_registered(tamr, monkeypatch):
    """Pages do not show it."""

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Poller, "subscribe", fail)
    operation = tamr.add("17")
    with pytest.raises(RuntimeError, match="new thread"):
        tamr_widgets.notify(operation, Inbox())

    assert registry.of(tamr, operation) == []


def test_the_notifications_of_another_server_are_not_shown(tamr, clock, notify):
    """Its jobs may have the same ids."""
    operation, other = tamr.add("17"), FakeTamr(clock)
    other.origin = "http://other.test:9100"
    handle = notify(operation, Inbox())

    assert registry.of(tamr, operation) == registry.of(tamr) == [handle]
    assert registry.of(other, other.add("17")) == registry.of(other) == []


def test_the_number_of_remembered_events_is_bounded(monkeypatch):
    """The oldest event is forgotten first."""
    monkeypatch.setattr(outbox, "MAX_REMEMBERED", 2)
    inbox, done = Inbox(), threading.Semaphore(0)
    box = outbox.Outbox(recipient(inbox))
    for event in (1, 2, 3, 2, 3, 1):
        box.submit(event, str(event), "", threading.Event(), lambda _: done.release())

    assert all(done.acquire(timeout=20) for _ in range(6))
    assert [title for title, _ in inbox.received] == ["1", "2", "3", "1"]


@pytest.mark.parametrize(
    ("to", "when", "error", "message"),
    [
        (print, "sometimes", ValueError, "'ended', 'failed' or 'late'"),
        (7, "ended", TypeError, "a function of title and text"),
        ("nosuch://u:s3cret@h", "ended", ValueError, "begins with nosuch://"),
        ("s3cret", "ended", ValueError, "does not understand"),
        ("mailto://s3cret", "ended", ValueError, "begins with mailto://"),
    ],
)
def test_invalid_arguments_are_errors(tamr, caplog, to, when, error, message, notify):
    """Nothing is polled, and the error does not quote the address."""
    with caplog.at_level(logging.DEBUG), pytest.raises(error, match=message) as raised:
        notify(tamr.add("17"), to, when)

    assert "s3cret" not in str(raised.value) + caplog.text
    assert registry.of(tamr) == []
    run_poller(tamr)
    assert tamr.count() == 0


def test_an_error_that_quotes_the_address_is_not_shown(tamr, monkeypatch, notify):
    """A plugin of Apprise may raise one while it parses the address."""

    def fail(address: str, **_: Any) -> None:
        raise OSError(address)

    monkeypatch.setattr("apprise.Apprise.instantiate", fail)
    with pytest.raises(ValueError, match="does not understand") as raised:
        notify(tamr.add("17"), "json://s3cret")

    assert "s3cret" not in str(raised.value)
    assert raised.value.__context__ is None  # a traceback would show it


def test_a_target_of_another_type_is_an_error(notify):
    """A project has a client, too, but does not stand for all jobs of its server."""
    project = type("Project", (), {"client": None})()
    with pytest.raises(TypeError, match="not something of type Project"):
        notify(project, print)


def test_an_operation_without_a_client_is_an_error(notify):
    """The error is that of polling it."""
    operation = pickle.loads(pickle.dumps(Operation(None, document("RUNNING"))))
    with pytest.raises(RuntimeError, match="no client"):
        notify(operation, print)


def test_without_apprise_the_error_has_the_command_to_install_it(tamr, monkeypatch, notify):
    """Only addresses need Apprise, functions do not."""
    original = builtins.__import__

    def import_without_apprise(name: str, *args: Any, **more: Any) -> Any:
        if name == "apprise":
            raise ImportError(name)
        return original(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", import_without_apprise)
    with pytest.raises(ImportError, match=r"pip install 'tamr_widgets\[notify\]'"):
        notify(tamr.add("17"), "json://127.0.0.1/")


def test_an_operation_of_the_public_client_is_accepted(tamr, notify):
    inbox = Inbox()
    notify(PublicOperation(tamr, document("FAILED")), inbox)
    run_poller(tamr, 1)

    assert [title for title, _ in settle(inbox)] == ["Failed: Train Mastering Model"]


def test_a_webhook_receives_title_and_text(tamr, notify):
    """Apprise sends them, as plain text."""
    operation = tamr.add("17", "SUCCEEDED", description="Update <b>[x]</b> & *y*")
    with Webhook() as webhook:
        notify(operation, webhook.address)
        run_poller(tamr, 1)
        wait_until(lambda: webhook.received and not callback_threads())

        [posted] = webhook.received
        assert posted["title"] == "Succeeded: Update <b>[x]</b> & *y*"
        assert "Update <b>[x]</b> & *y*, job 17 on tamr.test:9100" in posted["message"]


def test_a_mail_server_receives_a_mail(tamr, notify):
    """Apprise sends it."""
    with MailServer() as server:
        notify(tamr.add("17", "SUCCEEDED"), server.address)
        run_poller(tamr, 1)
        wait_until(lambda: server.received and not callback_threads())

        [mail] = server.received
        assert "Subject: Succeeded: Train Mastering Model" in mail
        assert "steward@example.com" in mail


def test_a_failed_webhook_is_retried(tamr, notify):
    """The handle has no error after a retry that succeeds."""
    with Webhook() as webhook:
        webhook.statuses = [503]
        handle = notify(tamr.add("17", "SUCCEEDED"), webhook.address)
        run_poller(tamr, 1)
        wait_until(lambda: handle.closed)

        assert len(webhook.received) == 2
        assert handle.error == ""


def test_an_address_is_never_shown(tamr, caplog, monkeypatch, notify):
    """It is in no log at any level, repr, error or pickle."""
    monkeypatch.setattr(outbox, "RETRY_SECONDS", ())
    with Webhook() as webhook, caplog.at_level(logging.DEBUG):
        webhook.statuses = [404]
        handle = notify(tamr.add("17", "SUCCEEDED"), webhook.address)
        run_poller(tamr, 1)
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
def test_another_error_of_an_address_is_reported(tamr, monkeypatch, notify, sends, reason):
    """Its text, which may quote the address, is left out."""

    def send(*_: Any, **__: Any) -> bool:
        if isinstance(sends, Exception):
            raise sends
        return sends

    monkeypatch.setattr("apprise.Apprise.notify", send)
    handle = notify(tamr.add("17", "SUCCEEDED"), "json://127.0.0.1/")
    run_poller(tamr, 1)

    wait_until(lambda: handle.error)

    assert handle.error == f"JSON was not notified: {reason}. Check the arguments of notify()."


def test_an_older_release_of_apprise_can_send(tamr, monkeypatch, notify):
    """It has no timeout, and so has no threads for one."""
    asset = apprise.AppriseAsset

    def without_timeout(**settings: Any) -> Any:
        if "service_timeout" in settings:
            raise AttributeError("An invalid key service_timeout was specified.")
        return asset(**settings)

    monkeypatch.setattr(asset, "_service_timeout", 0.0, raising=False)
    monkeypatch.setattr(apprise, "AppriseAsset", without_timeout)
    with Webhook() as webhook:
        notify(tamr.add("17", "SUCCEEDED"), webhook.address)
        run_poller(tamr, 1)
        wait_until(lambda: webhook.received and not callback_threads())


def test_a_recipient_without_a_hash_is_accepted(tamr, notify):
    """A callable that defines `__eq__` has none."""

    class Unhashable(Inbox):
        __hash__ = None

    operation, inbox = tamr.add("17", "SUCCEEDED"), Unhashable()
    for _ in range(2):
        notify(operation, inbox)
        run_poller(tamr, 1)

    assert len(settle(inbox)) == 1


def test_a_recipient_cannot_be_pickled():
    """Its address may hold a password."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(recipient("json://s3cret@127.0.0.1/"))


def test_a_closed_port_is_reported(tamr, notify):
    """The text has neither host nor port."""
    with Webhook() as webhook:
        address = webhook.address
    handle = notify(tamr.add("17", "SUCCEEDED"), address)
    run_poller(tamr, 1)

    wait_until(lambda: handle.error)

    assert "could not be reached" in handle.error


def test_a_mail_server_that_hangs_delays_neither_polls_nor_recipients(tamr, notify):
    """Its thread is a daemon, which does not delay the exit of the interpreter."""
    with MailServer(silent=True) as server:
        operation, inbox = tamr.add("17", "SUCCEEDED"), Inbox()
        handle = notify(operation, server.address)
        notify(operation, inbox)
        run_poller(tamr, 1)

        assert server.connected.wait(5)
        wait_until(lambda: inbox.received)
        assert all(each.daemon for each in callback_threads())
        handle.close()
        requests = tamr.count(LIST)
        notify(tamr, inbox)
        run_poller(tamr, 60)
        assert tamr.count(LIST) > requests
    wait_until(lambda: not callback_threads(), 10)


@pytest.mark.slow  # test_poller_thread.py tests an exit while a callback hangs
def test_a_kernel_that_exits_does_not_wait_for_a_mail_server():
    """The mail server never responds."""
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
def test_a_forked_child_sends_no_notification(tamr, notify):
    """The parent sends it."""
    handle = notify(tamr.add("17"), Inbox())

    assert in_child(lambda: handle.closed)
    assert not handle.closed


def test_many_notifications_of_a_server_share_its_lists(tamr, notify):
    """Widgets share them, too."""
    tamr.add("1")
    handles: list[Notification] = [notify(tamr, Inbox()) for _ in range(20)]
    run_poller(tamr, 100)

    assert tamr.count(LIST) <= 12
    for each in handles:
        each.close()


def test_a_server_without_a_label_has_the_name_of_host_and_port():
    with Client(UsernamePasswordAuth("ada", "s3cret"), host="tamr.test") as client:
        assert server_name(client) == "tamr.test:9100"
