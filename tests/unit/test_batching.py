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


def test_the_choice_depends_on_requests_and_bytes(policy):
    """A list of 400 operations is cheaper than 17 polls, but not than 16."""
    policy.single_took(0.1)
    policy.list_took(0.1, 400)

    assert not policy.prefer_list(16, LONG)
    assert policy.prefer_list(17, LONG)


def test_a_long_list_is_not_preferred_for_its_duration_alone(policy):
    """On a slow line the list takes as long as one poll, and 4000 times its bytes."""
    policy.single_took(0.1)
    policy.list_took(0.1, 4000)

    assert not policy.prefer_list(29, interval=3)


def test_a_list_must_not_take_longer_than_the_polls(policy):
    """Even if it is short."""
    policy.single_took(0.1)
    policy.list_took(1.0, 10)

    assert not policy.prefer_list(10, LONG)
    assert policy.prefer_list(11, LONG)


def test_a_list_stays_preferred_while_the_operations_end(policy):
    """Otherwise the last operations would need more requests than all earlier ones."""
    policy.single_took(0.1)
    policy.list_took(0.1, 400)
    assert policy.prefer_list(17, LONG)

    assert policy.prefer_list(4, LONG)
    assert not policy.prefer_list(3, LONG)
    assert not policy.prefer_list(4, LONG)


def test_a_list_is_used_if_single_polls_would_be_late(policy):
    """Unless the list takes as long."""
    policy.single_took(0.2)
    policy.list_took(0.5, 10_000)
    assert not policy.prefer_list(14, interval=3)
    assert policy.prefer_list(16, interval=3)

    policy.list_took(60.0, 10_000)
    assert not policy.prefer_list(16, interval=3)


def test_a_list_is_never_preferred_for_one_operation(policy):
    """A small list may be faster, but it is more work for the server."""
    policy.single_took(1.0)
    policy.list_took(0.1, 1)

    assert not policy.prefer_list(1, LONG)
    assert policy.prefer_list(2, LONG)


def test_newer_measurements_have_more_weight(policy):
    """A single slow response does not decide."""
    policy.single_took(0.1)
    policy.list_took(1.0, 1)
    policy.list_took(2.0, 1)

    assert policy.list_cooldown() == pytest.approx(2 * (1.0 + WEIGHT))
    policy.single_took(0.2)
    assert policy.list_deadline(100) == pytest.approx(2 * 100 * (0.1 + WEIGHT * 0.1))


def test_an_old_measurement_of_the_list_expires(clock, policy):
    """The list is tried again after five minutes, and then only the new measurement counts."""
    policy.single_took(0.01)
    policy.list_took(60.0, 10)
    clock.advance(TRUST_SECONDS - 1)
    assert not policy.prefer_list(TRIAL, LONG)
    clock.advance(1)
    assert policy.prefer_list(TRIAL, LONG)
    assert not policy.prefer_list(TRIAL - 1, LONG)

    policy.list_took(0.02, 4)
    assert policy.prefer_list(3, LONG)


def test_a_list_that_failed_is_not_tried_for_five_minutes(clock, policy):
    """Not even for many operations; a good response ends that time."""
    policy.list_failed()
    assert not policy.prefer_list(1000, LONG)
    assert not policy.list_is_cheap(1e9)
    clock.advance(TRUST_SECONDS)
    assert policy.prefer_list(1000, LONG)

    policy.list_failed()
    policy.list_took(0.1, 10)
    policy.single_took(0.1)
    assert policy.prefer_list(1000, LONG)


def test_a_list_is_cheap_if_it_takes_a_tenth_of_the_interval(policy):
    """A list that was not measured is not cheap."""
    assert not policy.list_is_cheap(5)
    policy.list_took(0.5, 10)
    assert policy.list_is_cheap(5)
    assert not policy.list_is_cheap(4.9)


def test_a_trial_has_two_seconds_or_twice_the_duration_of_its_polls(policy):
    """A list that turns out to be slow then does not delay other requests for long."""
    assert policy.list_deadline(100) == 2
    policy.single_took(0.1)
    assert policy.list_deadline(5) == 2
    assert policy.list_deadline(100) == 20


def test_a_list_that_was_never_measured_has_no_cooldown(policy):
    """It can be requested immediately."""
    assert policy.list_cooldown() == 0
