from __future__ import annotations

import random
from statistics import median

import pytest
from doubles import answer
from polling import EXAMPLE, LIST, FakeTamr, Follower, drive, without_threads

from tamr_widgets import Operation, OperationTypeError, Poller, TamrError


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


# PollTargets


def test_a_follower_hears_each_poll_until_the_end_and_nothing_after_it(
    tamr, hands, poller, follower
):
    """The last snapshot is resolved, and the operation is never asked about again."""
    follower.follow(poller, tamr.add(state="PENDING"))

    drive(poller, hands, 1)
    tamr.end()
    drive(poller, hands, 60)

    assert follower.states[0] == "PENDING"
    assert follower.states[-1] == "SUCCEEDED"
    assert follower.ends == 1
    assert tamr.count() == len(follower.news)
    assert not follower.faults


def test_a_resolved_operation_costs_no_request(tamr, hands, poller, follower):
    """It is delivered once, like any other."""
    follower.follow(poller, tamr.add(state="FAILED"))

    drive(poller, hands, 60)

    assert tamr.count() == 0
    assert follower.states == ["FAILED"]


def test_many_followers_of_one_operation_cost_one_request(tamr, hands, poller):
    """Twenty widgets of one operation ask as often as one, and all hear of its end once."""
    operation = tamr.add()
    followers = [Follower() for _ in range(20)]
    for each in followers:
        each.follow(poller, operation)

    drive(poller, hands, 30)
    alone = tamr.count()
    tamr.end()
    drive(poller, hands, 30)

    assert alone <= 15
    assert {len(each.news) for each in followers} == {tamr.count()}
    assert {each.ends for each in followers} == {1}


def test_the_shortest_interval_of_all_followers_counts(tamr, hands, poller, follower):
    """A follower with a shorter interval need not wait for the longer one of another."""
    operation = tamr.add()
    Follower().follow(poller, operation, interval=600)
    drive(poller, hands, 3000)

    subscription = follower.follow(poller, operation, interval=2)
    drive(poller, hands, 20)
    heard = len(follower.news)
    subscription.close()
    drive(poller, hands, 20)

    assert heard >= 9
    assert len(follower.news) == heard
    assert tamr.times()[-1] < hands.now - 19


def test_one_who_comes_later_hears_the_newest_snapshot_first(tamr, hands, poller, follower):
    """It hears it at once, and only once."""
    old = tamr.add(state="PENDING")
    Follower().follow(poller, old, interval=600)
    tamr.add(state="RUNNING")
    drive(poller, hands, 30)
    asked = tamr.count()

    follower.follow(poller, old, interval=600)
    poller._step()

    assert follower.states == ["RUNNING"]
    assert tamr.count() == asked
    drive(poller, hands, 0.1)
    assert follower.states == ["RUNNING"]


def test_one_who_knows_the_newest_snapshot_is_not_told_it(tamr, hands, poller, follower):
    """News are told, not what the follower brought along."""
    first = Follower()
    first.follow(poller, tamr.add(), interval=600)
    drive(poller, hands, 30)

    follower.follow(poller, first.news[-1], interval=600)
    poller._step()

    assert follower.news == []


def test_one_who_comes_at_the_moment_of_the_end_hears_it_once(tamr, hands, poller):
    """Whether it came just before or just after the answer makes no difference."""
    operation = tamr.add()
    late = Follower()
    first = Follower()
    poller.subscribe(
        operation,
        lambda news: (first.news.append(news), late.follow(poller, operation)),
        interval=3,
    )
    tamr.end()

    drive(poller, hands, 60)

    assert first.ends == 1
    assert late.ends == 1


def test_one_who_comes_in_an_outage_is_told_of_it(tamr, hands, poller, follower):
    """A new widget need not wait for the next try to say that the server can't be reached."""
    operation = tamr.add()
    Follower().follow(poller, operation)
    drive(poller, hands, 1)
    tamr.faults[None] = ConnectionResetError()
    drive(poller, hands, 120)
    asked = tamr.count()

    follower.follow(poller, operation)
    poller._step()

    assert len(follower.faults) == 1
    assert 0 < follower.faults[0].retry_in_seconds <= 60
    assert tamr.count() == asked


