"""Runs a command in a pseudo-terminal, and keeps its output."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import threading
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING
from unittest.mock import patch

from fakes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SECONDS = 60


class Terminal:
    """A pseudo-terminal, in which a subclass runs a command.

    Attributes:
        output: The text that was written so far.
        is_restored: Whether the terminal's settings are those of before, known after `wait`.
    """

    def __init__(self, columns: int = 80) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._settings = termios.tcgetattr(self._slave)
        self.output = ""
        self.is_restored = False
        self._closed = threading.Event()
        self._reading = threading.Thread(target=self._read)

    def __enter__(self) -> Terminal:
        self._start()
        os.close(self._slave)  # the output ends when the command closes its own descriptors
        self._reading.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._reading.join()
        os.close(self._master)
        self._end()

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def wait(self) -> int:
        """Waits for the end of the command, and returns its status."""
        status = self._wait()
        self._reading.join()
        self.is_restored = termios.tcgetattr(self._master) == self._settings
        return status

    @property
    def lines(self) -> list[str]:
        """The lines as displayed at the end: the last version of each."""
        return [line.rpartition("\r")[2] for line in self.output.replace("\r\n", "\n").split("\n")]

    def _read(self) -> None:
        while not self._closed.is_set():
            if select.select([self._master], [], [], 0.05)[0]:
                try:
                    written = os.read(self._master, 65536)
                except OSError:  # as Linux reports the end
                    return
                if not written:
                    return
                self.output += written.decode()

    def _start(self) -> None:
        raise NotImplementedError

    def _wait(self) -> int:
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError


class ForkTerminal(Terminal):
    """Runs a function in a forked process, which Ctrl-C needs."""

    def __init__(self, function: Callable[[], int], columns: int = 80) -> None:
        super().__init__(columns)
        self._function = function
        self._status: int | None = None

    def _start(self) -> None:
        self._child = os.fork()
        if self._child == 0:
            status = 255
            try:
                status = self._run()
            finally:  # the child must not continue with the tests
                os._exit(status)

    def _run(self) -> int:
        os.setsid()
        # Ctrl-C goes to the foreground process of the controlling terminal.
        fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0)
        for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
            os.dup2(self._slave, number)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))
        status = self._function()
        sys.stdout.flush()
        return status

    def _wait(self) -> int:
        wait_until(self._has_ended, MAX_SECONDS)
        assert self._status is not None
        return self._status

    def _has_ended(self) -> bool:
        if self._status is None:
            child, status = os.waitpid(self._child, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if child else None
        return self._status is not None

    def _end(self) -> None:
        if not self._has_ended():
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)


class ThreadTerminal(Terminal):
    """Runs a function in a thread, which has the terminal as its standard streams."""

    def __init__(self, function: Callable[[], int], columns: int = 80) -> None:
        super().__init__(columns)
        self._function = function
        self._statuses: list[int] = []
        self._thread = threading.Thread(target=self._run)

    def _start(self) -> None:
        self._streams = [
            os.fdopen(os.dup(self._slave), mode, encoding="utf-8") for mode in ("r", "w", "w")
        ]
        self._thread.start()

    def _run(self) -> None:
        with ExitStack() as stack:
            stdin, stdout, stderr = map(stack.enter_context, self._streams)
            stack.enter_context(patch.object(sys, "stdin", stdin))
            stack.enter_context(redirect_stdout(stdout))
            stack.enter_context(redirect_stderr(stderr))
            self._statuses.append(self._function())

    def _wait(self) -> int:
        wait_until(lambda: not self._thread.is_alive(), MAX_SECONDS)
        return self._statuses[0]

    def _end(self) -> None:
        self._thread.join(MAX_SECONDS)  # it ends when its terminal is closed
