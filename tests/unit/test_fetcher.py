from __future__ import annotations

import random
from statistics import mean

import pytest
import requests
from doubles import answer
from polling import EXAMPLE, LIST, FakeTamr, Follower, drive, without_threads

from tamr_widgets import Poller
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

LOGIN_PAGE = answer(200, b"<html>Sign in</html>", Content_Type="text/html; charset=utf-8")
PASSING = {
    "502": (answer(502), HTTPStatusError),
    "503": (answer(503), HTTPStatusError),
    "504": (answer(504), HTTPStatusError),
    "500": (answer(500), HTTPStatusError),
    "429": (answer(429), HTTPStatusError),
    "408": (answer(408), HTTPStatusError),
    "reset": (requests.ConnectionError("reset"), ConnectionFailed),
    "too slow": (requests.ReadTimeout("slow"), RequestTimeout),
    "cut off": (requests.exceptions.ChunkedEncodingError("cut"), ConnectionFailed),
    "login page": (LOGIN_PAGE, UnexpectedResponse),
    "[]": (answer(200, []), UnexpectedResponse),
    "null": (answer(200, b"null"), UnexpectedResponse),
    "{}": (answer(200, {}), UnexpectedResponse),
    "another id": (answer(200, {"id": "2", "relativeId": "operations/2"}), UnexpectedResponse),
    "ours": (ZeroDivisionError("oh"), InternalError),
}


@pytest.fixture
def tamr(hands):
    return FakeTamr(hands)


@pytest.fixture
def poller(tamr, monkeypatch):
    """A poller without a thread: `drive` makes it work."""
    without_threads(monkeypatch)
    return Poller(tamr)


@pytest.fixture
def follower():
    return Follower()


def follow_many(poller, tamr, number, interval=3):
    followers = [Follower() for _ in range(number)]
    for each, operation in zip(followers, tamr.add_many(number), strict=True):
        each.follow(poller, operation, interval)
    return followers


def times(number, fault):
    """The fault so many times, then none."""
    left = [fault] * number
    return lambda: left.pop() if left else None


# Faults


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("number", [1, 5])
def test_a_fault_that_passes_is_told_and_waited_out(tamr, hands, poller, follower, name, number):
    """The follower hears when the next try is due, and then how the job ended."""
    fault, kind = PASSING[name]
    follower.follow(poller, tamr.add())
    tamr.faults[None] = times(number, fault)
    tamr.end()

    drive(poller, hands, 120)

    assert len(follower.faults) == number
    assert all(isinstance(each, kind) for each in follower.faults)
    assert all(each.retry_in_seconds > 0 for each in follower.faults)
    assert follower.states == ["SUCCEEDED"]
    assert tamr.count() == number + 1


def test_the_next_try_comes_when_it_was_said_and_later_each_time(tamr, hands, poller, follower):
    """About 1, 2, 4, ... seconds, by chance less, but never more than a minute; for ever."""
    random.seed(1)
    follower.follow(poller, tamr.add())
    tamr.faults[None] = answer(502)

    drive(poller, hands, 1200)

    said = [each.retry_in_seconds for each in follower.faults]
    for pause, gap in zip(said, tamr.gaps(), strict=False):
        assert gap == pytest.approx(pause + tamr.single_seconds)
    for power, pause in enumerate(said):
        assert min(60, 2**power) / 2 <= pause <= min(60, 2**power)
    assert len(said) > 25


def test_a_good_answer_ends_the_backing_off(tamr, hands, poller, follower):
    """The next fault is a first one again, whether it hits all or one."""
    for fault in (answer(502), answer(500)):
        tamr.faults[None] = times(6, fault)
        subscription = follower.follow(poller, tamr.add())
        drive(poller, hands, 200)
        follower.faults.clear()
        tamr.faults[None] = times(1, fault)
        drive(poller, hands, 20)
        assert [each.retry_in_seconds <= 1 for each in follower.faults] == [True]
        subscription.close()


def test_a_good_list_ends_the_backing_off_of_all(tamr, hands, poller, follower):
    """After it, the next outage is a first one again."""
    follower.follow_all(poller)
    tamr.faults[None] = times(6, requests.ConnectionError("refused"))
    drive(poller, hands, 200)
    follower.faults.clear()
    tamr.faults[None] = times(1, requests.ConnectionError("refused"))
    drive(poller, hands, 20)

    assert [each.retry_in_seconds <= 1 for each in follower.faults] == [True]


