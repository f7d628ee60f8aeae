from __future__ import annotations

import gc
import math
import subprocess
import sys
import threading
import time
import weakref

import pytest
from fakes import wait_until
from polling import Subscriber, drive

from tamr_widgets import Client, Poller, TamrError, TokenAuth
from tamr_widgets.errors import ConnectionFailed, InternalError
from tamr_widgets.simulator import Fault

QUICK = 0.01
# Longer than a busy machine needs, and shorter than any request or interval that is cancelled here.
MAX_SECONDS = 20


@pytest.fixture
def stepped(tamr_client, clock):
    """A poller of the simulated server that `drive` runs: it has no thread."""
    return Poller(tamr_client, background=False)


@pytest.fixture
def quick_backoff(monkeypatch):
    """Shortens the backoff of pollers that are made after it."""
    monkeypatch.setattr("tamr_widgets._http.retry.FIRST_BACKOFF_SECONDS", QUICK)


@pytest.fixture
def rarely_polled(tamr, tamr_client, poller, subscriber, monkeypatch):
    """An operation that was polled once and is due again in an hour, and its subscriber."""
    monkeypatch.setattr("tamr_widgets._polling.page_visibility.HIDDEN_AFTER_SECONDS", -1)
    operation = tamr_client.operation(tamr.jobs.add("RUNNING"))
    subscriber.subscribe(poller, operation, 600, on_a_page=True)
    wait_until(lambda: len(subscriber.results) == 1)
    return operation, subscriber


def threads():
    return [each for each in threading.enumerate() if "tamr_widgets poller" in each.name]


def polls(tamr):
    return len(tamr.requests.matching("GET", "operations"))


def test_a_client_has_one_poller(tamr, tamr_client):
    """Simultaneous calls and equal clients get the same one; another user has its own."""
    found = []
    callers = [
        threading.Thread(target=lambda: found.append(Poller.of(tamr_client))) for _ in range(20)
    ]
    for each in callers:
        each.start()
    for each in callers:
        each.join()

    assert len({id(each) for each in found}) == 1
    with tamr.client() as equal:
        assert Poller.of(equal) is found[0]
    with Client(TokenAuth("x"), host="127.0.0.1", port=tamr.port) as other:
        assert Poller.of(other) is not found[0]


def test_the_thread_starts_with_the_first_and_ends_with_the_last_subscriber(
    tamr, tamr_client, poller, subscriber
):
    """There is one thread; a later subscriber starts a new one."""
    one, two = (tamr_client.operation(tamr.jobs.add("RUNNING")) for _ in range(2))
    assert not threads()
    for _ in range(2):
        subscriptions = [subscriber.subscribe(poller, each, QUICK) for each in (one, two, one)]
        wait_until(lambda: len(subscriber.results) >= 5)
        assert len(threads()) == 1

        for each in subscriptions:
            each.close()
        wait_until(lambda: not threads())
        subscriber.results.clear()


def test_the_thread_ends_when_the_last_job_ends(tamr, tamr_client, poller, subscriber):
    """No subscription has to be closed."""
    job = tamr.jobs.add("RUNNING")
    subscriber.subscribe(poller, tamr_client.operation(job), QUICK)
    tamr.jobs.finish(job)

    wait_until(lambda: subscriber.ends)
    wait_until(lambda: not threads())


def test_a_command_runs_without_any_subscription(poller):
    """The thread starts for it, and ends after it."""
    done = threading.Event()
    poller.submit(lambda: None, lambda _: done.set())

    assert done.wait(MAX_SECONDS)
    wait_until(lambda: not threads())


def test_refresh_wakes_the_thread(rarely_polled, tamr_client, poller):
    """It does not wait for the next poll that is due."""
    operation, subscriber = rarely_polled
    for number in range(2, 10):
        poller.refresh(operation)
        wait_until(lambda number=number: len(subscriber.results) >= number)


def test_learn_wakes_the_thread(rarely_polled, poller):
    """The history is loaded immediately if the next poll is due much later."""
    learned = threading.Event()

    poller.learn(lambda _: learned.set())

    assert learned.wait(MAX_SECONDS)


