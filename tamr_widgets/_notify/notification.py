"""Notification: the handle of `notify`."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from .._clock import Seconds, checked_seconds
from .._http.unify_client import checked_client, link_to
from .._http.urls import server_name
from .._operation.identity import server_of
from .._text import sanitize
from ..errors import NotAClient, OperationTypeError, TamrError
from ..operation import Operation
from .handle import Handle
from .message import lost, title_and_text
from .registry import registry
from .watch import Event, OperationWatch, ServerWatch

WHEN = ("ended", "failed", "late")


class Notification(Handle):
    """Watches a target and notifies a recipient.

    Its arguments are those of `tamr_widgets.notify`.

    Attributes:
        server: The parts of the server's address.
        identity: The `identity` of the operation; None for all jobs of the server.
    """

    def __init__(
        self,
        target: Any,
        to: Callable[[str, str], object] | str,
        when: str,
        *,
        poll_interval_seconds: Seconds,
    ) -> None:
        self._operation, client = _operation_and_client(target)
        if when not in WHEN:
            msg = f"when must be 'ended', 'failed' or 'late', not {when!r:.40}."
            raise ValueError(msg)
        interval = checked_seconds("poll_interval_seconds", poll_interval_seconds)
        super().__init__(to, when)
        self.server, self._server_name = server_of(client), server_name(client)
        self.identity = None if self._operation is None else self._operation.identity
        callbacks = self._on_event, self._on_lost
        self._watch = (
            ServerWatch(client, interval, *callbacks)
            if self._operation is None
            else OperationWatch(self._operation, interval, *callbacks)
        )
        registry.add(self)
        try:
            self._watch.start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the notifications, and the attempts to send one. Closing it again has no effect."""
        super().close()
        self._watch.close()
        registry.remove(self)

    def _on_event(self, event: Event) -> None:
        operation = event.operation
        if self.when == event.kind or (self.when == "failed" and operation.state == "FAILED"):
            title, text = title_and_text(operation, event.estimate, late=event.kind == "late")
            is_last = self.identity is not None
            key = (self.server, operation.identity, event.kind)
            self._submit(key, title, text, is_last=is_last)
        elif event.kind == "ended" and self.identity is not None:
            self.close()  # it has not failed, or not run late

    def _on_lost(self, error: TamrError) -> None:
        title, text = lost(self._operation, self._server_name, str(error))
        # Once for this notification: one that is made later can be lost again.
        self._submit(object(), title, text, is_last=True)

    def _submit(self, event: Hashable, title: str, text: str, *, is_last: bool) -> None:
        def on_done(reason: str) -> None:
            self._set_error(reason)
            if is_last and not reason:
                self.close()

        self._outbox.submit(event, title, text, self._closed, on_done)

    def _set_error(self, reason: str) -> None:
        """Sets the error, which pages show."""
        before = self.error
        super()._set_error(reason)
        if self.error != before:
            registry.changed(self)

    def __repr__(self) -> str:
        number = "" if self._operation is None else sanitize(self._operation.resource_id or "?")
        jobs = f"job {number}" if number else "all jobs"
        return f"<notify {self.label} when {self.when}: {jobs} on {self._server_name}>"


def _operation_and_client(target: Any) -> tuple[Operation | None, Any]:
    """Returns the operation to watch, or None for all of the client's, and the client.

    A widget has the attribute `notification_target`: its operation or its client.

    Raises:
        TypeError: The target is something else.
        ClientClosed: The operation has not ended, and was unpickled without its client.
    """
    target = getattr(target, "notification_target", target)
    try:
        operation = Operation.adopt(target)
    except OperationTypeError:
        try:
            return None, checked_client(target)
        except NotAClient as error:
            msg = (
                "notify takes an operation, a chain, a widget of one, a JobsWidget, or a client, "
                f"not something of type {type(target).__name__}."
            )
            raise OperationTypeError(msg) from error
    if not operation.resolved:
        link_to(operation.client)
    return operation, operation.client