@pytest.mark.parametrize("status", [429, 503, 500])
def test_retry_after_is_honoured_on_a_fault(tamr, hands, poller, follower, status):
    """Not even a page in a hurry comes before the time that the server asked for."""
    operation = tamr.add()
    follower.follow(poller, operation)
    tamr.faults[None] = times(1, answer(status, Retry_After="45"))
    drive(poller, hands, 10)
    poller.refresh(operation)
    Follower().follow(poller, operation)

    drive(poller, hands, 60)

    assert 45 <= tamr.gaps()[0] <= 47


@pytest.mark.parametrize(
    ("value", "pause"), [("30", 30), ("1e12", 120), ("0", 3), ("-5", 3), ("soon", 3)]
)
def test_retry_after_is_honoured_on_a_good_answer(tamr, hands, poller, follower, value, pause):
    """Up to two minutes; what makes no sense means nothing."""
    follower.follow(poller, tamr.add())
    drive(poller, hands, 30)
    tamr.headers["Retry-After"] = value

    drive(poller, hands, 300)

    assert tamr.gaps()[-1] == pytest.approx(pause + tamr.single_seconds)
    assert not follower.faults


def test_retry_after_is_honoured_on_the_list(tamr, hands, poller, follower):
    """By the list, and by every operation that it brought."""
    tamr.headers["Retry-After"] = "60"
    follower.follow_all(poller, interval=5)
    Follower().follow(poller, tamr.add())

    drive(poller, hands, 300)

    assert min(tamr.gaps(LIST)) >= 60


def test_an_outage_is_noticed_once_for_all(tamr, hands, poller):
    """One try at a time, whatever the number of operations; everybody is told each time."""
    followers = follow_many(poller, tamr, 50)
    drive(poller, hands, 10)
    tamr.asked.clear()
    tamr.faults[None] = requests.ConnectionError("refused")

    drive(poller, hands, 60)

    assert tamr.count() <= 8
    assert {len(each.faults) for each in followers} == {tamr.count()}
    assert {each.faults[-1] for each in followers} == {followers[0].faults[-1]}
    tamr.faults.clear()
    heard = len(followers[0].news)
    drive(poller, hands, 61)
    assert all(len(each.news) > heard for each in followers)


@pytest.mark.parametrize(
    "fault", [*map(answer, (408, 429, 502, 503, 504)), LOGIN_PAGE, requests.ReadTimeout()]
)
def test_what_is_an_outage_is_nobodys_own_fault(tamr, hands, poller, fault):
    """Also a login page, and a server that does not answer in time, concern everybody."""
    followers = follow_many(poller, tamr, 4)
    tamr.faults[None] = times(1, fault)

    drive(poller, hands, 1)

    assert [len(each.faults) for each in followers] == [1] * 4


@pytest.mark.parametrize("fault", [answer(500), answer(403), answer(200, []), ZeroDivisionError()])
def test_what_goes_wrong_with_one_operation_concerns_no_other(tamr, hands, poller, fault):
    """The others are polled on and hear nothing of it."""
    one, two, three = follow_many(poller, tamr, 3)
    tamr.faults[EXAMPLE] = fault

    drive(poller, hands, 30)

    assert one.faults
    assert not one.news
    assert not two.faults + three.faults
    assert len(two.news) >= 10


def test_401_stops_everything_after_one_attempt(tamr, hands, poller):
    """Neither the widgets nor the table go on knocking with a wrong password."""
    followers = [*follow_many(poller, tamr, 20), Follower()]
    drive(poller, hands, 10)
    followers[-1].follow_all(poller)
    tamr.faults[None] = answer(401)
    tamr.asked.clear()

    drive(poller, hands, 600)

    assert tamr.count() == 1
    for each in followers:
        assert [type(fault) for fault in each.faults] == [Unauthorized]
        assert each.faults[0].retry_in_seconds is None


