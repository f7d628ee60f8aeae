"""Helpers that create widgets, send messages of a page, and record those to a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tamr_widgets import JobsWidget, OperationWidget

if TYPE_CHECKING:
    from tamr_widgets import Client
    from tamr_widgets.simulator import Simulator

QUICK = 0.01


def follow(client: Client, job: str, **options: Any) -> OperationWidget:
    """Returns a widget that polls a job often."""
    return OperationWidget(client.operation(job), **{"poll_interval_seconds": QUICK, **options})


def jobs_widget(client: Client, **options: Any) -> JobsWidget:
    """Returns a widget that polls the list of jobs often."""
    return JobsWidget(client, **{"poll_interval_seconds": QUICK, **options})


def panel(widget: OperationWidget) -> dict[str, Any]:
    """Returns the facts that a page of the widget draws now."""
    return widget.get_state("_panel")["_panel"]


def status(widget: JobsWidget) -> dict[str, Any]:
    """Returns the status that a page of the widget draws now."""
    return widget.get_state("_status")["_status"]


def send(widget: Any, content: object) -> None:
    """Sends a message from a page to the widget."""
    data = {"method": "custom", "content": content}
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})


def click(widget: Any, action: str, seq: int = 1, **more: Any) -> None:
    """Sends the message of a click."""
    send(widget, {"action": action, "seq": seq, **more})


class Page(list[dict[str, Any]]):
    """The messages that a page of the widget receives."""

    def __init__(self, widget: Any) -> None:
        super().__init__()
        self._widget = widget
        widget.comm.send = lambda data=None, **_: self.append(data)

    def click(self, action: str, **more: Any) -> None:
        """Sends the message of a click."""
        click(self._widget, action, **more)

    def contents(self) -> list[dict[str, Any]]:
        """Returns the custom messages."""
        return [message["content"] for message in list(self) if "content" in message]

    def of(self, kind: str) -> list[Any]:
        """Returns the values of the custom messages of one kind."""
        return [content[kind] for content in self.contents() if kind in content]


def count_requests(tamr: Simulator, method: str, path: str = "") -> int:
    """Returns how often a path was requested."""
    return len(tamr.requests.matching(method, path))
