"""Serves a simulated Tamr to other programs: `python -m tamr_widgets.simulator --port 9100`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
from typing import TextIO

from . import NEEDS_TORNADO

try:
    from .server import DEMO_PASSWORD, DEMO_USERNAME, Simulator
except ModuleNotFoundError:
    sys.stderr.write(f"{NEEDS_TORNADO}\n")
    sys.exit(2)

TAMR_PORT = 9100
EXIT_PORT_IN_USE = 1


def main(arguments: list[str] | None = None) -> int:
    """Serves until Ctrl-C, and returns the exit code."""
    options = _parser().parse_args(arguments)
    password = os.environ.get("TAMR_PASSWORD")
    simulator = Simulator(
        port=options.port,
        speed=options.speed,
        seed=options.seed,
        past_jobs=options.past_jobs,
        executors=options.executors,
        username=options.username,
        password=password or DEMO_PASSWORD,
        deletes=options.deletes,
    )
    try:
        simulator.start()
    except OSError as error:
        reason = error.strerror or error
        _print(f"Can't listen on port {options.port} ({reason}): try --port 0.", sys.stderr)
        return EXIT_PORT_IN_USE
    origin = "from TAMR_PASSWORD" if password else "tamr_widgets.simulator.DEMO_PASSWORD"
    with simulator, contextlib.suppress(KeyboardInterrupt):
        _print(f"Simulated Tamr at {simulator.url}")
        _print(f"User name {simulator.username}, password {origin}. Ctrl-C ends it.")
        threading.Event().wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tamr_widgets.simulator",
        description="Serve a simulated Tamr on loopback. The password is TAMR_PASSWORD, if set.",
    )
    parser.add_argument(
        "--port", type=_port, default=TAMR_PORT, help="0 for a free one (%(default)s)"
    )
    parser.add_argument("--speed", type=_speed, default=1.0, help="durations are divided by it")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same past")
    parser.add_argument(
        "--past-jobs", type=int, default=400, help="number of jobs that have ended (%(default)s)"
    )
    parser.add_argument("--executors", type=_count, default=1, help="jobs at once (%(default)s)")
    parser.add_argument(
        "--username", default=DEMO_USERNAME, help="name of the only user (%(default)s)"
    )
    parser.add_argument("--deletes", action="store_true", help="operations can be deleted")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("must be from 0 to 65535")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return count


def _speed(text: str) -> float:
    speed = float(text)
    if not speed > 0:
        raise argparse.ArgumentTypeError("must be greater than 0")
    return speed


def _print(text: str, stream: TextIO | None = None) -> None:
    print(text, file=stream, flush=True)


if __name__ == "__main__":
    sys.exit(main())
