"""OperationController: follows one operation for a page, and carries out what is clicked there.

It knows nothing of widgets: OperationWidget shows one panel, JobsWidget one for each opened row.
All of its state is written by the poller's thread; clicks only leave an order there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._clock import Seconds, clock
from ..errors import (
    ClientClosed,
    ConnectionFailed,
    MethodNotAllowed,
    RequestTimeout,
    TamrError,
    UnexpectedResponse,
)
from ..history import JobHistory, progress
from ..operation import Operation
from ..poller import Poller, Subscription
from .clicks import Clicks
from .follower import Follower
from .payload import action_facts, compact, estimate_facts, fault_facts, snapshot_facts

_ENDED = {"SUCCEEDED": "succeeded", "FAILED": "failed", "CANCELED": "was cancelled"}
# Kinds of faults after which nothing is polled until somebody asks for it again.
_HALTED = ("refused", "stopped")
# After this one it makes no sense to.
_GONE = "gone"


class OperationController:
    """What is known of one operation, and what is going on with it.

    Args:
        operation: The snapshot to begin with.
        on_change: Called on the poller's thread after anything may have changed.
        poll_interval_seconds: How often to ask.
        timeout_seconds: How long a Wait lasts; None for as long as it takes.
        estimate: Whether to learn from past jobs how long this one takes.

    Attributes:
        operation: The newest snapshot.
        waiting: Whether a Wait is under way.
        busy: The action that was sent and not yet answered: `cancel`, `delete` or nothing.
        deleted: Whether it was deleted from here.
        outcome: What the last Wait or action came to, in words.
        fault: What went wrong last, or None.
        faults: How many polls failed since the last one that did not.
        callback_error: What a user's callback raised last, in words.
        closed: Whether it was closed.

    Raises:
        ClientClosed: The operation has not ended, and it was unpickled without its client.
    """

    def __init__(
        self,
        operation: Operation,
        on_change: Callable[[], object],
        poll_interval_seconds: Seconds,
        timeout_seconds: Seconds | None,
        *,
        estimate: bool = True,
    ) -> None:
        if operation.client is None and not operation.resolved:
            msg = (
                "This operation was unpickled without its client, so it cannot be followed. "
                "Operation.from_resource_id(client, id) fetches it anew."
            )
            raise ClientClosed(msg)
        self.operation = operation
        self.waiting = self.deleted = self.no_delete = self.closed = False
        self.busy = self.outcome = self.callback_error = ""
        self.fault: TamrError | None = None
        self.faults = 0
        self._fault: dict[str, Any] = {}
        self.interval, self.timeout = poll_interval_seconds, timeout_seconds
        self._on_change = on_change
        self.poller = Poller.of(operation.client)
        self.follower = Follower(self._subscribe, *([self._learn] if estimate else []))
        self._checked_at = 0.0
        self._clicks = Clicks(self.poller, self._on_refusal)
        self._history: JobHistory | None = None

    @property
    def fault_kind(self) -> str:
        """Whether the fault passes (`retrying`), ended the polling, or came of an action.

        `gone`, `refused` and `stopped` ended it; `action` did not.
        """
        return str(self._fault.get("fault_kind", ""))

    @property
    def over(self) -> bool:
        """Whether nothing more is heard of the operation, unless somebody asks for it again."""
        return self.operation.resolved or self.deleted or self.halted

    @property
    def halted(self) -> bool:
        """Whether a fault ended the polling."""
        return self.fault_kind in (_GONE, *_HALTED) and not self.follower.active

    def follow(self) -> None:
        """Begin to poll, also after rest or a fault that ended it, if there is anything to hear."""
        known = self.operation.resolved or self.deleted or self.fault_kind == _GONE
        if known or self.closed or self.follower.active:
            return
        if self.fault_kind in _HALTED:
            self._set_fault(None)
            self.submit(self._on_change)
        self._checked_at = clock.wall()
        self.follower.start()

    def close(self) -> None:
        """Stop all that this panel does; the job goes on."""
        self.closed = True
        self.follower.stop()
        self._clicks.close()
        self.poller.cancel(self)

    def submit(self, work: Callable[[], object]) -> None:
        """Have something done on the poller's thread."""
        self.poller.submit(work, _ignore, owner=self, _inline=True)

    def take(self, operation: Operation) -> None:
        """Take over a snapshot that was fetched on another thread."""
        self.submit(lambda: self._on_operation(operation))

    def _subscribe(self) -> Subscription:
        return self.poller.subscribe(
            self.operation,
            self._on_operation,
            self._on_fault,
            self.interval,
            on_a_page=True,
            _inline=True,
        )

    def _learn(self) -> Subscription:
        return self.poller.learn(self._on_learned, _inline=True)

    def facts(self) -> dict[str, Any]:
        """All of it, as a page draws it."""
        return compact(
            {
                **snapshot_facts(self.operation),
                "waiting": self.waiting,
                "timeout": self.timeout,
                "busy": self.busy,
                "deleted": self.deleted,
                "no_delete": self.no_delete,
                "outcome": self.outcome,
                "callback_error": self.callback_error,
                **self._fault,
                **self._forecast(),
            }
        )

    def progress(self) -> float | None:
        """How far the job is, from 0 to 1; None if there is nothing to go by."""
        if self.operation.resolved:
            return 1.0
        estimate = self._history.estimate(self.operation) if self._history else None
        if estimate is None:
            return None
        elapsed = self.operation.elapsed
        return 0.0 if elapsed is None else progress(elapsed.total_seconds(), estimate)

    def _forecast(self) -> dict[str, Any]:
        """How long the job takes to start, and then to run."""
        if self._history is None or self.operation.resolved:
            return {}
        queue = None
        if self.operation.started_at is None:
            queue = estimate_facts(self._history.estimate_queue(self.operation))
        return {"estimate": estimate_facts(self._history.estimate(self.operation)), "queue": queue}

    def act(self, action: str) -> None:
        """Leave an order for a click. It returns at once; a second click is the same order.

        Args:
            action: `wait`, `stop`, `cancel`, `delete`, or `visible` (a page shows this just now).
        """
        if action == "visible":
            self.follower.mark_visible()
            if self.fault_kind not in _HALTED:  # it may have been at rest
                self.follow()
        elif action == "wait":
            self._clicks.submit("wait", self._begin_to_wait, self._changed)
        elif action == "stop":
            self._clicks.submit("stop", self._stop_waiting, self._changed)
        elif action == "cancel":
            self._clicks.submit("cancel", self._cancel, self._on_cancelled)
        elif action == "delete":
            self._clicks.submit("delete", self._delete, self._on_deleted)

    def _set_fault(self, error: TamrError | None, facts: dict[str, Any] | None = None) -> None:
        """Take note of a fault, of an action where `facts` say no other; or of its end."""
        self.fault = error
        self._fault = facts or (action_facts(error) if error else {})

    def _on_operation(self, operation: Operation) -> None:
        self._checked_at = clock.wall()
        self.faults = 0
        if self.fault_kind != "action":
            self._set_fault(None)
        self._see(operation)
        self._on_change()

    def _see(self, operation: Operation) -> None:
        if self.operation.resolved and not operation.resolved:
            return  # It was fetched earlier, on another thread.
        self.operation = operation
        if operation.resolved:
            self.follower.stop()
        if operation.resolved and self.waiting:
            self._end_waiting(f"It {_ENDED[operation.state or '']} while you waited.")

    def _on_learned(self, history: JobHistory) -> None:
        self._history = history
        self._on_change()

    def _on_fault(self, error: TamrError) -> None:
        self.faults += 1
        self._set_fault(error, fault_facts(error, self._checked_at))
        if error.retry_in_seconds is None:
            self.follower.stop()
            self._end_waiting("")
        self._on_change()

    def _changed(self, _: object = None) -> None:
        self._on_change()

    def _begin_to_wait(self) -> None:
        if self.operation.resolved:
            self.outcome = f"It {_ENDED[self.operation.state or '']} before."
            return
        if self.deleted or (self.halted and self.fault_kind == _GONE):
            self.outcome = "It is no longer in Tamr, so there is nothing to wait for."
            return
        if not self.waiting:
            self.follower.add_waiter()
            self.follow()
        self.waiting, self.outcome = True, ""
        if self.timeout is not None:
            self._clicks.submit("give up", self._give_up, self._changed, self.timeout)

    def _give_up(self) -> None:
        if self.waiting:
            self._end_waiting(f"Still running after {self.timeout:.3g} s.")
            self._on_change()  # here, since this action was called off with the rest of the waiting

    def _stop_waiting(self) -> None:
        if self.waiting:
            self._end_waiting("Stopped waiting; the job goes on.")

    def _end_waiting(self, outcome: str) -> None:
        if self.waiting:
            self.follower.remove_waiter()
        self.waiting, self.outcome = False, outcome
        self._clicks.cancel("give up")

    def _begin(self, action: str) -> None:
        self.busy, self.outcome = action, ""
        if self.fault_kind == "action":
            self._set_fault(None)
        self._on_change()

    def _cancel(self) -> Operation:
        self._begin("cancel")
        return self.operation.cancel()

    def _on_cancelled(self, operation: Operation) -> None:
        self.busy = ""
        if operation.resolved and operation.state != "CANCELED":
            self.outcome = "It had already ended, so there was nothing to cancel."
        self._see(operation)
        self._go_on()
        self._on_change()

    def _delete(self) -> None:
        if not self.deleted:
            self._begin("delete")
            self.operation.delete()

    def _on_deleted(self, _: object) -> None:
        self.busy, self.deleted, self.outcome = "", True, "Deleted from Tamr."
        self._set_fault(None)
        self.follower.stop()
        self._end_waiting(self.outcome)
        self._on_change()

    def _on_refusal(self, error: TamrError) -> None:
        self.busy = ""
        self._set_fault(error)
        self.no_delete = self.no_delete or isinstance(error, MethodNotAllowed)
        if isinstance(error, (ConnectionFailed, RequestTimeout, UnexpectedResponse)):
            # It may or may not have been done: ask what is true now.
            self._clicks.submit("look", self.operation.poll, self._on_look)
        self.poller.refresh(self.operation)
        self._on_change()

    def _on_look(self, operation: Operation) -> None:
        self._see(operation)
        self._go_on()
        self._on_change()

    def _go_on(self) -> None:
        """The server answered about the operation: poll soon, also if polling had ended."""
        self.follow()
        self.poller.refresh(self.operation)


def _ignore(_: object) -> None:
    """The result of what has none."""