def test_mark_visible_wakes_the_thread(rarely_polled):
    """A hidden operation is polled immediately when a page shows it again."""
    _, subscriber = rarely_polled

    subscriber.subscriptions[0].mark_visible()

    wait_until(lambda: len(subscriber.results) == 2)


@pytest.mark.parametrize("rounds", [15, pytest.param(60, marks=pytest.mark.slow)])
def test_a_subscription_while_the_thread_begins_to_wait_is_not_missed(poller, rounds):
    """Its first poll is on time; tried often, each time at another moment."""
    delayed = poller.submit(lambda: None, print, delay=600)
    for number in range(rounds):
        called = threading.Event()
        subscription = poller.subscribe_all(lambda _, called=called: called.set())
        assert called.wait(MAX_SECONDS)
        subscription.close()
        time.sleep(number % 7 * 0.0001)
    delayed.close()


def test_each_subscriber_is_notified_once_of_a_simultaneous_end(tamr, tamr_client, poller):
    """Hundreds subscribe while the job ends."""
    job = tamr.jobs.add("RUNNING")
    operation = tamr_client.operation(job)
    subscribers = [Subscriber()]
    subscribers[0].subscribe(poller, operation, QUICK)
    tamr.jobs.finish(job)
    while not subscribers[0].ends or len(subscribers) < 100:
        subscribers.append(Subscriber())
        subscribers[-1].subscribe(poller, operation, QUICK)
        time.sleep(0.0002)

    wait_until(lambda: all(each.ends for each in subscribers))
    wait_until(lambda: not threads())
    assert {each.ends for each in subscribers} == {1}
    assert {each.results[-1].resolved for each in subscribers} == {True}


@pytest.mark.parametrize("at", ["start", "headers", "body"])
def test_the_thread_ends_while_a_request_hangs(tamr, tamr_client, poller, subscriber, at):
    """The request is cancelled, and its subscriber is notified of no error."""
    subscription = subscriber.subscribe(
        poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK
    )
    wait_until(lambda: subscriber.results)
    tamr.faults.add(Fault.hang(at))
    requested = polls(tamr)
    wait_until(lambda: polls(tamr) > requested)

    subscription.close()

    wait_until(lambda: not threads())
    assert not subscriber.errors


def test_a_list_that_hangs_is_cancelled_with_its_last_subscriber(tamr, poller, subscriber):
    tamr.faults.add(Fault.hang())
    subscription = subscriber.subscribe_all(poller)
    wait_until(lambda: polls(tamr))

    subscription.close()

    wait_until(lambda: not threads())


def test_a_command_does_not_wait_for_a_poll_that_hangs(tamr, tamr_client, poller, subscriber):
    """The poll is repeated, and its subscriber is notified of no error."""
    subscriber.subscribe(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)
    wait_until(lambda: subscriber.results)
    tamr.faults.add(Fault.hang(times=1))
    requested = polls(tamr)
    wait_until(lambda: polls(tamr) > requested)
    done = threading.Event()

    poller.submit(lambda: None, lambda _: done.set())

    assert done.wait(MAX_SECONDS)
    received = len(subscriber.results)
    wait_until(lambda: len(subscriber.results) > received + 3)
    assert not subscriber.errors


def test_a_command_does_not_wait_for_a_list_that_hangs(tamr, poller, subscriber):
    """The list is requested again, and its subscriber is notified of no error."""
    tamr.faults.add(Fault.hang(times=1))
    subscription = subscriber.subscribe_all(poller, QUICK)
    wait_until(lambda: polls(tamr))
    done = threading.Event()

    poller.submit(lambda: None, lambda _: done.set())

    assert done.wait(MAX_SECONDS)
    wait_until(lambda: subscriber.results)
    assert not subscriber.errors
    subscription.close()


def test_a_poll_is_not_cancelled_for_a_command_that_is_not_due(
    tamr, tamr_client, poller, subscriber
):
    """The command is due in ten minutes."""
    subscriber.subscribe(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)
    later = poller.submit(lambda: None, print, delay=600)
    wait_until(lambda: subscriber.results)
    tamr.faults.add(Fault.delay(0.6, times=1))
    wait_until(lambda: any(each.fault for each in tamr.requests))
    received = len(subscriber.results)

    wait_until(lambda: len(subscriber.results) > received + 1)

    assert len({each.connection for each in tamr.requests}) == 1  # a cancelled request's is closed
    later.close()


