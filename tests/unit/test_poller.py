from __future__ import annotations

import math
import random
import threading
from statistics import median

import pytest
from fakes import PublicOperation, fake_response
from polling import EXAMPLE, LIST, FakeTamr, Subscriber, drive

from tamr_widgets import DeadlockError, Operation, OperationTypeError, Poller, TamrError
from tamr_widgets._http.deadline import current_deadline

# PollTargets


def test_a_subscriber_hears_each_poll_until_the_end_and_nothing_after_it(
    fake, clock, driven, subscriber
):
    """The last snapshot is resolved, and the operation is never polled again."""
    subscriber.subscribe(driven, fake.add(state="PENDING"))

    drive(driven, clock, 1)
    fake.end()
    drive(driven, clock, 60)

    assert subscriber.states[0] == "PENDING"
    assert subscriber.states[-1] == "SUCCEEDED"
    assert subscriber.ends == 1
    assert fake.count() == len(subscriber.results)
    assert not subscriber.errors


def test_a_resolved_operation_costs_no_request(fake, clock, driven, subscriber):
    """It is delivered once, like any other."""
    subscriber.subscribe(driven, fake.add(state="FAILED"))

    drive(driven, clock, 60)

    assert fake.count() == 0
    assert subscriber.states == ["FAILED"]


def test_many_subscribers_of_one_operation_cost_one_request(fake, clock, driven):
    """Twenty widgets of one operation ask as often as one, and all hear of its end once."""
    operation = fake.add()
    subscribers = [Subscriber() for _ in range(20)]
    for each in subscribers:
        each.subscribe(driven, operation)

    drive(driven, clock, 30)
    alone = fake.count()
    fake.end()
    drive(driven, clock, 30)

    assert alone <= 15
    assert {len(each.results) for each in subscribers} == {fake.count()}
    assert {each.ends for each in subscribers} == {1}


def test_the_shortest_interval_of_all_subscribers_counts(fake, clock, driven, subscriber):
    """A subscriber with a shorter interval need not wait for the longer one of another."""
    operation = fake.add()
    Subscriber().subscribe(driven, operation, interval=600)
    drive(driven, clock, 3000)

    subscription = subscriber.subscribe(driven, operation, interval=2)
    drive(driven, clock, 20)
    heard = len(subscriber.results)
    subscription.close()
    drive(driven, clock, 20)

    assert heard >= 9
    assert len(subscriber.results) == heard
    assert fake.times()[-1] < clock.now - 19


def test_one_who_comes_later_hears_the_newest_snapshot_first(fake, clock, driven, subscriber):
    """It hears it at once, and only once."""
    old = fake.add(state="PENDING")
    Subscriber().subscribe(driven, old, interval=600)
    fake.add(state="RUNNING")
    drive(driven, clock, 30)
    requested = fake.count()

    subscriber.subscribe(driven, old, interval=600)
    driven.run_once()

    assert subscriber.states == ["RUNNING"]
    assert fake.count() == requested
    drive(driven, clock, 0.1)
    assert subscriber.states == ["RUNNING"]


def test_one_who_knows_the_newest_snapshot_is_not_notified_of_it(fake, clock, driven, subscriber):
    """It is notified of later snapshots only, not of the one that it brought along."""
    first = Subscriber()
    first.subscribe(driven, fake.add(), interval=600)
    drive(driven, clock, 30)

    subscriber.subscribe(driven, first.results[-1], interval=600)
    driven.run_once()

    assert subscriber.results == []


def test_one_who_comes_at_the_moment_of_the_end_hears_it_once(fake, clock, driven):
    """Whether it came just before or just after the response makes no difference."""
    operation = fake.add()
    late = Subscriber()
    first = Subscriber()
    driven.subscribe(
        operation,
        lambda news: (first.results.append(news), late.subscribe(driven, operation)),
        interval=3,
    )
    fake.end()

    drive(driven, clock, 60)

    assert first.ends == 1
    assert late.ends == 1


def test_one_who_comes_in_an_outage_is_notified_of_it(fake, clock, driven, subscriber):
    """A new widget need not wait for the next try to say that the server can't be reached."""
    operation = fake.add()
    Subscriber().subscribe(driven, operation)
    drive(driven, clock, 1)
    fake.faults[None] = ConnectionResetError()
    drive(driven, clock, 120)
    requested = fake.count()

    subscriber.subscribe(driven, operation)
    driven.run_once()

    assert len(subscriber.errors) == 1
    assert 0 < subscriber.errors[0].retry_in_seconds <= 60
    assert fake.count() == requested


