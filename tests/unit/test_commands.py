from __future__ import annotations

import math

import pytest

from tamr_widgets._polling.commands import CommandQueue
from tamr_widgets._polling.subscription import Subscription


def owner():
    return Subscription(print, None, on_change=lambda _: None)


@pytest.fixture
def orders(hands):
    return CommandQueue()


def test_an_empty_queue_has_nothing_to_do(orders):
    """Nothing is due, ever."""
    assert orders.take() is None
    assert orders.due() == math.inf


def test_what_was_left_first_comes_first(orders):
    """Each is taken once."""
    for name in "abc":
        orders.add(owner(), lambda name=name: name)

    assert [orders.take().action() for _ in range(3)] == ["a", "b", "c"]
    assert orders.take() is None


def test_a_delayed_action_comes_at_its_time(hands, orders):
    """Not a moment sooner, and those that are due meanwhile come before."""
    orders.add(owner(), lambda: "late", 10)
    orders.add(owner(), lambda: "now")

    assert orders.take().action() == "now"
    assert orders.take() is None
    assert orders.due() == hands.now + 10
    hands.turn(9.9)
    assert orders.take() is None
    hands.turn(0.1)
    assert orders.take().action() == "late"


def test_what_is_closed_is_neither_done_nor_waited_for(orders):
    """The next one takes its place."""
    closed = owner()
    orders.add(closed, lambda: "closed")
    orders.add(owner(), lambda: "open", 5)
    closed.closed = True

    assert orders.take() is None
    assert orders.due() < math.inf
