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


def test_a_subscriber_is_notified_of_each_poll_until_the_end(fake, clock, driven, subscriber):
    """The last snapshot is resolved, and the operation is not polled afterwards."""
    subscriber.subscribe(driven, fake.add(state="PENDING"))

    drive(driven, clock, 1)
    fake.end()
    drive(driven, clock, 60)

    assert subscriber.states[0] == "PENDING"
    assert subscriber.states[-1] == "SUCCEEDED"
    assert subscriber.ends == 1
    assert fake.count() == len(subscriber.results)
    assert not subscriber.errors


def test_a_resolved_operation_needs_no_request(fake, clock, driven, subscriber):
    """It is delivered once."""
    subscriber.subscribe(driven, fake.add(state="FAILED"))

    drive(driven, clock, 60)

    assert fake.count() == 0
    assert subscriber.states == ["FAILED"]


def test_many_subscribers_of_one_operation_share_its_polls(fake, clock, driven):
    """Each of twenty subscribers is notified of its end once."""
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


def test_the_shortest_interval_of_all_subscribers_applies(fake, clock, driven, subscriber):
    """A subscriber with a shorter interval need not wait for the longer one of another."""
    operation = fake.add()
    Subscriber().subscribe(driven, operation, interval=600)
    drive(driven, clock, 3000)

    subscription = subscriber.subscribe(driven, operation, interval=2)
    drive(driven, clock, 20)
    received = len(subscriber.results)
    subscription.close()
    drive(driven, clock, 20)

    assert received >= 9
    assert len(subscriber.results) == received
    assert fake.times()[-1] < clock.now - 19


def test_a_later_subscriber_is_first_notified_of_the_latest_snapshot(
    fake, clock, driven, subscriber
):
    """It is notified immediately, and only once."""
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


def test_a_subscriber_with_the_latest_snapshot_is_not_notified_of_it(
    fake, clock, driven, subscriber
):
    """It is notified of later snapshots only."""
    first = Subscriber()
    first.subscribe(driven, fake.add(), interval=600)
    drive(driven, clock, 30)

    subscriber.subscribe(driven, first.results[-1], interval=600)
    driven.run_once()

    assert subscriber.results == []


def test_a_subscriber_at_the_moment_of_the_end_is_notified_of_it_once(fake, clock, driven):
    """It may subscribe just before or just after the response."""
    operation = fake.add()
    late = Subscriber()
    first = Subscriber()
    driven.subscribe(
        operation,
        lambda each: (first.results.append(each), late.subscribe(driven, operation)),
        interval=3,
    )
    fake.end()

    drive(driven, clock, 60)

    assert first.ends == 1
    assert late.ends == 1


def test_a_subscriber_during_an_outage_is_notified_of_it(fake, clock, driven, subscriber):
    """A new widget shows an unreachable server without waiting for the next attempt."""
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


def test_a_closed_subscription_has_no_polls_and_no_notifications(fake, clock, driven, subscriber):
    """A second close has no effect."""
    subscription = subscriber.subscribe(driven, fake.add())
    subscription.close()
    subscription.close()

    drive(driven, clock, 30)

    assert fake.count() == 0
    assert not subscriber.results


def test_a_callback_can_close_its_subscription(fake, clock, driven, subscriber):
    """It is not called again."""
    operation = fake.add()
    subscription = driven.subscribe(
        operation, lambda each: (subscriber.results.append(each), subscription.close())
    )

    drive(driven, clock, 30)

    assert len(subscriber.results) == 1
    assert fake.count() == 1


def test_a_callback_that_raises_has_no_effect_on_others(fake, clock, driven, subscriber, caplog):
    """The exception is logged, also a SystemExit."""
    operation = fake.add("1")
    driven.subscribe(operation, lambda _: 1 / 0)
    driven.subscribe(operation, lambda _: exec("raise SystemExit"))
    subscriber.subscribe(driven, operation)
    fake.end("1")

    drive(driven, clock, 30)

    assert subscriber.states == ["SUCCEEDED"]
    assert caplog.text.count("callback raised") == 2


def test_an_error_callback_that_raises_has_no_effect_on_others(
    fake, clock, driven, subscriber, caplog
):
    """The exception is logged."""
    operation = fake.add("1")
    fake.faults[None] = fake_response(500)
    driven.subscribe(operation, lambda _: None, lambda _: 1 / 0)
    subscriber.subscribe(driven, operation)

    drive(driven, clock, 1)

    assert subscriber.errors
    assert "ZeroDivisionError" in caplog.text


def test_operations_of_the_public_client_are_accepted(fake, clock, driven, subscriber):
    """They can be subscribed to, refreshed and estimated."""
    public = PublicOperation(fake, fake.add().to_json())

    subscriber.subscribe(driven, public)
    driven.refresh(public)
    fake.end()
    drive(driven, clock, 5)

    assert subscriber.states == ["SUCCEEDED"]
    assert driven.waiting(public) is None
    assert driven.estimate_queue(public) is None


