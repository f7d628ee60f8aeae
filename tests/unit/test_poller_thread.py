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
PATIENT_SECONDS = 20


@pytest.fixture
def stepped(tamr_client, clock):
    """A poller of the simulated server that `drive` runs: it has no thread."""
    return Poller(tamr_client, background=False)


@pytest.fixture
def quick_backoff(monkeypatch):
    """Lets pollers that are made after it retry soon."""
    monkeypatch.setattr("tamr_widgets._http.retry.FIRST_BACKOFF_SECONDS", QUICK)


@pytest.fixture
def rarely_polled(tamr, tamr_client, poller, subscriber, monkeypatch):
    """An operation that was polled once and will be again in an hour, and its subscriber."""
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
    """Many threads at once get the same one, and so do equal clients; another user has its own."""
    found = []
    asking = [
        threading.Thread(target=lambda: found.append(Poller.of(tamr_client))) for _ in range(20)
    ]
    for each in asking:
        each.start()
    for each in asking:
        each.join()

    assert len({id(each) for each in found}) == 1
    with tamr.client() as equal:
        assert Poller.of(equal) is found[0]
    with Client(TokenAuth("x"), host="127.0.0.1", port=tamr.port) as other:
        assert Poller.of(other) is not found[0]


def test_the_thread_starts_with_the_first_and_ends_with_the_last_subscriber(
    tamr, tamr_client, poller, subscriber
):
    """It is one thread, and not there before or after; it comes again with the next."""
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


def test_the_thread_ends_with_the_end_of_the_last_job(tamr, tamr_client, poller, subscriber):
    """Nobody has to close anything."""
    job = tamr.jobs.add("RUNNING")
    subscriber.subscribe(poller, tamr_client.operation(job), QUICK)
    tamr.jobs.finish(job)

    wait_until(lambda: subscriber.ends)
    wait_until(lambda: not threads())


def test_a_command_alone_is_done_too(poller):
    """The thread comes for it, and goes after it."""
    done = threading.Event()
    poller.submit(lambda: None, lambda _: done.set())

    assert done.wait(PATIENT_SECONDS)
    wait_until(lambda: not threads())


def test_refresh_wakes_the_thread(rarely_polled, tamr_client, poller):
    """It need not wait for the next poll, however late."""
    operation, subscriber = rarely_polled
    for number in range(2, 10):
        poller.refresh(operation)
        wait_until(lambda number=number: len(subscriber.results) >= number)


def test_the_wish_to_learn_wakes_the_thread(rarely_polled, poller):
    """Between two polls that are far apart there is time at once."""
    learned = threading.Event()

    poller.learn(lambda _: learned.set())

    assert learned.wait(PATIENT_SECONDS)


def test_a_page_that_shows_it_again_wakes_the_thread(rarely_polled):
    """It is current at once, although it was polled rarely."""
    _, subscriber = rarely_polled

    subscriber.subscriptions[0].mark_visible()

    wait_until(lambda: len(subscriber.results) == 2)


@pytest.mark.parametrize("rounds", [15, pytest.param(60, marks=pytest.mark.slow)])
def test_a_subscriber_that_comes_while_the_thread_falls_asleep_is_not_missed(poller, rounds):
    """Whenever it comes, its first poll is not late: often, and each time at a random moment."""
    keeper = poller.submit(lambda: None, print, delay=600)
    for number in range(rounds):
        heard = threading.Event()
        subscription = poller.subscribe_all(lambda _, heard=heard: heard.set())
        assert heard.wait(PATIENT_SECONDS)
        subscription.close()
        time.sleep(number % 7 * 0.0001)
    keeper.close()


def test_an_end_at_the_moment_of_subscribing_is_heard_exactly_once(tamr, tamr_client, poller):
    """Hundreds of subscribers come while the job ends; each hears so, and none twice."""
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
    """The request is cancelled; nobody hears of an error."""
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


def test_the_list_is_cancelled_with_its_last_subscriber(tamr, poller, subscriber):
    """Also while it hangs."""
    tamr.faults.add(Fault.hang())
    subscription = subscriber.subscribe_all(poller)
    wait_until(lambda: polls(tamr))

    subscription.close()

    wait_until(lambda: not threads())


def test_a_command_need_not_wait_for_a_poll_that_hangs(tamr, tamr_client, poller, subscriber):
    """It is run soon; the poll is made again, and is no error."""
    subscriber.subscribe(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)
    wait_until(lambda: subscriber.results)
    tamr.faults.add(Fault.hang(times=1))
    requested = polls(tamr)
    wait_until(lambda: polls(tamr) > requested)
    done = threading.Event()

    poller.submit(lambda: None, lambda _: done.set())

    assert done.wait(PATIENT_SECONDS)
    heard = len(subscriber.results)
    wait_until(lambda: len(subscriber.results) > heard + 3)
    assert not subscriber.errors


def test_a_command_need_not_wait_for_a_list_that_hangs(tamr, poller, subscriber):
    """That is no error of the list, which is requested again after it."""
    tamr.faults.add(Fault.hang(times=1))
    subscription = subscriber.subscribe_all(poller, QUICK)
    wait_until(lambda: polls(tamr))
    done = threading.Event()

    poller.submit(lambda: None, lambda _: done.set())

    assert done.wait(PATIENT_SECONDS)
    wait_until(lambda: subscriber.results)
    assert not subscriber.errors
    subscription.close()


