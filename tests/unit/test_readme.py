"""The examples of the README for scripts and terminals, run without a change."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tqdm import tqdm

from tamr_widgets.__main__ import main
from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
SECTION = README.partition("## In scripts and terminals")[2].partition("\n## ")[0]
EXAMPLES = re.findall(r"```(python|shell)\n(.*?)```", SECTION, re.DOTALL)


@pytest.fixture(autouse=True)
def environment(early_polls, monkeypatch) -> Iterator[None]:
    """Sets the variables of a server on which jobs 17 and 18 have succeeded and job 19 runs."""
    with Simulator(speed=10_000, past_jobs=0) as tamr:
        for _ in range(18):
            tamr.jobs.add("SUCCEEDED")
        tamr.jobs.add("RUNNING")
        monkeypatch.setenv("TAMR_URL", tamr.url)
        monkeypatch.setenv("TAMR_USERNAME", DEMO_USERNAME)
        monkeypatch.setenv("TAMR_PASSWORD", DEMO_PASSWORD)
        yield


def test_the_python_examples_run_one_after_another(monkeypatch, capsys):
    """They are one script; nothing but the progress bar is written to standard error."""
    monkeypatch.setattr(tqdm, "monitor_interval", 0)  # else it starts a thread that never ends
    script = "\n".join(code for language, code in EXAMPLES if language == "python")
    variables = {"__name__": "__main__"}

    exec(compile(script, "README.md", "exec"), variables)

    variables["client"].close()
    written = capsys.readouterr()
    assert len(EXAMPLES) == 4
    assert written.out.count("SUCCEEDED") == 4
    assert "2/2" in written.err
    assert "Error" not in written.err


def test_the_shell_examples_run(capsys):
    """Each line exits with status 0."""
    (script,) = (code for language, code in EXAMPLES if language == "shell")

    for line in script.splitlines():
        command, _, then = line.partition(" && ")
        python, option, module, *arguments = shlex.split(command)
        assert [python, option, module] == ["python", "-m", "tamr_widgets"]
        assert main(arguments) == 0
        assert not then or shlex.split(then)[0] == "echo"

    written = capsys.readouterr().out
    assert "19  RUNNING" in written
    assert "19 CANCELING" in written
