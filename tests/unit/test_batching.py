from __future__ import annotations

import pytest

from tamr_widgets._polling.batching import TRIAL, TRUST_SECONDS, WEIGHT, BatchPolicy


@pytest.fixture
def policy(clock):
    return BatchPolicy()


def test_a_list_that_was_never_measured_is_tried_for_several_operations(policy):
    """For fewer it can hardly pay."""
    assert not policy.prefer_list(TRIAL - 1)
    assert policy.prefer_list(TRIAL)


def test_what_was_measured_decides(policy):
    """Ten operations of 0.1 s take as long as a list of one second: it must be cheaper."""
    policy.single_took(0.1)
    policy.list_took(1.0)

    assert not policy.prefer_list(10)
    assert policy.prefer_list(11)


def test_one_operation_is_never_worth_a_list(policy):
    """A small list may well be faster, but it is more for the server to do."""
    policy.single_took(1.0)
    policy.list_took(0.1)

    assert not policy.prefer_list(1)
    assert policy.prefer_list(2)


def test_newer_measurements_count_for_more_but_one_does_not_decide(policy):
    """A single slow response does not turn everything over."""
    policy.single_took(0.1)
    policy.list_took(1.0)
    policy.list_took(2.0)

    assert policy.list_cooldown() == pytest.approx(2 * (1.0 + WEIGHT))
    policy.single_took(0.2)
    assert policy.list_deadline(100) == pytest.approx(2 * 100 * (0.1 + WEIGHT * 0.1))


def test_an_old_measurement_of_the_list_is_forgotten(clock, policy):
    """It is tried again after five minutes, and then only the new figure counts."""
    policy.single_took(0.01)
    policy.list_took(60.0)
    clock.advance(TRUST_SECONDS - 1)
    assert not policy.prefer_list(TRIAL)
    clock.advance(1)
    assert policy.prefer_list(TRIAL)
    assert not policy.prefer_list(TRIAL - 1)

    policy.list_took(0.02)
    assert policy.prefer_list(3)


def test_a_list_that_failed_is_left_alone_for_five_minutes(clock, policy):
    """However many operations there are; a good response ends it."""
    policy.list_failed()
    assert not policy.prefer_list(1000)
    assert not policy.list_is_cheap(1e9)
    clock.advance(TRUST_SECONDS)
    assert policy.prefer_list(1000)

    policy.list_failed()
    policy.list_took(0.1)
    policy.single_took(0.1)
    assert policy.prefer_list(1000)


def test_a_list_is_light_if_it_takes_a_tenth_of_the_interval(policy):
    """Before it was measured nobody knows."""
    assert not policy.list_is_cheap(5)
    policy.list_took(0.5)
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
