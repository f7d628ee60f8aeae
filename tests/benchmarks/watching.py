"""Polling many unresolved operations: requests, bytes, CPU and memory, against a thread for each.

Run it with `python tests/benchmarks/watching.py`; it takes five minutes. The peer is the public
client's polling loop in a thread for each operation: the client itself if `--public-python` names
an interpreter that has it, else a copy of its loop. Server, ours and peer are separate
processes, so that only the CPU of the polling process is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import threading
import time
import tracemalloc
import urllib.request
from pathlib import Path
from typing import Any

COUNTS = (1, 10, 100, 1000)
PAST_JOBS = 400
ENVIRONMENTS = Path(__file__).parents[2] / ".cache"


def document(number: int, state: str = "RUNNING") -> dict[str, Any]:
    """An operation as a server writes it, of the usual size."""
    return {
        "id": str(number),
        "type": "SPARK",
        "description": "Train Mastering Model",
        "status": {"state": state, "startTime": "2021-01-29T18:24:53.326Z", "endTime": "",
                   "message": "Job has been submitted to the executor"},
        "created": {"username": "admin", "time": "2021-01-29T18:24:40.582Z", "version": "71180"},
        "lastModified": {"username": "system", "time": "2021-01-29T18:24:54.950Z", "version": "7"},
        "relativeId": f"operations/{number}",
    }  # fmt: skip


class Connection(asyncio.Protocol):
    """A connection of the server, which only reads the number at the end of the path."""

    requests = sent = 0
    listed = b""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.held = transport, b""

    def data_received(self, data: bytes) -> None:
        self.held += data
        while b"\r\n\r\n" in self.held:
            head, _, self.held = self.held.partition(b"\r\n\r\n")
            self.respond(head.split(b" ", 2)[1].rpartition(b"/")[2].decode())

    def respond(self, last: str) -> None:
        kind = Connection
        if last == "stats":
            body = json.dumps([kind.requests, kind.sent]).encode()
            kind.requests = kind.sent = 0
        else:
            body = kind.listed if last == "operations" else json.dumps(document(int(last))).encode()
            kind.requests += 1
            kind.sent += len(body)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self.transport.write(head.encode() + b"\r\n\r\n" + body)


async def serve(count: int) -> None:
    """Serve `count` unresolved operations, and past ones, until the process is killed."""
    past = [document(10_000 + number, "SUCCEEDED") for number in range(PAST_JOBS)]
    Connection.listed = json.dumps([*(document(n) for n in range(count)), *past]).encode()
    server = await asyncio.get_running_loop().create_server(
        Connection, "127.0.0.1", 0, backlog=2048
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def ours(port: int, count: int, rounds: int, interval: float) -> float:
    """Returns the CPU seconds of some rounds of our poller."""
    from tamr_widgets import Client, Operation, Poller, UsernamePasswordAuth  # noqa: PLC0415

    with Client(UsernamePasswordAuth("admin", "secret"), host="127.0.0.1", port=port) as client:
        operations = [Operation(client, document(number)) for number in range(count)]
        start = time.process_time()
        subscriptions = [
            Poller.of(client).subscribe(each, lambda _: None, interval=interval)
            for each in operations
        ]
        time.sleep(rounds * interval)
        taken = time.process_time() - start
        for each in subscriptions:
            each.close()
    return taken


def public(port: int, count: int, rounds: int, interval: float) -> float:
    """Returns the CPU seconds of some rounds of the loop in the public client's `wait`."""
    try:
        from tamr_unify_client import Client  # noqa: PLC0415
        from tamr_unify_client.auth import UsernamePasswordAuth  # noqa: PLC0415
        from tamr_unify_client.operation import Operation  # noqa: PLC0415

        client = Client(UsernamePasswordAuth("admin", "secret"), host="127.0.0.1", port=port)
        polls = [Operation.from_json(client, document(number)).poll for number in range(count)]
    except ImportError:
        import requests  # noqa: PLC0415

        session, url = requests.Session(), f"http://127.0.0.1:{port}/api/versioned/v1/operations/"
        session.auth = ("admin", "secret")
        polls = [lambda n=n: session.get(f"{url}{n}").json() for n in range(count)]

    def wait(poll: Any) -> None:
        for _ in range(rounds):
            time.sleep(interval)
            poll()

    threads = [threading.Thread(target=wait, args=[poll]) for poll in polls]
    start = time.process_time()
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return time.process_time() - start


