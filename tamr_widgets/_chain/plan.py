"""Decides which steps of a chain are started next, and the state of the whole chain."""

from __future__ import annotations

from collections.abc import Mapping

WAITING, STARTING, BLOCKED, UNKNOWN = "WAITING", "STARTING", "BLOCKED", "UNKNOWN"
SUCCEEDED, FAILED, CANCELED, STOPPED = "SUCCEEDED", "FAILED", "CANCELED", "STOPPED"
RUNNING, STOPPING = "RUNNING", "STOPPING"

# States of a step in which it needs another start, and holds up those after it.
NOT_SUCCEEDED = frozenset({FAILED, CANCELED, BLOCKED, UNKNOWN})
ENDED = frozenset({SUCCEEDED, *NOT_SUCCEEDED})
CHAIN_ENDED = frozenset({SUCCEEDED, FAILED, CANCELED, STOPPED})

States = Mapping[str, str]
After = Mapping[str, tuple[str, ...]]


def is_under_way(state: str) -> bool:
    """Whether a step in this state has begun and not ended; states of servers count as such."""
    return state != WAITING and state not in ENDED


def blocked(states: States, after: After) -> set[str]:
    """Returns the steps that cannot begin since one before them has not succeeded."""
    found: set[str] = set()
    while True:
        held_up = {
            name
            for name, before in after.items()
            if states[name] == WAITING
            and any(each in found or states[each] in NOT_SUCCEEDED for each in before)
        }
        if held_up == found:
            return found
        found = held_up


def ready(states: States, after: After, at_once: int) -> list[str]:
    """Returns the steps to start now, in the order of the list."""
    free = at_once - sum(map(is_under_way, states.values()))
    names = [
        name
        for name, before in after.items()
        if states[name] == WAITING and all(states[each] == SUCCEEDED for each in before)
    ]
    return names[: max(0, free)]


def chain_state(states: States, *, started: bool, stopping: bool, canceled: bool) -> str:
    """Returns the state of the chain.

    Args:
        states: The states of its steps.
        started: Whether it was started.
        stopping: Whether no more steps are to be started.
        canceled: Whether it was cancelled.
    """
    found = set(states.values())
    if not started:
        return WAITING
    if any(map(is_under_way, found)):
        return STOPPING if stopping else RUNNING
    if WAITING in found and not stopping:
        return RUNNING
    if found == {SUCCEEDED}:
        return SUCCEEDED
    if canceled or (CANCELED in found and not found & {FAILED, UNKNOWN}):
        return CANCELED
    return FAILED if found & NOT_SUCCEEDED else STOPPED
