from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "public_client.ipynb"
SPEED = "speed=6"  # slow enough to watch; the test replaces it


def test_the_notebook_of_the_public_client_runs(tmp_path, monkeypatch):
    """Blocking and asynchronous calls of the real public client show a widget."""
    kernel = tmp_path / "kernels" / "public"
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "public", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("TAMR_")]:
        monkeypatch.delenv(name)
    source = NOTEBOOK.read_text("utf-8")
    assert SPEED in source
    notebook = nbformat.reads(source.replace(SPEED, "speed=60"), as_version=4)

    NotebookClient(notebook, timeout=120, kernel_name="public").execute()

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    widget = "application/vnd.jupyter.widget-view+json"
    blocking, live, awaited = code[2].outputs, code[3].outputs, code[5].outputs
    assert widget in blocking[0].data
    assert "SUCCEEDED" in blocking[0].data["text/html"]
    assert blocking[-1].data["text/plain"] == "'SUCCEEDED'"
    assert widget in live[0].data
    assert "SUCCEEDED" in str(awaited)