def watch(python: str, role: str, count: int, options: Any) -> tuple[int, int, float]:
    """Returns requests, bytes and CPU seconds of a polling process with a server of its own."""
    command = [__file__, "--rounds", str(options.rounds), "--interval", str(options.interval)]
    with subprocess.Popen(
        [sys.executable, *command, "serve", "0", str(count)], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        try:
            done = subprocess.run(
                [python, *command, role, port, str(count)],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
            )  # fmt: skip
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats") as stats:
                requests, sent = json.load(stats)
        finally:
            server.kill()
    return requests, sent, float(done.stdout)


def memory(count: int, rounds: int) -> tuple[float, float]:
    """Returns bytes for each polled operation beyond its JSON, after few and after many rounds."""
    import requests  # noqa: PLC0415

    from tamr_widgets import Client, Operation, Poller, UsernamePasswordAuth  # noqa: PLC0415
    from tamr_widgets._clock import clock  # noqa: PLC0415

    now = [1000.0]
    clock.monotonic = lambda: now[0]  # type: ignore[method-assign]
    body = json.dumps([document(number) for number in range(count)]).encode()

    class InMemory(requests.adapters.BaseAdapter):
        def send(self, request: Any, **_: Any) -> requests.Response:
            now[0] += 0.01
            response = requests.Response()
            response.status_code, response.url, response.request = 200, request.url, request
            number = request.url.rpartition("/")[2]
            one = json.dumps(document(int(number))).encode() if number.isdigit() else b""
            response._content = one or body
            return response

        def close(self) -> None:
            pass

    session = requests.Session()
    client = Client(UsernamePasswordAuth("admin", "secret"), session=session)
    session.mount(client.origin, InMemory())
    poller = Poller(client, background=False)
    gc.collect()
    tracemalloc.start()
    parsed = json.loads(body)
    documents = tracemalloc.get_traced_memory()[0]
    del parsed
    before = tracemalloc.get_traced_memory()[0]
    for number in range(count):
        operation = Operation(client, document(number))
        poller.subscribe(operation, lambda _: None)
    figures = []
    for upto in (10, rounds):
        end = 1000 + upto * 3
        while now[0] < end:
            now[0] += poller.run_once()
        gc.collect()
        figures.append((tracemalloc.get_traced_memory()[0] - before - documents) / count)
    tracemalloc.stop()
    return figures[0], figures[1]


def main() -> None:
    """Measure, and print the table."""
    from peers import Row, print_table  # noqa: PLC0415

    found = next(iter(sorted(ENVIRONMENTS.glob("public-*/bin/python"))), sys.executable)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", nargs="?")
    parser.add_argument("port", nargs="?", type=int)
    parser.add_argument("count", nargs="?", type=int)
    parser.add_argument("--public-python", default=str(found))
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--interval", type=float, default=3.0)
    parser.add_argument("--counts", type=int, nargs="*", default=COUNTS)
    options = parser.parse_args()
    if options.role == "serve":
        asyncio.run(serve(options.count))
    elif options.role:
        measure = {"ours": ours, "public": public}[options.role]
        print(measure(options.port, options.count, options.rounds, options.interval))
    else:
        rows = []
        for count in options.counts:
            our_figures = watch(sys.executable, "ours", count, options)
            their_figures = watch(options.public_python, "public", count, options)
            goals = ("<= 0.01", "", "<= 0.1") if count == max(COUNTS) else ("", "", "")
            units = ("{:,.0f}", "{:,.0f} B", "{:.2f} s")
            for name, mine, theirs, unit, goal in zip(
                ("requests", "bytes", "CPU"), our_figures, their_figures, units, goals, strict=True
            ):
                row = (unit.format(mine), unit.format(theirs), f"{mine / theirs:.3f}", goal)
                rows.append(Row(f"{count} watched: {name}", *row))
        few, many = memory(1000, 1000)
        row = (f"{many:,.0f} B", f"{few:,.0f} B", f"{many / few:.2f}", "flat, <= 5,000 B")
        rows.append(Row("memory each, after 1,000 rounds against 10", *row))
        print_table(f"{options.rounds} rounds, one each {options.interval:g} s", rows)


if __name__ == "__main__":
    main()
