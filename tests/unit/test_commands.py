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


def test_an_empty_queue_has_no_command(queue):
    """None is ever due."""
    assert queue.take() is None
    assert queue.due() == math.inf


def test_commands_are_taken_in_the_order_in_which_they_were_added(queue):
    """Each is taken once."""
    for name in "abc":
        queue.add(owner(), lambda name=name: name)

    assert [queue.take().action() for _ in range(3)] == ["a", "b", "c"]
    assert queue.take() is None


def test_a_delayed_command_is_taken_when_it_is_due(clock, queue):
    """Commands that are due earlier are taken before it."""
    queue.add(owner(), lambda: "late", 10)
    queue.add(owner(), lambda: "now")

    assert queue.take().action() == "now"
    assert queue.take() is None
    assert queue.due() == clock.now + 10
    clock.advance(9.9)
    assert queue.take() is None
    clock.advance(0.1)
    assert queue.take().action() == "late"


def test_a_closed_command_is_skipped(queue):
    """The next command is then the one that is due."""
    closed = owner()
    queue.add(closed, lambda: "closed")
    queue.add(owner(), lambda: "open", 5)
    closed.closed = True

    assert queue.take() is None
    assert queue.due() < math.inf
