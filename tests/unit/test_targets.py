"""PollTargets: any thread may subscribe, refresh and close while the poller schedules."""

from __future__ import annotations

import threading
from typing import Any

from fakes import document

from tamr_widgets._polling.targets import PollTargets
from tamr_widgets.operation import Operation

SNAPSHOT = Operation(None, document())


class Subscriber:
    """A subscription that records whether another thread could subscribe meanwhile."""

    interval = 600.0

    def __init__(self, lock: threading.Condition) -> None:
        self.target: Any = None
        self.could_others_subscribe: list[bool] = []
        self._lock = lock

    def is_hidden(self) -> bool:
        other = threading.Thread(target=self._try)
        other.start()
        other.join()
        return False

    def _try(self) -> None:
        acquired = self._lock.acquire(blocking=False)
        self.could_others_subscribe.append(acquired)
        if acquired:
            self._lock.release()


def test_no_thread_can_subscribe_while_the_next_poll_is_scheduled():
    """A subscriber with a shorter interval would have to wait for the longer one."""
    lock = threading.Condition()
    targets, subscriber = PollTargets(lock), Subscriber(lock)
    target = targets.add_subscriber("17", SNAPSHOT, subscriber)  # type: ignore[arg-type]

    targets.update_latest(target, SNAPSHOT, 0.0)

    assert subscriber.could_others_subscribe == [False]
