from __future__ import annotations

import math
import time
from decimal import Decimal
from fractions import Fraction

import pytest

from tamr_widgets._clock import checked_seconds, clock
from tamr_widgets._http.deadline import SLICE_SECONDS, current_deadline, deadline


@pytest.mark.parametrize("value", [0, 3, 0.25, True + 1, Fraction(1, 2), 1e9])
def test_seconds_are_numbers(value):
    """Whole or not, and zero."""
    assert checked_seconds("x", value) == float(value)


@pytest.mark.parametrize("value", [-1, -1e-9, math.nan, math.inf, -math.inf, 1.1e9, 10**400])
def test_seconds_that_nobody_can_wait_are_refused(value):
    """Negative, not a number, or beyond what a clock can do: by the argument's name."""
    with pytest.raises(ValueError, match="timeout_seconds must be"):
        checked_seconds("timeout_seconds", value)


@pytest.mark.parametrize("value", [True, False, "3", None, [3], 3j, Decimal(3)])
def test_what_is_no_number_is_refused(value):
    """A truth value, too: it is a mistake, not a second."""
    with pytest.raises(TypeError, match="timeout_seconds must be a number"):
        checked_seconds("timeout_seconds", value)


def test_there_is_no_limit_by_default():
    """Nobody limits what is not in a block."""
    assert current_deadline() is None


def test_a_limit_counts_down(clock):
    """The remaining time gets less, and never less than nothing."""
    with deadline(10) as limit:
        assert current_deadline() is limit
        assert limit.remaining() == 10
        clock.advance(9.9)
        assert limit.slice() == pytest.approx(0.1)
        clock.advance(5)
        assert limit.remaining() == 0
        with pytest.raises(TimeoutError):
            limit.slice()
    assert current_deadline() is None


def test_a_limit_around_goes_on_to_count(clock):
    """An inner limit can only be sooner."""
    with deadline(3), deadline(60) as inner:
        assert inner.remaining() == 3
    with deadline(60), deadline(3) as inner:
        assert inner.remaining() == 3


def test_a_limit_ends_with_an_exception():
    """The next one starts from nothing."""
    with pytest.raises(KeyError), deadline(3):
        raise KeyError

    assert current_deadline() is None


def test_work_can_be_called_off(clock):
    """Also from a limit around; what blocks looks here again soon."""
    stop = []
    with deadline(60, lambda: bool(stop)), deadline(30) as limit:
        assert not limit.is_cancelled()
        assert limit.slice() == SLICE_SECONDS
        stop.append(1)
        assert limit.is_cancelled()
        with pytest.raises(ConnectionAbortedError):
            limit.slice()


def test_a_lifted_limit_has_no_end(clock):
    """For what is read as a stream."""
    with deadline(3) as limit:
        limit.lift()
        clock.advance(1e6)

        assert limit.remaining() == math.inf
        assert limit.slice() == SLICE_SECONDS


def test_the_clock_is_the_machines():
    """Unless a test puts its own in its place."""
    before = time.monotonic(), time.time()
    clock.sleep(0.001)

    assert before[0] < clock.monotonic() <= time.monotonic()
    assert before[1] <= clock.wall() <= time.time()
