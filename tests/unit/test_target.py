from __future__ import annotations

import gc
import weakref

import pytest
from fakes import document

from tamr_widgets import Operation, TamrError
from tamr_widgets._polling.subscription import Subscription
from tamr_widgets._polling.target import PollTarget


class Changes(list):
    """The changes that a subscription reported to its owner."""


@pytest.fixture
def changes(clock):
    return Changes()


@pytest.fixture
def received():
    return []


@pytest.fixture
def subscription(changes, received):
    return Subscription(
        received.append, received.append, 3, on_change=changes.append, on_a_page=True
    )


@pytest.fixture
def target(clock):
    return PollTarget("operations/17", Operation(None, document()))


# Subscriptions


def test_close_is_reported_once(subscription, changes):
    """A second close has no effect."""
    subscription.close()
    subscription.close()

    assert changes == [subscription]


def test_a_closed_subscription_is_not_notified(subscription, received):
    """Neither of results nor of errors."""
    subscription.close()
    subscription.notify("news")
    subscription.notify_error(TamrError())

    assert not received


def test_a_subscription_that_is_marked_as_closed_is_not_notified(subscription, received):
    """An owner that is notified on the poller's thread need not call `close`."""
    subscription.closed = True
    subscription.notify("news")

    assert not received


def test_a_closed_subscription_does_not_keep_its_subscriber_alive(changes):
    """A reference to the subscription does not keep a widget."""

    class Widget:
        def on_result(self, result):
            """Does nothing."""

    widget = Widget()
    subscription = Subscription(widget.on_result, widget.on_result, on_change=changes.append)
    gone = weakref.ref(widget)
    subscription.close()

    del widget
    gc.collect()

    assert gone() is None


def test_mark_visible_is_reported_only_by_a_hidden_subscription(clock, subscription, changes):
    """Its operation must then be polled immediately."""
    clock.advance(300)
    assert not subscription.is_hidden()
    subscription.mark_visible()
    assert not changes

    clock.advance(301)
    assert subscription.is_hidden()
    subscription.mark_visible()
    assert changes == [subscription]
    assert not subscription.is_hidden()


def test_a_subscription_without_a_page_is_never_hidden(clock, changes):
    """Code does not call `mark_visible`."""
    subscription = Subscription(print, None, on_change=changes.append)
    clock.advance(1e6)
    assert not subscription.is_hidden()

    subscription.mark_visible()
    clock.advance(1e6)

    assert not subscription.is_hidden()
    assert not changes


def test_errors_without_a_callback_are_dropped(changes, caplog):
    """The callback for errors is optional."""
    Subscription(print, None, on_change=changes.append).notify_error(TamrError())

    assert not caplog.text


def test_results_count_as_received_and_errors_do_not(subscription):
    """A subscriber that was notified only of an error still needs the latest snapshot."""
    subscription.notify_error(TamrError())
    assert not subscription.has_received
    subscription.notify("news")
    assert subscription.has_received


# Poll targets


def test_the_shortest_interval_applies_until_its_subscriber_is_removed(
    target, subscription, changes
):
    """Then the interval of the others applies again."""
    slow = Subscription(print, None, 60, on_change=changes.append)
    target.add(slow)
    target.add(subscription)
    assert target.interval == 3

    target.remove(subscription)
    assert target.interval == 60
    assert subscription.target is None
    assert not target.has_no_subscribers()
    target.remove(slow)
    assert target.has_no_subscribers()


def test_a_target_without_a_snapshot_is_due_immediately(clock, subscription):
    """Nothing can be shown before the first list."""
    target = PollTarget("")
    target.add(subscription)

    assert target.due == clock.now


def test_a_new_subscriber_never_delays_the_next_poll(clock, target, changes):
    """A long interval has no effect on a poll that is due earlier."""
    target.add(Subscription(print, None, 0.1, on_change=changes.append))
    first = target.due
    target.add(Subscription(print, None, 600, on_change=changes.append))

    assert clock.now + 0.05 <= first <= clock.now + 0.1
    assert target.due == first


def test_a_delay_that_the_server_requested_applies_to_all_subscribers(
    clock, target, subscription, changes
):
    """Neither a refresh, a new subscriber nor a shorter backoff reduces it."""
    target.add(subscription)
    target.schedule_next(min_delay=60)
    until = clock.now + 60

    target.schedule_no_later_than()
    target.add(Subscription(print, None, 1, on_change=changes.append))
    target.back_off(1, TamrError())

    assert target.due == until
    assert not target.is_nearly_due(clock.now)
    assert target.is_nearly_due(until)


def test_a_target_that_is_due_within_half_its_interval_is_nearly_due(clock, target, subscription):
    """A list that is requested now should replace its poll."""
    target.add(subscription)
    target.due = clock.now + 1.6
    assert not target.is_nearly_due(clock.now)
    target.due = clock.now + 1.5
    assert target.is_nearly_due(clock.now)


def test_replay_notifies_of_the_latest_snapshot_only_if_it_is_new(
    clock, target, subscription, received
):
    """A subscriber that has it, or a later one, is not notified of it."""
    known = target.latest
    target.replay_latest(subscription, known)
    assert not received

    clock.advance(1)
    target.latest = Operation(None, document("SUCCEEDED"))
    target.replay_latest(subscription, known)
    target.replay_latest(subscription, known)
    assert received == [target.latest]


def test_a_good_response_clears_the_error(clock, target, subscription, received):
    """Later subscribers are not notified of the error."""
    target.add(subscription)
    error = TamrError()
    target.back_off(5, error)
    target.replay_latest(subscription, target.latest)
    assert received == [error]
    assert error.retry_in_seconds == 5

    target.schedule_next(0)
    target.replay_latest(subscription, target.latest)
    assert received == [error]
