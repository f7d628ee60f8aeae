"""A real kernel without a page: runs cells and records their messages."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import KernelManager

import tamr_widgets

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(tamr_widgets.__file__).parents[1]
SETUP = """
import time, threading, asyncio
import tamr_widgets
from tamr_widgets import *
from tamr_widgets.simulator import Simulator, Fault
simulator = Simulator(past_jobs=0).start()
client = simulator.client()
def started(seconds, **more):
    return client.operation(simulator.jobs.start(queued_seconds=0, run_seconds=seconds, **more))
"""


class Kernel:
    """A kernel with an embedded simulator; `messages` has all messages that it published."""

    def __init__(self) -> None:
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)
        self.messages: list[dict[str, Any]] = []
        self.run(SETUP)

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        self._client.context.destroy(linger=0)

    def begin(self, code: str, cell_id: str | None = None) -> str:
        """Sends a cell to be run, and returns the id of the request."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = self._client.session.msg("execute_request", content)
        if cell_id is not None:
            message["metadata"]["cellId"] = cell_id
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def finish(self, request: str, seconds: float = 20) -> str:
        """Waits for the end of a cell, and returns its output as text."""
        self._read(lambda: self._is_idle(request), seconds)
        assert self._is_idle(request), "the cell did not end in time"
        return self.text(request)

    def run(self, code: str, cell_id: str | None = None, seconds: float = 20) -> str:
        """Runs a cell, and returns its output as text; an error in the cell fails the test."""
        request = self.begin(code, cell_id)
        text = self.finish(request, seconds)
        errors = self.contents(request, "error")
        assert not errors, "\n".join(errors[0]["traceback"])
        return text

    def wait_until(self, condition: Callable[[], object], seconds: float = 10) -> None:
        """Reads messages until a condition is true."""
        self._read(condition, seconds)
        assert condition(), "the condition did not become true in time"

    def read_for(self, seconds: float) -> None:
        """Reads messages for some seconds."""
        self._read(lambda: False, seconds)

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def contents(self, request: str, kind: str) -> list[dict[str, Any]]:
        """Returns the contents of the messages of a kind that belong to a request."""
        return [
            each["content"]
            for each in self.messages
            if each["parent_header"].get("msg_id") == request and each["msg_type"] == kind
        ]

    def text(self, request: str) -> str:
        """Returns the text that a cell printed, also after it ended."""
        return "".join(each["text"] for each in self.contents(request, "stream"))

    def shown(self, request: str) -> list[dict[str, Any]]:
        """Returns the data of all outputs of a cell."""
        kinds = ("display_data", "execute_result")
        return [each["data"] for kind in kinds for each in self.contents(request, kind)]

    def _is_idle(self, request: str) -> bool:
        return any(each["execution_state"] == "idle" for each in self.contents(request, "status"))

    def _read(self, condition: Callable[[], object], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            with suppress(Empty):
                self.messages.append(self._client.get_iopub_msg(timeout=0.1))
