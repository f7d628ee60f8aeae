"""Defines the steps of a chain and their status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._text import sanitize
from ..history import Estimate
from ..operation import Operation


@dataclass(frozen=True)
class Step:
    """A step of a chain: a name, and a function that starts its job.

    Attributes:
        name: The name, which no other step of the chain has.
        start: Starts the job and returns its operation, also one of the public client; None if
            there was nothing to do. It may block until the job has ended.
        after: The names of the steps that must have succeeded before; None for the step that
            precedes it in the list.
        description: The description of its jobs on the server, such as `Update Unified Dataset
            [x]`, by which its usual time is known before it starts.
    """

    name: str
    start: Callable[[], Any]
    after: Iterable[str] | str | None = None
    description: str = ""


@dataclass(frozen=True)
class StepStatus:
    """The status of a step at one moment.

    Attributes:
        name: Its name.
        state: The state of its operation (`PENDING`, `RUNNING`, `SUCCEEDED`, ...); without one
            `WAITING` (has not begun), `STARTING`, `SUCCEEDED` (there was nothing to do), `FAILED`
            (could not be started) or `BLOCKED` (a step before it has not succeeded). `UNKNOWN` if
            the operation could not be polled to its end.
        after: The names of the steps that come before it.
        operation: The latest snapshot of its operation, or None.
        error: Why it has not succeeded, or why the last request failed; else None.
        estimate: The estimate of its running time, or None.
        queue: The estimate of the time from the creation of its job to its start, or None; by the
            jobs ahead while the chain has a callback, see `Chain.on_change`.
        may_have_started: Whether its function failed after the server may have started a job, such
            as when the response was lost. Look for the job before you let the chain go on.
    """

    name: str
    state: str
    after: tuple[str, ...]
    operation: Operation | None = None
    error: BaseException | None = None
    estimate: Estimate | None = None
    queue: Estimate | None = None
    may_have_started: bool = False

    def __repr__(self) -> str:
        number = "" if self.operation is None else sanitize(self.operation.resource_id or "?")
        operation = f", operation {number}" if number else ""
        return f"<{sanitize(self.name)}: {sanitize(self.state)}{operation}>"


def checked_steps(steps: object) -> list[Step]:
    """Returns the steps with their names resolved, so that each `after` is a tuple.

    Args:
        steps: A mapping of names to functions; or an iterable of `Step`s and of pairs of a name
            and a function.

    Raises:
        TypeError: A step is something else, or its `after` has something else than names.
        ValueError: There is no step, a name occurs twice or is empty, `after` names no other step,
            or the steps wait for one another.
    """
    if isinstance(steps, Mapping):
        steps = steps.items()
    if isinstance(steps, (str, bytes)) or not isinstance(steps, Iterable):
        msg = (
            f"A chain is made of steps, not of {type(steps).__name__}: pass functions that start "
            "jobs, by their names, or use Chain.of(client, ...) for endpoints."
        )
        raise TypeError(msg)
    resolved: list[Step] = []
    for each in steps:
        step = _as_step(each)
        if any(step.name == other.name for other in resolved):
            msg = f"Two steps of this chain are named {step.name!r}; each needs a name of its own."
            raise ValueError(msg)
        before = (resolved[-1].name,) if resolved else ()
        after = before if step.after is None else _names(step.after)
        resolved.append(Step(step.name, step.start, after, step.description))
    if not resolved:
        msg = "A chain needs at least one step."
        raise ValueError(msg)
    _check_order(resolved)
    return resolved


def _as_step(step: object) -> Step:
    if not isinstance(step, Step):
        if not (isinstance(step, tuple) and len(step) == 2):
            msg = f"A step is a Step, or a name and a function, not {step!r:.100}."
            raise TypeError(msg)
        step = Step(*step)
    if not isinstance(step.name, str) or not step.name.strip():
        msg = f"The name of a step is a text, not {step.name!r:.100}."
        raise ValueError(msg)
    if not callable(step.start):
        msg = (
            f"The step {step.name!r:.100} needs a function that starts its job, not "
            f"{step.start!r:.100}. For endpoints there is Chain.of(client, ...)."
        )
        raise TypeError(msg)
    return step


def _names(after: Iterable[str] | str) -> tuple[str, ...]:
    if isinstance(after, str):
        return (after,)
    names = tuple(after) if isinstance(after, Iterable) else (after,)
    if not all(isinstance(name, str) for name in names):
        msg = f"after takes the name of a step, or a list of names, not {after!r:.100}."
        raise TypeError(msg)
    return tuple(dict.fromkeys(names))


def _check_order(steps: list[Step]) -> None:
    after = {step.name: _names(step.after or ()) for step in steps}
    for name, before in after.items():
        unknown = [each for each in before if each not in after]
        if unknown:
            msg = f"The step {name!r:.100} comes after {unknown[0]!r:.100}, which is no step."
            raise ValueError(msg)
    done: set[str] = set()
    while len(done) < len(after):
        ready = {name for name, before in after.items() if done.issuperset(before)} - done
        if not ready:
            names = ", ".join(name for name in after if name not in done)
            msg = f"These steps wait for one another, so none of them could start: {names:.300}."
            raise ValueError(msg)
        done |= ready
