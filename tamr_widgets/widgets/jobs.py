"""JobsWidget: Tamr's Jobs page in a cell, one widget for any number of jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import traitlets as t

from .._clock import Seconds, checked_seconds, clock
from .._http.protocol import TamrClient
from .._http.unify_client import checked_client
from .._http.urls import server_name
from .._notify.registry import concerns, first_error, registry
from .._operation.operation_list import OperationList
from .._polling.callbacks import SafeCallback, ignore
from ..auth import username_of
from ..errors import TamrError
from ..operation import Operation
from ..poller import Poller, Subscription
from . import bundle, cell_outputs, job_table
from .base import BaseWidget
from .bulk_action import BulkAction
from .hints import hints
from .job_rows import JobRows
from .opened_rows import OpenedRows
from .payload import PanelFacts, compact, poll_error_facts
from .subscription_group import SubscriptionGroup

if TYPE_CHECKING:
    from .._notify.notification import Notification

__all__ = ["JobsWidget"]

# The first list is sent before the page requests it, since that request may have to wait for the
# end of a running cell. The page may not be ready for it yet: unless it has requested the list by
# then, the list is sent again after this time.
AGAIN_SECONDS = 2.0
# A cell that a program runs waits so long for the first list, which would be lost afterwards.
FIRST_LIST_SECONDS = 5.0


class JobsWidget(BaseWidget):
    """Shows all jobs of a server in a table, with buttons to cancel and to delete them.

    One request for the list of all operations is made for each interval, and shared with all
    OperationWidgets of the same client. Only rows that changed are sent to the page.

    Args:
        client: A `Client`, or a client of the public package.
        poll_interval_seconds: Seconds between two requests for the list.
        **kwargs: `search`, `filter_state`, and `layout`, `tooltip` and `tabbable` of ipywidgets.

    Raises:
        NotAClient: `client` is not a client. It is a TypeError.
        TypeError: There is an unknown argument, or one of the wrong type.
        ValueError: `poll_interval_seconds` is negative or too large.
    """

    _code = t.Bytes(bundle.compressed("jobs/index.js")).tag(sync=True)
    _status = t.Dict().tag(sync=True)
    _selected = t.List(t.Unicode()).tag(sync=True)
    # The order and the expanded rows.
    _table_state = t.Dict().tag(sync=True)
    # A page fills this from its rows before it saves the notebook.
    _kept: t.List[Any] = t.List().tag(sync=True, to_json=lambda _, widget: widget._rows.newest())
    _page_traits = frozenset({"filter_state", "search", "_selected", "_table_state"})
    _server_traits = ("_status", "_kept")

    filter_state = t.Unicode(
        "", help="The state of the jobs to show, or SLOW for slow ones; empty for all."
    ).tag(sync=True)
    search = t.Unicode("", help="The text by which to search; empty for all jobs.").tag(sync=True)
    operations = t.Tuple(read_only=True, help="Snapshots of all jobs, newest first.")
    selection = t.Tuple(read_only=True, help="Snapshots of the jobs that are selected.")
    failing = t.Tuple(
        read_only=True,
        help="The newest failed job of each kind that has not succeeded since, newest first.",
    )
    error = t.Unicode("", read_only=True, help="The last error, or empty.")

    def __init__(
        self, client: TamrClient, *, poll_interval_seconds: Seconds = 5, **kwargs: Any
    ) -> None:
        checked_client(client)
        self._interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
        self._client = client
        self._poller = Poller.of(client)
        self._rows = JobRows(self._poller.history, self.send)
        self._table = self._rows.table
        self._opened = OpenedRows(self._interval, self._send_panel)
        self._bulk: BulkAction | None = None
        self._on_each_resolved: list[SafeCallback] = []
        self._offset: Seconds = 0.0
        self._checked_at = clock.wall()
        self._listed = self._page_ready = self._no_delete = self._closed = False
        self._hints: list[str] = []
        self._cancelled_here: set[str] = set()
        self._listed_at: datetime | None = None
        self._error_facts: dict[str, Any] = {}
        self._error = self._callback_error = ""
        self._subscriptions = SubscriptionGroup(self._subscribe, self._learn)
        self._responded = threading.Event()
        super().__init__(_status=self._current_status(), **kwargs)
        registry.listen(self)
        cell_outputs.repeat_in_cell(self)
        self._subscriptions.start()

    @property
    def notification_target(self) -> TamrClient:
        """The client, for `notify(widget, ...)`, which is about all jobs of its server."""
        return self._client

    def on_notification(self, notification: Notification) -> None:
        """Shows the error of a notification that could not be sent."""
        if not self._closed and concerns(notification, self._client):
            self._submit(self._update_traits)

    def on_resolved(self, callback: Callable[[Operation], object]) -> None:
        """Registers a callback, called once with each operation that resolves from now on.

        It runs on a thread of its own, so it may block and wait for other operations. Its output
        appears below the cell that registered it; the widget shows its errors.
        """
        safe = SafeCallback(callback, self._callbacks, self._report_callback_error)
        self._on_each_resolved.append(safe)
        self._subscriptions.add_waiter()
        self._follow()

    def to_frame(self) -> Any:
        """Returns the jobs as a pandas DataFrame: times are aware, durations are timedeltas.

        Before the widget has its first list, one is fetched here.

        Raises:
            ImportError: pandas is not installed; the message says how to get it.
            TamrError: The list was not fetched before, and its request failed.
        """
        if self._listed:
            return job_table.to_frame(self.operations)
        return job_table.to_frame(tuple(OperationList(self._client).operations()))

    def repeat_output(self) -> None:
        """Sends the state and the static form once more, for the saved notebook."""
        if cell_outputs.is_unattended():
            self._responded.wait(FIRST_LIST_SECONDS)
        super().repeat_output()

    def pause_polling(self, cell: cell_outputs.Cell) -> None:  # noqa: ARG002
        """Pauses polling until a page or code needs it: the only cell that showed this ran again.

        Args:
            cell: The cell.
        """
        self._subscriptions.pause()
        self._opened.pause()

    def close(self) -> None:
        """Ends polling, cancels pending actions, and removes the widget from the page."""
        if hasattr(self, "_subscriptions"):  # else the constructor raised for its arguments
            self._closed = True
            self._subscriptions.close()
            self._poller.cancel(self)
            self._opened.close()
            if self._bulk is not None:
                self._bulk.close()
            super().close()

    def _subscribe(self) -> Subscription:
        return self._poller.subscribe_all(
            self._on_listing,
            self._on_error,
            self._interval,
            on_a_page=True,
            _inline=True,
        )

    def _learn(self) -> Subscription:
        return self._poller.learn(self._on_learned, _inline=True)

    def _follow(self) -> None:
        if not self._closed:
            self._subscriptions.start()

    def _on_listing(self, listing: OperationList) -> None:
        self._checked_at = clock.wall()
        first = not self._listed
        changed, moved, removed, ended = self._rows.take(
            listing.with_client(self._client), is_first=first
        )
        self._listed, self._listed_at = True, listing.as_of
        if changed:
            self._offset = listing.clock_offset_seconds
        if first or changed or removed:
            self._hints = hints(self._table.operations(), self._cancelled_here)
        self._error_facts, self._error = {}, ""
        if first:
            self._rows.send_all()
            self._submit_later(self._send_all_unless_page_ready, AGAIN_SECONDS)
        elif changed or removed or moved:
            self._rows.send(dict.fromkeys([*changed, *moved]), removed)
        self._update_traits(first=first)
        if not self._page_ready:
            cell_outputs.repeat_in_cell(self)
        self._responded.set()
        self._report_resolved([] if first else ended)

    def _report_resolved(self, operations: list[Operation]) -> None:
        for operation in operations:
            for callback in self._on_each_resolved:
                callback(operation)

    def _on_learned(self, _: object) -> None:
        for start in self._rows.renew_estimates():
            self._submit(partial(self._rows.send_estimates, start))

    def _on_error(self, error: TamrError) -> None:
        self._error_facts = poll_error_facts(error, self._checked_at)
        self._error = str(error)
        if error.retry_in_seconds is None:
            self._subscriptions.stop()
        self._update_traits()
        self._responded.set()

    def _update_traits(self, *, first: bool = False, reports: bool = False) -> None:
        """Updates all traits, then the saved output after the first list, then observers."""
        values = {
            "_status": self._current_status(),
            "operations": self._table.operations(),
            "selection": self._selection(),
            "failing": self._rows.failing(),
            "error": self._error,
            "callback_error": self._shown_callback_error(),
        }
        before_notify = self._update_output if first else None
        self._publish(values, before_notify=before_notify, reports=reports)

    def _current_status(self) -> dict[str, Any]:
        status = compact(
            {
                "loading": not self._listed,
                "host": server_name(self._client),
                "user": username_of(getattr(self._client, "auth", None)),
                "hints": self._hints or None,
                "no_delete": self._no_delete,
                "callback_error": self._shown_callback_error(),
                **self._error_facts,
            }
        )
        # Added after `compact`, which would omit a zero.
        return {**status, "total": len(self._table)} if self._listed else status

    def _shown_callback_error(self) -> str:
        return self._callback_error or first_error(registry.of(self._client))

    def _selection(self) -> tuple[Operation, ...]:
        selected = (self._table.get(key) for key in self._selected)
        return tuple(each for each in selected if each is not None)

    def _set_from_page(self, values: dict[str, Any]) -> None:
        super()._set_from_page(values)
        self._publish({"selection": self._selection()})

    def _show_callback_error(self, text: str) -> None:
        self._callback_error = text
        self._update_traits(reports=True)

    def _send_all_unless_page_ready(self) -> None:
        if not self._page_ready:
            self._rows.send_all()

    def _send_panel(self, key: str, facts: PanelFacts) -> None:
        self.send({"panel": key, "facts": facts})

    @property
    def _halted(self) -> bool:
        """Whether an error ended the polling."""
        return self._error_facts.get("error_kind") not in (None, "retrying", "action")

    def _try_again(self) -> None:
        """Starts polling again after an error that ended it."""
        if self._halted:
            self._error_facts, self._error = {}, ""
            self._follow()
            self._update_traits()

    def _handle_action(self, content: dict[str, Any]) -> None:
        action, key = content.get("action"), content.get("id")
        if action == "subscribe":
            if not content.get("again"):
                self._page_ready = True
                self._submit_action(self._rows.send_all)
        elif action == "visible":
            self._subscriptions.mark_visible()
            self._opened.mark_visible()
            if not self._halted:  # it may have been paused
                self._follow()
        elif action == "wait" and key is None:
            self._submit_action(self._try_again)
        elif action == "expand":
            self._submit_action(lambda: self._expand(key))
        elif action == "collapse":
            self._submit_action(lambda: self._collapse(key))
        elif action in ("cancel_all", "delete_all"):
            self._submit_action(
                lambda: self._begin_bulk(action.removesuffix("_all"), content.get("ids"))
            )
        else:
            self._opened.act(key, action)

    def _expand(self, key: Any) -> None:
        operation = self._table.get(key)
        if operation is not None:
            self._opened.expand(key, operation)

    def _collapse(self, key: Any) -> None:
        self._opened.collapse(key)
        self.send({"collapsed": key})  # a page that still shows the row expands it again

    def _submit(self, work: Callable[[], object]) -> None:
        self._submit_later(work, 0.0)

    def _submit_later(self, work: Callable[[], object], delay: Seconds) -> None:
        self._poller.submit(work, ignore, None, delay, owner=self, _inline=True)

    def _submit_action(self, command: Callable[[], object]) -> None:
        self._poller.submit(command, ignore, self._on_action_error, owner=self, _inline=True)

    def _begin_bulk(self, action: str, keys: Any) -> None:
        if self._closed or (self._bulk is not None and not self._bulk.over):
            return
        found = {key: self._table.get(key) for key in keys} if isinstance(keys, list) else {}
        operations = {key: each for key, each in found.items() if each is not None}
        if operations:
            self._bulk = BulkAction(
                self._poller, action, operations, self._on_one_done, self._on_report
            )

    def _on_one_done(self, key: str, result: Any) -> None:
        if isinstance(result, Operation):
            self._cancelled_here.add(result.identity)
            previous = self._table.get(key)
            self._rows.put(key, result)
            if result.resolved and previous is not None and not previous.resolved:
                self._update_traits()
                self._report_resolved([result])
        else:
            self._rows.remove(key)

    def _on_report(self, report: dict[str, Any]) -> None:
        self.send({"report": report})
        if report["over"]:
            self._no_delete = self._no_delete or (self._bulk is not None and self._bulk.no_delete)
            self._update_traits()

    def _on_action_error(self, error: TamrError) -> None:  # pragma: no cover - none raises today
        self._error_facts = {"error": str(error), "error_kind": "action"}
        self._update_traits()

    def _static_repr(self) -> tuple[str, str]:
        operations = self._table.operations() if self._listed else None
        return job_table.static_repr(operations, server_name(self._client), self._listed_at)

    def _clock_offset_seconds(self) -> Seconds:
        return self._offset