def test_403_and_404_are_final_for_one_operation(tamr, hands, poller):
    """Each is told once, and the operation is not asked about again."""
    one, two, three = follow_many(poller, tamr, 3)
    drive(poller, hands, 10)
    tamr.faults = {EXAMPLE: answer(403), "operations/2": answer(404)}
    tamr.asked.clear()

    drive(poller, hands, 60)

    assert [type(each) for each in one.faults] == [Forbidden]
    assert [type(each) for each in two.faults] == [NotFound]
    assert one.faults[0].retry_in_seconds is two.faults[0].retry_in_seconds is None
    assert tamr.count(EXAMPLE) == tamr.count("operations/2") == 1
    assert not three.faults


def test_404_is_tried_again_in_the_first_five_seconds(tamr, hands, poller, follower):
    """A job that was just started may not be found yet."""
    operation = tamr.add()
    follower.follow(poller, operation)
    tamr.faults[EXAMPLE] = times(2, answer(404))
    drive(poller, hands, 10)
    assert [each.retry_in_seconds is None for each in follower.faults] == [False, False]
    assert follower.news

    late = Follower()
    subscription = late.follow(poller, tamr.add("2"))
    tamr.faults["operations/2"] = answer(404)
    drive(poller, hands, 60)
    subscription.close()

    assert [each.retry_in_seconds is None for each in late.faults][-2:] == [False, True]
    assert 2 <= len(late.faults) <= 6


def test_whoever_subscribes_after_a_final_fault_asks_anew(tamr, hands, poller, follower):
    """The administrator may have given the permission meanwhile."""
    operation = tamr.add()
    tamr.faults[None] = answer(403)
    follower.follow(poller, operation)
    drive(poller, hands, 10)
    tamr.faults.clear()

    follower.follow(poller, operation)
    drive(poller, hands, 10)

    assert follower.news


def test_an_error_of_the_poller_itself_is_told_and_survived(
    tamr, hands, poller, follower, monkeypatch, caplog
):
    """Everybody hears of it at once, and it goes on a second later."""
    follower.follow(poller, tamr.add())
    with monkeypatch.context() as broken:
        broken.setattr(poller._fetcher._batching, "single_took", lambda _: 1 / 0)
        hands.turn(1)
        poller._run_step()
    assert isinstance(follower.faults[0], InternalError)
    assert follower.faults[0].retry_in_seconds == 1
    assert "Internal error of the poller" in caplog.text

    asked_at = hands.now
    drive(poller, hands, 10)

    assert follower.news
    assert tamr.times()[1] - asked_at == pytest.approx(1)


# The list's economics


def test_a_list_is_asked_for_as_soon_as_it_is_cheaper(tamr, hands, poller):
    """A hundred operations cost one request for each interval, and hear as much as if asked."""
    tamr.list_seconds = 0.5
    followers = follow_many(poller, tamr, 100)
    drive(poller, hands, 15)
    tamr.asked.clear()
    for each in followers:
        each.news.clear()

    drive(poller, hands, 35)

    assert tamr.counts() == {LIST: 10}
    assert {len(each.news) for each in followers} == {10}
    tamr.end("7")
    drive(poller, hands, 4)
    assert [each.ends for each in followers] == [0] * 6 + [1] + [0] * 93


def test_few_operations_are_asked_about_one_by_one(tamr, hands, poller):
    """Two single requests are cheaper than a list that takes longer."""
    follow_many(poller, tamr, 2)
    tamr.list_seconds = 0.025

    drive(poller, hands, 60)

    assert tamr.count(LIST) == 0


def test_a_list_that_is_not_cheaper_is_tried_once(tamr, hands, poller):
    """After that they are asked about one by one, until the measurement is old."""
    tamr.list_seconds = 1.5
    follow_many(poller, tamr, 8)

    drive(poller, hands, 290)
    assert tamr.count(LIST) == 1
    drive(poller, hands, 30)

    assert tamr.count(LIST) == 2
    assert tamr.count(EXAMPLE) >= 290 / 3.5


def test_when_it_gets_expensive_it_is_given_up_and_taken_up_again(tamr, hands, poller):
    """It is back one by one after a few lists, and back to the list when a trial shows so."""
    follow_many(poller, tamr, 8)
    drive(poller, hands, 30)
    assert tamr.count(EXAMPLE) <= 1
    tamr.list_seconds = 1.0
    drive(poller, hands, 10)
    tamr.asked.clear()
    drive(poller, hands, 60)
    assert tamr.count(LIST) == 0

    tamr.list_seconds = 0.05
    drive(poller, hands, 300)
    tamr.asked.clear()
    drive(poller, hands, 30)

    assert tamr.counts() == {LIST: tamr.count(LIST)}


