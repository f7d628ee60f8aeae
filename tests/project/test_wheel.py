from __future__ import annotations

import ast
import email
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import tamr_widgets

PROJECT = Path(__file__).parents[2]
NEEDED = {"anywidget", "ipython", "ipywidgets", "requests", "traitlets", "urllib3"}
# For notify, to_frame and the simulator, whose errors say how to install them.
OPTIONAL = {"apprise", "pandas", "tornado"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    built = subprocess.run(
        [*command, "--directory", folder], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with only the files that the wheel installs."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:  # as pip does
        archive.extractall(folder)
    return folder


def contents(folder: Path) -> set[str]:
    """The files below a folder that belong in a wheel."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel):
    """Modules, the browser's files, py.typed and the simulator; no tests, notebooks or tools."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert packed == {f"tamr_widgets/{name}" for name in contents(PROJECT / "tamr_widgets")}
    assert "tamr_widgets/py.typed" in packed
    assert "tamr_widgets/simulator/__main__.py" in packed
    assert any(name.startswith("tamr_widgets/widgets/static/") for name in packed)


def test_the_metadata_of_the_wheel_is_complete(wheel):
    """A package index shows this metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
        licences = [each for each in archive.namelist() if each.endswith("/LICENSE")]

    assert licences
    assert metadata["Version"] == tamr_widgets.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Author"] == "The tamr_widgets authors"
    assert metadata["Description-Content-Type"] == "text/markdown"
    classifiers = metadata.get_all("Classifier")
    assert {f"Programming Language :: Python :: 3.{n}" for n in range(10, 14)} <= set(classifiers)
    assert {re.split("[<>=]", each)[0] for each in metadata.get_all("Requires-Dist")} >= NEEDED
    assert set(metadata.get_all("Provides-Extra")) >= {"demo", "lint", "simulator", "test"}


def test_every_imported_package_is_declared():
    """A third-party package that a module imports is a dependency of this package itself."""
    imported = {
        name.partition(".")[0].lower()
        for path in (PROJECT / "tamr_widgets").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in modules_of(node)
    }

    assert imported - {each.lower() for each in sys.stdlib_module_names} == NEEDED | OPTIONAL


def modules_of(node: ast.AST) -> list[str]:
    """The absolute modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module]
    return []


@pytest.mark.parametrize("place", ["installed", "wheel"])
def test_the_installed_package_works_without_its_sources(request, tmp_path, place):
    """Also out of the wheel itself, a zip file: Spark distributes packages so."""
    installed = request.getfixturevalue(place)
    script = """
import tamr_widgets
from tamr_widgets.simulator import Simulator

with Simulator(speed=1000, past_jobs=5) as simulator, simulator.client() as client:
    job = client.start("projects/1/unifiedDataset:refresh", poll_interval_seconds=0.01)
    print(tamr_widgets.__file__, job.state, tamr_widgets.OperationWidget.__name__, sep="|")
"""
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    file, state, widget = run.stdout.strip().split("|")
    assert installed in Path(file).parents
    assert (state, widget) == ("SUCCEEDED", "OperationWidget")
