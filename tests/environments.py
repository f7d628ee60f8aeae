"""Environments of their own for packages that tests try; they are kept in .cache."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# The one reason for which CI may skip a test: another front end cannot be installed there.
SKIPPED_IN_CI = "This front end is not tried: "


class NotInstallable(RuntimeError):
    """Raised when pip cannot install packages: there is no index, or they do not fit together."""


def environment(name: str, *packages: str) -> Path:
    """Makes an environment with packages and this project, or finds it.

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
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-compile"]
        for command in (
            [sys.executable, "-m", "venv", "--without-pip", folder],
            [*pip, "--quiet", *packages, "--editable", PROJECT],
        ):
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            if made.returncode:
                raise NotInstallable(f"{packages} cannot be installed: {made.stderr[-1000:]}")
        stamp.write_text(wanted)
    return python
