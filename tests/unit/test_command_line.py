"""The command line as its users run it: in a pipe, and in a terminal."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from unittest.mock import Mock

import pytest
from fakes import PATH, URL, document, wait_until
from forks import may_fork

from tamr_widgets import Chain
from tamr_widgets.__main__ import main
from tamr_widgets._polling import history_loader
from tamr_widgets._terminal import commands, display
from tamr_widgets._terminal.lines import columns_of
from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Fault, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ESCAPE = "\x1b"

on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")


@pytest.fixture
def tamr() -> Iterator[Simulator]:
    with Simulator(past_jobs=0) as simulator:
        yield simulator


@pytest.fixture
def environment(tamr, monkeypatch) -> dict[str, str]:
    """The server and the credentials, as a user exports them."""
    variables = {
        "TAMR_URL": tamr.url,
        "TAMR_USERNAME": DEMO_USERNAME,
        "TAMR_PASSWORD": DEMO_PASSWORD,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return dict(os.environ)


@pytest.fixture
def terminal(environment, monkeypatch) -> Callable[..., Any]:
    """Runs the command line in a terminal, in a thread of this process."""
    from terminal import ThreadTerminal  # noqa: PLC0415 - Windows has no pseudo-terminals

    def run(*arguments: str, columns: int = 80, **variables: str) -> ThreadTerminal:
        # The size of a terminal can only be read by the process that runs in it.
        for name, value in {"TERM": "xterm", "COLUMNS": f"{columns}", **variables}.items():
            monkeypatch.setenv(name, value)
        return ThreadTerminal(lambda: main(arguments), columns)

    return run


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (["SUCCEEDED"], 0),
        (["FAILED"], 1),
        (["CANCELED"], 2),
        (["SUCCEEDED", "CANCELED", "FAILED"], 1),
        (["SUCCEEDED", "CANCELED"], 2),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)
def test_the_exit_status_is_that_of_the_worst_outcome(tamr, environment, states, status, capsys):
    """Each job has a line."""
    jobs = [tamr.jobs.add(state) for state in states]

    assert main(["wait", *jobs]) == status

    lines = capsys.readouterr().out.splitlines()
    words = [line.split()[:2] for line in lines]
    assert words == [[job, state] for job, state in zip(jobs, states, strict=True)]


def test_a_timeout_is_status_3(tamr, environment, capsys):
    """The message says that the job continues."""
    job = tamr.jobs.add("RUNNING")

    assert main(["wait", job, "--timeout", "0.2"]) == 3
    assert "The job itself goes on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"TAMR_URL": ""}, "TAMR_URL must be the address"),
        ({"TAMR_PASSWORD": ""}, "no TAMR_PASSWORD"),
        ({"TAMR_PASSWORD": "wr0ng"}, "401"),
        ({"TAMR_URL": "http://127.0.0.1:1"}, "Is the server running"),
        ({}, "404"),
    ],
    ids=["no server", "no password", "wrong password", "not running", "no such job"],
)
def test_an_error_is_one_line_and_status_4(environment, monkeypatch, variables, expected, capsys):
    """It has a hint, and shows no password."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert main(["wait", "4711"]) == 4

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert expected in output.err
    assert "wr0ng" not in output.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["wait"],
        ["wait", "1", "--timeout", "soon"],
        ["wait", "1", "--interval", "-1"],
        ["jobs", "--active", "--failing"],
        ["jobs", "--limit", "many"],
        ["watch", "1", "2"],
        ["jobs", "--password", "x"],
    ],
    ids=" ".join,
)
def test_invalid_arguments_are_status_4(arguments, capsys):
    """The usual status 2 would mean that a job was cancelled."""
    with pytest.raises(SystemExit) as raised:
        main(arguments)

    assert raised.value.code == 4
    assert "usage:" in capsys.readouterr().err


def test_help_has_examples_and_no_option_for_a_password(capsys):
    """All users of a machine can see the arguments of its processes."""
    with pytest.raises(SystemExit) as raised:
        main(["--help"])

    text = capsys.readouterr().out
    assert raised.value.code == 0
    assert "examples:" in text
    assert "exit status:" in text
    assert "--password" not in text


def test_jobs_are_listed_newest_first(tamr, environment, capsys):
    """Each has a line below the heading."""
    old, new = tamr.jobs.add("SUCCEEDED"), tamr.jobs.add("RUNNING", description="Train Model")

    assert main(["jobs"]) == 0

    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "STATE", "CREATED", "QUEUED", "RAN", "BY", "DESCRIPTION"]
    assert [line.split()[0] for line in lines] == [new, old]
    assert "Train Model" in lines[0]