def test_a_closed_subscription_hears_nothing_and_asks_nothing(fake, clock, driven, subscriber):
    """Closing it twice is fine."""
    subscription = subscriber.subscribe(driven, fake.add())
    subscription.close()
    subscription.close()

    drive(driven, clock, 30)

    assert fake.count() == 0
    assert not subscriber.results


def test_closing_in_a_callback_ends_it_at_once(fake, clock, driven, subscriber):
    """A subscription that closes itself on the first result gets no second."""
    operation = fake.add()
    subscription = driven.subscribe(
        operation, lambda news: (subscriber.results.append(news), subscription.close())
    )

    drive(driven, clock, 30)

    assert len(subscriber.results) == 1
    assert fake.count() == 1


def test_a_callback_that_raises_disturbs_nobody(fake, clock, driven, subscriber, caplog):
    """It is logged; the other subscribers, and the next operation, go on; also for SystemExit."""
    operation = fake.add("1")
    driven.subscribe(operation, lambda _: 1 / 0)
    driven.subscribe(operation, lambda _: exec("raise SystemExit"))
    subscriber.subscribe(driven, operation)
    fake.end("1")

    drive(driven, clock, 30)

    assert subscriber.states == ["SUCCEEDED"]
    assert caplog.text.count("callback raised") == 2


def test_a_callback_for_faults_that_raises_disturbs_nobody(fake, clock, driven, subscriber, caplog):
    """The same holds for what is called with faults."""
    operation = fake.add("1")
    fake.faults[None] = fake_response(500)
    driven.subscribe(operation, lambda _: None, lambda _: 1 / 0)
    subscriber.subscribe(driven, operation)

    drive(driven, clock, 1)

    assert subscriber.errors
    assert "ZeroDivisionError" in caplog.text


def test_operations_of_the_public_client_are_adopted(fake, clock, driven, subscriber):
    """One is followed as ours, polled sooner on request, and estimated."""
    public = PublicOperation(fake, fake.add().to_json())

    subscriber.subscribe(driven, public)
    driven.refresh(public)
    fake.end()
    drive(driven, clock, 5)

    assert subscriber.states == ["SUCCEEDED"]
    assert driven.waiting(public) is None
    assert driven.estimate_queue(public) is None


def test_something_else_is_refused(driven):
    """The error comes from the call, not later from a thread."""
    with pytest.raises(OperationTypeError):
        driven.subscribe("operations/1", print)


@pytest.mark.parametrize("interval", [-1, float("nan"), float("inf"), "3", True, None])
def test_an_interval_that_makes_no_sense_is_refused(fake, driven, interval):
    """The error names the argument."""
    with pytest.raises((ValueError, TypeError), match="interval"):
        driven.subscribe(fake.add(), print, interval=interval)
    with pytest.raises((ValueError, TypeError), match="interval"):
        driven.subscribe_all(print, interval=interval)


@pytest.mark.usefixtures("own_min_interval")
def test_an_interval_of_zero_leaves_the_server_a_little_time(fake, clock, driven, subscriber):
    """It does not become a tight loop."""
    subscriber.subscribe(driven, fake.add(), interval=0)

    drive(driven, clock, 3)

    assert fake.count() <= 3 / 0.05 + 1


def test_an_operation_without_an_address_ends_with_a_reason(fake, clock, driven, subscriber):
    """There is nothing to ask, so the subscriber hears so once."""
    subscriber.subscribe(driven, Operation(fake, {"id": None, "status": {"state": "RUNNING"}}))

    drive(driven, clock, 30)

    assert [each.retry_in_seconds for each in subscriber.errors] == [None]
    assert fake.count() == 0


# When it asks


@pytest.mark.parametrize("seed", range(5))
def test_it_asks_soon_at_first_and_then_never_more_often_than_the_interval(
    fake, clock, driven, subscriber, seed
):
    """Five polls in the first two seconds or so, two more on the way, then one per interval."""
    random.seed(seed)
    start = clock.now
    subscriber.subscribe(driven, fake.add(), interval=3)

    drive(driven, clock, 40)

    early = [at for at in fake.times() if at - start < 2.5]
    late = [gap for at, gap in zip(fake.times()[1:], fake.gaps(), strict=True) if at - start > 9]
    assert 5 <= len(early) <= 6
    assert fake.times()[0] - start <= 0.5
    assert min(late) >= 3
    assert max(late) <= 3 + fake.single_seconds + 1e-6
    assert fake.count() <= 40 / 3 + 5