def test_when_only_few_are_left_they_are_asked_about_one_by_one(tamr, hands, poller):
    """The list replaces what is due, not what was once."""
    follow_many(poller, tamr, 20)
    drive(poller, hands, 30)
    for job in range(3, 21):
        tamr.end(str(job))
    drive(poller, hands, 10)
    tamr.asked.clear()

    drive(poller, hands, 30)

    assert tamr.count(LIST) == 0
    assert tamr.count(EXAMPLE) >= 9


def test_what_is_not_due_for_long_is_no_reason_for_a_list(tamr, hands, poller):
    """Many that are asked about every ten minutes do not count with one that is due now."""
    for operation in tamr.add_many(20):
        Follower().follow(poller, operation, interval=600)
    drive(poller, hands, 2400)
    Follower().follow(poller, tamr.add("99"), interval=3)
    drive(poller, hands, 5)
    tamr.asked.clear()

    drive(poller, hands, 60)

    assert tamr.count(LIST) <= 2
    assert tamr.count("operations/99") >= 17


def test_what_the_list_leaves_out_is_asked_about_singly(tamr, hands, poller):
    """And by the list again, if it turns up there."""
    followers = follow_many(poller, tamr, 20)
    tamr.unlisted.add("1")
    drive(poller, hands, 30)
    tamr.asked.clear()
    drive(poller, hands, 30)
    assert set(tamr.counts()) == {LIST, EXAMPLE}
    assert tamr.count(EXAMPLE) >= 9
    assert tamr.count(LIST) <= 11
    assert len(followers[0].news) >= 15

    tamr.unlisted.clear()
    drive(poller, hands, 10)
    tamr.asked.clear()
    drive(poller, hands, 30)

    assert set(tamr.counts()) == {LIST}


def test_what_the_list_leaves_out_does_not_ask_for_it(tamr, hands, poller):
    """It is of no use to an operation that is due more often and is not in it."""
    follow_many(poller, tamr, 8)
    tamr.unlisted.add("99")
    Follower().follow(poller, tamr.add("99"), interval=1)
    drive(poller, hands, 30)
    tamr.asked.clear()

    drive(poller, hands, 30)

    assert tamr.count(LIST) <= 11
    assert tamr.count("operations/99") >= 28


def test_a_list_does_not_tell_what_is_older_than_the_question(tamr, hands, poller, follower):
    """One who subscribes while the list is on its way may know more than the list."""
    follow_many(poller, tamr, 20)
    newcomer = Follower()

    def subscribe_meanwhile():
        if not newcomer.news and "99" not in tamr.jobs:
            newcomer.follow(poller, tamr.add("99", state="CANCELING"))
            listed = [{**each, "status": {"state": "RUNNING"}} for each in tamr.jobs.values()]
            return answer(200, listed)
        return None

    tamr.faults[LIST] = subscribe_meanwhile
    drive(poller, hands, 10)

    assert set(newcomer.states) == {"CANCELING"}


def limits(tamr, path=LIST):
    """How many seconds each request for a path was given."""
    return [
        round(limit)
        for (_, asked), limit in zip(tamr.asked, tamr.limits, strict=True)
        if asked == path
    ]


def test_a_list_that_keeps_others_waiting_has_a_time_limit_of_its_own(
    tamr, hands, poller, follower
):
    """Two seconds for a trial, twenty for a table; all that a request may take if it is alone."""
    subscription = follower.follow_all(poller)
    drive(poller, hands, 1)
    subscription.close()
    assert limits(tamr) == [60]

    follow_many(poller, tamr, 8)
    drive(poller, hands, 10)
    assert set(limits(tamr)[1:]) == {2}
    follower.follow_all(poller)
    poller._step()
    assert limits(tamr)[-1] == 20


