from __future__ import annotations

import math
from itertools import pairwise

import pytest
import requests
from fakes import document, fake_response
from polling import EXAMPLE, LIST, FakeTamr, Subscriber, drive

from tamr_widgets import Operation
from tamr_widgets._polling.history_loader import BATCH_SIZE, URGENT_SECONDS


@pytest.fixture
def fake(clock):
    fake = FakeTamr(clock)
    for number in range(100, 110):
        fake.add(str(number), state="SUCCEEDED")
    return fake


@pytest.fixture
def learned():
    return []


def samples(driven):
    estimate = driven.history.estimate(Operation(None, document()))
    return 0 if estimate is None else estimate.samples


def test_the_history_is_loaded_by_one_request_between_polls(fake, clock, driven, learned):
    """It delays no result, since the list includes the polled operation."""
    fake.list_seconds = 0.9
    received_at = []
    driven.learn(learned.append)
    driven.subscribe(fake.add(), lambda _: received_at.append(clock.now))

    drive(driven, clock, 60)

    assert learned == [driven.history]
    assert samples(driven) == 10
    assert fake.count(LIST) == 1
    assert max(later - earlier for earlier, later in pairwise(received_at)) <= 3.02


def test_the_history_is_loaded_only_on_request(fake, clock, driven):
    """Without a widget that shows estimates, no list is requested."""
    Subscriber().subscribe(driven, fake.add())

    drive(driven, clock, 60)

    assert fake.count(LIST) == 0
    assert samples(driven) == 0


def test_the_history_is_not_loaded_without_subscribers(fake, clock, driven, learned):
    """It is loaded with the first subscriber."""
    driven.learn(learned.append)
    driven.submit(lambda: None, print, delay=3600)
    drive(driven, clock, 60)
    assert fake.count() == 0

    Subscriber().subscribe(driven, fake.add())
    drive(driven, clock, 60)
    assert learned


def test_a_short_pause_between_polls_is_used_after_a_few_seconds(fake, clock, driven, learned):
    """There may never be a long one."""
    for number in range(4):
        Subscriber().subscribe(driven, fake.add(str(number)), interval=0.5)
    driven.learn(learned.append)
    drive(driven, clock, URGENT_SECONDS - 0.5)
    assert not learned

    drive(driven, clock, 2)

    assert learned


def test_a_later_request_for_the_history_is_served_immediately(fake, clock, driven, learned):
    """It needs neither another list nor a subscriber."""
    subscriber = Subscriber()
    subscription = subscriber.subscribe(driven, fake.add())
    driven.learn(learned.append)
    drive(driven, clock, 10)
    subscription.close()

    driven.learn(learned.append)
    driven.run_once()

    assert len(learned) == 2
    assert fake.count(LIST) == 1


def test_the_callback_of_a_closed_request_is_not_called(fake, clock, driven, learned):
    """Neither before nor after the history is loaded."""
    driven.learn(learned.append).close()
    Subscriber().subscribe(driven, fake.add())
    drive(driven, clock, 10)
    driven.learn(learned.append).close()
    drive(driven, clock, 10)

    assert not learned


def test_the_history_is_loaded_from_the_list_of_a_table(fake, clock, driven, learned):
    """No other list is requested."""
    Subscriber().subscribe_all(driven, interval=600)
    drive(driven, clock, 10)
    driven.learn(learned.append)
    drive(driven, clock, 10)

    assert learned
    assert samples(driven) == 10
    assert fake.count(LIST) == 1


def test_a_later_end_is_learnt_from_every_response(fake, clock, driven, learned):
    """From a single poll, from a list that replaces many, and from the list of a table."""
    subscriber = Subscriber()
    driven.learn(learned.append)
    subscriber.subscribe(driven, fake.add("1"))
    drive(driven, clock, 10)
    fake.end("1")
    drive(driven, clock, 10)
    assert samples(driven) == 11

    for number in range(2, 12):
        Subscriber().subscribe(driven, fake.add(str(number)), interval=3)
    drive(driven, clock, 10)
    fake.end("2")
    drive(driven, clock, 10)
    assert fake.count(LIST) > 1
    assert samples(driven) == 12

    Subscriber().subscribe_all(driven)
    fake.add("77")
    drive(driven, clock, 10)
    fake.end("77")
    drive(driven, clock, 10)
    assert samples(driven) == 13


@pytest.mark.parametrize(
    ("fault", "requests_in_ten_minutes"),
    [
        (fake_response(403), 1),
        (fake_response(404), 1),
        (fake_response(502), 2),
        (requests.ReadTimeout("slow"), 2),
        (fake_response(200, {}), 2),
    ],
)
def test_polls_continue_if_the_history_cannot_be_loaded(
    fake, clock, driven, learned, fault, requests_in_ten_minutes
):
    """No subscriber is notified; only transient errors are retried, after minutes."""
    fake.faults[LIST] = fault
    subscriber = Subscriber()
    subscriber.subscribe(driven, fake.add(), interval=30)
    driven.learn(learned.append)

    drive(driven, clock, 590)

    assert fake.count(LIST) == requests_in_ten_minutes
    assert not learned
    assert not subscriber.errors
    assert fake.count(EXAMPLE) >= 590 / 31


def test_a_long_history_is_loaded_in_batches_between_polls(fake, clock, driven, learned):
    """A poll that is due comes first."""
    for number in range(1000, 1000 + 3 * BATCH_SIZE):
        fake.add(str(number), state="SUCCEEDED")
    Subscriber().subscribe(driven, fake.add("1"))
    driven.learn(learned.append)
    while not fake.count(LIST):
        clock.advance(driven.run_once())

    requested = fake.count(EXAMPLE)
    driven.run_once()
    assert not learned
    clock.advance(60)
    driven.run_once()
    assert fake.count(EXAMPLE) == requested + 1
    assert not learned
    drive(driven, clock, 1)

    assert learned


def test_a_partly_loaded_history_is_requested_again(fake, clock, driven, learned, monkeypatch):
    """Its other documents are dropped with the last subscriber."""
    for number in range(1000, 1000 + 3 * BATCH_SIZE):
        fake.add(str(number), state="SUCCEEDED")
    subscription = Subscriber().subscribe(driven, fake.add("1"))
    driven.learn(learned.append)
    while not fake.count(LIST):
        clock.advance(driven.run_once())
    subscription.close()
    assert driven.run_once() == math.inf

    Subscriber().subscribe(driven, fake.add("1"))
    drive(driven, clock, 10)

    assert learned
    assert fake.count(LIST) == 2


def test_an_operation_that_cannot_be_added_is_skipped(
    fake, clock, driven, learned, monkeypatch, caplog
):
    """The error is logged; polls continue, and no subscriber is notified of it."""
    monkeypatch.setattr(type(driven.history), "add", lambda *_: 1 / 0)
    subscriber = Subscriber()
    subscriber.subscribe(driven, fake.add())
    driven.learn(learned.append)
    drive(driven, clock, 10)
    fake.end()
    drive(driven, clock, 10)

    assert learned
    assert subscriber.states[-1] == "SUCCEEDED"
    assert not subscriber.errors
    assert "could not be added to the history" in caplog.text
