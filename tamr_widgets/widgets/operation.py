"""OperationWidget: shows one operation in a notebook cell."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import traitlets as t

from .._clock import Seconds, checked_seconds, checked_timeout
from .._operation.html import html_table, plain_text
from .._polling.callbacks import SafeCallback
from ..operation import Operation
from . import bundle, cell_outputs
from .base import BaseWidget
from .controller import OperationController
from .payload import look_the_same
from .waits import Waiting

__all__ = ["OperationWidget"]


class OperationWidget(BaseWidget):
    """Shows the current state of an operation, with buttons to wait, cancel and delete.

    It polls in the background until the operation is resolved. Its traits can be observed; they
    are read-only, since they have the server's state.

    Args:
        operation: An operation of this package or of the public client.
        poll_interval_seconds: Seconds between two polls; the first ones come sooner.
        timeout_seconds: The timeout of the Wait button in seconds; None for no timeout.
        estimate: Whether to estimate the duration from past jobs. It costs one request for the
            server's list, when nothing else is due.
        **kwargs: `layout`, `tooltip` and `tabbable` of ipywidgets.

    Raises:
        OperationTypeError: `operation` is not an operation.
        NotAClient: The operation's client can't send requests.
        ClientClosed: The operation has not ended, and was unpickled without its client.
        ValueError, TypeError: A number of seconds is invalid, or there is an unknown argument.
    """

    _code = t.Bytes(bundle.compressed("operation/index.js")).tag(sync=True)
    _panel = t.Dict().tag(sync=True)
    _server_traits = ("_panel",)
    _marimo_traits = ("state", "resolved", "progress")

    operation = t.Instance(Operation, read_only=True, help="The newest snapshot.")
    state = t.Unicode(
        None, allow_none=True, read_only=True, help="The state, as the server wrote it."
    )
    resolved = t.Bool(read_only=True, help="Whether the job has ended.")
    description = t.Unicode("", read_only=True, help="Tamr's description of the job, or empty.")
    message = t.Unicode("", read_only=True, help="The server's message, summarized.")
    progress = t.Float(
        None, allow_none=True, read_only=True, help="From 0 to 1; None without an estimate."
    )
    waiting = t.Bool(read_only=True, help="Whether a click on Wait waits for the end.")
    deleted = t.Bool(read_only=True, help="Whether a click on Delete deleted it.")
    error = t.Unicode("", read_only=True, help="The last error, or empty.")

    def __init__(
        self,
        operation: Operation | Any,
        *,
        poll_interval_seconds: Seconds = 3,
        timeout_seconds: Seconds | None = None,
        estimate: bool = True,
        **kwargs: Any,
    ) -> None:
        operation = Operation.adopt(operation)
        interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
        timeout = checked_timeout(timeout_seconds)
        self._controller = OperationController(
            operation, self._apply, interval, timeout, estimate=estimate
        )
        self._waiting = Waiting(self._controller)
        self._over = self._controller.over
        self._trait_values.update(self._current_values())  # there are no observers yet
        super().__init__(_panel=self._controller.facts(), **kwargs)
        self._waiting.update()
        self._controller.follow()

    @property
    def notification_target(self) -> Operation:
        """The operation, which `notify(widget, ...)` is about."""
        return self._controller.operation

    def wait(self, timeout_seconds: Seconds | None = None) -> Operation:
        """Blocks the cell until the operation is resolved, and returns it.

        Interrupting the kernel stops the waiting, never the job. `await widget` does the same
        without blocking the buttons.

        Args:
            timeout_seconds: The timeout in seconds; None for no timeout.

        Raises:
            WaitTimeout: The timeout has passed. It is a TimeoutError.
            DeadlockError: This runs on a polling thread.
            ValueError, TypeError: `timeout_seconds` is not a number of seconds.
            TamrError: An error ended the polling (the operation was deleted, access was refused),
                or the widget was closed.
        """
        return self._waiting.block(timeout_seconds)

    def __await__(self) -> Generator[Any, None, Operation]:
        """Waits without blocking the event loop; results and errors as of `wait`."""
        return self._waiting.until_ended().__await__()

    def on_resolved(self, callback: Callable[[Operation], object]) -> None:
        """Registers a callback, called once with the resolved operation; soon if it is resolved.

        It runs on a thread of its own, so it may block and wait for other operations. Its output
        appears below the cell that registered it; the widget shows its errors.
        """
        safe = SafeCallback(callback, self._callbacks, self._report_callback_error)
        if not self._waiting.ended.done():
            self._controller.subscriptions.add_waiter()
            self._controller.follow()
        self._waiting.ended.add_done_callback(lambda ended: safe(ended.result()))

    def _apply(self, *, reports: bool = False) -> None:
        """Updates all traits, then the saved output at the end, then observers."""
        facts = self._controller.facts()
        values = {} if look_the_same(facts, self._panel) else {"_panel": facts}
        values |= self._current_values()
        before_notify = self._update_output if self._controller.over and not self._over else None
        self._over = self._controller.over
        self._publish(values, before_notify=before_notify, reports=reports)
        self._waiting.update()

    def _current_values(self) -> dict[str, Any]:
        controller = self._controller
        return {
            "operation": controller.operation,
            "description": controller.operation.description or "",
            "message": controller.operation.message,
            "waiting": controller.waiting,
            "deleted": controller.deleted,
            "error": "" if controller.error is None else str(controller.error),
            "callback_error": controller.shown_callback_error,
            "progress": controller.progress(),
            "state": controller.operation.state,
            "resolved": controller.operation.resolved,
        }

    def _show_callback_error(self, text: str) -> None:
        self._controller.callback_error = text
        self._apply(reports=True)

    def _handle_action(self, content: dict[str, Any]) -> None:
        self._controller.act(content.get("action", ""))

    def _follow(self) -> None:
        self._controller.follow()

    def _submit(self, work: Callable[[], object]) -> None:
        self._controller.submit(work)

    def _static_repr(self) -> tuple[str, str]:
        return html_table(self.operation), plain_text(self.operation)

    def _clock_offset_seconds(self) -> Seconds:
        return self.operation.clock_offset_seconds

    def pause_polling(self, cell: cell_outputs.Cell) -> None:
        """Pauses polling until a page or code needs it: the only cell that showed this ran again.

        Args:
            cell: The cell. One that is identified by its source text only is ignored, since two
                cells may have the same text.
        """
        if not cell.by_source:
            self._controller.subscriptions.pause()

    def close(self) -> None:
        """Ends polling and removes the widget from the page. The job goes on."""
        controller = getattr(self, "_controller", None)
        if controller is not None:  # else the constructor raised for its arguments
            controller.close()
            self._waiting.update()
            super().close()
