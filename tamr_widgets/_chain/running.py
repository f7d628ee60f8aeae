"""StepRun: starts the job of one step and follows its operation."""

from __future__ import annotations

import contextvars
import inspect
import threading
from collections.abc import Callable
from typing import Any

import requests

from .._clock import Seconds, clock
from .._http.changes import SAFE_METHODS, changes_recorded, may_be_carried_out
from .._http.exception_mapping import mapped_error
from .._http.response import raise_for_status
from .._http.retry import MAX_ERRORS_IN_A_ROW, Backoff, was_not_carried_out
from .._operation.operation_list import OperationList
from .._polling.callbacks import CallbackQueue
from ..errors import NotFound, OperationTypeError, TamrError
from ..operation import Operation
from ..poller import Poller
from .plan import FAILED, RUNNING, SUCCEEDED, UNKNOWN, WAITING
from .steps import Step


class StepRun:
    """One step of a chain while it runs.

    It reports changes to the chain, which writes them; it writes nothing itself.

    Args:
        step: The step.
        report: Gets this object and the changed attributes by name.
        interval: The seconds between two polls of its operation.
        is_shown: Returns whether the chain is shown, and with it the step's place in the queue.

    Attributes:
        step: The step.
        state: Its state, see `StepStatus`.
        operation: The latest snapshot of its operation, or None.
        error: The last error, or None.
        refusal: Why its operation could not be cancelled, or None.
        may_have_started: Whether its function failed after it may have started a job.
        description: The description of its jobs; empty before the first, unless the step has one.
        is_withdrawn: Set when a job that has not been started must not be started any more.
    """

    def __init__(
        self,
        step: Step,
        report: Callable[[StepRun, dict[str, Any]], object],
        interval: Seconds,
        is_shown: Callable[[], bool],
    ) -> None:
        self.step = step
        self.state = WAITING
        self.operation: Operation | None = None
        self.error: BaseException | None = None
        self.refusal: TamrError | None = None
        self.may_have_started = False
        self.description = step.description
        self._report = report
        self._interval = interval
        self._is_shown = is_shown
        self._queue = CallbackQueue()
        self._thread: threading.Thread | None = None
        self._is_canceling = False
        self.is_withdrawn = threading.Event()

    @property
    def after(self) -> tuple[str, ...]:
        """The names of the steps before it."""
        return tuple(self.step.after or ())

    def is_own_thread(self) -> bool:
        """Whether this runs in the function of the step."""
        return self._thread is threading.current_thread()

    def begin(self, context: contextvars.Context) -> None:
        """Starts its job on a thread of callbacks.

        Args:
            context: The context to run it in: its output appears below the cell of that.
        """
        operation = self.operation
        work = self._start if operation is None else lambda: self._find_again(operation)
        self._queue.submit(lambda: context.copy().run(work))

    def follow(self, operation: Operation) -> None:
        """Polls its operation until it is resolved."""
        Poller.of(operation.client).subscribe(
            operation,
            self._on_operation,
            self._on_error,
            self._interval,
            with_queue=self._is_shown,
        )

    def refresh(self) -> None:
        """Polls its operation at once rather than when it is due, if it is polled."""
        operation = self.operation
        if operation is not None and not operation.resolved:
            Poller.of(operation.client).refresh(operation)

    def cancel(self) -> None:
        """Cancels its operation on the server, on the poller's thread, unless it does so already.

        Only polls report snapshots, so that no older one can follow a newer one.
        """
        operation = self.operation
        if operation is not None and not operation.resolved and not self._is_canceling:
            self._is_canceling = True
            Poller.of(operation.client).submit(
                operation.cancel, self._on_canceled, self._on_refusal, owner=self
            )

    def _on_canceled(self, operation: Operation) -> None:
        self._is_canceling = False
        Poller.of(operation.client).refresh(operation)

    def _on_refusal(self, error: TamrError) -> None:
        """Keeps the error of a cancellation: the next snapshot, soon after, is not its end."""
        self._is_canceling = False
        self._change(error=error, refusal=error)

    def _start(self) -> None:
        """Calls the function of the step; again after a while if no job can have been started.

        This is certain only if a request of this package's client was refused, and it has sent no
        other one that changes anything.
        """
        self._thread = threading.current_thread()
        backoff, began = Backoff(self._interval, MAX_ERRORS_IN_A_ROW), clock.monotonic()
        while not self.is_withdrawn.is_set():
            try:
                with changes_recorded() as changes:
                    result = self.step.start()
                operation = self._operation_in(result)
            except requests.RequestException as error:
                last, unclear = self._mapped(error), self._may_have_started(error, changes)
            except BaseException as error:  # noqa: BLE001 - sys.exit() fails the step only
                return self._fail(error, self._may_have_started(error, changes))
            else:
                return self._take(operation)
            if not changes or any(changes) or not was_not_carried_out(last):
                return self._fail(last, unclear)
            try:
                delay = backoff.next_delay(last, clock.monotonic() - began)
            except TamrError as error:
                return self._fail(error)
            self._change(error=last)
            self.is_withdrawn.wait(delay)
        return self._change(state=WAITING)

    def _fail(self, error: BaseException, may_have_started: bool = False) -> None:
        self._change(state=FAILED, error=error, may_have_started=may_have_started)

    def _may_have_started(self, error: BaseException, changes: list[bool]) -> bool:
        """Whether the function of the step may have started a job before it raised `error`."""
        operation = getattr(error, "operation", None)  # such as that of WaitTimeout
        if isinstance(operation, Operation):
            return not operation.resolved
        if any(changes):
            return True
        if isinstance(error, TamrError) or not isinstance(error, requests.RequestException):
            return False
        # The public client's changes are not recorded: one may come before a poll that fails.
        is_change = error.request is not None and error.request.method not in SAFE_METHODS
        return not is_change or may_be_carried_out(self._mapped(error))

    def _mapped(self, error: requests.RequestException) -> TamrError:
        """Returns an error of the public client as one of this package."""
        if isinstance(error, TamrError):
            return error
        request_line = f"The request of the step {self.step.name!r}"
        try:
            if isinstance(error, requests.HTTPError) and error.response is not None:
                raise_for_status(error.response, request_line)
        except TamrError as mapped:
            return mapped
        return mapped_error(request_line, error)

    def _operation_in(self, result: Any) -> Operation | None:
        """Returns the operation that the function of the step has returned, or None.

        Raises:
            TamrError: It is something else.
        """
        if inspect.iscoroutine(result):
            result.close()
            msg = (
                f"The step {self.step.name!r} is an async function, which a chain does not run. "
                "Use one that returns the operation."
            )
            raise OperationTypeError(msg)
        return None if result is None else Operation.adopt(result)

    def _take(self, operation: Operation | None) -> None:
        """Follows an operation to its end; without one there was nothing to do."""
        if operation is None:
            return self._change(state=SUCCEEDED, error=None)
        self._on_operation(operation)
        if not operation.resolved:
            try:
                self.follow(operation)
            except Exception as error:  # noqa: BLE001 - such as too many threads; the job runs
                self._change(state=UNKNOWN, error=error)
        return None

    def _find_again(self, operation: Operation) -> None:
        """Goes on with an operation whose end is not known; the step is to start if it is gone."""
        try:
            found = _poll_unless_gone(operation)
        except TamrError as error:
            return self._change(state=UNKNOWN, error=error)
        if found is None:
            return self._change(state=WAITING, operation=None)
        return self._take(found)

    def _on_operation(self, operation: Operation) -> None:
        error: BaseException | None = self.refusal
        if operation.resolved:
            error = None
            try:
                operation.check()
            except TamrError as reason:
                error = reason
        description = operation.description or self.description
        state = operation.state or RUNNING
        self._change(state=state, operation=operation, error=error, description=description)

    def _on_error(self, error: TamrError) -> None:
        if error.retry_in_seconds is None:
            self._change(state=UNKNOWN, error=error)
        else:
            self._change(error=error)

    def _change(self, **changes: Any) -> None:
        self._report(self, changes)


def _poll_unless_gone(operation: Operation) -> Operation | None:
    """Polls an operation; returns None if the server does not have it any more.

    A gateway may respond with 404, too, while the server is away: its list is certain.

    Raises:
        TamrError: A request failed, or the list has it.
    """
    try:
        return operation.poll()
    except NotFound:
        if any(map(operation.is_shown_by, OperationList(operation.client).documents)):
            raise
        return None
