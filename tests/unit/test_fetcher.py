from __future__ import annotations

import random
from statistics import mean

import pytest
import requests
from fakes import fake_response
from polling import EXAMPLE, LIST, Subscriber, drive

from tamr_widgets._polling import batching
from tamr_widgets._polling.batching import BatchPolicy
from tamr_widgets.errors import (
    ConnectionFailed,
    Forbidden,
    HTTPStatusError,
    InternalError,
    NotFound,
    RequestTimeout,
    Unauthorized,
    UnexpectedResponse,
)

LOGIN_PAGE = fake_response(200, b"<html>Sign in</html>", Content_Type="text/html; charset=utf-8")
PASSING = {
    "502": (fake_response(502), HTTPStatusError),
    "503": (fake_response(503), HTTPStatusError),
    "504": (fake_response(504), HTTPStatusError),
    "500": (fake_response(500), HTTPStatusError),
    "429": (fake_response(429), HTTPStatusError),
    "408": (fake_response(408), HTTPStatusError),
    "reset": (requests.ConnectionError("reset"), ConnectionFailed),
    "too slow": (requests.ReadTimeout("slow"), RequestTimeout),
    "cut off": (requests.exceptions.ChunkedEncodingError("cut"), ConnectionFailed),
    "login page": (LOGIN_PAGE, UnexpectedResponse),
    "[]": (fake_response(200, []), UnexpectedResponse),
    "null": (fake_response(200, b"null"), UnexpectedResponse),
    "{}": (fake_response(200, {}), UnexpectedResponse),
    "another id": (
        fake_response(200, {"id": "2", "relativeId": "operations/2"}),
        UnexpectedResponse,
    ),
    "ours": (ZeroDivisionError("oh"), InternalError),
}


@pytest.fixture
def few_are_many(monkeypatch):
    """Has the list be tried for four operations, not only for twelve."""
    monkeypatch.setattr(batching, "TRIAL", 4)


def follow_many(driven, fake, number, interval=3):
    subscribers = [Subscriber() for _ in range(number)]
    for each, operation in zip(subscribers, fake.add_many(number), strict=True):
        each.subscribe(driven, operation, interval)
    return subscribers


def times(number, fault):
    """The fault so many times, then none."""
    left = [fault] * number
    return lambda: left.pop() if left else None


# Faults


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("number", [1, 5])
def test_a_fault_that_passes_is_reported_and_waited_out(
    fake, clock, driven, subscriber, name, number
):
    """The subscriber hears when the next try is due, and then how the job ended."""
    fault, kind = PASSING[name]
    subscriber.subscribe(driven, fake.add())
    fake.faults[None] = times(number, fault)
    fake.end()

    drive(driven, clock, 120)

    assert len(subscriber.errors) == number
    assert all(isinstance(each, kind) for each in subscriber.errors)
    assert all(each.retry_in_seconds > 0 for each in subscriber.errors)
    assert subscriber.states == ["SUCCEEDED"]
    assert fake.count() == number + 1


def test_the_next_try_comes_when_it_was_said_and_later_each_time(fake, clock, driven, subscriber):
    """About 1, 2, 4, ... seconds, by chance less, but never more than a minute; for ever."""
    random.seed(1)
    subscriber.subscribe(driven, fake.add())
    fake.faults[None] = fake_response(502)

    drive(driven, clock, 1200)

    said = [each.retry_in_seconds for each in subscriber.errors]
    for pause, gap in zip(said, fake.gaps(), strict=False):
        assert gap == pytest.approx(pause + fake.single_seconds)
    for power, pause in enumerate(said):
        assert min(60, 2**power) / 2 <= pause <= min(60, 2**power)
    assert len(said) > 25


def test_a_good_response_ends_the_backing_off(fake, clock, driven, subscriber):
    """The next fault is a first one again, whether it hits all or one."""
    for fault in (fake_response(502), fake_response(500)):
        fake.faults[None] = times(6, fault)
        subscription = subscriber.subscribe(driven, fake.add())
        drive(driven, clock, 200)
        subscriber.errors.clear()
        fake.faults[None] = times(1, fault)
        drive(driven, clock, 20)
        assert [each.retry_in_seconds <= 1 for each in subscriber.errors] == [True]
        subscription.close()


