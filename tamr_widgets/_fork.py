"""Renews in a forked child what must not cross a fork: locks, threads and connections.

A fork copies a lock in the state in which another thread held it, a thread object without its
thread, and a socket that both processes then read from.
"""

from __future__ import annotations

import logging
import os
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """Something that holds locks, threads or connections."""

    def renew_after_fork(self) -> None:
        """Replace them. Runs in the child, while it has no other thread."""


_logger = logging.getLogger(__name__)
_registered: WeakSet[Renewable] = WeakSet()


def register(owner: Renewable) -> None:
    """Have `owner.renew_after_fork` called in each child that this process forks."""
    _registered.add(owner)


def _renew_all() -> None:
    for owner in list(_registered):
        _renew(owner)


def _renew(owner: Renewable) -> None:
    try:
        owner.renew_after_fork()
    except Exception:  # such as of a pool of the user's; the others are renewed all the same
        _logger.exception("Something could not be renewed in a forked process.")


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_renew_all)
