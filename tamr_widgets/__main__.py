"""The command line: `python -m tamr_widgets --help`, or `tamr-widgets --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from ._clock import checked_seconds
from ._terminal.commands import Status, cancel_job, follow, list_jobs
from ._terminal.streams import discard, prepare, write_error
from .client import Client
from .errors import TamrError

_DESCRIPTION = """\
Watch, wait for and cancel the jobs of a Tamr server.

The server is TAMR_URL. The credentials are TAMR_USERNAME with TAMR_PASSWORD, or TAMR_TOKEN; they
are read from the environment only.
"""
_EXAMPLES = """\
examples:
  export TAMR_URL=https://tamr.example.com TAMR_USERNAME=ada
  read -rs TAMR_PASSWORD && export TAMR_PASSWORD

  python -m tamr_widgets jobs --active
  python -m tamr_widgets watch 17
  python -m tamr_widgets wait 17 18 --timeout 3600 && echo "Both have succeeded."
  python -m tamr_widgets jobs --failing --json | jq -r .description
  python -m tamr_widgets simulator --port 9100 --speed 6

exit status:
  0 succeeded, 1 failed, 2 cancelled, 3 time-out, 4 error, 130 interrupted; that of the worst
  outcome for several jobs. For cancel, 1 means that nothing was cancelled.
"""
_SIGPIPE_STATUS = 141  # of a program that writes into a closed pipe


class _Parser(argparse.ArgumentParser):
    """A parser whose errors have an exit status of their own: 2, the usual one, is `cancelled`."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(Status.ERROR, f"{self.prog}: error: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command, and returns the exit status."""
    prepare()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["simulator"]:
        from .simulator.__main__ import main as serve  # noqa: PLC0415 - it needs an extra

        return serve(arguments[1:])
    options = _parser().parse_args(arguments)
    try:
        with Client.from_env() as client:
            return _run(client, options)
    except KeyboardInterrupt:
        is_wait = options.command in ("watch", "wait")
        write_error("Stopped waiting. The job goes on." if is_wait else "Interrupted.")
        return Status.INTERRUPTED
    except (TamrError, ValueError) as error:
        write_error(str(error))
        return Status.ERROR
    except BrokenPipeError:
        discard(sys.stdout)
        return _SIGPIPE_STATUS
    except OSError as error:  # such as a full disk
        discard(sys.stdout)
        write_error(f"The output could not be written: {error.strerror}.")
        return Status.ERROR


def _run(client: Client, options: argparse.Namespace) -> Status:
    if options.command == "jobs":
        return list_jobs(
            client,
            active=options.active,
            failing=options.failing,
            limit=options.limit,
            as_json=options.json,
        )
    if options.command == "cancel":
        return cancel_job(client, options.id, yes=options.yes, as_json=options.json)
    return follow(
        client,
        options.id,
        timeout=options.timeout,
        interval=options.interval,
        as_json=options.json,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m tamr_widgets",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    jobs = commands.add_parser("jobs", help="list jobs, newest first")
    watch = commands.add_parser("watch", help="follow jobs until they have ended")
    wait = commands.add_parser("wait", help="wait until jobs have ended")
    cancel = commands.add_parser("cancel", help="cancel a job, after a question")
    commands.add_parser("simulator", help="serve a simulated Tamr", add_help=False)
    _add_jobs_options(jobs)
    _add_watch_and_wait_options(watch, wait)
    cancel.add_argument("id", help="the job's number, or its address")
    cancel.add_argument("--yes", action="store_true", help="do not ask")
    for command in (jobs, watch, wait, cancel):
        command.add_argument("--json", action="store_true", help="a JSON object in each line")
    return parser


def _add_jobs_options(jobs: argparse.ArgumentParser) -> None:
    which = jobs.add_mutually_exclusive_group()
    which.add_argument("--active", action="store_true", help="those that have not ended")
    which.add_argument(
        "--failing",
        action="store_true",
        help="the last failure of each kind of job that has not succeeded since",
    )
    jobs.add_argument(
        "--limit", type=_count, metavar="N", help="at most N, 0 for all (20 on a terminal, else 0)"
    )


def _add_watch_and_wait_options(
    watch: argparse.ArgumentParser, wait: argparse.ArgumentParser
) -> None:
    watch.add_argument(
        "id",
        nargs="?",
        type=lambda text: [text],
        default=[],
        help="the job's number, or its address; without one, all that are active, and those that "
        "follow them, such as the steps of a chain",
    )
    watch.set_defaults(timeout=None)
    wait.add_argument("id", nargs="+", help="the jobs' numbers, or their addresses")
    wait.add_argument("--timeout", type=_seconds, metavar="S", help="give up after S seconds")
    for command in (watch, wait):
        command.add_argument(
            "--interval", type=_seconds, default=3.0, metavar="S", help="seconds between polls (3)"
        )


def _seconds(text: str) -> float:
    try:
        return checked_seconds("it", float(text))
    except ValueError as error:
        msg = f"{text!r} is no number of seconds"
        raise argparse.ArgumentTypeError(msg) from error


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        msg = f"{text!r} is no number of jobs"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