def test_a_subscription_to_another_type_is_an_error(driven):
    """The call raises the error, not a thread later."""
    with pytest.raises(OperationTypeError):
        driven.subscribe("operations/1", print)


@pytest.mark.parametrize("interval", [-1, float("nan"), float("inf"), "3", True, None])
def test_an_invalid_interval_is_an_error(fake, driven, interval):
    """The error names the argument."""
    with pytest.raises((ValueError, TypeError), match="interval"):
        driven.subscribe(fake.add(), print, interval=interval)
    with pytest.raises((ValueError, TypeError), match="interval"):
        driven.subscribe_all(print, interval=interval)


@pytest.mark.usefixtures("own_min_interval")
def test_an_interval_of_zero_is_increased_to_the_minimum(fake, clock, driven, subscriber):
    subscriber.subscribe(driven, fake.add(), interval=0)

    drive(driven, clock, 3)

    assert fake.count() <= 3 / 0.05 + 1


def test_an_operation_without_an_address_is_a_final_error(fake, clock, driven, subscriber):
    """It cannot be polled, and its subscriber is notified once."""
    subscriber.subscribe(driven, Operation(fake, {"id": None, "status": {"state": "RUNNING"}}))

    drive(driven, clock, 30)

    assert [each.retry_in_seconds for each in subscriber.errors] == [None]
    assert fake.count() == 0


# Times of polls


@pytest.mark.parametrize("seed", range(5))
def test_early_polls_are_frequent_and_later_ones_keep_the_interval(
    fake, clock, driven, subscriber, seed
):
    """Five polls in the first two seconds or so, two more until 9 s, then one per interval."""
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
def test_the_end_of_a_short_job_is_detected_early(fake, clock, monkeypatch, job, public, more):
    """The delay is a fifth of the public client's, which polls first after an interval of 3 s."""
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
def test_an_operation_in_an_unknown_state_is_polled_at_its_interval(clock, state):
    """An unknown state is not resolved."""
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
def test_an_operation_with_an_unreadable_status_is_polled_at_its_interval(
    fake, clock, driven, subscriber, caplog, status
):
    """It counts as not resolved, and is logged once."""
    subscriber.subscribe(driven, fake.add(status=status), interval=1)

    drive(driven, clock, 10)

    assert set(subscriber.states) == {None}
    assert fake.count() <= 12
    assert caplog.text.count("no readable state") == 1


def test_polls_of_simultaneous_subscribers_are_spread_randomly(clock):
    """Kernels that start at the same time have different poll times, at first and later."""
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


def test_a_jump_of_the_wall_clock_has_no_effect(fake, clock, driven, subscriber):
    """The times of polls do not depend on the time of day."""
    subscriber.subscribe(driven, fake.add())
    drive(driven, clock, 10)
    clock.time_of_day -= 3600
    drive(driven, clock, 10)
    clock.time_of_day += 7200
    drive(driven, clock, 10)

    assert max(fake.gaps()) <= 3.1
    assert fake.count() <= 15


def test_an_operation_hidden_for_five_minutes_is_polled_a_tenth_as_often(
    fake, clock, driven, subscriber
):
    """It is polled immediately when a page shows it again."""
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


def test_an_operation_visible_once_a_minute_is_polled_at_its_interval(
    fake, clock, driven, subscriber
):
    """Its visibility causes no further polls."""
    subscription = subscriber.subscribe(driven, fake.add(), interval=30, on_a_page=True)
    for _ in range(20):
        drive(driven, clock, 60)
        subscription.mark_visible()

    assert 1200 / 30.1 <= fake.count() <= 1200 / 30 + 7


def test_a_subscription_without_a_page_is_never_hidden(fake, clock, driven, subscriber):
    """One of them is enough to keep the interval, even if pages do not show the operation."""
    operation = fake.add()
    Subscriber().subscribe(driven, operation, 30, on_a_page=True)
    subscriber.subscribe(driven, operation, 30).mark_visible()

    drive(driven, clock, 1200)

    assert fake.count() >= 1200 / 31


@pytest.mark.parametrize(("path", "seconds"), [(EXAMPLE, 3), (LIST, 5)])
def test_the_default_intervals_are_three_and_five_seconds(fake, clock, driven, path, seconds):
    """They are kept, since the subscription has no page by default."""
    operation, subscriber = fake.add(), Subscriber()
    if path == LIST:
        driven.subscribe_all(subscriber.results.append)
    else:
        driven.subscribe(operation, subscriber.results.append)

    drive(driven, clock, 100)

    taken = fake.list_seconds if path == LIST else fake.single_seconds
    assert fake.gaps(path)[-10:] == pytest.approx([seconds + taken] * 10)


def test_refresh_polls_immediately(fake, clock, driven, subscriber):
    """An operation without subscribers is not polled."""
    operation = fake.add()
    subscriber.subscribe(driven, operation, interval=600)
    drive(driven, clock, 2000)
    requested = fake.count()

    driven.refresh(operation)
    driven.refresh(fake.add("2"))
    driven.run_once()

    assert fake.count() == requested + 1
    assert fake.count("operations/2") == 0


