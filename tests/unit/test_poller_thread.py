from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref

import pytest
from fakes import wait_until
from polling import Follower

from tamr_widgets import Client, Poller, TamrError, TokenAuth
from tamr_widgets.errors import ConnectionFailed, InternalError
from tamr_widgets.simulator import Fault

QUICK = 0.05


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


def test_the_thread_starts_with_the_first_and_ends_with_the_last_follower(
    tamr, tamr_client, poller, follower
):
    """It is one thread, and not there before or after; it comes again with the next."""
    one, two = (tamr_client.operation(tamr.jobs.add("RUNNING")) for _ in range(2))
    assert not threads()
    for _ in range(2):
        subscriptions = [follower.follow(poller, each, QUICK) for each in (one, two, one)]
        wait_until(lambda: len(follower.news) >= 5)
        assert len(threads()) == 1

        for each in subscriptions:
            each.close()
        wait_until(lambda: not threads(), 1)
        follower.news.clear()


def test_the_thread_ends_with_the_end_of_the_last_job(tamr, tamr_client, poller, follower):
    """Nobody has to close anything."""
    job = tamr.jobs.add("RUNNING")
    follower.follow(poller, tamr_client.operation(job), QUICK)
    tamr.jobs.finish(job)

    wait_until(lambda: follower.ends)
    wait_until(lambda: not threads(), 1)


def test_a_command_alone_is_done_too(poller):
    """The thread comes for it, and goes after it."""
    done = threading.Event()
    poller.submit(lambda: None, lambda _: done.set())

    assert done.wait(2)
    wait_until(lambda: not threads(), 1)


def test_refresh_wakes_the_thread(tamr, tamr_client, poller, follower):
    """It need not wait for the interval, however long."""
    operation = tamr_client.operation(tamr.jobs.add("RUNNING"))
    subscription = follower.follow(poller, operation, 600)
    wait_until(lambda: len(follower.news) == 1)
    for number in range(2, 10):
        poller.refresh(operation)
        wait_until(lambda number=number: len(follower.news) >= number, 2)
    subscription.close()


def test_the_wish_to_learn_wakes_the_thread(tamr, tamr_client, poller, follower):
    """Between two polls that are far apart there is time at once."""
    subscription = follower.follow(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), 600)
    wait_until(lambda: poller._idle_seconds() > 1.8)
    learned = threading.Event()

    poller.learn(lambda _: learned.set())

    assert learned.wait(1)
    subscription.close()


def test_a_page_that_is_seen_again_wakes_the_thread(
    tamr, tamr_client, poller, follower, monkeypatch
):
    """It is current at once, although it was to be asked about rarely."""
    monkeypatch.setattr("tamr_widgets._polling.subscription.HIDDEN_AFTER_SECONDS", 0.2)
    monkeypatch.setattr("tamr_widgets._polling.target.HIDDEN_FACTOR", 1000)
    operation = tamr_client.operation(tamr.jobs.add("RUNNING"))
    subscription = follower.follow(poller, operation, QUICK, on_a_page=True)
    wait_until(subscription.is_hidden)
    wait_until(lambda: poller._idle_seconds() > 10)
    heard = len(follower.news)

    subscription.mark_visible()

    wait_until(lambda: len(follower.news) > heard, 2)
    subscription.close()


def test_a_follower_that_comes_while_the_thread_falls_asleep_is_not_missed(
    tamr, tamr_client, poller
):
    """Whenever it comes, its first poll is not late: often, and each time at a moment of chance."""
    operation = tamr_client.operation(tamr.jobs.add("RUNNING"))
    keeper = poller.submit(lambda: None, print, delay=600)
    for number in range(60):
        heard = threading.Event()
        subscription = poller.subscribe(operation, lambda _, heard=heard: heard.set(), None, QUICK)
        assert heard.wait(2)
        subscription.close()
        time.sleep(number % 7 * 0.0001)
    keeper.close()


def test_an_end_at_the_moment_of_subscribing_is_heard_exactly_once(tamr, tamr_client, poller):
    """A thousand followers come while the job ends; each hears so, and none twice."""
    job = tamr.jobs.add("RUNNING")
    operation = tamr_client.operation(job)
    followers = [Follower() for _ in range(1000)]
    ending = threading.Timer(0.05, tamr.jobs.finish, [job])
    ending.start()
    for each in followers:
        each.follow(poller, operation, QUICK)
        time.sleep(0.0001)

    wait_until(lambda: all(each.ends for each in followers))
    ending.join()
    wait_until(lambda: not threads(), 1)
    assert {each.ends for each in followers} == {1}
    assert {each.news[-1].resolved for each in followers} == {True}


@pytest.mark.parametrize("at", ["start", "headers", "body"])
def test_the_thread_ends_within_a_second_while_a_request_hangs(
    tamr, tamr_client, poller, follower, at
):
    """The request is called off; nobody hears of a fault."""
    subscription = follower.follow(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)
    wait_until(lambda: follower.news)
    tamr.faults.add(Fault.hang(at))
    requested = polls(tamr)
    wait_until(lambda: polls(tamr) > requested)

    subscription.close()

    wait_until(lambda: not threads(), 1)
    assert not follower.faults


