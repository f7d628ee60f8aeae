"""The real public packages against the simulator, in an environment of their own.

They pin a urllib3 older than the one that the rest of the tests should run with. One pytest in
that environment runs suite/check_*.py, and each of its tests is reported here by name.
"""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from environments import NotInstallable, environment

SUITE = Path(__file__).with_name("suite")
PROJECT = Path(__file__).parents[2]
PACKAGES = (
    "tamr-unify-client==1.7.*",
    "tamr-toolbox==2.0.*",
    "pytest>=8",
    "tornado>=6.2",
    "ipykernel",
    "nbclient",
)
TIMEOUT_SECONDS = 300


def names_of_the_suite() -> list[str]:
    """The suite's tests, read from its source, since the public packages can't be imported here."""
    return [
        f"{path.stem}.{node.name}"
        for path in sorted(SUITE.glob("check_*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


@pytest.fixture(scope="session")
def public_python() -> Path:
    """The Python of an environment with the public packages; created once and kept in .cache."""
    try:
        return environment("public", *PACKAGES)
    except NotInstallable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def outcomes(
    public_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[ElementTree.Element]]:
    """The cases in JUnit's report by test, one for each set of parameters."""
    report = tmp_path_factory.mktemp("conformance") / "report.xml"
    options = ("-o", "python_files=check_*.py", "-p", "no:cacheprovider", f"--junit-xml={report}")
    run = subprocess.run(
        [public_python, "-m", "pytest", "--override-ini", "addopts=", *options, SUITE],
        cwd=PROJECT,
        # The options may be of plugins that are not installed there.
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    cases: dict[str, list[ElementTree.Element]] = {}
    for case in ElementTree.parse(report).iter("testcase") if report.exists() else ():
        module = case.get("classname", "").rpartition(".")[2]
        name = case.get("name", "").partition("[")[0]
        cases.setdefault(f"{module}.{name}", []).append(case)
    missing = [name for name in names_of_the_suite() if name not in cases]
    if missing:
        pytest.fail(f"The suite did not run {missing}:\n{run.stdout}\n{run.stderr}", pytrace=False)
    return cases


@pytest.mark.parametrize("name", names_of_the_suite())
def test_public_package(name: str, outcomes: dict[str, list[ElementTree.Element]]) -> None:
    """The test of this name has passed in the public packages' own environment."""
    problems = [
        f"{case.get('name')}: {problem.tag}\n{problem.text or problem.get('message')}"
        for case in outcomes[name]
        for problem in case
        if problem.tag in {"failure", "error", "skipped"}
    ]
    if problems:
        pytest.fail("\n\n".join(problems), pytrace=False)