def test_a_closed_subscription_hears_nothing_and_asks_nothing(tamr, hands, poller, follower):
    """Closing it twice is fine."""
    subscription = follower.follow(poller, tamr.add())
    subscription.close()
    subscription.close()

    drive(poller, hands, 30)

    assert tamr.count() == 0
    assert not follower.news


def test_closing_in_a_callback_ends_it_at_once(tamr, hands, poller, follower):
    """What closes itself on the first news hears no second."""
    operation = tamr.add()
    subscription = poller.subscribe(
        operation, lambda news: (follower.news.append(news), subscription.close())
    )

    drive(poller, hands, 30)

    assert len(follower.news) == 1
    assert tamr.count() == 1


def test_a_callback_that_raises_disturbs_nobody(tamr, hands, poller, follower, caplog):
    """It is logged; the other followers, and the next operation, go on; also for SystemExit."""
    operation = tamr.add("1")
    poller.subscribe(operation, lambda _: 1 / 0)
    poller.subscribe(operation, lambda _: exec("raise SystemExit"))
    follower.follow(poller, operation)
    tamr.end("1")

    drive(poller, hands, 30)

    assert follower.states == ["SUCCEEDED"]
    assert caplog.text.count("callback raised") == 2


def test_a_callback_for_faults_that_raises_disturbs_nobody(tamr, hands, poller, follower, caplog):
    """The same holds for what is called with faults."""
    operation = tamr.add("1")
    tamr.faults[None] = answer(500)
    poller.subscribe(operation, lambda _: None, lambda _: 1 / 0)
    follower.follow(poller, operation)

    drive(poller, hands, 1)

    assert follower.faults
    assert "ZeroDivisionError" in caplog.text


def test_operations_of_the_public_client_are_adopted(tamr, hands, poller, follower):
    """Whatever looks like one is followed as ours."""

    class Public:
        def __init__(self, client, data):
            self.client, self._data, self.api_path = client, data, data["relativeId"]

        def poll(self):
            raise AssertionError("its own poll has no limits")

    follower.follow(poller, Public(tamr, tamr.add().to_json()))
    tamr.end()
    drive(poller, hands, 5)

    assert follower.states == ["SUCCEEDED"]


def test_something_else_is_refused(poller):
    """The error comes from the call, not later from a thread."""
    with pytest.raises(OperationTypeError):
        poller.subscribe("operations/1", print)


@pytest.mark.parametrize("interval", [-1, float("nan"), float("inf"), "3", True, None])
def test_an_interval_that_makes_no_sense_is_refused(tamr, poller, interval):
    """The error names the argument."""
    with pytest.raises((ValueError, TypeError), match="interval"):
        poller.subscribe(tamr.add(), print, interval=interval)
    with pytest.raises((ValueError, TypeError), match="interval"):
        poller.subscribe_all(print, interval=interval)


def test_an_interval_of_zero_leaves_the_server_a_little_time(tamr, hands, poller, follower):
    """It does not become a tight loop."""
    follower.follow(poller, tamr.add(), interval=0)

    drive(poller, hands, 10)

    assert tamr.count() <= 10 / 0.05 + 1


def test_an_operation_without_an_address_ends_with_a_reason(tamr, hands, poller, follower):
    """There is nothing to ask, so the follower hears so once."""
    follower.follow(poller, Operation(tamr, {"id": None, "status": {"state": "RUNNING"}}))

    drive(poller, hands, 30)

    assert [each.retry_in_seconds for each in follower.faults] == [None]
    assert tamr.count() == 0


# When it asks


