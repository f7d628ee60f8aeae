"""Environments of their own for packages that tests try; they are kept in .cache."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# The one reason for which CI may skip a test: another front end cannot be installed there.
SKIPPED_IN_CI = "This front end is not tried: "


class NotInstallable(RuntimeError):
    """Raised when pip cannot install packages: there is no index, or they do not fit together."""


def environment(name: str, *packages: str, on_top: bool = False) -> Path:
    """Makes an environment with packages and this project, or finds it.

    Args:
        name: Its name.
        packages: The packages to install.
        on_top: Whether the packages of the tests' own environment are there too, which saves pip
            most of its work.

    Returns:
        Its Python.

    Raises:
        NotInstallable: See there.
    """
    folder = PROJECT / f".cache/{name}-{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "installed.txt"
    own = re.findall(r'"[\w-]+>=[\d.]+"', (PROJECT / "pyproject.toml").read_text("utf-8"))
    wanted = "\n".join([*packages, *own])
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, clear=True)
        if on_top:
            _see_these_packages(folder)
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-compile"]
        made = subprocess.run(
            [*pip, "--quiet", *packages, *([] if on_top else ["--editable", PROJECT])],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise NotInstallable(f"{packages} cannot be installed: {made.stderr[-1000:]}")
        stamp.write_text(wanted)
    return python


def _see_these_packages(folder: Path) -> None:
    """Lets an environment import this project, and the packages of this process's environment."""
    paths = {"base": str(folder), "platbase": str(folder)}
    site_packages = Path(sysconfig.get_path("purelib", vars=paths))
    lines = [str(PROJECT), f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"]
    (site_packages / "tests.pth").write_text("\n".join(lines))
