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
def heard():
    return []


@pytest.fixture
def subscription(changes, heard):
    return Subscription(heard.append, heard.append, 3, on_change=changes.append, on_a_page=True)


@pytest.fixture
def watch(clock):
    return PollTarget("operations/17", Operation(None, document()))


# Subscriptions


def test_closing_is_reported_once(subscription, changes):
    """Closing twice is fine."""
    subscription.close()
    subscription.close()

    assert changes == [subscription]


def test_a_closed_subscription_hears_nothing(subscription, heard):
    """Neither news nor faults."""
    subscription.close()
    subscription.notify("news")
    subscription.notify_error(TamrError())

    assert not heard


def test_one_that_was_marked_as_closed_hears_nothing(subscription, heard):
    """An owner that is notified on the poller's thread need not call `close`."""
    subscription.closed = True
    subscription.notify("news")

    assert not heard


def test_a_closed_subscription_does_not_keep_its_subscriber_alive(changes):
    """A reference to it keeps nothing of a widget."""

    class Widget:
        def hear(self, news):
            """Nothing."""

    widget = Widget()
    subscription = Subscription(widget.hear, widget.hear, on_change=changes.append)
    gone = weakref.ref(widget)
    subscription.close()

    del widget
    gc.collect()

    assert gone() is None


def test_a_page_that_shows_it_is_reported_only_after_it_did_not_for_long(
    clock, subscription, changes
):
    """It must be polled at once then."""
    clock.advance(300)
    assert not subscription.is_hidden()
    subscription.mark_visible()
    assert not changes

    clock.advance(301)
    assert subscription.is_hidden()
    subscription.mark_visible()
    assert changes == [subscription]
    assert not subscription.is_hidden()


def test_what_belongs_to_no_page_is_never_unseen(clock, changes):
    """Code need not say that it looks."""
    subscription = Subscription(print, None, on_change=changes.append)
    clock.advance(1e6)
    assert not subscription.is_hidden()

    subscription.mark_visible()
    clock.advance(1e6)

    assert not subscription.is_hidden()
    assert not changes


def test_errors_without_a_callback_are_dropped(changes, caplog):
    """A subscriber may leave out the callback for faults."""
    Subscription(print, None, on_change=changes.append).notify_error(TamrError())

    assert not caplog.text


def test_news_are_remembered_as_heard_and_faults_are_not(subscription):
    """A subscriber that heard only of an error still needs the latest snapshot."""
    subscription.notify_error(TamrError())
    assert not subscription.has_received
    subscription.notify("news")
    assert subscription.has_received


# Watches


def test_the_shortest_interval_counts_as_long_as_it_is_there(watch, subscription, changes):
    """When that subscriber leaves, the others' interval counts again."""
    slow = Subscription(print, None, 60, on_change=changes.append)
    watch.add(slow)
    watch.add(subscription)
    assert watch.interval == 3

    watch.remove(subscription)
    assert watch.interval == 60
    assert subscription.target is None
    assert not watch.has_no_subscribers()
    watch.remove(slow)
    assert watch.has_no_subscribers()


def test_what_nothing_is_known_of_is_due_at_once(clock, subscription):
    """A list has to come before anything can be shown."""
    watch = PollTarget("")
    watch.add(subscription)

    assert watch.due == clock.now


def test_a_new_subscriber_hastens_the_next_poll_and_never_delays_it(clock, watch, changes):
    """One with a long interval does not slow it down."""
    watch.add(Subscription(print, None, 0.1, on_change=changes.append))
    first = watch.due
    watch.add(Subscription(print, None, 600, on_change=changes.append))

    assert clock.now + 0.05 <= first <= clock.now + 0.1
    assert watch.due == first


def test_a_pause_that_the_server_requested_holds_for_everybody(clock, watch, subscription, changes):
    """Neither haste nor a new subscriber shortens it, nor does a shorter pause after a fault."""
    watch.add(subscription)
    watch.schedule_next(min_delay=60)
    until = clock.now + 60

    watch.schedule_no_later_than()
    watch.add(Subscription(print, None, 1, on_change=changes.append))
    watch.back_off(1, TamrError())

    assert watch.due == until
    assert not watch.is_nearly_due(clock.now)
    assert watch.is_nearly_due(until)


def test_what_is_due_within_half_its_interval_is_near(clock, watch, subscription):
    """It may as well be polled now."""
    watch.add(subscription)
    watch.due = clock.now + 1.6
    assert not watch.is_nearly_due(clock.now)
    watch.due = clock.now + 1.5
    assert watch.is_nearly_due(clock.now)


def test_a_greeting_is_the_newest_snapshot_or_nothing(clock, watch, subscription, heard):
    """A subscriber that has it, or a later one, is not notified again."""
    known = watch.latest
    watch.replay_latest(subscription, known)
    assert not heard

    clock.advance(1)
    watch.latest = Operation(None, document("SUCCEEDED"))
    watch.replay_latest(subscription, known)
    watch.replay_latest(subscription, known)
    assert heard == [watch.latest]


def test_a_good_response_ends_a_fault(clock, watch, subscription, heard):
    """Later subscribers are not notified of the error."""
    watch.add(subscription)
    fault = TamrError()
    watch.back_off(5, fault)
    watch.replay_latest(subscription, watch.latest)
    assert heard == [fault]
    assert fault.retry_in_seconds == 5

    watch.schedule_next(0)
    watch.replay_latest(subscription, watch.latest)
    assert heard == [fault]