def test_the_list_is_called_off_with_its_last_follower(tamr, poller, follower):
    """Also while it hangs."""
    tamr.faults.add(Fault.hang())
    subscription = follower.follow_all(poller)
    wait_until(lambda: polls(tamr))

    subscription.close()

    wait_until(lambda: not threads(), 1)


def test_a_command_need_not_wait_for_a_poll_that_hangs(tamr, tamr_client, poller, follower):
    """It is done within half a second; the poll is made again, and is no fault."""
    follower.follow(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)
    wait_until(lambda: follower.news)
    tamr.faults.add(Fault.hang(times=1))
    requested = polls(tamr)
    wait_until(lambda: polls(tamr) > requested)
    done = threading.Event()

    poller.submit(lambda: None, lambda _: done.set())

    assert done.wait(0.75)
    heard = len(follower.news)
    wait_until(lambda: len(follower.news) > heard + 3)
    assert not follower.faults
    close_all(poller)


def test_a_command_need_not_wait_for_a_list_that_hangs(tamr, poller, follower):
    """That is no fault of the list, which is asked for again after it."""
    tamr.faults.add(Fault.hang(times=1))
    subscription = follower.follow_all(poller, QUICK)
    wait_until(lambda: polls(tamr))
    done = threading.Event()

    poller.submit(lambda: None, lambda _: done.set())

    assert done.wait(0.75)
    wait_until(lambda: follower.news)
    assert not follower.faults
    subscription.close()


def test_a_poll_is_not_called_off_for_a_command_that_is_not_due(
    tamr, tamr_client, poller, follower
):
    """What is to be done in ten minutes is in no hurry."""
    follower.follow(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)
    later = poller.submit(lambda: None, print, delay=600)
    wait_until(lambda: follower.news)
    tamr.faults.add(Fault.delay(0.6, times=1))
    wait_until(lambda: any(each.fault for each in tamr.requests))
    heard = len(follower.news)

    wait_until(lambda: len(follower.news) > heard + 1)

    assert len({each.connection for each in tamr.requests}) == 1  # what is called off is closed
    later.close()
    close_all(poller)


def close_all(poller):
    """End every subscription of a poller."""
    for watch in poller._targets.all():
        for each in watch.subscriptions:
            each.close()


def test_twenty_reruns_of_a_cell_leave_no_thread(tamr, tamr_client, poller, follower):
    """Closed or run again, there is one thread at most, and none in the end."""
    operation = tamr_client.operation(tamr.jobs.add("RUNNING"))
    for _ in range(20):
        subscription = follower.follow(poller, operation, QUICK)
        assert len(threads()) <= 2
        subscription.close()

    wait_until(lambda: not threads(), 1)


def test_a_client_that_nobody_uses_is_let_go(tamr, follower):
    """Neither the poller nor what it learnt keeps it alive after everything was closed."""
    client = tamr.client()
    poller = Poller.of(client)
    poller.learn(follower.news.append)
    subscriptions = [
        follower.follow(poller, client.operation(tamr.jobs.add("RUNNING")), QUICK),
        follower.follow_all(poller, QUICK),
        poller.learn(follower.news.append),
        poller.submit(lambda: None, print, delay=600),
    ]
    wait_until(lambda: len(follower.news) >= 5)
    for each in subscriptions:
        each.close()
    wait_until(lambda: not threads(), 1)
    gone = weakref.ref(client)
    client.close()

    follower.news.clear()
    del client, poller, subscriptions, each
    gc.collect()

    assert gone() is None


def test_a_table_keeps_its_client_alive(tamr, follower):
    """Also when nobody else holds it."""
    client = tamr.client()
    subscription = follower.follow_all(Poller.of(client), QUICK)
    del client
    gc.collect()

    wait_until(lambda: len(follower.news) > 2)

    subscription.close()
    wait_until(lambda: not threads(), 1)
    assert not follower.faults
    follower.news.clear()
    gc.collect()


HELD_UP = """
import sys, threading
from tamr_widgets import Client, Poller, UsernamePasswordAuth
client = Client(UsernamePasswordAuth("admin", "simulated"), port=int(sys.argv[1]), host="127.0.0.1")
operation = client.operation(sys.argv[2])
polled = threading.Event()
Poller.of(client).subscribe(operation, lambda _: polled.set(), print, 0.05)
assert polled.wait(10)
print("watching", flush=True)
sys.stdin.readline()
"""