@pytest.mark.parametrize("seed", range(10))
def test_it_asks_soon_at_first_and_then_never_more_often_than_the_interval(
    tamr, hands, poller, follower, seed
):
    """Five polls in the first two seconds or so, two more on the way, then one per interval."""
    random.seed(seed)
    start = hands.now
    follower.follow(poller, tamr.add(), interval=3)

    drive(poller, hands, 100)

    early = [at for at in tamr.times() if at - start < 2.5]
    late = [gap for at, gap in zip(tamr.times()[1:], tamr.gaps(), strict=True) if at - start > 9]
    assert 5 <= len(early) <= 6
    assert tamr.times()[0] - start <= 0.5
    assert min(late) >= 3
    assert max(late) <= 3 + tamr.single_seconds + 1e-6
    assert tamr.count() <= 100 / 3 + 5


@pytest.mark.parametrize(("job", "public", "more"), [(0.5, 2.5, 4), (2.0, 1.0, 4)])
def test_the_end_of_a_short_job_is_seen_within_a_fifth_of_the_plain_intervals_delay(
    tamr, hands, monkeypatch, job, public, more
):
    """At interval 3 the public client sees it at 3 s, with one request."""
    without_threads(monkeypatch)
    delays, counts = [], []
    for seed in range(40):
        random.seed(seed)
        client = FakeTamr(hands)
        client.single_seconds = 0.004
        poller, start = Poller(client), hands.now
        operation = client.add()
        client.faults[EXAMPLE] = lambda c=client, s=start: c.end() if hands.now - s >= job else None
        ended: list[float] = []
        poller.subscribe(
            operation, lambda each, ended=ended: each.resolved and ended.append(hands.now)
        )
        drive(poller, hands, 5)
        delays.append(ended[0] - start - job)
        counts.append(client.count())

    assert median(delays) <= public / 5
    assert median(counts) <= 1 + more
    assert max(counts) <= 2 + more


@pytest.mark.parametrize("state", ["CANCELING", "SOME_NEW_WORD"])
def test_an_unknown_state_is_followed_at_the_interval(hands, monkeypatch, state):
    """A word nobody knows is unresolved: at most 12 requests in 10 s at interval 1."""
    without_threads(monkeypatch)
    for seed in range(8):
        random.seed(seed)
        tamr, follower = FakeTamr(hands), Follower()
        poller = Poller(tamr)
        follower.follow(poller, tamr.add(state=state), interval=1)
        drive(poller, hands, 10)
        assert tamr.count() <= 12
        assert set(follower.states) == {state}
        tamr.end(state="CANCELED")
        drive(poller, hands, 2)
        assert follower.states[-1] == "CANCELED"


@pytest.mark.parametrize("status", [None, {}, "RUNNING", ["RUNNING"], {"state": {}}])
def test_a_status_that_cannot_be_read_is_followed_and_logged_once(
    tamr, hands, poller, follower, caplog, status
):
    """It counts as not ended, at one request for each interval."""
    follower.follow(poller, tamr.add(status=status), interval=1)

    drive(poller, hands, 10)

    assert set(follower.states) == {None}
    assert tamr.count() <= 12
    assert caplog.text.count("no readable state") == 1


def test_followers_that_start_together_are_spread_by_chance(hands, monkeypatch):
    """Fifty kernels that start at once don't ask at once, neither at first nor later."""
    without_threads(monkeypatch)
    random.seed(1)
    times = []
    start = hands.now
    for _ in range(50):
        hands.now = start
        tamr = FakeTamr(hands)
        poller = Poller(tamr)
        Follower().follow(poller, tamr.add(), interval=3)
        drive(poller, hands, 40)
        times.append([at - start for at in tamr.times()])

    first = sorted(each[0] for each in times)
    tenth = sorted(each[9] for each in times)
    assert first[-1] - first[0] > 0.15
    assert tenth[-1] - tenth[0] > 0.5
    assert len({round(at, 4) for at in first}) > 40