def test_refresh_finds_an_operation_by_a_later_snapshot(fake, clock, driven, subscriber):
    """The response to a start may lack the time of creation, which polls have."""
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
    """A click does not wait for polls."""
    happened = []
    driven.subscribe(fake.add(), lambda _: happened.append("poll"))
    clock.advance(60)
    driven.submit(lambda: happened.append("command") or "result", subscriber.results.append)

    drive(driven, clock, 10)

    assert happened[0] == "command"
    assert happened.count("command") == 1
    assert subscriber.results == ["result"]


def test_commands_run_in_the_order_of_submission(clock, driven):
    """Also if they are submitted at the same time; a delayed one runs when it is due."""
    happened = []
    driven.submit(lambda: happened.append(("late", clock.now)), print, delay=10)
    for number in range(5):
        driven.submit(lambda n=number: happened.append((n, clock.now)), print)
    start = clock.now

    drive(driven, clock, 30)

    assert happened == [*((n, start) for n in range(5)), ("late", start + 10)]


def test_a_closed_command_is_not_run(clock, driven, subscriber):
    """Nor is its callback called, with or without a delay."""
    done = []
    for delay in (0, 5):
        driven.submit(lambda: done.append(1), subscriber.results.append, delay=delay).close()

    drive(driven, clock, 10)

    assert not done
    assert not subscriber.results


def test_a_poll_delays_a_command_only_briefly(fake, clock, driven, subscriber):
    """Most responses arrive in that time, which begins when the command is due."""
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


def test_the_error_callback_receives_the_exception_of_a_command(clock, driven, subscriber, caplog):
    """An error of this package is unchanged; any other is converted, and logged."""
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


# Subscriptions to the list


def test_the_list_is_requested_immediately_and_then_at_the_interval(
    fake, clock, driven, subscriber
):
    """A table is empty until the first list arrives."""
    fake.add_many(3)
    subscriber.subscribe_all(driven, interval=5)

    driven.run_once()
    assert fake.count(LIST) == 1
    drive(driven, clock, 100)

    assert [len(each.documents) for each in subscriber.results] == [3] * fake.count(LIST)
    assert 19 <= fake.count(LIST) <= 21
    assert min(fake.gaps(LIST)) >= 5


def test_a_second_subscriber_is_notified_of_the_latest_list_immediately(
    fake, clock, driven, subscriber
):
    """It causes no request."""
    fake.add()
    Subscriber().subscribe_all(driven, interval=600)
    drive(driven, clock, 30)

    subscriber.subscribe_all(driven, interval=600)
    driven.run_once()

    assert len(subscriber.results) == 1


@pytest.mark.parametrize("operations", [1, 2, 13])
def test_a_table_and_many_widgets_share_one_list_per_interval(clock, fake, driven, operations):
    """The list that the table needs replaces the polls of the widgets."""
    fake.list_seconds = 0.2
    Subscriber().subscribe_all(driven, interval=5)
    subscribers = [Subscriber() for _ in range(operations)]
    for each, operation in zip(subscribers, fake.add_many(operations), strict=True):
        each.subscribe(driven, operation, interval=3)
    drive(driven, clock, 30)
    fake.requests.clear()
    received = [len(each.results) for each in subscribers]

    drive(driven, clock, 48)

    assert fake.counts() == {LIST: fake.count(LIST)}
    assert 48 / 3.5 <= fake.count(LIST) <= 48 / 3
    assert all(
        len(each.results) - before >= 48 / 3.5
        for each, before in zip(subscribers, received, strict=True)
    )


# Without a thread


def test_run_once_runs_one_task(fake, clock, driven, subscriber):
    """It returns the time until the next task, and infinity if there is none."""
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


def test_run_once_calls_callbacks_before_it_returns(fake, driven, subscriber):
    """On the caller's thread."""
    threads = []
    driven.subscribe(fake.add(state="FAILED"), lambda _: threads.append(threading.get_ident()))

    driven.run_once()

    assert threads == [threading.get_ident()]


def test_run_once_cannot_run_twice_at_the_same_time(driven, subscriber):
    """Neither a command nor another thread may call it meanwhile, but both may afterwards."""
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


def test_a_wait_in_run_once_is_an_error(fake, driven, subscriber):
    """It would block all polls; after the call the thread may wait again."""
    operation = fake.add()
    driven.submit(lambda: operation.wait(1, 10), print, subscriber.errors.append)
    driven.run_once()

    assert isinstance(subscriber.errors[0], DeadlockError)
    fake.end()
    assert operation.wait(0).succeeded()


def test_run_once_of_a_poller_with_a_thread_is_an_error(fake):
    """The error has the argument for a poller without one."""
    with pytest.raises(RuntimeError, match="background=False"):
        Poller(fake).run_once()