def test_the_exit_of_the_interpreter_is_not_held_up_by_a_request_that_hangs(tamr):
    """The thread is a daemon: a kernel that is shut down is gone at once, without complaints."""
    job = tamr.jobs.add("RUNNING")
    command = [sys.executable, "-W", "error", "-c", HELD_UP, str(tamr.port), job]
    with subprocess.Popen(
        command, stdin=-1, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as kernel:
        assert kernel.stdout.readline() == "watching\n"
        tamr.faults.add(Fault.hang())
        requested = polls(tamr)
        wait_until(lambda: polls(tamr) > requested)
        start = time.monotonic()
        _, complaints = kernel.communicate("\n", timeout=10)

    assert time.monotonic() - start < 2
    assert kernel.returncode == 0
    assert complaints == ""


def test_an_exception_that_nobody_expects_is_told_within_a_second(
    tamr, tamr_client, poller, follower, monkeypatch, caplog
):
    """The thread goes on, and the follower hears of the job again."""
    follower.follow(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)
    wait_until(lambda: follower.news)

    with monkeypatch.context() as broken:
        broken.setattr("tamr_widgets.operation.Operation.poll", lambda self: {}[self])
        wait_until(lambda: follower.faults, 1)
    assert isinstance(follower.faults[0], InternalError)
    assert "KeyError" in str(follower.faults[0])

    follower.news.clear()
    wait_until(lambda: follower.news)
    assert len(threads()) == 1
    close_all(poller)


def test_a_server_that_goes_away_and_comes_back_is_followed_again(
    tamr, tamr_client, poller, follower
):
    """Refused connections are told, and the job is seen to end afterwards."""
    job = tamr.jobs.add("RUNNING")
    follower.follow(poller, tamr_client.operation(job), QUICK)
    wait_until(lambda: follower.news)
    tamr.refuse()
    wait_until(lambda: len(follower.faults) >= 2, 10)
    assert all(isinstance(each, ConnectionFailed) for each in follower.faults)

    tamr.jobs.finish(job)
    tamr.accept()

    wait_until(lambda: follower.ends, 10)
    wait_until(lambda: not threads(), 1)


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
def test_real_faults_on_the_wire_pass(tamr, tamr_client, poller, follower, fault):
    """They are told once each, and polling goes on."""
    follower.follow(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)
    wait_until(lambda: follower.news)
    tamr.faults.add(fault)
    wait_until(lambda: follower.faults)
    assert isinstance(follower.faults[0], TamrError)

    heard = len(follower.news)
    wait_until(lambda: len(follower.news) > heard)
    close_all(poller)


def test_a_cut_off_list_does_not_stop_single_polls(tamr, tamr_client, poller, follower):
    """It may be too long for somebody in between; only the table is told."""
    everything = Follower()
    tamr.faults.add(Fault.truncate(path="operations$"))
    everything.follow_all(poller, QUICK)
    wait_until(lambda: everything.faults)
    follower.follow(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), QUICK)

    wait_until(lambda: len(everything.faults) >= 2)
    wait_until(lambda: len(follower.news) > 10)

    assert not follower.faults
    close_all(poller)


def test_an_expired_session_is_renewed_by_one_login(tamr, follower):
    """With a stored cookie, a poll that meets 401 logs in once and is repeated."""
    with tamr.client(store_auth_cookie=True) as client:
        poller = Poller.of(client)
        follower.follow(poller, client.operation(tamr.jobs.add("RUNNING")), QUICK)
        wait_until(lambda: follower.news)
        logins = len(tamr.requests.matching("POST", "login"))
        tamr.expire_sessions()
        heard = len(follower.news)
        wait_until(lambda: len(follower.news) > heard + 2)

        assert len(tamr.requests.matching("POST", "login")) == logins + 1
        assert not follower.faults
        close_all(poller)


def test_many_polls_need_one_connection(tamr, tamr_client, poller, follower):
    """It is kept alive between them."""
    follower.follow(poller, tamr_client.operation(tamr.jobs.add("RUNNING")), 0)
    wait_until(lambda: len(follower.news) >= 50, 20)

    assert len({each.connection for each in tamr.requests}) == 1
    close_all(poller)


def test_every_follower_hears_every_end_once_while_the_server_has_its_troubles(tamr, tamr_client):
    """A miniature of benchmarks/soak.py: threads and connections stay few, nothing is lost."""
    poller = Poller.of(tamr_client)
    jobs = [
        tamr.jobs.start(queued_seconds=0, run_seconds=0.5 + number % 10 * 0.3)
        for number in range(40)
    ]
    followers = [Follower() for _ in range(120)]
    for number, each in enumerate(followers):
        each.follow(poller, tamr_client.operation(jobs[number % 40]), 0.2)
    for fault in (Fault.status(502, times=1), Fault.reset(times=1), Fault.truncate(times=2)):
        met = sum(bool(each.fault) for each in tamr.requests)
        tamr.faults.add(fault)
        wait_until(lambda met=met: sum(bool(each.fault) for each in tamr.requests) > met, 10)
        heard = sum(len(each.news) for each in followers)
        wait_until(lambda heard=heard: sum(len(each.news) for each in followers) > heard, 10)
        assert len(threads()) <= 1
        assert tamr.connections <= 3

    wait_until(lambda: all(each.ends for each in followers), 30)

    wait_until(lambda: not threads(), 1)
    assert {each.ends for each in followers} == {1}
