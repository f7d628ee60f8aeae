"""The expanded rows of a JobsWidget or ChainWidget, with an OperationController for each."""

from __future__ import annotations

from collections.abc import Callable

from .._clock import Seconds
from ..operation import Operation
from .controller import OperationController
from .payload import PanelFacts, look_the_same


class OpenedRows:
    """Polls the operations whose rows are expanded, and sends their facts to the page.

    Args:
        interval: The poll interval in seconds.
        send: Gets a row's key and the facts to draw, on the poller's thread or that of `expand`.
    """

    def __init__(self, interval: Seconds, send: Callable[[str, PanelFacts], object]) -> None:
        self._interval = interval
        self._send = send
        self._controllers: dict[str, OperationController] = {}
        self._drawn: dict[str, PanelFacts] = {}
        self._closed = False

    def expand(self, key: str, operation: Operation) -> None:
        """Polls an operation, and sends its facts also if they were sent before."""
        self._drawn.pop(key, None)
        controller = self._controllers.get(key)
        if controller is None:
            controller = OperationController(
                operation, lambda: self._draw(key), self._interval, None
            )
            self._controllers[key] = controller
            controller.follow()
        if self._closed:  # by another thread, which may not have seen this row
            self.collapse(key)
        self._draw(key)

    def replace(self, key: str, operation: Operation) -> None:
        """Polls another operation for an expanded row, if its job is another one now."""
        controller = self._controllers.get(key)
        if controller is not None and controller.operation.identity != operation.identity:
            self.collapse(key)
            self.expand(key, operation)

    def collapse(self, key: object) -> None:
        """Ends the polls of an operation."""
        if isinstance(key, str) and (controller := self._controllers.pop(key, None)):
            controller.close()
            self._drawn.pop(key, None)

    def act(self, key: object, action: object) -> None:
        """Submits the action of a click on a row; see `OperationController.act`."""
        controller = self._controllers.get(key) if isinstance(key, str) else None
        if controller is not None and isinstance(action, str):
            controller.act(action)

    def mark_visible(self) -> None:
        """Records that a page shows the rows now."""
        for controller in list(self._controllers.values()):
            controller.act("visible")

    def pause(self) -> None:
        """Pauses the polls of operations without waiters until a page shows them again."""
        for controller in list(self._controllers.values()):
            controller.subscriptions.pause()

    def close(self) -> None:
        """Ends the polls of all operations, also of those that are expanded later."""
        self._closed = True
        for key in list(self._controllers):
            self.collapse(key)

    def _draw(self, key: str) -> None:
        controller = self._controllers.get(key)
        if controller is None:  # closed at this moment by another thread
            return
        facts = controller.facts()
        if not look_the_same(facts, self._drawn.get(key, {})):
            self._drawn[key] = facts
            self._send(key, facts)
