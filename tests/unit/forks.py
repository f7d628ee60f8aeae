"""Checks in a forked child of the tests' process."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SECONDS = 20

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
# Python warns of a fork in a process that has threads, which is the point of these tests.
may_fork = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def start_child(check: Callable[[], object]) -> int:
    """Forks a child that exits with status 0 if the check is true; returns its process id."""
    child = os.fork()
    if child == 0:
        signal.alarm(MAX_SECONDS)
        try:
            os._exit(0 if check() else 1)
        finally:  # the child must not continue the tests
            os._exit(2)
    return child


def succeeds(child: int) -> bool:
    """Whether a child's check was true."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def in_child(check: Callable[[], object]) -> bool:
    """Whether a check is true in a forked child."""
    return succeeds(start_child(check))
