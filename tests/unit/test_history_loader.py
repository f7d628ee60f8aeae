from __future__ import annotations

from itertools import pairwise

import pytest
import requests
from doubles import answer, document
from polling import EXAMPLE, LIST, FakeTamr, Follower, drive, without_threads

from tamr_widgets import Operation, Poller
from tamr_widgets._polling.history_loader import CHUNK, URGENT_SECONDS


@pytest.fixture
def tamr(hands):
    tamr = FakeTamr(hands)
    for number in range(100, 110):
        tamr.add(str(number), state="SUCCEEDED")
    return tamr


@pytest.fixture
def poller(tamr, monkeypatch):
    without_threads(monkeypatch)
    return Poller(tamr)


@pytest.fixture
def learned():
    return []


def samples(poller):
    estimate = poller.history.estimate(Operation(None, document()))
    return 0 if estimate is None else estimate.samples


def test_the_past_is_learnt_by_one_request_in_a_pause(tamr, hands, poller, learned):
    """It comes between two polls, none of which is late for it: it brings what they would."""
    tamr.list_seconds = 0.9
    heard_at = []
    poller.learn(learned.append)
    poller.subscribe(tamr.add(), lambda _: heard_at.append(hands.now))

    drive(poller, hands, 60)

    assert learned == [poller.history]
    assert samples(poller) == 10
    assert tamr.count(LIST) == 1
    assert max(later - earlier for earlier, later in pairwise(heard_at)) <= 3.02


def test_nothing_is_learnt_that_nobody_wants_to_know(tamr, hands, poller):
    """Without a widget that shows estimates there is no request for them."""
    Follower().follow(poller, tamr.add())

    drive(poller, hands, 60)

    assert tamr.count(LIST) == 0
    assert samples(poller) == 0


def test_nothing_is_asked_while_nobody_follows_anything(tamr, hands, poller, learned):
    """The wish alone keeps no thread busy; it is granted with the first follower."""
    poller.learn(learned.append)
    poller.submit(lambda: None, print, delay=3600)
    drive(poller, hands, 60)
    assert tamr.count() == 0

    Follower().follow(poller, tamr.add())
    drive(poller, hands, 60)
    assert learned


def test_when_there_is_no_long_pause_a_short_one_will_do(tamr, hands, poller, learned):
    """After a few seconds of wanting it; but never when a poll is due."""
    for number in range(4):
        Follower().follow(poller, tamr.add(str(number)), interval=0.5)
    poller.learn(learned.append)
    drive(poller, hands, URGENT_SECONDS - 0.5)
    assert not learned

    drive(poller, hands, 2)

    assert learned


def test_who_wants_to_know_it_later_hears_at_once(tamr, hands, poller, learned):
    """It costs no second request, and needs no follower."""
    follower = Follower()
    subscription = follower.follow(poller, tamr.add())
    poller.learn(learned.append)
    drive(poller, hands, 10)
    subscription.close()

    poller.learn(learned.append)
    poller._step()

    assert len(learned) == 2
    assert tamr.count(LIST) == 1


def test_who_no_longer_wants_to_know_it_hears_nothing(tamr, hands, poller, learned):
    """Neither before nor after it is learnt."""
    poller.learn(learned.append).close()
    Follower().follow(poller, tamr.add())
    drive(poller, hands, 10)
    poller.learn(learned.append).close()
    drive(poller, hands, 10)

    assert not learned


def test_the_list_of_a_table_is_learnt_from_without_a_request(tamr, hands, poller, learned):
    """Whether it came before somebody wanted to learn, or after."""
    Follower().follow_all(poller, interval=600)
    drive(poller, hands, 10)
    poller.learn(learned.append)
    drive(poller, hands, 10)

    assert learned
    assert samples(poller) == 10
    assert tamr.count(LIST) == 1


def test_what_ends_later_is_learnt_from_every_answer(tamr, hands, poller, learned):
    """From a single poll, from a list that replaces many, and from the list of a table."""
    follower = Follower()
    poller.learn(learned.append)
    follower.follow(poller, tamr.add("1"))
    drive(poller, hands, 10)
    tamr.end("1")
    drive(poller, hands, 10)
    assert samples(poller) == 11

    for number in range(2, 12):
        Follower().follow(poller, tamr.add(str(number)), interval=3)
    drive(poller, hands, 10)
    tamr.end("2")
    drive(poller, hands, 10)
    assert tamr.count(LIST) > 1
    assert samples(poller) == 12

    Follower().follow_all(poller)
    tamr.add("77")
    drive(poller, hands, 10)
    tamr.end("77")
    drive(poller, hands, 10)
    assert samples(poller) == 13


@pytest.mark.parametrize(
    ("fault", "requests_in_ten_minutes"),
    [
        (answer(403), 1),
        (answer(404), 1),
        (answer(502), 2),
        (requests.ReadTimeout("slow"), 2),
        (answer(200, {}), 2),
    ],
)
def test_where_the_list_cannot_be_had_it_does_without(
    tamr, hands, poller, learned, fault, requests_in_ten_minutes
):
    """Nobody hears of it; what may pass is tried again after minutes, the rest never."""
    tamr.faults[LIST] = fault
    follower = Follower()
    follower.follow(poller, tamr.add())
    poller.learn(learned.append)

    drive(poller, hands, 590)

    assert tamr.count(LIST) == requests_in_ten_minutes
    assert not learned
    assert not follower.faults
    assert tamr.count(EXAMPLE) >= 590 / 3.1


def test_a_long_past_is_learnt_in_pieces_between_the_polls(tamr, hands, poller, learned):
    """A poll that is due comes first."""
    for number in range(1000, 1000 + 5 * CHUNK):
        tamr.add(str(number), state="SUCCEEDED")
    Follower().follow(poller, tamr.add("1"))
    poller.learn(learned.append)
    while not tamr.count(LIST):
        pause = poller._step()
        hands.turn(max(0, pause))

    asked = tamr.count(EXAMPLE)
    poller._step()
    assert not learned
    hands.turn(60)
    poller._step()
    assert tamr.count(EXAMPLE) == asked + 1
    assert not learned
    drive(poller, hands, 1)

    assert learned


def test_a_past_that_was_not_learnt_to_its_end_is_asked_for_again(
    tamr, hands, poller, learned, monkeypatch
):
    """When everybody goes, nothing of the server's is kept."""
    for number in range(1000, 1000 + 5 * CHUNK):
        tamr.add(str(number), state="SUCCEEDED")
    subscription = Follower().follow(poller, tamr.add("1"))
    poller.learn(learned.append)
    while not tamr.count(LIST):
        hands.turn(max(0, poller._step()))
    subscription.close()
    assert not poller._wait_for_work()
    assert not poller._fetcher.history_loader._remaining

    Follower().follow(poller, tamr.add("1"))
    drive(poller, hands, 10)

    assert learned
    assert tamr.count(LIST) == 2


def test_what_nothing_can_be_learnt_from_is_passed_over(
    tamr, hands, poller, learned, monkeypatch, caplog
):
    """An error in there neither ends the polling nor is shown to anybody."""
    monkeypatch.setattr(type(poller.history), "add", lambda *_: 1 / 0)
    follower = Follower()
    follower.follow(poller, tamr.add())
    poller.learn(learned.append)
    drive(poller, hands, 10)
    tamr.end()
    drive(poller, hands, 10)

    assert learned
    assert follower.states[-1] == "SUCCEEDED"
    assert not follower.faults
    assert "could not be added to the history" in caplog.text
