"""Sends notifications from the kernel when a job ends, fails or runs late."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._clock import Seconds

if TYPE_CHECKING:
    from ._notify.chain_notification import ChainNotification
    from ._notify.notification import Notification

__all__ = ["notify"]


def notify(
    target: Any,
    to: Callable[[str, str], object] | str,
    when: str = "ended",
    *,
    poll_interval_seconds: Seconds = 10,
) -> Notification | ChainNotification:
    """Sends a notification when a job or a chain ends, fails, or a job runs late.

    Failed attempts are repeated for some minutes, on a thread of their own that delays neither
    polls nor the exit of the kernel.

    Args:
        target: An operation; a `JobsWidget` or client, for all jobs of its server from now on; or
            a `Chain`, for each of its ends.
        to: A function that is called with a title and a text, or an address that Apprise
            understands (https://pypi.org/project/apprise/; it needs the extra `notify`), such as
            `slack://...` or `mailto://...`. An address is a credential, and is never shown.
        when: `ended`: whatever the outcome; `failed`; or `late`: the job runs longer than the
            upper end of its estimate.
        poll_interval_seconds: Seconds between two polls, which are shared with widgets.

    Returns:
        A handle, whose `close()` ends the notifications.

    Raises:
        ValueError: `when` is none of these words, Apprise does not understand the address, or
            `poll_interval_seconds` is out of range.
        TypeError: `target` or `to` is something else.
        ImportError: `to` is an address, and Apprise is not installed.
        ClientClosed: The operation has not ended, and was unpickled without its client.

    Example:
        >>> notify(client, "mailto://user:password@example.com", when="failed")
    """
    # Imported here, since `tamr_widgets` imports this module, and scripts may do without a poller.
    from ._notify.chain_notification import ChainNotification  # noqa: PLC0415
    from ._notify.notification import Notification  # noqa: PLC0415
    from .chain import Chain  # noqa: PLC0415

    chain = getattr(target, "notification_target", target)
    if isinstance(chain, Chain):
        return ChainNotification(chain, to, when)
    return Notification(target, to, when, poll_interval_seconds=poll_interval_seconds)
