"""Virtual environments for the packages that tests need; they are kept in .cache."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# The only reason for which CI accepts a skipped test: a front end cannot be installed there.
SKIPPED_IN_CI = "This front end is not tested: "


class NotInstallable(RuntimeError):
    """Raised when pip cannot install packages: there is no index, or they do not fit together."""


def environment(name: str, *packages: str, on_top: bool = False) -> Path:
    """Creates a virtual environment with packages and this project, or reuses it.

    Args:
        name: Its name.
        packages: The packages to install.
        on_top: Whether it also has the packages of the environment that runs the tests, which saves
            pip most of its work.

    Returns:
        The path of its Python.

    Raises:
        NotInstallable: If pip cannot install the packages.
    """
    folder = PROJECT / f".cache/{name}-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "installed.txt"
    dependencies = re.findall(r'"[\w-]+>=[\d.]+"', (PROJECT / "pyproject.toml").read_text("utf-8"))
    requirements = "\n".join([*packages, *dependencies])
    if not stamp.exists() or stamp.read_text() != requirements:
        venv.create(folder, clear=True)
        if on_top:
            _share_packages(folder)
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-compile"]
        installation = subprocess.run(
            [*pip, "--quiet", *packages, *([] if on_top else ["--editable", PROJECT])],
            capture_output=True,
            text=True,
            check=False,
        )
        if installation.returncode:
            raise NotInstallable(f"{packages} cannot be installed: {installation.stderr[-1000:]}")
        stamp.write_text(requirements)
    return python


def _share_packages(folder: Path) -> None:
    """Lets an environment import this project, and the packages of this process's environment."""
    paths = {"base": str(folder), "platbase": str(folder)}
    site_packages = Path(sysconfig.get_path("purelib", vars=paths))
    lines = [str(PROJECT), f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"]
    (site_packages / "tests.pth").write_text("\n".join(lines))
