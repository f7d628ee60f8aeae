"""The rows of a JobsWidget that a page has opened: a panel for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._clock import Seconds
from ..operation import Operation
from .controller import OperationController


class OpenedRows:
    """Follows the operations whose rows are opened, and sends what their panels show.

    Args:
        interval: How often to ask about each, in seconds.
        send: Gets a row's key and the facts to draw, on the poller's thread.
    """

    def __init__(self, interval: Seconds, send: Callable[[str, dict[str, Any]], object]) -> None:
        self._interval = interval
        self._send = send
        self._panels: dict[str, OperationController] = {}
        self._drawn: dict[str, dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._panels)

    def open(self, key: str, operation: Operation) -> None:
        """Follow an operation, and draw it also where it was drawn before."""
        panel = self._panels.get(key)
        if panel is None:
            panel = OperationController(operation, lambda: self._draw(key), self._interval, None)
            self._panels[key] = panel
            panel.follow()
        self._drawn[key] = {}
        self._draw(key)

    def shut(self, key: object) -> None:
        """Follow it no more."""
        panel = self._panels.pop(key, None) if isinstance(key, str) else None
        if panel is not None:
            panel.close()

    def act(self, key: object, action: object) -> None:
        """Leave an order for a click on one of them; see `OperationController.act`."""
        panel = self._panels.get(key) if isinstance(key, str) else None
        if panel is not None and isinstance(action, str):
            panel.act(action)

    def mark_visible(self) -> None:
        """A page shows them just now."""
        for panel in list(self._panels.values()):
            panel.act("visible")

    def rest(self) -> None:
        """Poll none of them until they are seen, unless somebody waits."""
        for panel in list(self._panels.values()):
            panel.follower.rest()

    def close(self) -> None:
        """Follow none of them."""
        for key in list(self._panels):
            self.shut(key)

    def _draw(self, key: str) -> None:
        panel = self._panels.get(key)
        if panel is None:
            return
        facts = panel.facts()
        if {**facts, "as_of": 0} != {**self._drawn[key], "as_of": 0}:
            self._drawn[key] = facts
            self._send(key, facts)
