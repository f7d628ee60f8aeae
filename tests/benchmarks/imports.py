"""What importing costs, against importing what it is built on.

Run it with `python tests/benchmarks/imports.py`.
"""

from __future__ import annotations

import subprocess
import sys

from peers import Row, in_turn, print_table

TIMED = """
import time
start = time.perf_counter()
{statement}
print(time.perf_counter() - start)
"""


def seconds_of(statement: str) -> float:
    """How long a statement takes in a new interpreter."""
    command = [sys.executable, "-c", TIMED.format(statement=statement)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> list[Row]:
    """Measure, and return the rows."""
    rows = []
    for statement, peer, goal in (
        ("import tamr_widgets", "import requests", 15),
        ("from tamr_widgets import Operation", "import requests", 15),
        ("from tamr_widgets import OperationWidget", "import anywidget", 30),
        ("from tamr_widgets import OperationWidget", "import anywidget, requests", 30),
    ):
        ours, theirs = in_turn(
            lambda statement=statement: seconds_of(statement),
            lambda peer=peer: seconds_of(peer),
            rounds=15,
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