BAD_LISTS = {
    "403": answer(403),
    "404": answer(404),
    "500": answer(500),
    "503": answer(503),
    "too slow": requests.ReadTimeout("slow"),
    "cut off": requests.exceptions.ChunkedEncodingError("cut"),
    "html": LOGIN_PAGE,
    "object": answer(200, {"operations": []}),
    "ours": ZeroDivisionError("oh"),
}


@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_list_that_fails_leaves_the_single_requests_alone(tamr, hands, poller, name):
    """Nobody hears of it, and it is not tried again for five minutes."""
    tamr.faults[LIST] = BAD_LISTS[name]
    followers = follow_many(poller, tamr, 6)

    drive(poller, hands, 200)

    assert tamr.count(LIST) == 1
    assert not any(each.faults for each in followers)
    assert min(len(each.news) for each in followers) >= 60
    drive(poller, hands, 130)
    assert tamr.count(LIST) == 2


@pytest.mark.parametrize("name", [name for name in BAD_LISTS if name not in {"403", "404"}])
def test_only_its_own_followers_hear_that_the_list_fails(tamr, hands, poller, follower, name):
    """It is tried again later each time; the widgets on the same page go on."""
    tamr.faults[LIST] = BAD_LISTS[name]
    follower.follow_all(poller)
    followers = follow_many(poller, tamr, 3)

    drive(poller, hands, 100)

    assert not any(each.faults for each in followers)
    assert min(len(each.news) for each in followers) >= 25
    assert len(follower.faults) == tamr.count(LIST) <= 10
    tamr.faults.clear()
    drive(poller, hands, 61)
    assert follower.news


def test_a_list_that_is_forbidden_is_final_for_its_followers_only(tamr, hands, poller, follower):
    """They hear it once."""
    tamr.faults[LIST] = answer(403)
    follower.follow_all(poller)
    (other,) = follow_many(poller, tamr, 1)

    drive(poller, hands, 100)

    assert [type(each) for each in follower.faults] == [Forbidden]
    assert tamr.count(LIST) == 1
    assert len(other.news) >= 30


def test_a_list_that_finds_no_server_tells_everybody(tamr, hands, poller, follower):
    """Then the single requests would not find it, either."""
    tamr.list_seconds = 0.1
    follower.follow_all(poller)
    (other,) = follow_many(poller, tamr, 1)
    drive(poller, hands, 20)
    tamr.faults[None] = requests.ConnectionError("refused")
    tamr.asked.clear()

    drive(poller, hands, 10)

    assert len(follower.faults) == len(other.faults) == tamr.count() <= 6


def test_a_heavy_list_that_is_followed_leaves_time_for_single_requests(
    tamr, hands, poller, follower
):
    """One that takes 4 s is asked for no more than a third of the time; others are asked singly."""
    tamr.list_seconds = 4.0
    follower.follow_all(poller, interval=5)
    (other,) = follow_many(poller, tamr, 1)

    drive(poller, hands, 240)

    assert len(follower.news) == pytest.approx(240 / 12, abs=2)
    assert min(tamr.gaps(LIST)) >= 12
    assert len(other.news) >= 240 / 12 * 3
    assert max(tamr.gaps()) <= 3 + 4 + 3


def test_lists_of_any_size_and_content_are_taken(tamr, hands, poller, follower):
    """Empty, with statuses that can't be read, with things that are no operations."""
    operation = tamr.add()
    follower.follow(poller, operation)
    everything = Follower()
    everything.follow_all(poller)
    odd = [None, 3, "x", [], {}, {"relativeId": ["a"]}, {"relativeId": None, "status": None}]
    tamr.faults[LIST] = times(1, answer(200, odd))

    drive(poller, hands, 20)

    assert len(everything.news[0].documents) == 3
    assert [each.state for each in everything.news[0].operations()] == [None] * 3
    assert not follower.faults + everything.faults
    assert mean(tamr.gaps()) <= 3


def test_fifty_thousand_operations_are_taken(tamr, hands, poller, follower):
    """Only what is followed is made into snapshots."""
    for job in range(50_000):
        tamr.jobs[str(job)] = {"id": str(job), "relativeId": f"operations/{job}", "status": None}
    operation = tamr.add()
    follower.follow(poller, operation)
    everything = Follower()
    everything.follow_all(poller)

    drive(poller, hands, 3)

    assert len(everything.news[0].documents) == 50_000
    assert follower.news
