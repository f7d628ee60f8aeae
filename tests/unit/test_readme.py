"""The examples of the README for scripts and terminals, run without a change."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tamr_widgets.simulator import DEMO_PASSWORD, DEMO_USERNAME, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
SECTION = README.partition("## In scripts and terminals")[2].partition("\n## ")[0]
EXAMPLES = re.findall(r"```(python|shell)\n(.*?)```", SECTION, re.DOTALL)


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """A server on which jobs 17 and 18 have succeeded and job 19 runs, as variables."""
    with Simulator(speed=100, past_jobs=0) as tamr:
        for _ in range(18):
            tamr.jobs.add("SUCCEEDED")
        tamr.jobs.add("RUNNING")
        yield {
            **os.environ,
            "TAMR_URL": tamr.url,
            "TAMR_USERNAME": DEMO_USERNAME,
            "TAMR_PASSWORD": DEMO_PASSWORD,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_python_examples_run_one_after_another(environment):
    """They are one script; nothing but the progress bar is written to standard error."""
    script = "\n".join(code for language, code in EXAMPLES if language == "python")

    done = run([sys.executable, "-W", "error", "-c", script], environment)

    assert len(EXAMPLES) == 4
    assert done.stdout.count("SUCCEEDED") == 4
    assert "2/2" in done.stderr
    assert "Error" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="The examples are for a POSIX shell")
def test_the_shell_examples_run(environment):
    """Each line has the status of a success."""
    (script,) = (code for language, code in EXAMPLES if language == "shell")

    done = run(["sh", "-ec", script], environment)

    assert "19  RUNNING" in done.stdout
    assert "Both have succeeded." in done.stdout
    assert "19 CANCELING" in done.stdout
