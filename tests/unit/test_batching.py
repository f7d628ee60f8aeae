from __future__ import annotations

import pytest

from tamr_widgets._polling.batching import TRIAL, TRUST_SECONDS, WEIGHT, BatchPolicy


@pytest.fixture
def policy(clock):
    return BatchPolicy()


LONG = 1000.0  # an interval that no polls exceed


def test_a_list_that_was_never_measured_is_tried_for_many_operations(policy):
    """For fewer it is probably not cheaper."""
    assert not policy.prefer_list(TRIAL - 1, LONG)
    assert policy.prefer_list(TRIAL, LONG)


def test_a_list_is_tried_if_single_polls_take_too_long(policy):
    """Three polls of 1.1 s are not finished in three seconds."""
    policy.single_took(1.1)

    assert not policy.prefer_list(2, 3.0)
    assert policy.prefer_list(3, 3.0)


def test_time_and_bytes_decide_together(policy):
    """Ten polls of 0.1 s are worth a list of ten that takes a second: it must be cheaper."""
    policy.single_took(0.1)
    policy.list_took(1.0, 10)
    assert not policy.prefer_list(10, LONG)
    assert policy.prefer_list(11, LONG)

    policy.list_took(1.0, 40)
    assert not policy.prefer_list(20, LONG)
    assert policy.prefer_list(21, LONG)


def test_a_round_trip_alone_is_no_reason_for_a_long_list(policy):
    """On a slow line the list takes as long as one poll, and 400 times its bytes."""
    policy.single_took(0.1)
    policy.list_took(0.1, 400)

    assert not policy.prefer_list(20, interval=3)
    assert policy.prefer_list(21, interval=3)


def test_a_list_is_used_if_single_polls_would_be_late(policy):
    """Unless it takes as long itself."""
    policy.single_took(0.2)
    policy.list_took(0.5, 10_000)
    assert not policy.prefer_list(14, interval=3)
    assert policy.prefer_list(16, interval=3)

    policy.list_took(60.0, 10_000)
    assert not policy.prefer_list(16, interval=3)


def test_one_operation_is_never_worth_a_list(policy):
    """A small list may well be faster, but it is more for the server to do."""
    policy.single_took(1.0)
    policy.list_took(0.1, 1)

    assert not policy.prefer_list(1, LONG)
    assert policy.prefer_list(2, LONG)


def test_newer_measurements_count_for_more_but_one_does_not_decide(policy):
    """A single slow response does not turn everything over."""
    policy.single_took(0.1)
    policy.list_took(1.0, 1)
    policy.list_took(2.0, 1)

    assert policy.list_cooldown() == pytest.approx(2 * (1.0 + WEIGHT))
    policy.single_took(0.2)
    assert policy.list_deadline(100) == pytest.approx(2 * 100 * (0.1 + WEIGHT * 0.1))


def test_an_old_measurement_of_the_list_is_forgotten(clock, policy):
    """It is tried again after five minutes, and then only the new figure counts."""
    policy.single_took(0.01)
    policy.list_took(60.0, 10)
    clock.advance(TRUST_SECONDS - 1)
    assert not policy.prefer_list(TRIAL, LONG)
    clock.advance(1)
    assert policy.prefer_list(TRIAL, LONG)
    assert not policy.prefer_list(TRIAL - 1, LONG)

    policy.list_took(0.02, 4)
    assert policy.prefer_list(3, LONG)


def test_a_list_that_failed_is_left_alone_for_five_minutes(clock, policy):
    """However many operations there are; a good response ends it."""
    policy.list_failed()
    assert not policy.prefer_list(1000, LONG)
    assert not policy.list_is_cheap(1e9)
    clock.advance(TRUST_SECONDS)
    assert policy.prefer_list(1000, LONG)

    policy.list_failed()
    policy.list_took(0.1, 10)
    policy.single_took(0.1)
    assert policy.prefer_list(1000, LONG)


def test_a_list_is_light_if_it_takes_a_tenth_of_the_interval(policy):
    """Before it was measured nobody knows."""
    assert not policy.list_is_cheap(5)
    policy.list_took(0.5, 10)
    assert policy.list_is_cheap(5)
    assert not policy.list_is_cheap(4.9)


def test_a_trial_gets_two_seconds_or_twice_what_it_replaces(policy):
    """So a list that turns out slow does not keep others waiting for long."""
    assert policy.list_deadline(100) == 2
    policy.single_took(0.1)
    assert policy.list_deadline(5) == 2
    assert policy.list_deadline(100) == 20


def test_a_list_that_was_never_fetched_needs_no_rest(policy):
    """It can be requested at once."""
    assert policy.list_cooldown() == 0
