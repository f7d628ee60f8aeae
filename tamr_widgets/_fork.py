"""Renews locks, threads and connections in a forked child process.

A fork copies locks that other threads hold, thread objects without their threads, and sockets that
both processes would then read from.
"""

from __future__ import annotations

import logging
import os
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """An object that holds locks, threads or connections."""

    def renew_after_fork(self) -> None:
        """Replaces them; called in the child while it has no other thread."""


_logger = logging.getLogger(__name__)
_registered: WeakSet[Renewable] = WeakSet()


def register(owner: Renewable) -> None:
    """Registers `owner.renew_after_fork` to be called in each forked child."""
    _registered.add(owner)


def _renew_all() -> None:
    for owner in list(_registered):
        _renew(owner)


def _renew(owner: Renewable) -> None:
    try:
        owner.renew_after_fork()
    except Exception:  # such as from a user's pool; the others are renewed anyway
        _logger.exception("Something could not be renewed in a forked process.")


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew_all)
