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
TRANSIENT = {
    "502": (fake_response(502), HTTPStatusError),
    "503": (fake_response(503), HTTPStatusError),
    "504": (fake_response(504), HTTPStatusError),
    "500": (fake_response(500), HTTPStatusError),
    "429": (fake_response(429), HTTPStatusError),
    "408": (fake_response(408), HTTPStatusError),
    "reset": (requests.ConnectionError("reset"), ConnectionFailed),
    "timeout": (requests.ReadTimeout("slow"), RequestTimeout),
    "truncated": (requests.exceptions.ChunkedEncodingError("cut"), ConnectionFailed),
    "login page": (LOGIN_PAGE, UnexpectedResponse),
    "[]": (fake_response(200, []), UnexpectedResponse),
    "null": (fake_response(200, b"null"), UnexpectedResponse),
    "{}": (fake_response(200, {}), UnexpectedResponse),
    "another id": (
        fake_response(200, {"id": "2", "relativeId": "operations/2"}),
        UnexpectedResponse,
    ),
    "internal error": (ZeroDivisionError("oh"), InternalError),
}


@pytest.fixture
def early_trial(monkeypatch):
    """Tries the list for four operations, not only for twelve."""
    monkeypatch.setattr(batching, "TRIAL", 4)


def subscribe_many(driven, fake, number, interval=3):
    subscribers = [Subscriber() for _ in range(number)]
    for each, operation in zip(subscribers, fake.add_many(number), strict=True):
        each.subscribe(driven, operation, interval)
    return subscribers


def repeated(number, fault):
    """Returns a function that returns a fault the given number of times, and then None."""
    left = [fault] * number
    return lambda: left.pop() if left else None


# Errors


@pytest.mark.parametrize("name", TRANSIENT)
@pytest.mark.parametrize("number", [1, 5])
def test_a_transient_error_is_reported_and_retried(fake, clock, driven, subscriber, name, number):
    """The subscriber is notified of the delay of each retry, and then of the job's end."""
    fault, kind = TRANSIENT[name]
    subscriber.subscribe(driven, fake.add())
    fake.faults[None] = repeated(number, fault)
    fake.end()

    drive(driven, clock, 120)

    assert len(subscriber.errors) == number
    assert all(isinstance(each, kind) for each in subscriber.errors)
    assert all(each.retry_in_seconds > 0 for each in subscriber.errors)
    assert subscriber.states == ["SUCCEEDED"]
    assert fake.count() == number + 1


def test_retries_come_at_the_reported_time_with_exponential_backoff(
    fake, clock, driven, subscriber
):
    """Their delays are random, up to 1, 2, 4, ... seconds and at most a minute; they never end."""
    random.seed(1)
    subscriber.subscribe(driven, fake.add())
    fake.faults[None] = fake_response(502)

    drive(driven, clock, 1200)

    delays = [each.retry_in_seconds for each in subscriber.errors]
    for delay, gap in zip(delays, fake.gaps(), strict=False):
        assert gap == pytest.approx(delay + fake.single_seconds)
    for power, delay in enumerate(delays):
        assert min(60, 2**power) / 2 <= delay <= min(60, 2**power)
    assert len(delays) > 25


def test_a_good_response_resets_the_backoff(fake, clock, driven, subscriber):
    """The next error counts as the first, be it one of all operations or of one."""
    for fault in (fake_response(502), fake_response(500)):
        fake.faults[None] = repeated(6, fault)
        subscription = subscriber.subscribe(driven, fake.add())
        drive(driven, clock, 200)
        subscriber.errors.clear()
        fake.faults[None] = repeated(1, fault)
        drive(driven, clock, 20)
        assert [each.retry_in_seconds <= 1 for each in subscriber.errors] == [True]
        subscription.close()


def test_a_good_list_resets_the_backoff(fake, clock, driven, subscriber):
    """The next outage counts as the first."""
    subscriber.subscribe_all(driven)
    fake.faults[None] = repeated(6, requests.ConnectionError("refused"))
    drive(driven, clock, 200)
    subscriber.errors.clear()
    fake.faults[None] = repeated(1, requests.ConnectionError("refused"))
    drive(driven, clock, 20)

    assert [each.retry_in_seconds <= 1 for each in subscriber.errors] == [True]


@pytest.mark.parametrize("status", [429, 503, 500])
def test_retry_after_is_honoured_on_an_error(fake, clock, driven, subscriber, status):
    """Neither a refresh nor a new subscriber causes an earlier request."""
    operation = fake.add()
    subscriber.subscribe(driven, operation)
    fake.faults[None] = repeated(1, fake_response(status, Retry_After="45"))
    drive(driven, clock, 10)
    driven.refresh(operation)
    Subscriber().subscribe(driven, operation)

    drive(driven, clock, 60)

    assert 45 <= fake.gaps()[0] <= 47


