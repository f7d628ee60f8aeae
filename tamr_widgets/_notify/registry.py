"""The notifications in force, for pages that show who is notified of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

from .._operation.identity import server_of
from ..operation import Operation

if TYPE_CHECKING:
    from .notification import Notification


class Listener(Protocol):
    """A page that shows notifications."""

    def notifications_changed(self) -> None:
        """Called on any thread after a notification was added, removed or has failed."""


class Registry:
    """The notifications that were made and not closed, and the pages that show them."""

    def __init__(self) -> None:
        # A dict, since adding, removing and copying its keys are atomic.
        self._notifications: dict[Notification, None] = {}
        self._listeners: WeakSet[Listener] = WeakSet()

    def listen(self, listener: Listener) -> None:
        """Adds a listener, which is referenced weakly."""
        self._listeners.add(listener)

    def add(self, notification: Notification) -> None:
        """Adds a notification."""
        self._notifications[notification] = None
        self.changed()

    def remove(self, notification: Notification) -> None:
        """Removes a notification, if it was not removed before."""
        if notification in self._notifications:
            self._notifications.pop(notification, None)
            self.changed()

    def changed(self) -> None:
        """Notifies all listeners."""
        for each in list(self._listeners):
            each.notifications_changed()

    def of(self, client: Any, operation: Operation | None = None) -> list[Notification]:
        """Returns the notifications about an operation, or about all jobs of a client's server."""
        server, identity = server_of(client), operation and operation.identity
        return [
            each
            for each in list(self._notifications)
            if each.server == server and each.identity in (None, identity)
        ]


registry = Registry()