def test_twenty_reruns_of_a_cell_leave_no_thread(tamr, tamr_client, poller, subscriber):
    """One thread may still be ending while the next one starts."""
    operation = tamr_client.operation(tamr.jobs.add("RUNNING"))
    for _ in range(20):
        subscription = subscriber.subscribe(poller, operation, QUICK)
        assert len(threads()) <= 2
        subscription.close()

    wait_until(lambda: not threads())


def test_an_unused_client_is_garbage_collected(tamr, subscriber):
    """Neither the poller nor its history keeps it alive when all subscriptions are closed."""
    client = tamr.client()
    poller = Poller.of(client)
    poller.learn(subscriber.results.append)
    subscriptions = [
        subscriber.subscribe(poller, client.operation(tamr.jobs.add("RUNNING")), QUICK),
        subscriber.subscribe_all(poller, QUICK),
        poller.learn(subscriber.results.append),
        poller.submit(lambda: None, print, delay=600),
    ]
    wait_until(lambda: len(subscriber.results) >= 5)
    for each in subscriptions:
        each.close()
    wait_until(lambda: not threads())
    gone = weakref.ref(client)
    client.close()

    subscriber.results.clear()
    subscriber.subscriptions.clear()
    del client, poller, subscriptions, each
    gc.collect()

    assert gone() is None


def test_a_subscription_to_the_list_keeps_its_client_alive(tamr, subscriber):
    """Also if nothing else references the client."""
    client = tamr.client()
    subscription = subscriber.subscribe_all(Poller.of(client), QUICK)
    del client
    gc.collect()

    wait_until(lambda: len(subscriber.results) > 2)

    subscription.close()
    wait_until(lambda: not threads())
    assert not subscriber.errors
    subscriber.results.clear()
    gc.collect()


HANGING_KERNEL = """
import sys, threading
from tamr_widgets import Client, Operation, Poller, UsernamePasswordAuth, notify

def hang(title, text):
    sending.set()
    threading.Event().wait()

port, job, name, password = sys.argv[1:]
client = Client(UsernamePasswordAuth(name, password), port=int(port), host="127.0.0.1")
operation = client.operation(job)
polled, sending = threading.Event(), threading.Event()
Poller.of(client).subscribe(operation, lambda _: polled.set(), print, 0.05)
notify(Operation(None, operation.to_json() | {"status": {"state": "SUCCEEDED"}}), hang)
assert polled.wait(10) and sending.wait(10)
print("watching", flush=True)
sys.stdin.readline()
"""


