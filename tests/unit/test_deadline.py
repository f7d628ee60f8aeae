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
    """They may be fractions or zero."""
    assert checked_seconds("x", value) == float(value)


@pytest.mark.parametrize("value", [-1, -1e-9, math.nan, math.inf, -math.inf, 1.1e9, 10**400])
def test_impossible_seconds_are_refused(value):
    """They are negative, not a number, or too large; the error names the argument."""
    with pytest.raises(ValueError, match="timeout_seconds must be"):
        checked_seconds("timeout_seconds", value)


@pytest.mark.parametrize("value", [True, False, "3", None, [3], 3j, Decimal(3)])
def test_a_value_that_is_no_number_is_refused(value):
    """A boolean is refused, too, since it is a mistake."""
    with pytest.raises(TypeError, match="timeout_seconds must be a number"):
        checked_seconds("timeout_seconds", value)


def test_there_is_no_deadline_by_default():
    assert current_deadline() is None


def test_a_deadline_counts_down(clock):
    """The remaining time decreases to zero."""
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


def test_an_outer_deadline_still_counts(clock):
    """An inner deadline cannot be later."""
    with deadline(3), deadline(60) as inner:
        assert inner.remaining() == 3
    with deadline(60), deadline(3) as inner:
        assert inner.remaining() == 3


def test_a_deadline_ends_with_an_exception():
    """No deadline is left after the block."""
    with pytest.raises(KeyError), deadline(3):
        raise KeyError

    assert current_deadline() is None


def test_work_can_be_cancelled(clock):
    """An outer block can cancel it, too; blocking calls wait for short slices only."""
    stop = []
    with deadline(60, lambda: bool(stop)), deadline(30) as limit:
        assert not limit.is_cancelled()
        assert limit.slice() == SLICE_SECONDS
        stop.append(1)
        assert limit.is_cancelled()
        with pytest.raises(ConnectionAbortedError):
            limit.slice()


def test_a_lifted_deadline_is_infinite(clock):
    """It is lifted for a response that is read as a stream."""
    with deadline(3) as limit:
        limit.lift()
        clock.advance(1e6)

        assert limit.remaining() == math.inf
        assert limit.slice() == SLICE_SECONDS


def test_the_clock_is_that_of_the_machine():
    """Tests may replace it."""
    before = time.monotonic(), time.time()
    clock.sleep(0.001)

    assert before[0] < clock.monotonic() <= time.monotonic()
    assert before[1] <= clock.wall() <= time.time()