def test_a_jump_of_the_wall_clock_changes_nothing(tamr, hands, poller, follower):
    """What time of day it is, on this machine, decides nothing."""
    follower.follow(poller, tamr.add())
    drive(poller, hands, 10)
    hands.time_of_day -= 3600
    drive(poller, hands, 10)
    hands.time_of_day += 7200
    drive(poller, hands, 10)

    assert max(tamr.gaps()) <= 3.1
    assert tamr.count() <= 15


def test_what_no_page_shows_for_five_minutes_is_asked_about_ten_times_less(
    tamr, hands, poller, follower
):
    """It is never dropped; and as soon as a page shows it again, it is asked about at once."""
    subscription = follower.follow(poller, tamr.add(), interval=3, on_a_page=True)
    drive(poller, hands, 304)
    seen = tamr.count()

    drive(poller, hands, 600)
    unseen = tamr.count() - seen
    subscription.mark_visible()
    asked = tamr.count()
    poller._step()

    assert seen >= 300 / 3
    assert 600 / 30 - 2 <= unseen <= 600 / 30 + 1
    assert tamr.count() == asked + 1
    drive(poller, hands, 60)
    assert tamr.count() >= asked + 18


def test_a_page_that_shows_it_now_and_then_is_served_at_the_interval(tamr, hands, poller, follower):
    """About once a minute is often enough, and costs nothing more."""
    subscription = follower.follow(poller, tamr.add(), interval=3, on_a_page=True)
    for _ in range(20):
        drive(poller, hands, 60)
        subscription.mark_visible()

    assert 1200 / 3.1 <= tamr.count() <= 1200 / 3 + 6


def test_code_that_follows_is_never_unseen(tamr, hands, poller, follower):
    """Only pages say that they show something, and one follower that needs it is enough."""
    operation = tamr.add()
    Follower().follow(poller, operation, on_a_page=True)
    follower.follow(poller, operation).mark_visible()

    drive(poller, hands, 1200)

    assert tamr.count() >= 1200 / 3.1


@pytest.mark.parametrize(("path", "seconds"), [(EXAMPLE, 3), (LIST, 5)])
def test_by_default_code_follows_at_three_and_five_seconds(tamr, hands, poller, path, seconds):
    """Not as a page that somebody has to look at."""
    operation, follower = tamr.add(), Follower()
    if path == LIST:
        poller.subscribe_all(follower.news.append)
    else:
        poller.subscribe(operation, follower.news.append)

    drive(poller, hands, 1000)

    taken = tamr.list_seconds if path == LIST else tamr.single_seconds
    assert tamr.gaps(path)[-50:] == pytest.approx([seconds + taken] * 50)


def test_refresh_asks_at_once(tamr, hands, poller, follower):
    """Rather than when it is due; what nobody follows is not asked about."""
    operation = tamr.add()
    follower.follow(poller, operation, interval=600)
    drive(poller, hands, 2000)
    asked = tamr.count()

    poller.refresh(operation)
    poller.refresh(tamr.add("2"))
    poller._step()

    assert tamr.count() == asked + 1
    assert tamr.count("operations/2") == 0


def test_refresh_knows_an_operation_by_what_was_heard_later(tamr, hands, poller, follower):
    """The answer to a start may lack what the polls have: when the job was created."""
    created = tamr.add().to_json()["created"]
    follower.follow(poller, tamr.add(created=None), interval=60)
    tamr.add(created=created)
    drive(poller, hands, 0.5)

    assert follower.news[-1].created_at
    poller.refresh(follower.news[-1])
    before = tamr.count()
    drive(poller, hands, 0)

    assert tamr.count() == before + 1


# Commands


def test_a_command_runs_before_a_poll_that_is_due_and_only_once(tamr, hands, poller, follower):
    """A click is not kept waiting by the polls of others."""
    happened = []
    poller.subscribe(tamr.add(), lambda _: happened.append("poll"))
    hands.turn(60)
    poller.submit(lambda: happened.append("command") or "result", follower.news.append)

    drive(poller, hands, 10)

    assert happened[0] == "command"
    assert happened.count("command") == 1
    assert follower.news == ["result"]


