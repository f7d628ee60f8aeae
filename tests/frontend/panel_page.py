"""OperationWidget's browser side in a page without a kernel; the test acts as the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local_site import NOW_MS

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def ago(seconds: float) -> int:
    """A time before the page's NOW, in epoch milliseconds."""
    return NOW_MS - round(seconds * 1000)


RUNNING = {
    "id": "17",
    "type": "SPARK",
    "description": "Train Mastering Model",
    "state": "RUNNING",
    "created_by": "admin",
    "created_at": ago(72),
    "started_at": ago(60),
    "as_of": ago(0),
}
SUCCEEDED = RUNNING | {"state": "SUCCEEDED", "resolved": True, "ended_at": ago(5)}
FAILED = SUCCEEDED | {
    "state": "FAILED",
    "message": "AnalysisException: cannot resolve",
    "details": "AnalysisException: cannot resolve\n" + "\tat org.apache.spark.Catalyst\n" * 99,
}


class Widget:
    """An OperationWidget's browser side, run as anywidget runs it."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self.panel = page.locator(f"#{name} > .tamr")

    def button(self, name: str) -> Locator:
        return self.panel.get_by_role("button", name=name, exact=True)

    def update(self, facts: dict[str, Any]) -> None:
        """Send new facts, as the kernel does."""
        self._call("update", facts)

    def receive(self, message: dict[str, Any]) -> None:
        """Send a message, as the kernel does."""
        self._call("receive", message)

    def acknowledge(self, **clocks: int) -> None:
        """Acknowledge all messages, as the kernel does; `server` and `kernel` are the times."""
        self._call("acknowledge", clocks)

    @property
    def sent(self) -> list[str]:
        """The actions that were sent to the kernel because of a click."""
        return [action for action in self.messages if action not in ("subscribe", "visible")]

    @property
    def messages(self) -> list[str]:
        return [message["action"] for message in self._call("sent")]

    @property
    def listeners(self) -> int:
        return int(self._call("listeners"))

    def draw_again(self) -> None:
        """Remove the view and draw a new one, as a notebook does when it moves a cell."""
        self._call("drawAgain")

    def close_view(self) -> None:
        self._call("closeView")

    def close(self) -> None:
        self._call("close")

    def change_connection(self, **changes: Any) -> None:
        """Change the front end's connection to the kernel: `lost`, `reported`, `kernel`."""
        self._call("connection", changes)

    def _call(self, method: str, argument: Any = None) -> Any:
        script = "([name, method, argument]) => widgets[name][method](argument)"
        return self.page.evaluate(script, [self.name, method, argument])
