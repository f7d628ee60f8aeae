"""All benchmarks, one after another: `python tests/benchmarks [name ...]`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ALL = sorted(
    path.stem
    for path in HERE.glob("*.py")
    if "main()" in path.read_text() and path.stem not in {"__main__", "soak"}
)


def main() -> None:
    """Run each in a process of its own, so that they don't affect each other."""
    for name in sys.argv[1:] or ALL:
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, HERE / f"{name}.py"], check=False)


if __name__ == "__main__":
    main()
