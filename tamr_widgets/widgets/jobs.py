"""JobsWidget: Tamr's Jobs page in a cell, one widget for any number of jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets as t

from .._clock import Seconds, checked_seconds, clock
from .._http.protocol import TamrClient
from .._http.unify_client import checked_client
from .._operation.operation_list import OperationList
from .._polling.callbacks import SafeCallback
from ..errors import TamrError
from ..operation import Operation
from ..poller import Poller, Subscription
from . import bundle, cell_outputs, job_table
from .base import BaseWidget
from .bulk_action import Bulk
from .comm_context import run_in_comm_context
from .follower import Follower
from .opened_rows import OpenedRows
from .payload import compact, fault_facts

__all__ = ["JobsWidget"]

# A full list goes to the page in pieces, so that the first rows are seen at once.
CHUNK = 1000
# The first rows go to the page unasked, since what it asks for may wait behind a cell that runs.
# They are sent once more after this, unless it has asked: it may not have been ready for them.
AGAIN_SECONDS = 2.0


class JobsWidget(BaseWidget):
    """All jobs of a server: to look through, to open, to cancel and to delete.

    One request for the list of all operations is made for each interval, and shared with all
    OperationWidgets of the same client. Only rows that changed go to the page.

    Args:
        client: A `Client`, or a client of the public package.
        poll_interval_seconds: How often to ask for the list.
        **kwargs: `search` and `filter_state`, and ipywidgets' own: `layout`, `tooltip`, `tabbable`.

    Raises:
        TypeError: `client` is none, or an unknown argument.
        ValueError: A number of seconds that makes no sense.
    """

    _code = t.Bytes(bundle.compressed("jobs/index.js")).tag(sync=True)
    _status = t.Dict().tag(sync=True)
    _selected = t.List(t.Unicode()).tag(sync=True)
    _kept: t.List[Any] = t.List().tag(sync=True)
    _of_the_page = frozenset({"filter_state", "search", "_selected"})

    filter_state = t.Unicode("", help="Show only jobs in this state; all if empty.").tag(sync=True)
    search = t.Unicode("", help="Show only jobs that match this.").tag(sync=True)
    operations = t.Tuple(read_only=True, help="Snapshots of all jobs, newest first.")
    selection = t.Tuple(read_only=True, help="Snapshots of the jobs that are selected.")
    error = t.Unicode("", read_only=True, help="What went wrong last, or nothing.")

    def __init__(
        self, client: TamrClient, *, poll_interval_seconds: Seconds = 5, **kwargs: Any
    ) -> None:
        checked_client(client)
        self._interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
        self._client = client
        self._poller = Poller.of(client)
        self._table = job_table.JobTable()
        self._opened = OpenedRows(self._interval, self._send_panel)
        self._bulk: Bulk | None = None
        self._on_each_resolved: list[SafeCallback] = []
        self._offset: Seconds = 0.0
        self._checked_at = clock.wall()
        self._listed = self._greeted = self._no_delete = self._closed = False
        self._fault: dict[str, Any] = {}
        self._error = self._callback_error = ""
        self._follower = Follower(self._subscribe, self._learn)
        super().__init__(_status=self._known_status(), **kwargs)
        self._follower.start()

    def on_resolved(self, callback: Callable[[Operation], object]) -> None:
        """Call `callback` with each operation that resolves from now on, once for each.

        It runs on a thread of its own, so it may take its time and wait for other operations. What
        it prints appears below the cell that registered it; what it raises is shown in the widget.
        """
        safe = SafeCallback(callback, self._callbacks, self._report_callback_error)
        self._on_each_resolved.append(safe)
        self._follower.add_waiter()
        self._follow()

    def to_frame(self) -> Any:
        """The jobs as a pandas DataFrame: times are aware, durations are timedeltas.

        Before the widget has its first list, one is fetched here.

        Raises:
            ImportError: pandas is not installed; the message says how to get it.
            TamrError: The list had to be fetched, and could not be.
        """
        if self._listed:
            return job_table.to_frame(self.operations)
        return job_table.to_frame(tuple(OperationList(self._client).operations()))

    def rest(self, cell: cell_outputs.Cell) -> None:  # noqa: ARG002
        """Poll nothing until a page or code asks again: the one cell that showed this ran anew."""
        self._follower.rest()
        self._opened.rest()

    def close(self) -> None:
        """Stop asking for the list, call off what was clicked, and take the widget off the page."""
        if hasattr(self, "_follower"):  # else the constructor refused its arguments
            self._closed = True
            self._follower.stop()
            self._poller.cancel(self)
            self._opened.close()
            if self._bulk is not None:
                self._bulk.close()
            super().close()

    def _subscribe(self) -> Subscription:
        return self._poller.subscribe_all(
            lambda listing: run_in_comm_context(self._on_listing, listing),
            lambda error: run_in_comm_context(self._on_fault, error),
            self._interval,
            on_a_page=True,
            _inline=True,
        )

    def _learn(self) -> Subscription:
        return self._poller.learn(self._on_learned, _inline=True)

    def _follow(self) -> None:
        if not self._closed:
            self._follower.start()

    def _on_listing(self, listing: OperationList) -> None:
        self._checked_at = clock.wall()
        ended = {key for key, each in self._table.keyed() if each.resolved}
        changed, gone = self._table.take(listing.with_client(self._client))
        resolved = [each for key, each in changed if each.resolved and key not in ended]
        if changed:
            self._offset = changed[0][1].clock_offset_seconds
        first, self._listed = not self._listed, True
        self._fault, self._error = {}, ""
        if first:
            self._send_all()
            self._submit_later(self._send_all_unless_greeted, AGAIN_SECONDS)
        elif changed or gone:
            self._send_rows(changed, gone)
        self._take(first=first)
        self._report_resolved([] if first else resolved)

    def _report_resolved(self, operations: list[Operation]) -> None:
        for operation in operations:
            for callback in self._on_each_resolved:
                callback(operation)

    def _on_learned(self, _: object) -> None:
        unresolved = [(key, each) for key, each in self._table.keyed() if not each.resolved]
        if unresolved:
            run_in_comm_context(self._send_rows, unresolved, [])

    def _on_fault(self, error: TamrError) -> None:
        self._fault, self._error = fault_facts(error, self._checked_at), str(error)
        if error.retry_in_seconds is None:
            self._follower.stop()
        self._take()

    def _take(self, *, first: bool = False, reports: bool = False) -> None:
        """Take over what is known: the record first, then the news."""
        known = {
            "_status": self._known_status(),
            "operations": self._table.operations(),
            "selection": self._selection(),
            "error": self._error,
            "callback_error": self._callback_error,
        }
        self._publish(known, before_news=self._record if first else None, reports=reports)

    def _known_status(self) -> dict[str, Any]:
        known = compact(
            {
                "loading": not self._listed,
                "host": str(self._client.origin),
                "no_delete": self._no_delete,
                "callback_error": self._callback_error,
                **self._fault,
            }
        )
        # Zero is known, and not the same as unknown.
        return {**known, "total": len(self._table)} if self._listed else known

    def _selection(self) -> tuple[Operation, ...]:
        chosen = (self._table.get(key) for key in self._selected)
        return tuple(each for each in chosen if each is not None)

    def _take_from_page(self, values: dict[str, Any]) -> None:
        super()._take_from_page(values)
        self._publish({"selection": self._selection()})

    def _take_callback_error(self, text: str) -> None:
        self._callback_error = text
        run_in_comm_context(self._take, reports=True)

    def _send_rows(
        self, changed: list[tuple[str, Operation]], gone: list[str], **more: Any
    ) -> None:
        rows = [job_table.row(key, each, self._estimate(each)) for key, each in changed]
        self.send({"rows": {"jobs": rows, "gone": gone, **more}})

    def _send_all_unless_greeted(self) -> None:
        if not self._greeted:
            self._send_all()

    def _send_all(self) -> None:
        everything = list(self._table.keyed())
        for start in range(0, max(1, len(everything)), CHUNK):
            chunk, more = everything[start : start + CHUNK], start + CHUNK < len(everything)
            reset = {"reset": True, "total": len(everything)} if start == 0 else {}
            self._send_rows(chunk, [], more=more, **reset)

    def _estimate(self, operation: Operation) -> Any:
        return None if operation.resolved else self._poller.history.estimate(operation)

    def _send_panel(self, key: str, facts: dict[str, Any]) -> None:
        run_in_comm_context(self.send, {"panel": key, "facts": facts})

    @property
    def _halted(self) -> bool:
        """Whether a fault ended the polling."""
        return self._fault.get("fault_kind") not in (None, "retrying", "action")

    def _try_again(self) -> None:
        """Asks for the list anew after a fault that ended the polling."""
        if self._halted:
            self._fault, self._error = {}, ""
            self._follow()
            self._take()

    def _handle_action(self, content: dict[str, Any]) -> None:
        action, key = content.get("action"), content.get("id")
        if action == "subscribe":
            if not content.get("again"):
                self._greeted = True
                self._order(self._send_all)
        elif action == "visible":
            self._follower.mark_visible()
            self._opened.mark_visible()
            if not self._halted:  # it may have been at rest
                self._follow()
        elif action == "wait" and key is None:
            self._order(self._try_again)
        elif action == "expand":
            self._order(lambda: self._open(key))
        elif action == "collapse":
            self._order(lambda: self._opened.shut(key))
        elif action in ("cancel_all", "delete_all"):
            self._order(lambda: self._begin_bulk(action.removesuffix("_all"), content.get("ids")))
        else:
            self._opened.act(key, action)

    def _open(self, key: Any) -> None:
        operation = self._table.get(key)
        if operation is not None:
            self._opened.open(key, operation)

    def _submit(self, work: Callable[[], object]) -> None:
        self._submit_later(work, 0.0)

    def _submit_later(self, work: Callable[[], object], delay: Seconds) -> None:
        self._poller.submit(work, _ignore, None, delay, owner=self, _inline=True)

    def _order(self, command: Callable[[], object]) -> None:
        self._poller.submit(
            lambda: run_in_comm_context(command), _ignore, self._report, owner=self, _inline=True
        )

    def _begin_bulk(self, action: str, keys: Any) -> None:
        if self._closed or (self._bulk is not None and not self._bulk.over):
            return
        known = {key: self._table.get(key) for key in keys} if isinstance(keys, list) else {}
        operations = {key: each for key, each in known.items() if each is not None}
        if operations:
            self._bulk = Bulk(self._poller, action, operations, self._on_one_done, self._on_report)

    def _on_one_done(self, key: str, result: Any) -> None:
        if isinstance(result, Operation):
            known = self._table.get(key)
            self._table.put(key, result)
            run_in_comm_context(self._send_rows, [(key, result)], [])
            if result.resolved and known is not None and not known.resolved:
                run_in_comm_context(self._take)
                self._report_resolved([result])
        else:
            self._table.remove(key)
            run_in_comm_context(self._send_rows, [], [key])

    def _on_report(self, report: dict[str, Any]) -> None:
        run_in_comm_context(self.send, {"report": report})
        if report["over"]:
            self._no_delete = self._no_delete or (self._bulk is not None and self._bulk.no_delete)
            run_in_comm_context(self._take)

    def _report(self, error: TamrError) -> None:
        self._fault = {"fault": str(error), "fault_kind": "action"}
        run_in_comm_context(self._take)

    def _static_repr(self) -> tuple[str, str]:
        operations = self._table.operations() if self._listed else None
        return job_table.at_rest(operations, str(self._client.origin))

    def _clock_offset_seconds(self) -> Seconds:
        return self._offset


def _ignore(_: object) -> None:
    """The result of what has none."""