def test_a_good_list_ends_the_backing_off_of_all(fake, clock, driven, subscriber):
    """After it, the next outage is a first one again."""
    subscriber.subscribe_all(driven)
    fake.faults[None] = times(6, requests.ConnectionError("refused"))
    drive(driven, clock, 200)
    subscriber.errors.clear()
    fake.faults[None] = times(1, requests.ConnectionError("refused"))
    drive(driven, clock, 20)

    assert [each.retry_in_seconds <= 1 for each in subscriber.errors] == [True]


@pytest.mark.parametrize("status", [429, 503, 500])
def test_retry_after_is_honoured_on_a_fault(fake, clock, driven, subscriber, status):
    """Not even a page in a hurry comes before the time that the server requested."""
    operation = fake.add()
    subscriber.subscribe(driven, operation)
    fake.faults[None] = times(1, fake_response(status, Retry_After="45"))
    drive(driven, clock, 10)
    driven.refresh(operation)
    Subscriber().subscribe(driven, operation)

    drive(driven, clock, 60)

    assert 45 <= fake.gaps()[0] <= 47


@pytest.mark.parametrize(
    ("value", "pause"), [("30", 30), ("1e12", 120), ("0", 20), ("-5", 20), ("soon", 20)]
)
def test_retry_after_is_honoured_on_a_good_response(fake, clock, driven, subscriber, value, pause):
    """Up to two minutes; what makes no sense means nothing."""
    subscriber.subscribe(driven, fake.add(), interval=20)
    drive(driven, clock, 30)
    fake.headers["Retry-After"] = value

    drive(driven, clock, 250)

    assert fake.gaps()[-1] == pytest.approx(pause + fake.single_seconds)
    assert not subscriber.errors


def test_retry_after_is_honoured_on_the_list(fake, clock, driven, subscriber):
    """By the list, and by every operation that it brought."""
    fake.headers["Retry-After"] = "60"
    subscriber.subscribe_all(driven, interval=5)
    Subscriber().subscribe(driven, fake.add())

    drive(driven, clock, 300)

    assert min(fake.gaps(LIST)) >= 60


@pytest.mark.usefixtures("few_are_many")
def test_an_outage_is_noticed_once_for_all(fake, clock, driven):
    """One try at a time, whatever the number of operations; everybody is notified each time."""
    subscribers = follow_many(driven, fake, 6)
    drive(driven, clock, 10)
    fake.requests.clear()
    fake.faults[None] = requests.ConnectionError("refused")

    drive(driven, clock, 60)

    assert fake.count() <= 8
    assert {len(each.errors) for each in subscribers} == {fake.count()}
    assert {each.errors[-1] for each in subscribers} == {subscribers[0].errors[-1]}
    fake.faults.clear()
    heard = len(subscribers[0].results)
    drive(driven, clock, 61)
    assert all(len(each.results) > heard for each in subscribers)


@pytest.mark.parametrize(
    "fault", [*map(fake_response, (408, 429, 502, 503, 504)), LOGIN_PAGE, requests.ReadTimeout()]
)
def test_what_is_an_outage_is_nobodys_own_fault(fake, clock, driven, fault):
    """Also a login page, and a server that does not respond in time, concern everybody."""
    subscribers = follow_many(driven, fake, 4)
    fake.faults[None] = times(1, fault)

    drive(driven, clock, 1)

    assert [len(each.errors) for each in subscribers] == [1] * 4


@pytest.mark.parametrize(
    "fault", [fake_response(500), fake_response(403), fake_response(200, []), ZeroDivisionError()]
)
def test_what_goes_wrong_with_one_operation_concerns_no_other(fake, clock, driven, fault):
    """The others are polled on and hear nothing of it."""
    one, two, three = follow_many(driven, fake, 3)
    fake.faults[EXAMPLE] = fault

    drive(driven, clock, 30)

    assert one.errors
    assert not one.results
    assert not two.errors + three.errors
    assert len(two.results) >= 10


def test_401_stops_everything_after_one_attempt(fake, clock, driven):
    """Neither the widgets nor the table go on knocking with a wrong password."""
    subscribers = [*follow_many(driven, fake, 20), Subscriber()]
    drive(driven, clock, 10)
    subscribers[-1].subscribe_all(driven)
    fake.faults[None] = fake_response(401)
    fake.requests.clear()

    drive(driven, clock, 600)

    assert fake.count() == 1
    for each in subscribers:
        assert [type(fault) for fault in each.errors] == [Unauthorized]
        assert each.errors[0].retry_in_seconds is None