@pytest.mark.parametrize(("job", "public", "more"), [(0.5, 2.5, 4), (2.0, 1.0, 4)])
def test_the_end_of_a_short_job_is_seen_within_a_fifth_of_the_plain_intervals_delay(
    fake, clock, monkeypatch, job, public, more
):
    """At interval 3 the public client sees it at 3 s, with one request."""
    delays, counts = [], []
    for seed in range(10):
        random.seed(seed)
        client = FakeTamr(clock)
        client.single_seconds = 0.004
        driven, start = Poller(client, background=False), clock.now
        operation = client.add()
        client.faults[EXAMPLE] = lambda c=client, s=start: c.end() if clock.now - s >= job else None
        ended: list[float] = []
        driven.subscribe(
            operation, lambda each, ended=ended: each.resolved and ended.append(clock.now)
        )
        drive(driven, clock, 5)
        delays.append(ended[0] - start - job)
        counts.append(client.count())

    assert median(delays) <= public / 5
    assert median(counts) <= 1 + more
    assert max(counts) <= 2 + more


@pytest.mark.parametrize("state", ["CANCELING", "SOME_NEW_WORD"])
def test_an_unknown_state_is_followed_at_the_interval(clock, state):
    """A word nobody knows is unresolved: at most 12 requests in 10 s at interval 1."""
    for seed in range(4):
        random.seed(seed)
        fake, subscriber = FakeTamr(clock), Subscriber()
        driven = Poller(fake, background=False)
        subscriber.subscribe(driven, fake.add(state=state), interval=1)
        drive(driven, clock, 10)
        assert fake.count() <= 12
        assert set(subscriber.states) == {state}
        fake.end(state="CANCELED")
        drive(driven, clock, 2)
        assert subscriber.states[-1] == "CANCELED"


@pytest.mark.parametrize("status", [None, {}, "RUNNING", ["RUNNING"], {"state": {}}])
def test_a_status_that_cannot_be_read_is_followed_and_logged_once(
    fake, clock, driven, subscriber, caplog, status
):
    """It counts as not ended, at one request for each interval."""
    subscriber.subscribe(driven, fake.add(status=status), interval=1)

    drive(driven, clock, 10)

    assert set(subscriber.states) == {None}
    assert fake.count() <= 12
    assert caplog.text.count("no readable state") == 1


def test_subscribers_that_start_together_are_spread_by_chance(clock):
    """Kernels that start at once don't ask at once, neither at first nor later."""
    random.seed(1)
    times = []
    start = clock.now
    for _ in range(15):
        clock.now = start
        fake = FakeTamr(clock)
        driven = Poller(fake, background=False)
        Subscriber().subscribe(driven, fake.add(), interval=3)
        drive(driven, clock, 24)
        times.append([at - start for at in fake.times()])

    first = sorted(each[0] for each in times)
    tenth = sorted(each[9] for each in times)
    assert first[-1] - first[0] > 0.15
    assert tenth[-1] - tenth[0] > 0.5
    assert len({round(at, 4) for at in first}) > 12


def test_a_jump_of_the_wall_clock_changes_nothing(fake, clock, driven, subscriber):
    """The time of day on this machine decides nothing."""
    subscriber.subscribe(driven, fake.add())
    drive(driven, clock, 10)
    clock.time_of_day -= 3600
    drive(driven, clock, 10)
    clock.time_of_day += 7200
    drive(driven, clock, 10)

    assert max(fake.gaps()) <= 3.1
    assert fake.count() <= 15


def test_what_no_page_shows_for_five_minutes_is_polled_ten_times_less(
    fake, clock, driven, subscriber
):
    """It is never dropped; and as soon as a page shows it again, it is polled at once."""
    subscription = subscriber.subscribe(driven, fake.add(), interval=3, on_a_page=True)
    drive(driven, clock, 304)
    shown = fake.count()

    drive(driven, clock, 600)
    hidden = fake.count() - shown
    subscription.mark_visible()
    requested = fake.count()
    driven.run_once()

    assert shown >= 300 / 3
    assert 600 / 30 - 2 <= hidden <= 600 / 30 + 1
    assert fake.count() == requested + 1
    drive(driven, clock, 60)
    assert fake.count() >= requested + 18


def test_a_page_that_shows_it_now_and_then_is_served_at_the_interval(
    fake, clock, driven, subscriber
):
    """About once a minute is often enough, and costs nothing more."""
    subscription = subscriber.subscribe(driven, fake.add(), interval=30, on_a_page=True)
    for _ in range(20):
        drive(driven, clock, 60)
        subscription.mark_visible()

    assert 1200 / 30.1 <= fake.count() <= 1200 / 30 + 7


