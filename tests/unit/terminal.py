"""Runs a command in a pseudo-terminal, and keeps all that it writes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_SECONDS = 60


class Terminal:
    """A pseudo-terminal with a command in it.

    Attributes:
        output: All that was written so far.
        is_restored: Whether the terminal's settings are those of before, known after `wait`.
    """

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], *, columns: int = 80
    ) -> None:
        # They would take precedence over the size of the terminal; pytest-xdist sets them.
        sized = {
            name: each for name, each in environment.items() if name not in ("COLUMNS", "LINES")
        }
        self._master, self._slave = pty.openpty()
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)
        self._settings = termios.tcgetattr(self._slave)
        self.output = ""
        self.is_restored = False
        self.process = subprocess.Popen(
            command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env={"TERM": "xterm", **sized},
            start_new_session=True,
            preexec_fn=_become_the_terminal_s,  # noqa: PLW1509
        )
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join()
        os.close(self._master)
        os.close(self._slave)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def wait(self) -> int:
        """Waits for the end of the command, and returns its status."""
        status = self.process.wait(MAX_SECONDS)
        self._reading.join()
        self.is_restored = termios.tcgetattr(self._slave) == self._settings
        return status

    @property
    def lines(self) -> list[str]:
        """The lines that a person sees in the end: the last version of each."""
        return [line.rpartition("\r")[2] for line in self.output.replace("\r\n", "\n").split("\n")]

    def _read(self) -> None:
        deadline = time.monotonic() + MAX_SECONDS
        while time.monotonic() < deadline:
            has_ended = self.process.poll() is not None
            if select.select([self._master], [], [], 0.05)[0]:
                self.output += os.read(self._master, 65536).decode()
            elif has_ended:
                return


def _become_the_terminal_s() -> None:
    # Ctrl-C goes to the foreground process of the controlling terminal.
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