@pytest.mark.parametrize(
    ("value", "delay"), [("30", 30), ("1e12", 120), ("0", 20), ("-5", 20), ("soon", 20)]
)
def test_retry_after_is_honoured_on_a_good_response(fake, clock, driven, subscriber, value, delay):
    """Up to two minutes; an invalid value is ignored."""
    subscriber.subscribe(driven, fake.add(), interval=20)
    drive(driven, clock, 30)
    fake.headers["Retry-After"] = value

    drive(driven, clock, 250)

    assert fake.gaps()[-1] == pytest.approx(delay + fake.single_seconds)
    assert not subscriber.errors


def test_retry_after_is_honoured_on_the_list(fake, clock, driven, subscriber):
    """The polls of an operation cause no earlier list."""
    fake.headers["Retry-After"] = "60"
    subscriber.subscribe_all(driven, interval=5)
    Subscriber().subscribe(driven, fake.add())

    drive(driven, clock, 300)

    assert min(fake.gaps(LIST)) >= 60


@pytest.mark.usefixtures("early_trial")
def test_an_outage_causes_one_request_at_a_time_for_all_operations(fake, clock, driven):
    """All subscribers are notified each time."""
    subscribers = subscribe_many(driven, fake, 6)
    drive(driven, clock, 10)
    fake.requests.clear()
    fake.faults[None] = requests.ConnectionError("refused")

    drive(driven, clock, 60)

    assert fake.count() <= 8
    assert {len(each.errors) for each in subscribers} == {fake.count()}
    assert {each.errors[-1] for each in subscribers} == {subscribers[0].errors[-1]}
    fake.faults.clear()
    received = len(subscribers[0].results)
    drive(driven, clock, 61)
    assert all(len(each.results) > received for each in subscribers)


@pytest.mark.parametrize(
    "fault", [*map(fake_response, (408, 429, 502, 503, 504)), LOGIN_PAGE, requests.ReadTimeout()]
)
def test_an_outage_is_reported_to_all_subscribers(fake, clock, driven, fault):
    """A login page and a timeout are outages, too."""
    subscribers = subscribe_many(driven, fake, 4)
    fake.faults[None] = repeated(1, fault)

    drive(driven, clock, 1)

    assert [len(each.errors) for each in subscribers] == [1] * 4


@pytest.mark.parametrize(
    "fault", [fake_response(500), fake_response(403), fake_response(200, []), ZeroDivisionError()]
)
def test_an_error_of_one_operation_has_no_effect_on_others(fake, clock, driven, fault):
    """Their polls continue, and their subscribers are not notified of it."""
    one, two, three = subscribe_many(driven, fake, 3)
    fake.faults[EXAMPLE] = fault

    drive(driven, clock, 30)

    assert one.errors
    assert not one.results
    assert not two.errors + three.errors
    assert len(two.results) >= 10


def test_401_ends_all_polls_after_one_attempt(fake, clock, driven):
    """Neither widgets nor a table send another request with a wrong password."""
    subscribers = [*subscribe_many(driven, fake, 20), Subscriber()]
    drive(driven, clock, 10)
    subscribers[-1].subscribe_all(driven)
    fake.faults[None] = fake_response(401)
    fake.requests.clear()

    drive(driven, clock, 600)

    assert fake.count() == 1
    for each in subscribers:
        assert [type(error) for error in each.errors] == [Unauthorized]
        assert each.errors[0].retry_in_seconds is None


def test_403_and_404_are_final_for_one_operation(fake, clock, driven):
    """Its subscriber is notified once, and it is not polled again."""
    one, two, three = subscribe_many(driven, fake, 3)
    drive(driven, clock, 10)
    fake.faults = {EXAMPLE: fake_response(403), "operations/2": fake_response(404)}
    fake.requests.clear()

    drive(driven, clock, 60)

    assert [type(each) for each in one.errors] == [Forbidden]
    assert [type(each) for each in two.errors] == [NotFound]
    assert one.errors[0].retry_in_seconds is two.errors[0].retry_in_seconds is None
    assert fake.count(EXAMPLE) == fake.count("operations/2") == 1
    assert not three.errors


def test_404_is_retried_in_the_first_five_seconds(fake, clock, driven, subscriber):
    """A job that was just started may not be found yet."""
    operation = fake.add()
    subscriber.subscribe(driven, operation)
    fake.faults[EXAMPLE] = repeated(2, fake_response(404))
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


def test_a_subscription_after_a_final_error_causes_a_poll(fake, clock, driven, subscriber):
    """The administrator may have granted the permission meanwhile."""
    operation = fake.add()
    fake.faults[None] = fake_response(403)
    subscriber.subscribe(driven, operation)
    drive(driven, clock, 10)
    fake.faults.clear()

    subscriber.subscribe(driven, operation)
    drive(driven, clock, 10)

    assert subscriber.results


