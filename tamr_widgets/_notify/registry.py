"""The notifications in force, for pages that show who is notified of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

from .._operation.identity import server_of
from ..operation import Operation

if TYPE_CHECKING:
    from .notification import Notification


class Listener(Protocol):
    """A page that shows notifications."""

    def on_notification(self, notification: Notification) -> None:
        """Handles that a notification was added, removed or has failed; called on any thread."""


class Registry:
    """The notifications that were made and not closed, and the pages that show them."""

    def __init__(self) -> None:
        # A dict, since adding, removing and copying its keys are atomic.
        self._notifications: dict[Notification, None] = {}
        # By id. Not a WeakSet: to iterate over one fails if another thread adds to it.
        self._listeners: WeakValueDictionary[int, Listener] = WeakValueDictionary()

    def listen(self, listener: Listener) -> None:
        """Adds a listener, which is referenced weakly."""
        self._listeners[id(listener)] = listener

    def add(self, notification: Notification) -> None:
        """Adds a notification."""
        self._notifications[notification] = None
        self.changed(notification)

    def remove(self, notification: Notification) -> None:
        """Removes a notification, if it was not removed before."""
        if notification in self._notifications:
            self._notifications.pop(notification, None)
            self.changed(notification)

    def changed(self, notification: Notification) -> None:
        """Passes a notification that has changed to all listeners."""
        for reference in self._listeners.valuerefs():  # a copy that is made in one step
            listener = reference()
            if listener is not None:
                listener.on_notification(notification)

    def of(self, client: Any, operation: Operation | None = None) -> list[Notification]:
        """Returns all notifications of a client's server, or those about one operation."""
        return [each for each in list(self._notifications) if concerns(each, client, operation)]


def concerns(notification: Notification, client: Any, operation: Operation | None = None) -> bool:
    """Whether a notification is about an operation, or about any of a client's server."""
    if notification.server != server_of(client):
        return False
    return operation is None or notification.identity in (None, operation.identity)


def labels(notifications: list[Notification]) -> list[str]:
    """Returns the recipients' names, each once."""
    return list(dict.fromkeys(each.label for each in notifications))


def first_error(notifications: list[Notification]) -> str:
    """Returns the error of the first notification that could not be sent, or ""."""
    return next((each.error for each in notifications if each.error), "")


registry = Registry()
