"""The time to import the package, against its dependencies alone.

Run it with `python tests/benchmarks/imports.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from peers import Row, in_turn, print_table

TIMED = """
import time
start = time.process_time()
{statement}
print(time.process_time() - start)
"""


def seconds_of(statement: str, bytecode: str) -> float:
    """Returns the CPU seconds of a statement in a new interpreter.

    Both sides are compiled before, as an installer does, also if PYTHONDONTWRITEBYTECODE is set.
    """
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": bytecode,
    }
    command = [sys.executable, "-c", TIMED.format(statement=statement)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def main() -> list[Row]:
    """Measure, and return the rows."""
    with tempfile.TemporaryDirectory() as bytecode:
        return measure(bytecode)


def measure(bytecode: str) -> list[Row]:
    """Measures with compiled modules in the folder `bytecode`."""
    rows = []
    for statement, peer, goal in (
        ("import tamr_widgets", "import requests", 10),
        ("from tamr_widgets import Operation", "import requests", 10),
        ("from tamr_widgets import OperationWidget", "import anywidget, requests", 15),
        # A kernel has asyncio already.
        ("from tamr_widgets import OperationWidget", "import anywidget, asyncio, requests", 15),
    ):
        ours, theirs = in_turn(
            lambda statement=statement: seconds_of(statement, bytecode),
            lambda peer=peer: seconds_of(peer, bytecode),
            rounds=21,
        )
        more = (ours - theirs) * 1000
        rows.append(
            Row(
                f"{statement}, against {peer}",
                f"{ours * 1000:.0f} ms",
                f"{theirs * 1000:.0f} ms",
                f"{more:+.0f} ms",
                f"<= +{goal} ms",
            )
        )
    return rows


if __name__ == "__main__":
    print_table("Imports: time in a new interpreter", main())