def test_a_poll_is_not_cancelled_for_a_command_that_is_not_due(
    tamr, tamr_client, poller, subscriber
):
    """A command that is due in ten minutes is in no hurry."""
    subscriber.subscribe(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)
    later = poller.submit(lambda: None, print, delay=600)
    wait_until(lambda: subscriber.results)
    tamr.faults.add(Fault.delay(0.6, times=1))
    wait_until(lambda: any(each.fault for each in tamr.requests))
    heard = len(subscriber.results)

    wait_until(lambda: len(subscriber.results) > heard + 1)

    assert len({each.connection for each in tamr.requests}) == 1  # a cancelled request's is closed
    later.close()


def test_twenty_reruns_of_a_cell_leave_no_thread(tamr, tamr_client, poller, subscriber):
    """Closed or run again, there is one thread at most, and none in the end."""
    operation = tamr_client.operation(tamr.jobs.add("RUNNING"))
    for _ in range(20):
        subscription = subscriber.subscribe(poller, operation, QUICK)
        assert len(threads()) <= 2
        subscription.close()

    wait_until(lambda: not threads())


def test_a_client_that_nobody_uses_is_let_go(tamr, subscriber):
    """Neither the poller nor what it learnt keeps it alive after everything was closed."""
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


def test_a_table_keeps_its_client_alive(tamr, subscriber):
    """Also when nobody else holds it."""
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


HELD_UP = """
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


def test_the_exit_of_the_interpreter_is_not_held_up_by_what_hangs(tamr, credentials):
    """Be it a request or a notification: a kernel that is shut down is gone, without complaints."""
    job = tamr.jobs.add("RUNNING")
    command = [sys.executable, "-W", "error", "-c", HELD_UP, str(tamr.port), job]
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
            _, complaints = kernel.communicate("\n", timeout=10)
        finally:
            kernel.kill()

    assert time.monotonic() - start < 2
    assert kernel.returncode == 0
    assert complaints == ""


def test_an_exception_that_nobody_expects_does_not_end_the_thread(
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


def test_a_server_that_goes_away_and_comes_back_is_followed_again(
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
def test_real_faults_on_the_wire_pass(tamr, tamr_client, stepped, clock, subscriber, fault):
    """The subscriber is notified once of each, and polling goes on."""
    subscriber.subscribe(stepped, tamr_client.operation(tamr.jobs.add("RUNNING")))
    tamr.faults.add(fault)
    drive(stepped, clock, 2)

    assert [isinstance(each, TamrError) for each in subscriber.errors] == [True]
    assert len(subscriber.results) >= 2


def test_a_cut_off_list_does_not_stop_single_polls(tamr, tamr_client, stepped, clock, subscriber):
    """It may be too long for a proxy; only the list's subscriber is notified."""
    everything = Subscriber()
    tamr.faults.add(Fault.truncate(path="operations$"))
    everything.subscribe_all(stepped)
    subscriber.subscribe(stepped, tamr_client.operation(tamr.jobs.add("RUNNING")))

    drive(stepped, clock, 6)

    assert len(everything.errors) >= 2
    assert len(subscriber.results) > 3
    assert not subscriber.errors


def test_an_expired_session_is_renewed_by_one_login(tamr, clock, subscriber):
    """With a stored cookie, a poll that meets 401 logs in once and is repeated."""
    with tamr.client(store_auth_cookie=True) as client:
        poller = Poller(client, background=False)
        subscriber.subscribe(poller, client.operation(tamr.jobs.add("RUNNING")))
        drive(poller, clock, 1)
        logins = len(tamr.requests.matching("POST", "login"))
        tamr.expire_sessions()
        heard = len(subscriber.results)
        drive(poller, clock, 4)

    assert len(subscriber.results) > heard + 1
    assert len(tamr.requests.matching("POST", "login")) == logins + 1
    assert not subscriber.errors


def test_many_polls_need_one_connection(tamr, tamr_client, stepped, clock, subscriber):
    """It is kept alive between them."""
    subscriber.subscribe(stepped, tamr_client.operation(tamr.jobs.add("RUNNING")))
    drive(stepped, clock, 12)

    assert len(subscriber.results) >= 8
    assert len({each.connection for each in tamr.requests}) == 1


def test_every_subscriber_hears_every_end_once_while_the_server_has_its_troubles(
    quick_backoff, tamr, tamr_client, poller
):
    """A miniature of benchmarks/soak.py: threads and connections stay few, nothing is lost."""
    jobs = [tamr.jobs.add("RUNNING") for _ in range(15)]
    operations = [tamr_client.operation(job) for job in jobs]
    subscribers = [Subscriber() for _ in range(45)]
    for number, each in enumerate(subscribers):
        each.subscribe(poller, operations[number % 15], 0.2)
    faults = (Fault.status(502, times=1), Fault.reset(times=1), Fault.truncate(times=2))
    for number, fault in enumerate(faults):
        tamr.faults.add(fault)
        wait_until(lambda: not tamr.faults)
        heard = sum(len(each.results) for each in subscribers)
        wait_until(lambda heard=heard: sum(len(each.results) for each in subscribers) > heard)
        assert len(threads()) == 1
        wait_until(lambda: tamr.connections <= 3)
        for job in jobs[number::3]:
            tamr.jobs.finish(job)

    wait_until(lambda: all(each.ends for each in subscribers))
    wait_until(lambda: not threads())
    assert {each.ends for each in subscribers} == {1}