def test_an_internal_error_of_the_poller_is_reported(
    fake, clock, driven, subscriber, monkeypatch, caplog
):
    """Subscribers are notified immediately, and polls continue a second later."""
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


# The list in place of polls


def test_a_list_is_requested_as_soon_as_it_is_cheaper(fake, clock, driven):
    """One request per interval then notifies all subscribers as often as polls would."""
    fake.single_seconds, fake.list_seconds = 0.02, 0.5
    subscribers = subscribe_many(driven, fake, 40)
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
    subscribe_many(driven, fake, 2)
    fake.list_seconds = 0.025

    drive(driven, clock, 60)

    assert fake.count(LIST) == 0


@pytest.mark.usefixtures("early_trial")
def test_a_list_that_is_not_cheaper_is_tried_once(fake, clock, driven):
    """Operations are then polled one by one, until the measurement expires."""
    fake.list_seconds = 1.5
    subscribe_many(driven, fake, 6, interval=30)

    drive(driven, clock, 290)
    assert fake.count(LIST) == 1
    drive(driven, clock, 30)

    assert fake.count(LIST) == 2
    assert fake.count(EXAMPLE) >= 290 / 30.5


@pytest.mark.usefixtures("early_trial")
def test_the_list_is_not_used_while_it_is_expensive(fake, clock, driven):
    """After a few slow lists operations are polled one by one, until a trial is fast."""
    fake.list_seconds = 0.03
    subscribe_many(driven, fake, 6, interval=30)
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


def test_the_last_few_operations_are_polled_one_by_one(fake, clock, driven):
    """The choice depends on the operations that are due, not on earlier ones."""
    subscribe_many(driven, fake, 20)
    drive(driven, clock, 30)
    for job in range(3, 21):
        fake.end(str(job))
    drive(driven, clock, 10)
    fake.requests.clear()

    drive(driven, clock, 30)

    assert fake.count(LIST) == 0
    assert fake.count(EXAMPLE) >= 9


def test_operations_that_are_due_much_later_cause_no_list(fake, clock, driven):
    """Many are polled every ten minutes, and one every three seconds."""
    for operation in fake.add_many(20):
        Subscriber().subscribe(driven, operation, interval=600)
    drive(driven, clock, 2400)
    Subscriber().subscribe(driven, fake.add("99"), interval=3)
    drive(driven, clock, 5)
    fake.requests.clear()

    drive(driven, clock, 60)

    assert fake.count(LIST) <= 2
    assert fake.count("operations/99") >= 17


def test_an_operation_missing_from_the_list_is_polled(fake, clock, driven):
    """It is not polled any more when the list has it again."""
    subscribers = subscribe_many(driven, fake, 20)
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


def test_an_operation_missing_from_the_list_causes_no_list(fake, clock, driven):
    """It is due more often than the others, but a list would not replace its polls."""
    subscribe_many(driven, fake, 8)
    fake.unlisted.add("99")
    Subscriber().subscribe(driven, fake.add("99"), interval=1)
    drive(driven, clock, 20)
    fake.requests.clear()

    drive(driven, clock, 20)

    assert fake.count(LIST) <= 8
    assert fake.count("operations/99") >= 18


def test_a_list_does_not_replace_a_later_snapshot(fake, clock, driven, subscriber):
    """A subscription during the request may begin with a snapshot that is later than the list."""
    subscribe_many(driven, fake, 20)
    new_subscriber = Subscriber()

    def subscribe_meanwhile():
        if not new_subscriber.results and "99" not in fake.jobs:
            new_subscriber.subscribe(driven, fake.add("99", state="CANCELING"))
            listed = [{**each, "status": {"state": "RUNNING"}} for each in fake.jobs.values()]
            return fake_response(200, listed)
        return None

    fake.faults[LIST] = subscribe_meanwhile
    drive(driven, clock, 10)

    assert set(new_subscriber.states) == {"CANCELING"}


def deadlines(fake, path=LIST):
    """Returns the deadline of each request for a path, in seconds."""
    return [
        round(seconds)
        for (_, each), seconds in zip(fake.requests, fake.deadlines, strict=True)
        if each == path
    ]


def test_a_list_that_delays_polls_has_a_shorter_deadline(fake, clock, driven, subscriber):
    """Two seconds for a trial, twenty for a table, and the usual minute without polls."""
    subscription = subscriber.subscribe_all(driven)
    drive(driven, clock, 1)
    subscription.close()
    assert deadlines(fake) == [60]

    subscribe_many(driven, fake, 8)
    drive(driven, clock, 10)
    assert set(deadlines(fake)[1:]) == {2}
    subscriber.subscribe_all(driven)
    driven.run_once()
    assert deadlines(fake)[-1] == 20


