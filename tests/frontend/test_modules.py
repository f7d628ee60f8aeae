"""The page's modules in Node: tests in modules/*.test.js, and agreement with Python."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tamr_widgets.history import Estimate, description_template, progress

MODULES = Path(__file__).with_name("modules")
MIN_NODE = (20, 19)  # treats a .js file with imports as a module without a package.json
DESCRIPTIONS = [
    "Train Mastering Model",
    "Update Unified Dataset [customers_unified]",
    "Profiling [81] attributes.",
    "projectExport with artifact: minimal mastering 2021",
    'Publish "the best" of a/b (today)',
    "Load file.csv for user@host in 3 steps",
    "12 34",
    "[x]",
    "",
    " a  blank before, and after ",
    "Load: \rfile",
    "Arabic ٣ files",
    "half a\u00bd.b, x² y.² z",
]
# Parts of random texts, on which the two languages might differ.
PIECES = [
    *"a1é٣²½Ⅷ中ǅ_/\\.@:#[]()\"'",
    *" \t\n\r\x0b\x1c\x85\xa0\u2028\u3000\ufeff\u200b\u0301\U0001d7d9",
]


@pytest.fixture(scope="module")
def node() -> str:
    """The path of a Node that can run the tests."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("Node was not found on PATH")
    command = [path, "--version"]
    version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if tuple(map(int, version.lstrip("v").split(".")[:2])) < MIN_NODE:
        pytest.skip(f"Node {MIN_NODE[0]}.{MIN_NODE[1]} or newer is needed, not {version}")
    return path


def call(node: str, module: str, body: str, argument: Any) -> Any:
    """Returns the result of a function body that gets `page`, a module, and `argument`."""
    script = f"""
      import {{ load }} from "./static.js";
      import {{ text }} from "node:stream/consumers";
      const page = await load("{module}");
      const argument = JSON.parse(await text(process.stdin));
      console.log(JSON.stringify(await (async () => {{ {body} }})()));"""
    run = subprocess.run(
        [node, "--no-warnings", "--input-type=module", "--eval", script],
        input=json.dumps(argument),
        capture_output=True,
        encoding="utf-8",
        cwd=MODULES,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("file", sorted(path.name for path in MODULES.glob("*.test.js")))
def test_a_module(node: str, file: str) -> None:
    """The tests of one file pass."""
    run = subprocess.run(
        [node, "--no-warnings", "--test", file],
        capture_output=True,
        encoding="utf-8",
        cwd=MODULES,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr


def test_job_types_agree_with_python(node: str) -> None:
    """The page and history.py group jobs by type in the same way."""
    rng = random.Random(1)
    generated = ("".join(rng.choices(PIECES, k=rng.randrange(12))) for _ in range(5_000))
    descriptions = [*DESCRIPTIONS, *generated]

    types = call(
        node,
        "jobs/job-types.js",
        'return argument.map((description) => page.jobTypeOf("SPARK", description))',
        descriptions,
    )

    assert types == [f"SPARK {description_template(description)}" for description in descriptions]


@pytest.mark.parametrize("high", [100, 130, 1_000])
def test_progress_agrees_with_python(node: str, high: float) -> None:
    """The page's bar and the widget's `progress` trait have the same value."""
    estimate = Estimate(median_seconds=100, low_seconds=80, high_seconds=high, samples=20)
    moments = [-5, 0, 1, 50, 99, 100, 101, 500, 1e6]

    values = call(
        node,
        "shared/estimate.js",
        "return argument.moments.map((moment) => page.progress(argument.estimate, moment))",
        {"estimate": {"median": 100, "high": high}, "moments": moments},
    )

    assert values == pytest.approx([progress(moment, estimate) for moment in moments])
