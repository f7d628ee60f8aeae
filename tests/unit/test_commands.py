from __future__ import annotations

import math

import pytest

from tamr_widgets._polling.commands import CommandQueue
from tamr_widgets._polling.subscription import Subscription


def owner():
    return Subscription(print, None, on_change=lambda _: None)


@pytest.fixture
def queue(clock):
    return CommandQueue()


def test_an_empty_queue_has_nothing_to_do(queue):
    """Nothing is due, ever."""
    assert queue.take() is None
    assert queue.due() == math.inf


def test_what_was_left_first_comes_first(queue):
    """Each is taken once."""
    for name in "abc":
        queue.add(owner(), lambda name=name: name)

    assert [queue.take().action() for _ in range(3)] == ["a", "b", "c"]
    assert queue.take() is None


def test_a_delayed_action_comes_at_its_time(clock, queue):
    """Not a moment sooner, and those that are due meanwhile come before."""
    queue.add(owner(), lambda: "late", 10)
    queue.add(owner(), lambda: "now")

    assert queue.take().action() == "now"
    assert queue.take() is None
    assert queue.due() == clock.now + 10
    clock.advance(9.9)
    assert queue.take() is None
    clock.advance(0.1)
    assert queue.take().action() == "late"


def test_what_is_closed_is_neither_done_nor_waited_for(queue):
    """The next one takes its place."""
    closed = owner()
    queue.add(closed, lambda: "closed")
    queue.add(owner(), lambda: "open", 5)
    closed.closed = True

    assert queue.take() is None
    assert queue.due() < math.inf