def test_commands_run_in_the_order_in_which_they_were_left(hands, poller):
    """Also when they are left at the same moment; a delayed one comes at its time."""
    happened = []
    poller.submit(lambda: happened.append(("late", hands.now)), print, delay=10)
    for number in range(5):
        poller.submit(lambda n=number: happened.append((n, hands.now)), print)
    start = hands.now

    drive(poller, hands, 30)

    assert happened == [*((n, start) for n in range(5)), ("late", start + 10)]


def test_a_command_that_is_closed_before_its_turn_is_not_done(hands, poller, follower):
    """Neither at once nor after a delay, and nothing is heard of it."""
    done = []
    for delay in (0, 5):
        poller.submit(lambda: done.append(1), follower.news.append, delay=delay).close()

    drive(poller, hands, 10)

    assert not done
    assert not follower.news


def test_a_poll_may_keep_a_command_waiting_for_a_moment_only(hands, poller):
    """Most answers are there by then; one that is to be done later keeps nobody waiting."""
    poller.submit(lambda: None, print, delay=10)
    is_interrupted, start = poller._fetcher._is_interrupted, hands.now
    hands.turn(9.9)
    assert not is_interrupted(start)
    hands.turn(0.3)
    assert not is_interrupted(start)
    hands.turn(0.2)
    assert is_interrupted(start)
    assert not is_interrupted(hands.now)


def test_what_a_command_raises_is_handed_over(hands, poller, follower, caplog):
    """Ours as it is; anything else as an error of this package, which is logged."""
    refusal = TamrError("no")

    def refuse():
        raise refusal

    poller.submit(refuse, follower.news.append, follower.faults.append)
    poller.submit(lambda: 1 / 0, follower.news.append, follower.faults.append)
    drive(poller, hands, 1)

    assert follower.faults[0] is refusal
    assert "ZeroDivisionError" in str(follower.faults[1])
    assert "ZeroDivisionError" in caplog.text
    assert not follower.news


# The list, followed


def test_the_list_is_asked_for_at_once_and_then_at_the_interval(tamr, hands, poller, follower):
    """There is nothing to show before it came; it is never asked for more often."""
    tamr.add_many(3)
    follower.follow_all(poller, interval=5)

    poller._step()
    assert tamr.count(LIST) == 1
    drive(poller, hands, 100)

    assert [len(each.documents) for each in follower.news] == [3] * tamr.count(LIST)
    assert 19 <= tamr.count(LIST) <= 21
    assert min(tamr.gaps(LIST)) >= 5


def test_a_second_table_is_shown_the_newest_list_at_once(tamr, hands, poller, follower):
    """It costs no request of its own."""
    tamr.add()
    Follower().follow_all(poller, interval=600)
    drive(poller, hands, 30)

    follower.follow_all(poller, interval=600)
    poller._step()

    assert len(follower.news) == 1


@pytest.mark.parametrize("operations", [1, 2, 100])
def test_a_table_and_many_widgets_cost_one_request_for_each_tick(hands, tamr, poller, operations):
    """The list that is asked for anyway serves everybody."""
    tamr.list_seconds = 0.2
    Follower().follow_all(poller, interval=5)
    followers = [Follower() for _ in range(operations)]
    for each, operation in zip(followers, tamr.add_many(operations), strict=True):
        each.follow(poller, operation, interval=3)
    drive(poller, hands, 30)
    tamr.asked.clear()
    heard = [len(each.news) for each in followers]

    drive(poller, hands, 96)

    assert tamr.counts() == {LIST: tamr.count(LIST)}
    assert 96 / 3.5 <= tamr.count(LIST) <= 96 / 3
    assert all(
        len(each.news) - before >= 96 / 3.5 for each, before in zip(followers, heard, strict=True)
    )
