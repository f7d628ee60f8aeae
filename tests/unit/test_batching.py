from __future__ import annotations

import pytest

from tamr_widgets._polling.batching import TRIAL, TRUST_SECONDS, WEIGHT, BatchPolicy


@pytest.fixture
def economy(hands):
    return BatchPolicy()


def test_a_list_that_was_never_measured_is_tried_for_several_operations(economy):
    """For fewer it can hardly pay."""
    assert not economy.prefer_list(TRIAL - 1)
    assert economy.prefer_list(TRIAL)


def test_what_was_measured_decides(economy):
    """Ten operations of 0.1 s take as long as a list of one second: it must be cheaper."""
    economy.single_took(0.1)
    economy.list_took(1.0)

    assert not economy.prefer_list(10)
    assert economy.prefer_list(11)


def test_one_operation_is_never_worth_a_list(economy):
    """A small list may well be faster, but it is more for the server to do."""
    economy.single_took(1.0)
    economy.list_took(0.1)

    assert not economy.prefer_list(1)
    assert economy.prefer_list(2)


def test_newer_measurements_count_for_more_but_one_does_not_decide(economy):
    """A single slow answer does not turn everything over."""
    economy.single_took(0.1)
    economy.list_took(1.0)
    economy.list_took(2.0)

    assert economy.list_cooldown() == pytest.approx(2 * (1.0 + WEIGHT))
    economy.single_took(0.2)
    assert economy.list_deadline(100) == pytest.approx(2 * 100 * (0.1 + WEIGHT * 0.1))


def test_an_old_measurement_of_the_list_is_forgotten(hands, economy):
    """It is tried again after five minutes, and then only the new figure counts."""
    economy.single_took(0.01)
    economy.list_took(60.0)
    hands.turn(TRUST_SECONDS - 1)
    assert not economy.prefer_list(TRIAL)
    hands.turn(1)
    assert economy.prefer_list(TRIAL)
    assert not economy.prefer_list(TRIAL - 1)

    economy.list_took(0.02)
    assert economy.prefer_list(3)


def test_a_list_that_failed_is_left_alone_for_five_minutes(hands, economy):
    """However many operations there are; a good answer ends it."""
    economy.list_failed()
    assert not economy.prefer_list(1000)
    assert not economy.list_is_cheap(1e9)
    hands.turn(TRUST_SECONDS)
    assert economy.prefer_list(1000)

    economy.list_failed()
    economy.list_took(0.1)
    economy.single_took(0.1)
    assert economy.prefer_list(1000)


def test_a_list_is_light_if_it_takes_a_tenth_of_the_interval(economy):
    """Before it was measured nobody knows."""
    assert not economy.list_is_cheap(5)
    economy.list_took(0.5)
    assert economy.list_is_cheap(5)
    assert not economy.list_is_cheap(4.9)


def test_a_trial_gets_two_seconds_or_twice_what_it_replaces(economy):
    """So a list that turns out slow does not keep others waiting for long."""
    assert economy.list_deadline(100) == 2
    economy.single_took(0.1)
    assert economy.list_deadline(5) == 2
    assert economy.list_deadline(100) == 20


def test_a_list_that_was_never_fetched_needs_no_rest(economy):
    """It can be asked for at once."""
    assert economy.list_cooldown() == 0
