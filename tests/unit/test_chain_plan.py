from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamr_widgets._chain.plan import blocked, chain_state, ready
from tamr_widgets._chain.steps import Step, checked_steps


def nothing() -> None:
    """Starts no job."""


def dependencies_of(steps: object) -> dict[str, object]:
    return {step.name: step.after for step in checked_steps(steps)}


def test_a_step_depends_on_the_previous_one_by_default():
    steps = [
        Step("update", nothing),
        Step("pairs", nothing),
        Step("profile", nothing, after="update"),
        Step("export", nothing, after=["pairs", "profile", "pairs"]),
        Step("other", nothing, after=()),
    ]

    assert dependencies_of(steps) == {
        "update": (),
        "pairs": ("update",),
        "profile": ("update",),
        "export": ("pairs", "profile"),
        "other": (),
    }


def test_steps_may_be_a_mapping_or_pairs():
    assert dependencies_of({"a": nothing, "b": nothing}) == {"a": (), "b": ("a",)}
    assert dependencies_of([("a", nothing), Step("b", nothing)]) == {"a": (), "b": ("a",)}


@pytest.mark.parametrize(
    ("steps", "kind", "message"),
    [
        ([], ValueError, "at least one step"),
        ({}, ValueError, "at least one step"),
        ("abc", TypeError, "made of steps"),
        (7, TypeError, "made of steps"),
        ([7], TypeError, "a name and a function"),
        ([("a", nothing, "b")], TypeError, "a name and a function"),
        ({"a": "projects/1"}, TypeError, r"Chain\.of"),
        ({" ": nothing}, ValueError, "is a text"),
        ([("a", nothing), ("a", nothing)], ValueError, "a name of its own"),
        ([Step("a", nothing, after="b")], ValueError, "'b', which is no step"),
        ([Step("a", nothing, after=7)], TypeError, "a list of names, not 7"),
        ([Step("a", nothing, after=[["b"]])], TypeError, "a list of names"),
        ([Step("a", nothing, after="a")], ValueError, "wait for one another.*a"),
        (
            [Step("a", nothing, after="b"), Step("b", nothing)],
            ValueError,
            "wait for one another.*a, b",
        ),
    ],
)
def test_invalid_steps_are_rejected(steps, kind, message):
    with pytest.raises(kind, match=message):
        checked_steps(steps)


AFTER = {"a": (), "b": ("a",), "c": ("b",), "d": ("a",)}


def test_a_step_is_ready_when_all_its_dependencies_have_succeeded():
    states = {"a": "SUCCEEDED", "b": "WAITING", "c": "WAITING", "d": "WAITING"}

    assert ready(states, AFTER, at_once=1) == ["b"]
    assert ready(states, AFTER, at_once=9) == ["b", "d"]
    assert ready({**states, "d": "RUNNING"}, AFTER, at_once=1) == []
    assert ready({**states, "d": "QUEUED_BY_A_NEW_SERVER"}, AFTER, at_once=1) == []


@pytest.mark.parametrize("state", ["FAILED", "CANCELED", "UNKNOWN"])
def test_a_step_that_has_not_succeeded_blocks_its_dependents(state):
    states = {"a": "SUCCEEDED", "b": state, "c": "WAITING", "d": "WAITING"}

    assert blocked(states, AFTER) == {"c"}
    assert blocked({**states, "a": state, "b": "WAITING"}, AFTER) == {"b", "c", "d"}


STATES = st.sampled_from(
    ["WAITING", "STARTING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN", "BLOCKED"]
)


@given(st.fixed_dictionaries(dict.fromkeys(AFTER, STATES)), st.integers(1, 4))
def test_a_running_chain_always_has_a_running_or_ready_step(states, at_once):
    states |= dict.fromkeys(blocked(states, AFTER), "BLOCKED")
    state = chain_state(states, started=True, stopping=False, canceled=False)
    active = {"STARTING", "RUNNING"} & set(states.values())
    startable = ready(states, AFTER, at_once)

    assert bool(active or startable) == (state == "RUNNING")


@pytest.mark.parametrize(
    ("states", "flags", "state"),
    [
        ("WAITING WAITING", "", "WAITING"),
        ("SUCCEEDED SUCCEEDED", "started", "SUCCEEDED"),
        ("SUCCEEDED SUCCEEDED", "started stopping", "SUCCEEDED"),
        ("RUNNING WAITING", "started stopping", "STOPPING"),
        ("SUCCEEDED WAITING", "started stopping", "STOPPED"),
        ("FAILED BLOCKED", "started", "FAILED"),
        ("UNKNOWN BLOCKED", "started", "FAILED"),
        ("CANCELED BLOCKED", "started", "CANCELED"),
        ("FAILED CANCELED", "started", "FAILED"),
        ("CANCELED WAITING", "started stopping canceled", "CANCELED"),
        ("SUCCEEDED WAITING", "started stopping canceled", "CANCELED"),
        ("SUCCEEDED SUCCEEDED", "started stopping canceled", "SUCCEEDED"),
    ],
)
def test_the_state_of_a_chain_follows_from_its_steps(states, flags, state):
    found = dict(enumerate(states.split()))
    given_flags = {each: each in flags for each in ("started", "stopping", "canceled")}

    assert chain_state(found, **given_flags) == state