def test_code_that_follows_is_never_hidden(fake, clock, driven, subscriber):
    """Only pages say that they show something, and one subscriber that needs it is enough."""
    operation = fake.add()
    Subscriber().subscribe(driven, operation, 30, on_a_page=True)
    subscriber.subscribe(driven, operation, 30).mark_visible()

    drive(driven, clock, 1200)

    assert fake.count() >= 1200 / 31


@pytest.mark.parametrize(("path", "seconds"), [(EXAMPLE, 3), (LIST, 5)])
def test_by_default_code_follows_at_three_and_five_seconds(fake, clock, driven, path, seconds):
    """Not as a page that somebody has to look at."""
    operation, subscriber = fake.add(), Subscriber()
    if path == LIST:
        driven.subscribe_all(subscriber.results.append)
    else:
        driven.subscribe(operation, subscriber.results.append)

    drive(driven, clock, 100)

    taken = fake.list_seconds if path == LIST else fake.single_seconds
    assert fake.gaps(path)[-10:] == pytest.approx([seconds + taken] * 10)


def test_refresh_asks_at_once(fake, clock, driven, subscriber):
    """Rather than when it is due; an operation without subscribers is not polled."""
    operation = fake.add()
    subscriber.subscribe(driven, operation, interval=600)
    drive(driven, clock, 2000)
    requested = fake.count()

    driven.refresh(operation)
    driven.refresh(fake.add("2"))
    driven.run_once()

    assert fake.count() == requested + 1
    assert fake.count("operations/2") == 0


def test_refresh_knows_an_operation_by_what_was_heard_later(fake, clock, driven, subscriber):
    """The response to a start may lack what the polls have: when the job was created."""
    created = fake.add().to_json()["created"]
    subscriber.subscribe(driven, fake.add(created=None), interval=60)
    fake.add(created=created)
    drive(driven, clock, 0.5)

    assert subscriber.results[-1].created_at
    driven.refresh(subscriber.results[-1])
    before = fake.count()
    drive(driven, clock, 0)

    assert fake.count() == before + 1


# Commands


def test_a_command_runs_before_a_poll_that_is_due_and_only_once(fake, clock, driven, subscriber):
    """A click is not kept waiting by the polls of others."""
    happened = []
    driven.subscribe(fake.add(), lambda _: happened.append("poll"))
    clock.advance(60)
    driven.submit(lambda: happened.append("command") or "result", subscriber.results.append)

    drive(driven, clock, 10)

    assert happened[0] == "command"
    assert happened.count("command") == 1
    assert subscriber.results == ["result"]


def test_commands_run_in_the_order_in_which_they_were_left(clock, driven):
    """Also when they are left at the same moment; a delayed one comes at its time."""
    happened = []
    driven.submit(lambda: happened.append(("late", clock.now)), print, delay=10)
    for number in range(5):
        driven.submit(lambda n=number: happened.append((n, clock.now)), print)
    start = clock.now

    drive(driven, clock, 30)

    assert happened == [*((n, start) for n in range(5)), ("late", start + 10)]


def test_a_command_that_is_closed_before_its_turn_is_not_done(clock, driven, subscriber):
    """Neither at once nor after a delay, and nothing is heard of it."""
    done = []
    for delay in (0, 5):
        driven.submit(lambda: done.append(1), subscriber.results.append, delay=delay).close()

    drive(driven, clock, 10)

    assert not done
    assert not subscriber.results


def test_a_poll_may_keep_a_command_waiting_for_a_moment_only(fake, clock, driven, subscriber):
    """Most responses are there by then; a command that is due later keeps no poll short."""
    began, ran = [], []

    def hang():
        began.append(clock.now)
        if len(began) == 1:
            driven.submit(lambda: ran.append(clock.now), print, delay=1)
        while not ran:
            clock.advance(0.05)
            current_deadline().slice()

    fake.faults[EXAMPLE] = hang
    subscriber.subscribe(driven, fake.add())
    drive(driven, clock, 10)

    assert 1.3 <= ran[0] - began[0] <= 1.4
    assert began[1] - ran[0] < 0.1
    assert subscriber.results
    assert not subscriber.errors


