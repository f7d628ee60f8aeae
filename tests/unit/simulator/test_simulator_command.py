from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tamr_widgets.simulator import DEMO_PASSWORD
from tamr_widgets.simulator.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = [sys.executable, "-W", "error", "-m", "tamr_widgets.simulator"]


@pytest.fixture
def served() -> Iterator[Callable[..., Any]]:
    """Starts the command, and ends it after the test."""
    processes = []

    def serve(*arguments: str) -> Any:
        process = subprocess.Popen(
            [*COMMAND, "--port", "0", "--past-jobs", "5", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield serve
    for process in processes:
        process.kill()
        process.communicate()


def logged_in(url: str, password: str) -> bool:
    given = {"username": "admin", "password": password}
    return requests.post(f"{url}/api/versioned/v1/instance:login", json=given, timeout=5).ok


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_the_command_serves_until_it_is_interrupted(served: Any) -> None:
    """It prints the URL, the user name and the source of the password; Ctrl-C is no error."""
    process = served("--speed", "10", "--deletes")
    url = process.stdout.readline().split()[-1]
    credentials = process.stdout.readline()

    assert logged_in(url, DEMO_PASSWORD)
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=30)

    assert credentials.startswith("User name admin, password tamr_widgets.simulator.DEMO_PASSWORD.")
    assert process.returncode == 0
    assert (rest.strip(), errors) == ("", "")


def test_the_password_can_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its source is printed, but never the password itself."""
    monkeypatch.setenv("TAMR_PASSWORD", "s3cret")
    logins = []

    def log_in() -> None:
        output = capsys.readouterr().out
        url = re.search(r"http://\S+", output)[0]
        assert "password from TAMR_PASSWORD" in output
        assert "s3cret" not in output
        logins.extend(logged_in(url, each) for each in ("s3cret", DEMO_PASSWORD))
        raise KeyboardInterrupt

    event = SimpleNamespace(Event=lambda: SimpleNamespace(wait=log_in))
    monkeypatch.setattr("tamr_widgets.simulator.__main__.threading", event)

    assert main(["--port", "0", "--past-jobs", "0", "--speed", "10", "--executors", "2"]) == 0
    assert logins == [True, False]


def test_a_port_in_use_is_reported_in_one_line(
    simulator: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1, and the line names the port and a remedy."""
    code = main(["--port", str(simulator.port), "--past-jobs", "0"])

    output = capsys.readouterr()
    assert code == 1
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert f"Can't listen on port {simulator.port}" in output.err
    assert "--port 0" in output.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "70000"],
        ["--port", "x"],
        ["--speed", "0"],
        ["--speed", "fast"],
        ["--executors", "0"],
    ],
)
def test_invalid_arguments_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the argument."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert arguments[0] in capsys.readouterr().err


WITHOUT_TORNADO = """
import runpy, sys
sys.modules["tornado"] = None
sys.argv[1:] = ["simulator"]
try:
    runpy.run_module("tamr_widgets", run_name="__main__")
except SystemExit as exit:
    print(exit.code)
print("then", file=sys.stderr)
from tamr_widgets import simulator
hasattr(simulator, "x")
simulator.Simulator
"""


def test_without_tornado_one_sentence_says_what_to_install() -> None:
    """The command prints no traceback, and an import does."""
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORNADO],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    command, imported = (part.splitlines() for part in run.stderr.split("then\n"))
    assert (run.stdout, run.returncode) == ("2\n", 1)
    assert "pip install 'tamr_widgets[simulator]'" in command[-1]
    assert "pip install 'tamr_widgets[simulator]'" in imported[-1]
    assert [sum("Traceback" in line for line in lines) for lines in (command, imported)] == [0, 1]