def test_403_and_404_are_final_for_one_operation(fake, clock, driven):
    """Each is notified once, and the operation is not polled again."""
    one, two, three = follow_many(driven, fake, 3)
    drive(driven, clock, 10)
    fake.faults = {EXAMPLE: fake_response(403), "operations/2": fake_response(404)}
    fake.requests.clear()

    drive(driven, clock, 60)

    assert [type(each) for each in one.errors] == [Forbidden]
    assert [type(each) for each in two.errors] == [NotFound]
    assert one.errors[0].retry_in_seconds is two.errors[0].retry_in_seconds is None
    assert fake.count(EXAMPLE) == fake.count("operations/2") == 1
    assert not three.errors


def test_404_is_tried_again_in_the_first_five_seconds(fake, clock, driven, subscriber):
    """A job that was just started may not be found yet."""
    operation = fake.add()
    subscriber.subscribe(driven, operation)
    fake.faults[EXAMPLE] = times(2, fake_response(404))
    drive(driven, clock, 10)
    assert [each.retry_in_seconds is None for each in subscriber.errors] == [False, False]
    assert subscriber.results

    late = Subscriber()
    subscription = late.subscribe(driven, fake.add("2"))
    fake.faults["operations/2"] = fake_response(404)
    drive(driven, clock, 60)
    subscription.close()

    assert [each.retry_in_seconds is None for each in late.errors][-2:] == [False, True]
    assert 2 <= len(late.errors) <= 6


def test_whoever_subscribes_after_a_final_fault_asks_anew(fake, clock, driven, subscriber):
    """The administrator may have given the permission meanwhile."""
    operation = fake.add()
    fake.faults[None] = fake_response(403)
    subscriber.subscribe(driven, operation)
    drive(driven, clock, 10)
    fake.faults.clear()

    subscriber.subscribe(driven, operation)
    drive(driven, clock, 10)

    assert subscriber.results


def test_an_error_of_the_poller_itself_is_reported_and_survived(
    fake, clock, driven, subscriber, monkeypatch, caplog
):
    """Everybody hears of it at once, and it goes on a second later."""
    subscriber.subscribe(driven, fake.add())
    with monkeypatch.context() as broken:
        broken.setattr(BatchPolicy, "single_took", lambda *_: 1 / 0)
        clock.advance(1)
        driven.run_once()
    assert isinstance(subscriber.errors[0], InternalError)
    assert subscriber.errors[0].retry_in_seconds == 1
    assert "Internal error of the poller" in caplog.text

    requested_at = clock.now
    drive(driven, clock, 10)

    assert subscriber.results
    assert fake.times()[1] - requested_at == pytest.approx(1)


# The list's economics


def test_a_list_is_requested_as_soon_as_it_is_cheaper(fake, clock, driven):
    """Many operations cost one request for each interval, and hear as much as singly."""
    fake.single_seconds, fake.list_seconds = 0.02, 0.5
    subscribers = follow_many(driven, fake, 40)
    drive(driven, clock, 15)
    fake.requests.clear()
    for each in subscribers:
        each.results.clear()

    drive(driven, clock, 35)

    assert fake.counts() == {LIST: 10}
    assert {len(each.results) for each in subscribers} == {10}
    fake.end("7")
    drive(driven, clock, 4)
    assert [each.ends for each in subscribers] == [0] * 6 + [1] + [0] * 33


def test_few_operations_are_polled_one_by_one(fake, clock, driven):
    """Two single requests are cheaper than a list that takes longer."""
    follow_many(driven, fake, 2)
    fake.list_seconds = 0.025

    drive(driven, clock, 60)

    assert fake.count(LIST) == 0


@pytest.mark.usefixtures("few_are_many")
def test_a_list_that_is_not_cheaper_is_tried_once(fake, clock, driven):
    """After that they are polled one by one, until the measurement is old."""
    fake.list_seconds = 1.5
    follow_many(driven, fake, 6, interval=30)

    drive(driven, clock, 290)
    assert fake.count(LIST) == 1
    drive(driven, clock, 30)

    assert fake.count(LIST) == 2
    assert fake.count(EXAMPLE) >= 290 / 30.5


