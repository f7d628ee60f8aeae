"""Notification: the handle of `notify`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NoReturn

from .. import _fork
from .._clock import Seconds, checked_seconds
from .._http.unify_client import checked_client, link_to
from .._http.urls import server_name
from .._operation.identity import server_of
from ..errors import NotAClient, OperationTypeError, TamrError
from ..operation import Operation
from .message import lost, title_and_text
from .outbox import outbox_of
from .recipient import recipient
from .registry import registry
from .watch import Event, OperationWatch, ServerWatch

WHEN = ("ended", "failed", "late")


class Notification:
    """Watches a target and notifies a recipient; `close` ends it.

    Its arguments are those of `tamr_widgets.notify`.

    Attributes:
        label: The service or function that is notified.
        when: `ended`, `failed` or `late`.
        error: The reason for which the last notification was not sent, or "".
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
        self._recipient = recipient(to)
        self._outbox = outbox_of(self._recipient)
        self._closed = threading.Event()
        _fork.register(self)
        self.label, self.when, self.error = self._recipient.label, when, ""
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

    @property
    def closed(self) -> bool:
        """Whether it was closed, or has nothing more to send."""
        return self._closed.is_set()

    def close(self) -> None:
        """Ends the notifications, and the attempts to send one. Closing twice is fine."""
        self._closed.set()
        self._watch.close()
        registry.remove(self)

    def renew_after_fork(self) -> None:
        """Closes it in the child: the parent sends the notifications."""
        self._closed = threading.Event()
        self._closed.set()

    def _on_event(self, event: Event) -> None:
        operation = event.operation
        if self.when == event.kind or (self.when == "failed" and operation.state == "FAILED"):
            title, text = title_and_text(operation, event.estimate, late=event.kind == "late")
            is_last = self.identity is not None
            self._submit(event.kind, operation.identity, title, text, is_last=is_last)
        elif event.kind == "ended" and self.identity is not None:
            self.close()  # it has not failed, or not run late

    def _on_lost(self, error: TamrError) -> None:
        title, text = lost(self._operation, self._server_name, str(error))
        self._submit("lost", self.identity, title, text, is_last=True)

    def _submit(
        self, kind: str, identity: str | None, title: str, text: str, *, is_last: bool
    ) -> None:
        def on_done(reason: str) -> None:
            self._set_error(reason)
            if is_last and not reason:
                self.close()

        key = (self.server, identity, kind)
        self._outbox.submit(key, title, text, self._closed, on_done)

    def _set_error(self, reason: str) -> None:
        """Sets the error, which pages show until the next notification, or until it is closed."""
        error = ""
        if reason:
            error = f"{self.label} was not notified: {reason}. Check the arguments of notify()."
        if error != self.error and not self.closed:
            self.error = error
            registry.changed(self)

    def __enter__(self) -> Notification:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        jobs = "all jobs" if self._operation is None else f"job {self._operation.resource_id}"
        return f"<notify {self.label} when {self.when}: {jobs} on {self._server_name}>"

    def __reduce__(self) -> NoReturn:
        msg = "A notification may hold an address, so it cannot be pickled. Call notify() again."
        raise TypeError(msg)


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
                "notify takes an operation, a widget of one, a JobsWidget, or a client, not "
                f"something of type {type(target).__name__}."
            )
            raise OperationTypeError(msg) from error
    if not operation.resolved:
        link_to(operation.client)
    return operation, operation.client