def test_jobs_can_be_filtered_and_limited(tamr, environment, capsys):
    """--active, --failing and --limit; a JSON object in each line."""
    tamr.jobs.add("FAILED", description="A")
    tamr.jobs.add("SUCCEEDED", description="A")
    tamr.jobs.add("FAILED", description="B")
    tamr.jobs.add("RUNNING", description="C")

    def listed(*options: str) -> list[str]:
        assert main(["jobs", "--json", *options]) == 0
        return [json.loads(line)["description"] for line in capsys.readouterr().out.splitlines()]

    assert listed() == ["C", "B", "A", "A"]
    assert listed("--active") == ["C"]
    assert listed("--failing") == ["B"]
    assert listed("--limit", "2") == ["C", "B"]


def test_an_empty_list_of_jobs_has_a_message(tamr, environment, capsys):
    """With --json there is no output."""
    assert main(["jobs", "--active"]) == 0
    assert capsys.readouterr().out == "There are no such jobs.\n"
    assert main(["jobs", "--active", "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_in_a_pipe_each_change_is_a_line(tamr, environment, monkeypatch, capsys):
    """Without colours, and without a carriage return."""
    job = tamr.jobs.add("PENDING", description="Train")
    changes = [{"state": "RUNNING"}, {"state": "FAILED", "message": "No space left"}]
    read, write = map(os.fdopen, os.pipe(), "rw")
    monkeypatch.setattr(sys, "stdout", write)
    lines = []

    def change_when_shown() -> None:
        for line in read:
            lines.append(line)
            if changes:
                tamr.jobs.change(job, status=changes.pop(0))

    with read, running(change_when_shown), write:
        assert main(["watch", job, "--interval", "0.1"]) == 1

    assert capsys.readouterr().err == ""
    assert [line.split()[:2] for line in lines] == [
        [job, "PENDING"],
        [job, "RUNNING"],
        [job, "FAILED"],
    ]
    assert lines[-1].endswith("Train: No space left\n")
    assert ESCAPE not in "".join(lines)
    assert "\r" not in "".join(lines)


@contextmanager
def running(function: Callable[[], None]) -> Iterator[None]:
    """Runs a function in another thread, and waits for its end."""
    thread = threading.Thread(target=function)
    thread.start()
    yield
    thread.join()


def ended_when_shown(tamr: Simulator, written: io.StringIO, *jobs: str) -> Any:
    """Ends jobs, one after another, each when the output shows it."""

    def end_each() -> None:
        for job in jobs:
            wait_until(lambda job=job: f"{job} RUNNING" in written.getvalue())
            tamr.jobs.finish(job)

    return running(end_each)


def test_watch_without_a_number_is_about_all_active_and_following_jobs(
    tamr, environment, monkeypatch, capsys
):
    """Such as the steps of a chain; it ends when no job is active."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    client = tamr.client()
    start = lambda: client.operation(tamr.jobs.add("RUNNING"))  # noqa: E731
    chain = Chain({"first": start, "next": start}, poll_interval_seconds=0.1).start()
    wait_until(lambda: chain.steps[0].operation)

    with ended_when_shown(tamr, written, "1", "2"):
        assert main(["watch", "--interval", "1"]) == 0

    ended = [line.split()[:2] for line in written.getvalue().splitlines() if "SUCCEEDED" in line]
    assert ended == [["1", "SUCCEEDED"], ["2", "SUCCEEDED"]]
    assert chain.wait(10).state == "SUCCEEDED"
    assert main(["watch", "--interval", "0.1"]) == 0
    assert capsys.readouterr().err == "No job is active.\n"


def test_a_job_that_cannot_be_polled_ends_the_watch_of_all_jobs(tamr, environment, capsys):
    """It is in each list, and would be polled repeatedly without a pause."""
    tamr.jobs.add("RUNNING")
    tamr.faults.add(Fault.status(403, path="operations/"))

    assert main(["watch", "--interval", "0.1"]) == 4
    assert capsys.readouterr().err.count("403 Forbidden") == 1


def test_a_list_that_fails_does_not_end_the_watch_of_all_jobs(
    tamr, environment, monkeypatch, capsys
):
    """The command may run for hours."""
    monkeypatch.setattr(commands, "FIRST_BACKOFF_SECONDS", 0.05)
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    job = tamr.jobs.add("RUNNING")
    tamr.faults.add(Fault.status(502, skip=1, times=1, path="operations$"))

    with ended_when_shown(tamr, written, job):
        assert main(["watch", "--interval", "0.1"]) == 0

    assert f"{job} SUCCEEDED" in written.getvalue()
    assert "502 Bad Gateway" in capsys.readouterr().err


def test_json_output_has_an_object_for_each_change(tamr, environment, capsys):
    """Times are in ISO 8601, and durations in seconds."""
    job = tamr.jobs.start(queued_seconds=0.1, run_seconds=0.1, outcome="FAILED")

    assert main(["wait", job, "--interval", "0.1", "--json"]) == 1

    changes = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert changes[-1]["state"] == "FAILED"
    assert {each["id"] for each in changes} == {job}
    assert changes[-1]["elapsed_seconds"] >= 0
    assert changes[-1]["ended_at"].startswith("20")


def test_cancel_in_a_pipe_needs_the_option_yes(tamr, environment, capsys):
    """Only in a terminal can the user confirm it."""
    job = tamr.jobs.start(queued_seconds=0, run_seconds=600)

    assert not sys.stdin.isatty()
    assert main(["cancel", job]) == 4
    assert "--yes" in capsys.readouterr().err
    assert tamr.jobs.state(job) == "RUNNING"

    assert main(["cancel", job, "--yes"]) == 0
    assert capsys.readouterr().out.split()[1] in ("CANCELING", "CANCELED")


def test_a_job_that_has_ended_cannot_be_cancelled(tamr, environment, capsys):
    """Status 1: nothing was cancelled."""
    job = tamr.jobs.add("SUCCEEDED")

    assert main(["cancel", job, "--yes"]) == 1
    assert "nothing to cancel" in capsys.readouterr().err


def test_a_job_that_ends_before_it_is_cancelled_is_reported(wire, monkeypatch, capsys):
    """The status is 1, and the line has the actual outcome."""
    monkeypatch.setenv("TAMR_URL", "http://tamr.test:9100")
    monkeypatch.setenv("TAMR_TOKEN", "t0ken")
    for state in ("RUNNING", "RUNNING", "SUCCEEDED"):
        wire.get(URL + PATH, json=document(state))
    cancelled = wire.post("http://tamr.test:9100/api/dataset/jobs/17/cancel", json={})

    assert main(["cancel", "17", "--yes"]) == 1

    output = capsys.readouterr()
    assert cancelled.call_count == 1
    assert output.out.startswith("17 SUCCEEDED")
    assert output.err == "It ended before it could be cancelled.\n"


# Forks a process for each case, which is much quicker than starting an interpreter.
EXITS = """
import gc, json, os, runpy, sys
from tamr_widgets._terminal import commands

def closed():
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None
    os.close(1)
    os.close(2)

def full():
    for descriptor in (1, 2):
        os.dup2(os.open("/dev/full", os.O_WRONLY), descriptor)

def unread():
    read, write = os.pipe()
    os.close(read)
    os.dup2(write, 1)

gc.freeze()  # otherwise each exit traverses all modules
statuses = {}
for command, streams in (("jobs", unread), ("wait 1", closed), ("jobs", full)):
    child = os.fork()
    if child == 0:
        streams()
        sys.argv[1:] = command.split()
        runpy.run_module("tamr_widgets", run_name="__main__")
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    statuses[f"{command}, {streams.__name__}"] = status
print(json.dumps(statuses))
"""


@on_posix
def test_the_interpreter_exits_without_an_error_of_its_streams(tamr, environment):
    """It flushes them, although they may be closed, full or not read."""
    tamr.jobs.add("SUCCEEDED")
    environment.pop("PYTHONUNBUFFERED", None)  # otherwise nothing is left to flush

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EXITS],
        env=environment,
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert json.loads(done.stdout) == {"jobs, unread": 141, "wait 1, closed": 0, "jobs, full": 4}
    assert done.stderr == b""


def unread() -> TextIO:
    """A pipe that is not read, as after `| head -1`."""
    read, write = os.pipe()
    os.close(read)
    return os.fdopen(write, "w")


def full() -> TextIO:
    """A file on a disk without space."""
    return Path("/dev/full").open("w")


@on_posix
@pytest.mark.parametrize(
    ("command", "streams", "status"),
    [
        ("jobs", {"stdout": None}, 0),
        ("wait 1", {"stdout": None, "stderr": None}, 0),
        ("wait 1", {"stdout": full}, 4),
        ("jobs", {"stdout": full, "stderr": full}, 4),
        ("jobs", {"stdout": unread}, 141),
        ("wait 7", {"stdout": unread, "stderr": unread}, 4),
        ("cancel 2", {"stdin": None}, 4),
    ],
)
def test_a_closed_or_full_stream_is_not_reported_as_a_failed_job(
    tamr, environment, monkeypatch, command, streams, status
):
    """Python uses status 1 for every traceback; here, it means that the job has failed."""
    tamr.jobs.add("SUCCEEDED")
    tamr.jobs.add("RUNNING")
    for name, make in streams.items():
        monkeypatch.setattr(sys, name, make and make())

    assert main(command.split()) == status

    for name in streams:
        getattr(sys, name).close()  # flushes it


def test_text_that_the_output_cannot_encode_is_no_error(tamr, environment, monkeypatch):
    """A description may have any character."""
    tamr.jobs.add("SUCCEEDED", description="Größe 数据 \N{PILE OF POO}")
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))

    assert main(["jobs"]) == 0

    assert b"Gr??e ??" in written.getvalue()


def test_output_has_no_control_characters_of_a_server(tamr, environment, capsys):
    """A description cannot move the cursor, set a title or add a line."""
    job = tamr.jobs.add("SUCCEEDED", description=f"{ESCAPE}]0;title\x07{ESCAPE}[2J\r\nTrain")

    for command in (["jobs"], ["wait", job], ["jobs", "--json"]):
        assert main(command) == 0
        text = capsys.readouterr().out
        assert ESCAPE not in text
        assert "\r" not in text
        assert text.count("\n") <= 2


@on_posix
def test_in_a_terminal_one_line_is_rewritten(tamr, terminal):
    """It always fits into the width, and the outcome stays."""
    job = tamr.jobs.add("PENDING", description="数据 " * 30)

    with terminal("watch", job, "--interval", "0.1", columns=50) as shown:
        for state in ("PENDING", "RUNNING", "CANCELING"):
            tamr.jobs.change(job, status={"state": state})
            wait_until(lambda state=state: state in shown.output, 30)
        tamr.jobs.finish(job)
        assert shown.wait() == 0

    *drawn, last = shown.output.strip().split("\r")
    assert len(drawn) >= 3
    texts = [re.sub(rf"{ESCAPE}\[\d+m", "", each) for each in drawn]
    assert all(columns_of(each.rstrip()) <= 49 for each in texts)
    assert last.startswith(f"{job} {ESCAPE}[32mSUCCEEDED{ESCAPE}[0m")
    assert shown.is_restored


@on_posix
def test_in_a_terminal_the_remaining_time_is_estimated(terminal, monkeypatch):
    """The estimate is from the past jobs of the server."""
    monkeypatch.setattr(history_loader, "URGENT_SECONDS", 0.0)
    monkeypatch.setattr(display, "REDRAW_SECONDS", 0.1)
    with Simulator(past_jobs=400) as tamr:
        job = tamr.jobs.add("RUNNING", age_seconds=10_000)

        with terminal("watch", job, "--interval", "0.1", TAMR_URL=tamr.url) as shown:
            wait_until(lambda: "longer than usual" in shown.output, 30)
            tamr.jobs.finish(job)
            assert shown.wait() == 0

    assert "[#########-]" in shown.output


@on_posix
def test_several_jobs_are_counted(tamr, terminal):
    """Each that has ended has its own line."""
    first, second = (tamr.jobs.add("RUNNING") for _ in range(2))

    with terminal("wait", first, second, "--interval", "0.1", NO_COLOR="1") as shown:
        wait_until(lambda: "0 of 2 ended; " in shown.output, 30)
        tamr.jobs.finish(first)
        wait_until(lambda: "1 of 2 ended; " in shown.output, 30)
        tamr.jobs.finish(second)
        assert shown.wait() == 0

    assert [line.split()[:2] for line in shown.lines if line] == [
        [first, "SUCCEEDED"],
        [second, "SUCCEEDED"],
    ]


@on_posix
@may_fork
def test_ctrl_c_restores_the_terminal_and_does_not_cancel_the_job(tamr, environment, monkeypatch):
    """The message is on its own line; 130 is the usual status."""
    from terminal import ForkTerminal  # noqa: PLC0415 - Windows has no pseudo-terminals

    for name in ("COLUMNS", "LINES"):  # they would take precedence over the terminal's size
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    job = tamr.jobs.add("RUNNING", description="Train " * 30)

    with ForkTerminal(lambda: main(["watch", job]), columns=50) as shown:
        wait_until(lambda: "RUNNING" in shown.output, 30)
        shown.type("\x03")
        assert shown.wait() == 130

    assert shown.lines[-2] == "Stopped waiting. The job goes on."
    assert len(shown.lines[0].partition("^C")[0]) <= 70  # with a colour, within 50 columns
    assert shown.is_restored
    assert tamr.jobs.state(job) == "RUNNING"


def test_in_a_terminal_the_jobs_ahead_of_a_queued_job_are_listed(tamr, environment, monkeypatch):
    """The estimated start in the line needs them."""
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(history_loader, "PAUSE_SECONDS", 0.0)  # otherwise there are too many polls
    job = tamr.jobs.add("PENDING")

    def end() -> None:
        try:
            wait_until(lambda: sum(each.path.endswith("operations") for each in tamr.requests) > 3)
        finally:
            tamr.jobs.finish(job)

    with ThreadPoolExecutor() as executor:
        listed = executor.submit(end)
        assert main(["watch", job, "--interval", "0.1"]) == 0
        listed.result()


def test_in_a_terminal_states_have_colours(tamr, environment, monkeypatch, capsys):
    """A state such as PENDING has none."""
    for state in ("FAILED", "SUCCEEDED", "PENDING"):
        tamr.jobs.add(state)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    assert main(["jobs"]) == 0

    head, *lines = capsys.readouterr().out.splitlines()
    assert ESCAPE not in head
    assert [line.split()[1] for line in lines] == [
        "PENDING",
        f"{ESCAPE}[32mSUCCEEDED{ESCAPE}[0m",
        f"{ESCAPE}[31mFAILED{ESCAPE}[0m",
    ]


@on_posix
@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_no_color_and_dumb_terminals_disable_colours(tamr, terminal, variables):
    """See https://no-color.org."""
    tamr.jobs.add("FAILED")

    with terminal("jobs", **variables) as shown:
        assert shown.wait() == 0

    assert "FAILED" in shown.output
    assert ESCAPE not in shown.output


@on_posix
def test_a_terminal_shows_the_newest_jobs_within_its_width(tamr, terminal):
    """A note has the number of all jobs."""
    for _ in range(25):
        tamr.jobs.add("SUCCEEDED", description="Update Unified Dataset " * 5)

    with terminal("jobs", columns=60, NO_COLOR="1") as shown:
        assert shown.wait() == 0

    assert len(shown.lines) == 23  # the head, 20 jobs, the note, and the end of the last line
    assert all(columns_of(line) <= 60 for line in shown.lines)
    assert "The newest 20 of 25 jobs; --limit 0 shows all." in shown.output


@on_posix
@pytest.mark.parametrize(("keys", "status"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 1)])
def test_cancel_in_a_terminal_needs_a_confirmation(tamr, terminal, keys, status):
    """The question names the server and the user; anything but yes keeps the job."""
    job = tamr.jobs.start(queued_seconds=0, run_seconds=600, created_by="ada")

    with terminal("cancel", job, NO_COLOR="1") as shown:
        question = f"Cancel this job of {tamr.url}, started by ada? [y/N]"
        wait_until(lambda: question in shown.output, 30)
        shown.type(keys)
        assert shown.wait() == status

    assert (tamr.jobs.state(job) == "RUNNING") == (status == 1)


@on_posix
def test_the_confirmation_has_no_control_characters_of_a_server(tamr, terminal):
    """A user's name could hide which job is cancelled."""
    job = tamr.jobs.start(queued_seconds=0, run_seconds=600, created_by=f"{ESCAPE}[2K\rada")

    with terminal("cancel", job, NO_COLOR="1") as shown:
        wait_until(lambda: "[y/N]" in shown.output, 30)
        assert ESCAPE not in shown.output
        shown.type("n\n")
        assert shown.wait() == 1


def test_the_simulator_runs_until_ctrl_c(monkeypatch, capsys):
    """`python -m tamr_widgets simulator` accepts the simulator's own arguments."""
    waiting = Mock(**{"Event.return_value.wait.side_effect": KeyboardInterrupt})
    monkeypatch.setattr("tamr_widgets.simulator.__main__.threading", waiting)

    assert main(["simulator", "--port", "0", "--past-jobs", "5"]) == 0

    assert "Simulated Tamr at http://127.0.0.1:" in capsys.readouterr().out
