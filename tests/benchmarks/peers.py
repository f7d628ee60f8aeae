"""Shared by the benchmarks: rounds, medians, rows of a table, and a bare server."""

from __future__ import annotations

import statistics
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

ROUNDS = 7

# A minimal server with persistent connections, so that its own cost is small.
SERVER = """
import socketserver, sys
BODY = sys.argv[1].encode()
RESPONSE = (b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n"
          b"Date: Tue, 24 Nov 2026 06:00:00 GMT\\r\\n\\r\\n" % len(BODY)) + BODY
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        held = b""
        while chunk := self.request.recv(65536):
            held += chunk
            while b"\\r\\n\\r\\n" in held:
                held = held.partition(b"\\r\\n\\r\\n")[2]
                self.request.sendall(RESPONSE)
class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


class Row(NamedTuple):
    """One line of the table: our figure, the peer's figure, and the goal."""

    name: str
    ours: str
    peer: str
    ratio: str
    goal: str


@contextmanager
def bare_server(body: str) -> Iterator[int]:
    """Runs a process that responds to every request with `body`, and returns its port."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER), body], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def in_turn(*measures: Callable[[], float], rounds: int = ROUNDS) -> list[float]:
    """Returns the median of each measure; they alternate, so that other load affects all alike."""
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def print_table(title: str, rows: list[Row]) -> None:
    """Prints aligned rows."""
    lines = [Row("name", "ours", "peer", "ratio", "goal"), *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    print(f"\n{title}")
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