def test_a_request_and_a_notification_that_hang_do_not_delay_the_exit(tamr, credentials):
    """The process of a kernel ends without output of errors."""
    job = tamr.jobs.add("RUNNING")
    command = [sys.executable, "-W", "error", "-c", HANGING_KERNEL, str(tamr.port), job]
    command += credentials.values()
    with subprocess.Popen(
        command, stdin=-1, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as kernel:
        try:
            assert kernel.stdout.readline() == "watching\n"
            tamr.faults.add(Fault.hang())
            requested = polls(tamr)
            wait_until(lambda: polls(tamr) > requested)
            start = time.monotonic()
            _, error_output = kernel.communicate("\n", timeout=10)
        finally:
            kernel.kill()

    assert time.monotonic() - start < 2
    assert kernel.returncode == 0
    assert error_output == ""


def test_an_unexpected_exception_does_not_end_the_thread(
    quick_backoff, tamr, tamr_client, poller, subscriber, monkeypatch, caplog
):
    """The subscriber is notified of it, and of the job again afterwards."""
    subscriber.subscribe(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)
    wait_until(lambda: subscriber.results)

    with monkeypatch.context() as broken:
        broken.setattr("tamr_widgets.operation.Operation.poll", lambda self: {}[self])
        wait_until(lambda: subscriber.errors)
    assert isinstance(subscriber.errors[0], InternalError)
    assert "KeyError" in str(subscriber.errors[0])

    subscriber.results.clear()
    wait_until(lambda: subscriber.results)
    assert len(threads()) == 1


def test_polls_continue_when_an_unreachable_server_is_back(
    tamr, tamr_client, stepped, clock, subscriber
):
    """The subscriber is notified of refused connections, and of the job's end afterwards."""
    job = tamr.jobs.add("RUNNING")
    subscriber.subscribe(stepped, tamr_client.operation(job))
    drive(stepped, clock, 2)
    assert subscriber.results
    tamr.refuse()
    drive(stepped, clock, 10)
    assert len(subscriber.errors) >= 2
    assert all(isinstance(each, ConnectionFailed) for each in subscriber.errors)

    tamr.jobs.finish(job)
    tamr.accept()
    drive(stepped, clock, 60)

    assert subscriber.ends == 1
    assert stepped.run_once() == math.inf


@pytest.mark.parametrize(
    "fault",
    [
        Fault.truncate(times=1),
        Fault.login_page(times=1),
        Fault.reset("body", times=1),
        Fault.close("headers", times=1),
        Fault.other_id("99", times=1),
        Fault.status(502, times=1),
    ],
    ids=lambda fault: fault.name,
)
def test_a_transient_fault_of_the_server_is_reported_once(
    tamr, tamr_client, stepped, clock, subscriber, fault
):
    """Polling continues."""
    subscriber.subscribe(stepped, tamr_client.operation(tamr.jobs.add("RUNNING")))
    tamr.faults.add(fault)
    drive(stepped, clock, 2)

    assert [isinstance(each, TamrError) for each in subscriber.errors] == [True]
    assert len(subscriber.results) >= 2


def test_a_truncated_list_does_not_stop_polls(tamr, tamr_client, stepped, clock, subscriber):
    """It may be too long for a proxy; only its own subscriber is notified."""
    list_subscriber = Subscriber()
    tamr.faults.add(Fault.truncate(path="operations$"))
    list_subscriber.subscribe_all(stepped)
    subscriber.subscribe(stepped, tamr_client.operation(tamr.jobs.add("RUNNING")))

    drive(stepped, clock, 6)

    assert len(list_subscriber.errors) >= 2
    assert len(subscriber.results) > 3
    assert not subscriber.errors


def test_an_expired_session_is_renewed_by_one_login(tamr, clock, subscriber):
    """With a stored cookie, a poll whose response is 401 logs in once and is repeated."""
    with tamr.client(store_auth_cookie=True) as client:
        poller = Poller(client, background=False)
        subscriber.subscribe(poller, client.operation(tamr.jobs.add("RUNNING")))
        drive(poller, clock, 1)
        logins = len(tamr.requests.matching("POST", "login"))
        tamr.expire_sessions()
        received = len(subscriber.results)
        drive(poller, clock, 4)

    assert len(subscriber.results) > received + 1
    assert len(tamr.requests.matching("POST", "login")) == logins + 1
    assert not subscriber.errors


def test_many_polls_need_one_connection(tamr, tamr_client, stepped, clock, subscriber):
    """It is kept alive between them."""
    subscriber.subscribe(stepped, tamr_client.operation(tamr.jobs.add("RUNNING")))
    drive(stepped, clock, 12)

    assert len(subscriber.results) >= 8
    assert len({each.connection for each in tamr.requests}) == 1


def test_each_subscriber_is_notified_of_an_end_once_despite_faults(
    quick_backoff, tamr, tamr_client, poller
):
    """A short form of benchmarks/soak.py: there are few threads and connections at any time."""
    jobs = [tamr.jobs.add("RUNNING") for _ in range(15)]
    operations = [tamr_client.operation(job) for job in jobs]
    subscribers = [Subscriber() for _ in range(45)]
    for number, each in enumerate(subscribers):
        each.subscribe(poller, operations[number % 15], 0.2)
    faults = (Fault.status(502, times=1), Fault.reset(times=1), Fault.truncate(times=2))
    for number, fault in enumerate(faults):
        tamr.faults.add(fault)
        wait_until(lambda: not tamr.faults)
        received = sum(len(each.results) for each in subscribers)
        wait_until(
            lambda received=received: sum(len(each.results) for each in subscribers) > received
        )
        assert len(threads()) == 1
        wait_until(lambda: tamr.connections <= 3)
        for job in jobs[number::3]:
            tamr.jobs.finish(job)

    wait_until(lambda: all(each.ends for each in subscribers))
    wait_until(lambda: not threads())
    assert {each.ends for each in subscribers} == {1}