def test_what_a_command_raises_is_handed_over(clock, driven, subscriber, caplog):
    """Ours unchanged; anything else as an error of this package, which is logged."""
    refusal = TamrError("no")

    def refuse():
        raise refusal

    driven.submit(refuse, subscriber.results.append, subscriber.errors.append)
    driven.submit(lambda: 1 / 0, subscriber.results.append, subscriber.errors.append)
    drive(driven, clock, 1)

    assert subscriber.errors[0] is refusal
    assert "ZeroDivisionError" in str(subscriber.errors[1])
    assert "ZeroDivisionError" in caplog.text
    assert not subscriber.results


# The list, followed


def test_the_list_is_requested_at_once_and_then_at_the_interval(fake, clock, driven, subscriber):
    """There is nothing to show before it came; it is never requested more often."""
    fake.add_many(3)
    subscriber.subscribe_all(driven, interval=5)

    driven.run_once()
    assert fake.count(LIST) == 1
    drive(driven, clock, 100)

    assert [len(each.documents) for each in subscriber.results] == [3] * fake.count(LIST)
    assert 19 <= fake.count(LIST) <= 21
    assert min(fake.gaps(LIST)) >= 5


def test_a_second_table_is_shown_the_newest_list_at_once(fake, clock, driven, subscriber):
    """It costs no request of its own."""
    fake.add()
    Subscriber().subscribe_all(driven, interval=600)
    drive(driven, clock, 30)

    subscriber.subscribe_all(driven, interval=600)
    driven.run_once()

    assert len(subscriber.results) == 1


@pytest.mark.parametrize("operations", [1, 2, 13])
def test_a_table_and_many_widgets_cost_one_request_for_each_tick(clock, fake, driven, operations):
    """The list that is requested anyway serves everybody."""
    fake.list_seconds = 0.2
    Subscriber().subscribe_all(driven, interval=5)
    subscribers = [Subscriber() for _ in range(operations)]
    for each, operation in zip(subscribers, fake.add_many(operations), strict=True):
        each.subscribe(driven, operation, interval=3)
    drive(driven, clock, 30)
    fake.requests.clear()
    heard = [len(each.results) for each in subscribers]

    drive(driven, clock, 48)

    assert fake.counts() == {LIST: fake.count(LIST)}
    assert 48 / 3.5 <= fake.count(LIST) <= 48 / 3
    assert all(
        len(each.results) - before >= 48 / 3.5
        for each, before in zip(subscribers, heard, strict=True)
    )


# Without a thread


def test_a_poller_without_a_thread_runs_one_piece_of_work_in_each_call(
    fake, clock, driven, subscriber
):
    """It returns the time until the next, and infinity when nothing is left."""
    driven.submit(lambda: "one", subscriber.results.append)
    driven.submit(lambda: "two", subscriber.results.append, delay=5)

    assert driven.run_once() == 5
    assert subscriber.results == ["one"]
    assert driven.run_once() == 5
    clock.advance(6)
    driven.submit(lambda: "three", subscriber.results.append)
    assert driven.run_once() == 0
    assert driven.run_once() == math.inf
    assert set(subscriber.results) == {"one", "two", "three"}


def test_it_calls_callbacks_before_it_returns(fake, driven, subscriber):
    """On the caller's thread."""
    threads = []
    driven.subscribe(fake.add(state="FAILED"), lambda _: threads.append(threading.get_ident()))

    driven.run_once()

    assert threads == [threading.get_ident()]


def test_it_runs_in_one_call_after_another_only(driven, subscriber):
    """Neither a command nor another thread may call it meanwhile; afterwards it goes on."""
    outcomes = []

    def call():
        try:
            driven.run_once()
        except RuntimeError as error:
            outcomes.append(str(error))

    def call_again():
        call()
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()

    driven.submit(call_again, subscriber.results.append, subscriber.errors.append)
    driven.submit(lambda: "next", subscriber.results.append)
    driven.run_once()

    assert len(outcomes) == 2
    assert all("running already" in each for each in outcomes)
    assert driven.run_once() == math.inf
    assert subscriber.results == [None, "next"]


def test_a_wait_in_it_is_an_error(fake, driven, subscriber):
    """It would stop all polls; after the call the thread may wait again."""
    operation = fake.add()
    driven.submit(lambda: operation.wait(1, 10), print, subscriber.errors.append)
    driven.run_once()

    assert isinstance(subscriber.errors[0], DeadlockError)
    fake.end()
    assert operation.wait(0).succeeded()


def test_a_poller_with_a_thread_cannot_be_run(fake):
    """The error says how to make one without."""
    with pytest.raises(RuntimeError, match="background=False"):
        Poller(fake).run_once()
