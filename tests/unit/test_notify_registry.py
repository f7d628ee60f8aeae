"""The registry of notifications, which any thread may use."""

from __future__ import annotations

import threading
from typing import Any
from weakref import finalize

import pytest

from tamr_widgets._notify.registry import Registry

NOTIFICATION: Any = object()


class Page:
    """A listener that counts notifications."""

    def __init__(self) -> None:
        self.received = 0

    def on_notification(self, notification: object) -> None:
        assert notification is NOTIFICATION
        self.received += 1


@pytest.mark.usefixtures("quick_switches")
def test_a_page_can_be_added_while_others_are_notified():
    """One thread may make widgets while another one closes a notification."""
    registry, stopping = Registry(), threading.Event()
    pages = [Page() for _ in range(50)]
    for page in pages:
        registry.listen(page)

    def make_pages() -> None:
        while not stopping.is_set():
            for page in [Page() for _ in range(50)]:
                registry.listen(page)

    maker = threading.Thread(target=make_pages)
    maker.start()
    try:
        for _ in range(300):
            registry.changed(NOTIFICATION)
    finally:
        stopping.set()
        maker.join()

    assert {page.received for page in pages} == {300}


def test_a_deleted_page_is_not_kept():
    """The registry references pages weakly."""
    registry, page = Registry(), Page()
    registry.listen(page)
    gone = finalize(page, lambda: None)

    del page

    assert not gone.alive
    registry.changed(NOTIFICATION)
