"""OperationWidget: one operation, followed in a notebook cell."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Generator
from typing import Any

import traitlets as t

from ..errors import TamrError
from ..operation import Operation, wait_timeout
from ..summary import html_table, plain_text
from ..timing import Seconds, checked_seconds, clock
from . import assets
from .live import LiveWidget
from .observers import Guarded
from .pages import towards_page
from .panel import Panel

__all__ = ["OperationWidget"]

# Where an event can't be interrupted, it is waited for in turns of this length.
INTERRUPT_SECONDS = 0.1
FINAL_KINDS = ("gone", "refused", "stopped")


class OperationWidget(LiveWidget):
    """Shows an operation as it is on the server, and lets a person wait, cancel and delete.

    It polls in the background until the operation is resolved. Its traits can be observed; they
    are read-only, since they tell what the server said.

    Args:
        operation: One of ours, or one of the public client's.
        poll_interval_seconds: How often to ask the server; the first times come sooner.
        timeout_seconds: How long the Wait button waits; None for as long as it takes.
        estimate: Whether to say how long the job will take, learnt from past jobs. It costs one
            request for the server's list, when nothing else is due.
        **kwargs: ipywidgets' own: `layout`, `tooltip`, `tabbable`.

    Raises:
        NotAnOperation: `operation` is none.
        ValueError, TypeError: A number of seconds that makes no sense, or an unknown argument.
    """

    _code = t.Bytes(assets.code("operation.js")).tag(sync=True)
    _panel = t.Dict().tag(sync=True)

    operation = t.Instance(Operation, read_only=True, help="The newest snapshot.")
    state = t.Unicode(None, allow_none=True, read_only=True, help="As the server wrote it.")
    resolved = t.Bool(read_only=True, help="Whether the job has ended.")
    description = t.Unicode("", read_only=True, help="What the job does.")
    message = t.Unicode("", read_only=True, help="What the server says, in words.")
    progress = t.Float(None, allow_none=True, read_only=True, help="0 to 1, None if unknown.")
    waiting = t.Bool(read_only=True, help="Whether the Wait button was pressed.")
    deleted = t.Bool(read_only=True, help="Whether it was deleted from here.")
    error = t.Unicode("", read_only=True, help="What went wrong last, or nothing.")

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
        timeout = timeout_seconds
        if timeout is not None:
            timeout = checked_seconds("timeout_seconds", timeout)
        self._settled = threading.Event()
        self._settling = threading.Lock()
        self._on_settled: list[Guarded] = []
        self._view = Panel(operation, self._draw, interval, timeout, estimate=estimate)
        self._take_traits()
        super().__init__(_panel=self._view.facts(), **kwargs)
        if operation.resolved:
            self._settled.set()
        self._view.follow()

    def wait(self, timeout_seconds: Seconds | None = None) -> Operation:
        """Block the cell until the operation is resolved, and return it.

        Interrupting the kernel stops the waiting, never the job. `await widget` does the same and
        keeps the buttons alive meanwhile.

        Args:
            timeout_seconds: How long to wait; None for as long as it takes.

        Raises:
            WaitTimeout: The time is up. It is a TimeoutError.
            TamrError: The server can't tell any more (it was deleted, access was refused), or the
                widget was closed.
        """
        start = clock.monotonic()
        deadline = math.inf
        if timeout_seconds is not None:
            deadline = start + checked_seconds("timeout_seconds", timeout_seconds)
        try:
            while not self._settled.wait(min(INTERRUPT_SECONDS, deadline - clock.monotonic())):
                if clock.monotonic() >= deadline:
                    raise wait_timeout(self.operation, clock.monotonic() - start, self._view.fault)
        except KeyboardInterrupt:
            raise WaitInterrupted from None
        return self._result()

    def __await__(self) -> Generator[Any, None, Operation]:
        return self._until_settled().__await__()

    async def _until_settled(self) -> Operation:
        loop = asyncio.get_running_loop()
        settled = asyncio.Event()
        self._when_settled(lambda: loop.call_soon_threadsafe(settled.set))
        await settled.wait()
        return self._result()

    def on_resolved(self, callback: Callable[[Operation], object]) -> None:
        """Call `callback` with the resolved operation, once; at once if it is resolved already.

        It runs on the polling thread. What it raises is shown in the widget and disturbs nobody.
        """
        self._when_settled(lambda: self.resolved and callback(self.operation))

    def _when_settled(self, callback: Callable[[], object]) -> None:
        guarded = Guarded(callback, self._complain)
        with self._settling:
            if not self._settled.is_set():
                self._on_settled.append(guarded)
                return
        guarded()

    def _settle(self) -> None:
        with self._settling:
            self._settled.set()
            waiting, self._on_settled = self._on_settled, []
        for callback in waiting:
            callback()

    def _result(self) -> Operation:
        if self.operation.resolved:
            return self.operation
        if self._view.fault is not None and self._view.fault_kind != "action":
            raise self._view.fault
        what = "deleted" if self.deleted else "closed"
        msg = f"The widget was {what} before the operation ended; it was {self.state} then."
        raise TamrError(msg)

    def _draw(self) -> None:
        towards_page(self._apply)

    def _apply(self) -> None:
        """Take over what the panel knows: one message for the page, then the traits."""
        self._send_facts()
        self._take_traits()
        if self.resolved or self.deleted or self._view.fault_kind in FINAL_KINDS:
            self._settle()
            if self._displayed:
                self._show(update=True)

    def _send_facts(self) -> None:
        facts = self._view.facts()
        if {**facts, "as_of": 0} != {**self._panel, "as_of": 0}:
            self._panel = facts

    def _take_traits(self) -> None:
        view = self._view
        known = {
            "operation": view.operation,
            "description": view.operation.description or "",
            "message": view.operation.message,
            "waiting": view.waiting,
            "deleted": view.deleted,
            "error": "" if view.fault is None else str(view.fault),
            "progress": view.progress(),
            "state": view.operation.state,
            "resolved": view.operation.resolved,
        }
        for name, value in known.items():
            self.set_trait(name, value)

    def _act(self, content: dict[str, Any]) -> None:
        self._view.act(content.get("do", ""))

    def _report(self, error: TamrError) -> None:
        self._view.report(error)

    def _at_rest(self) -> tuple[str, str]:
        return html_table(self.operation), plain_text(self.operation)

    def _clock_offset_seconds(self) -> Seconds:
        return self.operation.clock_offset_seconds

    def close(self) -> None:
        """Stop following the operation and take the widget off the page. The job goes on."""
        view = getattr(self, "_view", None)
        if view is not None:  # else the constructor refused its arguments
            view.close()
            self._settle()
            super().close()


class WaitInterrupted(KeyboardInterrupt):
    """The kernel was interrupted while a widget waited; the job goes on."""

    def _render_traceback_(self) -> list[str]:
        return ["Stopped waiting. The job goes on; the widget still follows it."]