BAD_LISTS = {
    "403": fake_response(403),
    "404": fake_response(404),
    "500": fake_response(500),
    "503": fake_response(503),
    "timeout": requests.ReadTimeout("slow"),
    "truncated": requests.exceptions.ChunkedEncodingError("cut"),
    "html": LOGIN_PAGE,
    "object": fake_response(200, {"operations": []}),
    "internal error": ZeroDivisionError("oh"),
}


@pytest.mark.usefixtures("early_trial")
@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_list_that_fails_has_no_effect_on_polls(fake, clock, driven, name):
    """No subscriber is notified, and the list is not tried again for five minutes."""
    fake.faults[LIST] = BAD_LISTS[name]
    subscribers = subscribe_many(driven, fake, 6, interval=60)

    drive(driven, clock, 200)

    assert fake.count(LIST) == 1
    assert not any(each.errors for each in subscribers)
    assert min(len(each.results) for each in subscribers) >= 200 / 60
    drive(driven, clock, 160)
    assert fake.count(LIST) == 2


@pytest.mark.parametrize("name", [name for name in BAD_LISTS if name not in {"403", "404"}])
def test_only_subscribers_to_the_list_are_notified_of_its_errors(
    fake, clock, driven, subscriber, name
):
    """It is retried with a backoff, and the polls of operations continue."""
    fake.faults[LIST] = BAD_LISTS[name]
    subscriber.subscribe_all(driven)
    subscribers = subscribe_many(driven, fake, 3, interval=30)

    drive(driven, clock, 100)

    assert not any(each.errors for each in subscribers)
    assert min(len(each.results) for each in subscribers) >= 100 / 30
    assert len(subscriber.errors) == fake.count(LIST) <= 10
    fake.faults.clear()
    drive(driven, clock, 61)
    assert subscriber.results


def test_403_of_the_list_is_final_only_for_subscribers_to_it(fake, clock, driven, subscriber):
    """They are notified once."""
    fake.faults[LIST] = fake_response(403)
    subscriber.subscribe_all(driven)
    (other,) = subscribe_many(driven, fake, 1)

    drive(driven, clock, 100)

    assert [type(each) for each in subscriber.errors] == [Forbidden]
    assert fake.count(LIST) == 1
    assert len(other.results) >= 30


def test_a_list_that_cannot_connect_is_reported_to_all_subscribers(fake, clock, driven, subscriber):
    """Polls would have the same error."""
    fake.list_seconds = 0.1
    subscriber.subscribe_all(driven)
    (other,) = subscribe_many(driven, fake, 1)
    drive(driven, clock, 20)
    fake.faults[None] = requests.ConnectionError("refused")
    fake.requests.clear()

    drive(driven, clock, 10)

    assert len(subscriber.errors) == len(other.errors) == fake.count() <= 6


def test_a_slow_list_leaves_time_for_polls(fake, clock, driven, subscriber):
    """A list that takes 4 s is requested for a third of the time at most."""
    fake.list_seconds = 4.0
    subscriber.subscribe_all(driven, interval=5)
    (other,) = subscribe_many(driven, fake, 1)

    drive(driven, clock, 240)

    assert len(subscriber.results) == pytest.approx(240 / 12, abs=2)
    assert min(fake.gaps(LIST)) >= 12
    assert len(other.results) >= 240 / 12 * 3
    assert max(fake.gaps()) <= 3 + 4 + 3


def test_lists_of_any_content_are_accepted(fake, clock, driven, subscriber):
    """Such as unreadable statuses, and elements that are no operations."""
    operation = fake.add()
    subscriber.subscribe(driven, operation)
    list_subscriber = Subscriber()
    list_subscriber.subscribe_all(driven)
    odd = [None, 3, "x", [], {}, {"relativeId": ["a"]}, {"relativeId": None, "status": None}]
    fake.faults[LIST] = repeated(1, fake_response(200, odd))

    drive(driven, clock, 20)

    assert len(list_subscriber.results[0].documents) == 3
    assert [each.state for each in list_subscriber.results[0].operations()] == [None] * 3
    assert not subscriber.errors + list_subscriber.errors
    assert mean(fake.gaps()) <= 3


def test_a_list_of_thousands_of_operations_is_accepted(fake, clock, driven, subscriber):
    """Snapshots are made only of operations that have subscribers."""
    for job in range(2_000):
        fake.jobs[str(job)] = {"id": str(job), "relativeId": f"operations/{job}", "status": None}
    operation = fake.add()
    subscriber.subscribe(driven, operation)
    list_subscriber = Subscriber()
    list_subscriber.subscribe_all(driven)

    drive(driven, clock, 3)

    assert len(list_subscriber.results[0].documents) == 2_000
    assert subscriber.results