@pytest.mark.usefixtures("few_are_many")
def test_when_it_gets_expensive_it_is_given_up_and_taken_up_again(fake, clock, driven):
    """It is back one by one after a few lists, and back to the list when a trial shows so."""
    fake.list_seconds = 0.03
    follow_many(driven, fake, 6, interval=30)
    drive(driven, clock, 60)
    assert fake.count(EXAMPLE) <= 1
    fake.list_seconds = 1.0
    drive(driven, clock, 60)
    fake.requests.clear()
    drive(driven, clock, 60)
    assert fake.count(LIST) == 0

    fake.list_seconds = 0.03
    drive(driven, clock, 300)
    fake.requests.clear()
    drive(driven, clock, 60)

    assert fake.counts() == {LIST: fake.count(LIST)}


def test_when_only_few_are_left_they_are_polled_one_by_one(fake, clock, driven):
    """The list replaces what is due, not what was once."""
    follow_many(driven, fake, 20)
    drive(driven, clock, 30)
    for job in range(3, 21):
        fake.end(str(job))
    drive(driven, clock, 10)
    fake.requests.clear()

    drive(driven, clock, 30)

    assert fake.count(LIST) == 0
    assert fake.count(EXAMPLE) >= 9


def test_what_is_not_due_for_long_is_no_reason_for_a_list(fake, clock, driven):
    """Many that are polled every ten minutes do not count with one that is due now."""
    for operation in fake.add_many(20):
        Subscriber().subscribe(driven, operation, interval=600)
    drive(driven, clock, 2400)
    Subscriber().subscribe(driven, fake.add("99"), interval=3)
    drive(driven, clock, 5)
    fake.requests.clear()

    drive(driven, clock, 60)

    assert fake.count(LIST) <= 2
    assert fake.count("operations/99") >= 17


def test_what_the_list_leaves_out_is_polled_singly(fake, clock, driven):
    """And by the list again, if it turns up there."""
    subscribers = follow_many(driven, fake, 20)
    fake.unlisted.add("1")
    drive(driven, clock, 30)
    fake.requests.clear()
    drive(driven, clock, 30)
    assert set(fake.counts()) == {LIST, EXAMPLE}
    assert fake.count(EXAMPLE) >= 9
    assert fake.count(LIST) <= 11
    assert len(subscribers[0].results) >= 15

    fake.unlisted.clear()
    drive(driven, clock, 10)
    fake.requests.clear()
    drive(driven, clock, 30)

    assert set(fake.counts()) == {LIST}


def test_what_the_list_leaves_out_does_not_ask_for_it(fake, clock, driven):
    """It is of no use to an operation that is due more often and is not in it."""
    follow_many(driven, fake, 8)
    fake.unlisted.add("99")
    Subscriber().subscribe(driven, fake.add("99"), interval=1)
    drive(driven, clock, 20)
    fake.requests.clear()

    drive(driven, clock, 20)

    assert fake.count(LIST) <= 8
    assert fake.count("operations/99") >= 18


def test_a_list_does_not_tell_what_is_older_than_the_question(fake, clock, driven, subscriber):
    """One who subscribes while the list is on its way may know more than the list."""
    follow_many(driven, fake, 20)
    newcomer = Subscriber()

    def subscribe_meanwhile():
        if not newcomer.results and "99" not in fake.jobs:
            newcomer.subscribe(driven, fake.add("99", state="CANCELING"))
            listed = [{**each, "status": {"state": "RUNNING"}} for each in fake.jobs.values()]
            return fake_response(200, listed)
        return None

    fake.faults[LIST] = subscribe_meanwhile
    drive(driven, clock, 10)

    assert set(newcomer.states) == {"CANCELING"}


def limits(fake, path=LIST):
    """Returns the deadline of each request for a path, in seconds."""
    return [
        round(limit)
        for (_, each), limit in zip(fake.requests, fake.deadlines, strict=True)
        if each == path
    ]


def test_a_list_that_keeps_others_waiting_has_a_time_limit_of_its_own(
    fake, clock, driven, subscriber
):
    """Two seconds for a trial, twenty for a table; all that a request may take if it is alone."""
    subscription = subscriber.subscribe_all(driven)
    drive(driven, clock, 1)
    subscription.close()
    assert limits(fake) == [60]

    follow_many(driven, fake, 8)
    drive(driven, clock, 10)
    assert set(limits(fake)[1:]) == {2}
    subscriber.subscribe_all(driven)
    driven.run_once()
    assert limits(fake)[-1] == 20


BAD_LISTS = {
    "403": fake_response(403),
    "404": fake_response(404),
    "500": fake_response(500),
    "503": fake_response(503),
    "too slow": requests.ReadTimeout("slow"),
    "cut off": requests.exceptions.ChunkedEncodingError("cut"),
    "html": LOGIN_PAGE,
    "object": fake_response(200, {"operations": []}),
    "ours": ZeroDivisionError("oh"),
}


