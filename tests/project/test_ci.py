"""`.ci/run` agrees with its documentation."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / ".ci/run"


def run(*stages):
    command = ["bash", SCRIPT, *stages]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_ci_runs_the_test_command_of_the_readme():
    """The first command that a new contributor runs is tested."""
    section = (PROJECT / "README.md").read_text("utf-8").partition("## Run the tests\n\n")[2]
    command = section.splitlines()[0].strip()

    assert command.endswith("python -m pytest")
    assert f"    {command}\n" in SCRIPT.read_text("utf-8")


def test_help_lists_every_stage():
    """Each stage has a line, and is named in CONTRIBUTING."""
    stages = re.findall(r"^stage_(\w+)\(\)", SCRIPT.read_text("utf-8"), re.MULTILINE)
    contributing = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    shown = run("help")

    assert shown.returncode == 0
    assert re.findall(r"^  (\w+) +\S", shown.stdout, re.MULTILINE) == stages
    assert all(f"`{stage}`" in contributing for stage in stages)


def test_an_unknown_stage_runs_nothing():
    """The exit status is an error."""
    shown = run("lint", "unknown")

    assert shown.returncode == 2
    assert "== lint" not in shown.stdout
