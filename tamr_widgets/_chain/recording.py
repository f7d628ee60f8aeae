"""Recording: the operations that existing code waits for, as the steps of one list."""

from __future__ import annotations

import itertools

from .._clock import Seconds
from .._operation.identity import server_of
from ..operation import Operation
from ..waiting import wait_all
from .plan import FAILED, RUNNING, SUCCEEDED, chain_state
from .running import StepRun
from .step_list import StepList
from .steps import Step


class Recording(StepList):
    """A list of steps that grows with each operation that is waited for.

    Args:
        name: The name, for people.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._is_open = True
        self._has_raised = False

    @property
    def state(self) -> str:
        """`RUNNING` until its code has ended, then that of its steps."""
        with self._lock:
            states = {run.step.name: run.state for run in self._runs}
            if self._is_open:
                return RUNNING
            state = chain_state(states, started=True, stopping=False, canceled=False)
            if state == RUNNING:
                return RUNNING
            if self._has_raised:
                return FAILED
            return state if states else SUCCEEDED

    def wait(self, operation: Operation, interval: Seconds, timeout: Seconds | None) -> Operation:
        """Waits until an operation is resolved, and returns it; see `Operation.wait`.

        It is added, unless code has waited for it before.
        """
        self._add(operation, interval)
        return wait_all([operation], timeout, poll_interval_seconds=interval)[0]

    def end(self, *, has_raised: bool) -> None:
        """Ends the recording.

        Args:
            has_raised: Whether the recorded code has raised an exception.
        """
        with self._lock:
            self._is_open, self._has_raised = False, has_raised
        self._advance()

    def _add(self, operation: Operation, interval: Seconds) -> None:
        with self._lock:
            if any(_is_same_job(run.operation, operation) for run in self._runs):
                return
            name = self._name_of(operation)
            step = Step(name, lambda: operation, after=())
            run = StepRun(step, self._report, interval, self._is_shown)
            run.state = operation.state or RUNNING
            self._runs.append(run)
        self._report(run, {"operation": operation, "description": operation.description or ""})
        run.follow(operation)

    def _name_of(self, operation: Operation) -> str:
        """Returns the description, and a number if another step has it."""
        description = operation.description or f"Operation {operation.resource_id}"
        taken = {run.step.name for run in self._runs}
        numbered = (f"{description} ({number})" for number in itertools.count(2))
        return next(name for name in itertools.chain([description], numbered) if name not in taken)


def _is_same_job(known: Operation | None, operation: Operation) -> bool:
    return known is not None and (known.identity, server_of(known.client)) == (
        operation.identity,
        server_of(operation.client),
    )
