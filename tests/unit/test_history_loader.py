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


def test_the_past_is_learnt_by_one_request_in_a_pause(fake, clock, driven, learned):
    """It comes between two polls, none of which is late for it: it brings what they would."""
    fake.list_seconds = 0.9
    heard_at = []
    driven.learn(learned.append)
    driven.subscribe(fake.add(), lambda _: heard_at.append(clock.now))

    drive(driven, clock, 60)

    assert learned == [driven.history]
    assert samples(driven) == 10
    assert fake.count(LIST) == 1
    assert max(later - earlier for earlier, later in pairwise(heard_at)) <= 3.02


def test_nothing_is_learnt_that_nobody_wants_to_know(fake, clock, driven):
    """Without a widget that shows estimates there is no request for them."""
    Subscriber().subscribe(driven, fake.add())

    drive(driven, clock, 60)

    assert fake.count(LIST) == 0
    assert samples(driven) == 0


def test_nothing_is_requested_while_nobody_follows_anything(fake, clock, driven, learned):
    """The wish alone keeps no thread busy; it is granted with the first subscriber."""
    driven.learn(learned.append)
    driven.submit(lambda: None, print, delay=3600)
    drive(driven, clock, 60)
    assert fake.count() == 0

    Subscriber().subscribe(driven, fake.add())
    drive(driven, clock, 60)
    assert learned


def test_when_there_is_no_long_pause_a_short_one_will_do(fake, clock, driven, learned):
    """After a few seconds of wanting it; but never when a poll is due."""
    for number in range(4):
        Subscriber().subscribe(driven, fake.add(str(number)), interval=0.5)
    driven.learn(learned.append)
    drive(driven, clock, URGENT_SECONDS - 0.5)
    assert not learned

    drive(driven, clock, 2)

    assert learned


def test_who_wants_to_know_it_later_hears_at_once(fake, clock, driven, learned):
    """It costs no second request, and needs no subscriber."""
    subscriber = Subscriber()
    subscription = subscriber.subscribe(driven, fake.add())
    driven.learn(learned.append)
    drive(driven, clock, 10)
    subscription.close()

    driven.learn(learned.append)
    driven.run_once()

    assert len(learned) == 2
    assert fake.count(LIST) == 1


def test_who_no_longer_wants_to_know_it_hears_nothing(fake, clock, driven, learned):
    """Neither before nor after it is learnt."""
    driven.learn(learned.append).close()
    Subscriber().subscribe(driven, fake.add())
    drive(driven, clock, 10)
    driven.learn(learned.append).close()
    drive(driven, clock, 10)

    assert not learned


def test_the_list_of_a_table_is_learnt_from_without_a_request(fake, clock, driven, learned):
    """Whether it came before somebody wanted to learn, or after."""
    Subscriber().subscribe_all(driven, interval=600)
    drive(driven, clock, 10)
    driven.learn(learned.append)
    drive(driven, clock, 10)

    assert learned
    assert samples(driven) == 10
    assert fake.count(LIST) == 1


def test_what_ends_later_is_learnt_from_every_response(fake, clock, driven, learned):
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
def test_where_the_list_cannot_be_had_it_does_without(
    fake, clock, driven, learned, fault, requests_in_ten_minutes
):
    """Nobody hears of it; what may pass is tried again after minutes, the rest never."""
    fake.faults[LIST] = fault
    subscriber = Subscriber()
    subscriber.subscribe(driven, fake.add(), interval=30)
    driven.learn(learned.append)

    drive(driven, clock, 590)

    assert fake.count(LIST) == requests_in_ten_minutes
    assert not learned
    assert not subscriber.errors
    assert fake.count(EXAMPLE) >= 590 / 31


def test_a_long_past_is_learnt_in_pieces_between_the_polls(fake, clock, driven, learned):
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


def test_a_past_that_was_not_learnt_to_its_end_is_requested_again(
    fake, clock, driven, learned, monkeypatch
):
    """When everybody goes, nothing of the server's is kept."""
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


def test_what_nothing_can_be_learnt_from_is_passed_over(
    fake, clock, driven, learned, monkeypatch, caplog
):
    """An error in there neither ends the polling nor is shown to anybody."""
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
