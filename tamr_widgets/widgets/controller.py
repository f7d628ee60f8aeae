"""OperationController: polls one operation for a page, and runs the actions of its buttons.

It does not depend on widgets: an OperationWidget has one, a JobsWidget one for each expanded row.
All of its state is written by the poller's thread; clicks submit commands to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from .._clock import Seconds, clock
from .._notify.registry import concerns, first_error, labels, registry
from .._polling.callbacks import ignore
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
from .past import PastRuns, queue_facts
from .payload import (
    PanelFacts,
    action_error_facts,
    compact,
    estimate_facts,
    poll_error_facts,
    snapshot_facts,
)
from .subscription_group import SubscriptionGroup

if TYPE_CHECKING:
    from .._notify.notification import Notification

_ENDED = {"SUCCEEDED": "succeeded", "FAILED": "failed", "CANCELED": "was cancelled"}
# Kinds of errors after which nothing is polled until a click or code requests it.
_HALTED = ("refused", "stopped")
# After an error of this kind the operation does not exist any more, so polling cannot go on.
_GONE = "gone"


class OperationController:
    """The state of one operation, its polling and its actions.

    Args:
        operation: The snapshot to begin with.
        on_change: Called on the poller's thread after any change.
        poll_interval_seconds: The seconds between two polls.
        timeout_seconds: The timeout of a Wait in seconds; None for no timeout.
        estimate: Whether to estimate the duration from past jobs.

    Attributes:
        operation: The latest snapshot.
        waiting: Whether a Wait is under way.
        busy: The action whose response is pending: `cancel`, `delete` or nothing.
        deleted: Whether an action of this controller deleted it.
        outcome: The result of the last Wait or action, in words.
        error: The last error, or None.
        consecutive_errors: The number of failed polls since the last successful one.
        callback_error: The last error of a user's callback, in words.
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
        self.error: TamrError | None = None
        self.consecutive_errors = 0
        self._error_facts: dict[str, Any] = {}
        self.interval, self.timeout = poll_interval_seconds, timeout_seconds
        self._on_change = on_change
        self.poller = Poller.of(operation.client)
        self.subscriptions = SubscriptionGroup(
            self._subscribe, *([self._learn] if estimate else [])
        )
        self._checked_at = 0.0
        self._clicks = Clicks(self.poller, self._on_action_error)
        self._history: JobHistory | None = None
        self._past = PastRuns()
        self._learns = estimate
        self._learning: Subscription | None = None
        registry.listen(self)  # last, since another thread may notify it at once

    @property
    def error_kind(self) -> str:
        """The kind of the last error, empty without one.

        After `retrying` and `action` the polling goes on; `gone`, `refused` and `stopped` ended it.
        """
        return str(self._error_facts.get("error_kind", ""))

    @property
    def over(self) -> bool:
        """Whether there are no more polls, unless a click or code requests them."""
        return self.operation.resolved or self.deleted or self.halted

    @property
    def halted(self) -> bool:
        """Whether an error ended the polling."""
        return self.error_kind in (_GONE, *_HALTED) and not self.subscriptions.active

    def follow(self) -> None:
        """Starts polling, also after a pause or an error, unless the operation has ended."""
        is_final = self.operation.resolved or self.deleted or self.error_kind == _GONE
        if self.operation.resolved and self._learns and self._learning is None:
            # A history that is there anyway shows the past runs; alone, this requests nothing.
            self._learning = self._learn()
        if is_final or self.closed or self.subscriptions.active:
            return
        if self.error_kind in _HALTED:
            self._set_error(None)
            self.submit(self._on_change)
        self._checked_at = clock.wall()
        self.subscriptions.start()

    def close(self) -> None:
        """Ends the polling and cancels pending actions; the job goes on."""
        self.closed = True
        self.subscriptions.close()
        if self._learning is not None:
            self._learning.close()
        self._clicks.close()
        self.poller.cancel(self)

    @property
    def shown_callback_error(self) -> str:
        """The last error of a user's callback, or of a notification about the operation."""
        return self.callback_error or first_error(self._notifications())

    def on_notification(self, notification: Notification) -> None:
        """Shows that another recipient is notified of the operation, or none any more."""
        if not self.closed and concerns(notification, self.operation.client, self.operation):
            self.submit(self._on_change)

    def _notifications(self) -> list[Notification]:
        return registry.of(self.operation.client, self.operation)

    def submit(self, work: Callable[[], object]) -> None:
        """Runs `work` on the poller's thread."""
        self.poller.submit(work, ignore, owner=self, _inline=True)

    def update(self, operation: Operation) -> None:
        """Updates the operation to a snapshot that was fetched on another thread."""
        self.submit(lambda: self._on_operation(operation))

    def _subscribe(self) -> Subscription:
        return self.poller.subscribe(
            self.operation,
            self._on_operation,
            self._on_error,
            self.interval,
            on_a_page=True,
            with_queue=self._learns,
            _inline=True,
        )

    def _learn(self) -> Subscription:
        return self.poller.learn(self._on_learned, _inline=True)

    def facts(self) -> PanelFacts:
        """Returns the facts that the page draws."""
        facts = compact(
            {
                **snapshot_facts(self.operation),
                "waiting": self.waiting,
                "timeout": self.timeout,
                "busy": self.busy,
                "deleted": self.deleted,
                "no_delete": self.no_delete,
                "outcome": self.outcome,
                "notified": labels(self._notifications()) or None,
                "callback_error": self.shown_callback_error,
                **self._error_facts,
                **self._estimates(),
            }
        )
        return cast(PanelFacts, facts)

    def progress(self) -> float | None:
        """Returns the progress of the job from 0 to 1; None without an estimate."""
        if self.operation.resolved:
            return 1.0
        estimate = self._history.estimate(self.operation) if self._history else None
        if estimate is None:
            return None
        elapsed = self.operation.elapsed
        return 0.0 if elapsed is None else progress(elapsed.total_seconds(), estimate)

    def _estimates(self) -> dict[str, Any]:
        """Returns the estimates of queue and job, and the past runs, as facts."""
        history, operation = self._history, self.operation
        if history is None:
            return {}
        past = self._past.facts(history, operation)
        if operation.resolved:
            return past
        facts = {"estimate": estimate_facts(history.estimate(operation)), **past}
        if operation.started_at is None:
            place, queue = self.poller.place_and_estimate(operation)
            facts |= {"queue": estimate_facts(queue), **queue_facts(place)}
        return facts

    def act(self, action: str) -> None:
        """Submits the action of a click, and returns at once; a pending one is submitted once.

        Args:
            action: `wait`, `stop`, `cancel`, `delete`, or `visible` (a page shows this now).
        """
        if action == "visible":
            self.subscriptions.mark_visible()
            if self.error_kind not in _HALTED:  # it may have been paused
                self.follow()
        elif action == "wait":
            self._clicks.submit("wait", self._begin_to_wait, self._changed)
        elif action == "stop":
            self._clicks.submit("stop", self._stop_waiting, self._changed)
        elif action == "cancel":
            self._clicks.submit("cancel", self._cancel, self._on_cancelled)
        elif action == "delete":
            self._clicks.submit("delete", self._delete, self._on_deleted)

    def _set_error(self, error: TamrError | None, facts: dict[str, Any] | None = None) -> None:
        """Sets or clears the error.

        Args:
            error: The error, or None.
            facts: Its facts; by default those of an action's error.
        """
        self.error = error
        self._error_facts = facts or (action_error_facts(error) if error else {})

    def _on_operation(self, operation: Operation) -> None:
        self._checked_at = clock.wall()
        self.consecutive_errors = 0
        if self.error_kind != "action":
            self._set_error(None)
        self._set_operation(operation)
        self._on_change()

    def _set_operation(self, operation: Operation) -> None:
        if self.operation.resolved and not operation.resolved:
            return  # An older snapshot, fetched on another thread.
        self.operation = operation
        if operation.resolved:
            self.subscriptions.stop()
        if operation.resolved and self.waiting:
            self._end_waiting(f"It {_ENDED[operation.state or '']} while you waited.")

    def _on_learned(self, history: JobHistory) -> None:
        self._history = history
        self._on_change()

    def _on_error(self, error: TamrError) -> None:
        self.consecutive_errors += 1
        self._set_error(error, poll_error_facts(error, self._checked_at))
        if error.retry_in_seconds is None:
            self.subscriptions.stop()
            self._end_waiting("")
        self._on_change()

    def _changed(self, _: object = None) -> None:
        self._on_change()

    def _begin_to_wait(self) -> None:
        if self.operation.resolved:
            self.outcome = f"It {_ENDED[self.operation.state or '']} before."
            return
        if self.deleted or (self.halted and self.error_kind == _GONE):
            self.outcome = "It is no longer in Tamr, so there is nothing to wait for."
            return
        if not self.waiting:
            self.subscriptions.add_waiter()
            self.follow()
        self.waiting, self.outcome = True, ""
        if self.timeout is not None:
            self._clicks.submit("give up", self._time_out, self._changed, self.timeout)

    def _time_out(self) -> None:
        if self.waiting:
            self._end_waiting(f"Still running after {self.timeout:.3g} s.")
            self._on_change()  # since `_end_waiting` cancelled this action with its callback

    def _stop_waiting(self) -> None:
        if self.waiting:
            self._end_waiting("Stopped waiting; the job goes on.")

    def _end_waiting(self, outcome: str) -> None:
        if self.waiting:
            self.subscriptions.remove_waiter()
        self.waiting, self.outcome = False, outcome
        self._clicks.cancel("give up")

    def _begin_action(self, action: str) -> None:
        self.busy, self.outcome = action, ""
        if self.error_kind == "action":
            self._set_error(None)
        self._on_change()

    def _cancel(self) -> Operation:
        self._begin_action("cancel")
        return self.operation.cancel()

    def _on_cancelled(self, operation: Operation) -> None:
        self.busy = ""
        if operation.resolved and operation.state != "CANCELED":
            self.outcome = "It had already ended, so there was nothing to cancel."
        self._set_operation(operation)
        self._resume_polling()
        self._on_change()

    def _delete(self) -> None:
        if not self.deleted:
            self._begin_action("delete")
            self.operation.delete()

    def _on_deleted(self, _: object) -> None:
        self.busy, self.deleted, self.outcome = "", True, "Deleted from Tamr."
        self._set_error(None)
        self.subscriptions.stop()
        self._end_waiting(self.outcome)
        self._on_change()

    def _on_action_error(self, error: TamrError) -> None:
        self.busy = ""
        self._set_error(error)
        self.no_delete = self.no_delete or isinstance(error, MethodNotAllowed)
        if isinstance(error, (ConnectionFailed, RequestTimeout, UnexpectedResponse)):
            # The server may or may not have performed the action: a poll shows the state.
            self._clicks.submit("check", self.operation.poll, self._on_checked)
        self.poller.refresh(self.operation)
        self._on_change()

    def _on_checked(self, operation: Operation) -> None:
        self._set_operation(operation)
        self._resume_polling()
        self._on_change()

    def _resume_polling(self) -> None:
        """Polls soon, since the server responds again; also if an error had ended the polling."""
        self.follow()
        self.poller.refresh(self.operation)