@pytest.mark.usefixtures("few_are_many")
@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_list_that_fails_leaves_the_single_requests_alone(fake, clock, driven, name):
    """Nobody hears of it, and it is not tried again for five minutes."""
    fake.faults[LIST] = BAD_LISTS[name]
    subscribers = follow_many(driven, fake, 6, interval=60)

    drive(driven, clock, 200)

    assert fake.count(LIST) == 1
    assert not any(each.errors for each in subscribers)
    assert min(len(each.results) for each in subscribers) >= 200 / 60
    drive(driven, clock, 160)
    assert fake.count(LIST) == 2


@pytest.mark.parametrize("name", [name for name in BAD_LISTS if name not in {"403", "404"}])
def test_only_its_own_subscribers_hear_that_the_list_fails(fake, clock, driven, subscriber, name):
    """It is tried again later each time; the widgets on the same page go on."""
    fake.faults[LIST] = BAD_LISTS[name]
    subscriber.subscribe_all(driven)
    subscribers = follow_many(driven, fake, 3, interval=30)

    drive(driven, clock, 100)

    assert not any(each.errors for each in subscribers)
    assert min(len(each.results) for each in subscribers) >= 100 / 30
    assert len(subscriber.errors) == fake.count(LIST) <= 10
    fake.faults.clear()
    drive(driven, clock, 61)
    assert subscriber.results


def test_a_list_that_is_forbidden_is_final_for_its_subscribers_only(
    fake, clock, driven, subscriber
):
    """They hear it once."""
    fake.faults[LIST] = fake_response(403)
    subscriber.subscribe_all(driven)
    (other,) = follow_many(driven, fake, 1)

    drive(driven, clock, 100)

    assert [type(each) for each in subscriber.errors] == [Forbidden]
    assert fake.count(LIST) == 1
    assert len(other.results) >= 30


def test_a_list_that_finds_no_server_tells_everybody(fake, clock, driven, subscriber):
    """Then the single requests would not find it, either."""
    fake.list_seconds = 0.1
    subscriber.subscribe_all(driven)
    (other,) = follow_many(driven, fake, 1)
    drive(driven, clock, 20)
    fake.faults[None] = requests.ConnectionError("refused")
    fake.requests.clear()

    drive(driven, clock, 10)

    assert len(subscriber.errors) == len(other.errors) == fake.count() <= 6


def test_a_heavy_list_that_is_followed_leaves_time_for_single_requests(
    fake, clock, driven, subscriber
):
    """One that takes 4 s is requested a third of the time at most; others are polled singly."""
    fake.list_seconds = 4.0
    subscriber.subscribe_all(driven, interval=5)
    (other,) = follow_many(driven, fake, 1)

    drive(driven, clock, 240)

    assert len(subscriber.results) == pytest.approx(240 / 12, abs=2)
    assert min(fake.gaps(LIST)) >= 12
    assert len(other.results) >= 240 / 12 * 3
    assert max(fake.gaps()) <= 3 + 4 + 3


def test_lists_of_any_size_and_content_are_taken(fake, clock, driven, subscriber):
    """Empty, with statuses that can't be read, with things that are no operations."""
    operation = fake.add()
    subscriber.subscribe(driven, operation)
    everything = Subscriber()
    everything.subscribe_all(driven)
    odd = [None, 3, "x", [], {}, {"relativeId": ["a"]}, {"relativeId": None, "status": None}]
    fake.faults[LIST] = times(1, fake_response(200, odd))

    drive(driven, clock, 20)

    assert len(everything.results[0].documents) == 3
    assert [each.state for each in everything.results[0].operations()] == [None] * 3
    assert not subscriber.errors + everything.errors
    assert mean(fake.gaps()) <= 3


def test_thousands_of_operations_are_taken(fake, clock, driven, subscriber):
    """Only what is followed is made into snapshots."""
    for job in range(2_000):
        fake.jobs[str(job)] = {"id": str(job), "relativeId": f"operations/{job}", "status": None}
    operation = fake.add()
    subscriber.subscribe(driven, operation)
    everything = Subscriber()
    everything.subscribe_all(driven)

    drive(driven, clock, 3)

    assert len(everything.results[0].documents) == 2_000
    assert subscriber.results
