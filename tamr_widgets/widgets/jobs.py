"""JobsWidget: Tamr's Jobs page in a cell, one widget for any number of jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets as t

from ..errors import TamrError
from ..listing import Listing
from ..operation import Operation
from ..poller import Poller
from ..timing import Seconds, checked_seconds, clock
from . import assets, table
from .bulk import Bulk
from .facts import compact, fault_facts
from .live import LiveWidget
from .observers import Guarded
from .pages import towards_page
from .panel import Panel

__all__ = ["JobsWidget"]

# A full list goes to the page in pieces, so that the first rows are seen at once.
CHUNK = 1000


class JobsWidget(LiveWidget):
    """All jobs of a server: to look through, to open, to cancel and to delete.

    One request for the list of all operations is made for each interval, and shared with all
    OperationWidgets of the same client. Only rows that changed go to the page.

    Args:
        client: A `Client`, or a client of the public package.
        poll_interval_seconds: How often to ask for the list.
        **kwargs: ipywidgets' own: `layout`, `tooltip`, `tabbable`.

    Raises:
        TypeError: `client` is none, or an unknown argument.
        ValueError: A number of seconds that makes no sense.
    """

    _code = t.Bytes(assets.code("jobs.js")).tag(sync=True)
    _status = t.Dict().tag(sync=True)
    _selected = t.List(t.Unicode()).tag(sync=True)
    _kept: t.List[Any] = t.List().tag(sync=True)
    _of_the_page = frozenset({"filter_state", "search", "_selected"})

    filter_state = t.Unicode("", help="Show only jobs in this state; all if empty.").tag(sync=True)
    search = t.Unicode("", help="Show only jobs that match this.").tag(sync=True)
    operations = t.Tuple(read_only=True, help="Snapshots of all jobs, newest first.")
    selection = t.Tuple(read_only=True, help="Snapshots of the jobs that are selected.")
    error = t.Unicode("", read_only=True, help="What went wrong last, or nothing.")

    def __init__(self, client: Any, *, poll_interval_seconds: Seconds = 5, **kwargs: Any) -> None:
        if not callable(getattr(client, "request", None)) or not hasattr(client, "origin"):
            msg = f"JobsWidget needs a client of a Tamr server, not {type(client).__name__}."
            raise TypeError(msg)
        self._interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
        self._client = client
        self._poller = Poller.of(client)
        self._table = table.JobTable()
        self._panels: dict[str, tuple[Panel, dict[str, Any]]] = {}
        self._bulk: Bulk | None = None
        self._on_each_resolved: list[Guarded] = []
        self._offset: Seconds = 0.0
        self._checked_at = clock.wall()
        self._has_page = self._no_delete = False
        super().__init__(_status={"loading": True, "host": str(client.origin)}, **kwargs)
        super().observe(self._take_selection, "_selected")
        self._following = self._poller.subscribe_all(
            self._on_listing, self._on_fault, self._interval, on_a_page=True
        )
        self._learning = self._poller.learn(self._on_learned)

    def on_resolved(self, callback: Callable[[Operation], object]) -> None:
        """Call `callback` with each operation that resolves from now on, once for each.

        It runs on the polling thread. What it raises is shown in the widget and disturbs nobody.
        """
        self._on_each_resolved.append(Guarded(callback, self._complain))

    def to_frame(self) -> Any:
        """The jobs as a pandas DataFrame: times are aware, durations are timedeltas.

        Raises:
            ImportError: pandas is not installed; the message says how to get it.
        """
        return table.to_frame(self.operations)

    def close(self) -> None:
        """Stop asking for the list and take the widget off the page."""
        if hasattr(self, "_learning"):  # else the constructor refused its arguments
            self._following.close()
            self._learning.close()
            for panel, _ in self._panels.values():
                panel.close()
            if self._bulk is not None:
                self._bulk.close()
            super().close()

    def _on_listing(self, listing: Listing) -> None:
        self._checked_at = clock.wall()
        ended = {key for key, each in self._table.keyed() if each.resolved}
        changed, gone = self._table.take(listing)
        resolved = [each for key, each in changed if each.resolved and key not in ended]
        if changed:
            self._offset = changed[0][1].clock_offset_seconds
        first = bool(self._status.get("loading"))
        self._set_status({})
        if self._has_page and (changed or gone):
            towards_page(self._send_rows, changed, gone)
        if changed or gone:
            self._take_operations()
        for operation in () if first else resolved:
            for callback in self._on_each_resolved:
                callback(operation)
        if first and self._displayed:
            towards_page(lambda: self._show(update=True))

    def _on_learned(self, _: object) -> None:
        unresolved = [(key, each) for key, each in self._table.keyed() if not each.resolved]
        if self._has_page and unresolved:
            towards_page(self._send_rows, unresolved, [])

    def _on_fault(self, error: TamrError) -> None:
        self._set_status(fault_facts(error, self._checked_at), loading=len(self._table) == 0)
        self.set_trait("error", str(error))

    def _set_status(self, fault: dict[str, Any], *, loading: bool = False) -> None:
        known = {"loading": loading, "host": str(self._client.origin), "no_delete": self._no_delete}
        status = compact({**known, **fault})
        if not fault:
            self.set_trait("error", "")
        if status != self._status:
            towards_page(self.set_trait, "_status", status)

    def _take_operations(self) -> None:
        self.set_trait("operations", self._table.operations())
        self._select()

    def _select(self) -> None:
        chosen = (self._table.get(key) for key in self._selected)
        self.set_trait("selection", tuple(each for each in chosen if each is not None))

    def _take_selection(self, _: object) -> None:
        self._poller.submit(self._select, lambda _: None)

    def _send_rows(
        self, changed: list[tuple[str, Operation]], gone: list[str], **more: Any
    ) -> None:
        rows = [table.row(key, each, self._estimate(each)) for key, each in changed]
        self.send({"rows": {"jobs": rows, "gone": gone, **more}})

    def _send_all(self) -> None:
        self._has_page = True
        everything = list(self._table.keyed())
        for start in range(0, max(1, len(everything)), CHUNK):
            chunk, more = everything[start : start + CHUNK], start + CHUNK < len(everything)
            reset = {"reset": True, "total": len(everything)} if start == 0 else {}
            self._send_rows(chunk, [], more=more, **reset)

    def _estimate(self, operation: Operation) -> Any:
        return None if operation.resolved else self._poller.history.estimate(operation)

    def _act(self, content: dict[str, Any]) -> None:
        action, key = content.get("do"), content.get("id")
        if action == "hello":
            if not content.get("again"):
                self._order(self._send_all)
        elif action == "seen":
            self._following.seen()
            for panel, _ in self._panels.values():
                panel.act("seen")
        elif action == "open":
            self._order(lambda: self._open(key))
        elif action == "shut":
            self._order(lambda: self._shut(key))
        elif action in ("cancel_all", "delete_all"):
            self._order(lambda: self._begin_bulk(action.removesuffix("_all"), content.get("ids")))
        elif isinstance(key, str) and key in self._panels and isinstance(action, str):
            self._panels[key][0].act(action)

    def _order(self, command: Callable[[], object]) -> None:
        self._poller.submit(lambda: towards_page(command), lambda _: None, self._report)

    def _open(self, key: Any) -> None:
        operation = self._table.get(key)
        if operation is None:
            return
        if key not in self._panels:
            panel = Panel(operation, lambda: self._draw(key), self._interval, None)
            self._panels[key] = (panel, {})
            panel.follow()
        panel = self._panels[key][0]
        self._panels[key] = (panel, {})
        self._draw(key)

    def _draw(self, key: str) -> None:
        panel, shown = self._panels[key]
        facts = panel.facts()
        if {**facts, "as_of": 0} != {**shown, "as_of": 0}:
            self._panels[key] = (panel, facts)
            towards_page(self.send, {"panel": key, "facts": facts})

    def _shut(self, key: Any) -> None:
        panel, _ = self._panels.pop(key, (None, None))
        if panel is not None:
            panel.close()

    def _begin_bulk(self, action: str, keys: Any) -> None:
        if self._bulk is not None and not self._bulk.over:
            return
        known = {key: self._table.get(key) for key in keys} if isinstance(keys, list) else {}
        operations = {key: each for key, each in known.items() if each is not None}
        if operations:
            self._bulk = Bulk(self._poller, action, operations, self._on_one_done, self._on_report)

    def _on_one_done(self, key: str, result: Any) -> None:
        if isinstance(result, Operation):
            self._table.put(key, result)
            towards_page(self._send_rows, [(key, result)], [])
        else:
            self._table.remove(key)
            towards_page(self._send_rows, [], [key])

    def _on_report(self, report: dict[str, Any]) -> None:
        towards_page(self.send, {"report": report})
        if report["over"]:
            self._no_delete = self._no_delete or (self._bulk is not None and self._bulk.no_delete)
            self._set_status({})
            self._take_operations()

    def _report(self, error: TamrError) -> None:
        facts = {"fault": str(error), "fault_kind": "action"}
        self._poller.submit(lambda: self._set_status(facts), lambda _: None)

    def _at_rest(self) -> tuple[str, str]:
        return table.at_rest(self._table.operations(), str(self._client.origin))

    def _clock_offset_seconds(self) -> Seconds:
        return self._offset
