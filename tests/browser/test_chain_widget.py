"""ChainWidget in JupyterLab after a reload and after a restart of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect
from widgets import TAMR

if TYPE_CHECKING:
    from harness import FrontEnd

LONG = 60_000
CHAIN = """
from tamr_widgets import Chain
steps = {"one": lambda: client.operation(tamr.jobs.add("RUNNING")), "two": lambda: None}
chain = Chain(steps, "Nightly", poll_interval_seconds=0.3).start()
chain
"""


def test_the_state_after_a_reload_and_after_a_kernel_restart(lab: FrontEnd) -> None:
    """A reloaded page follows the chain; after a restart, the loss of the kernel is shown."""
    notebook = lab.open([TAMR, CHAIN, 'tamr.jobs.finish("1")'])
    notebook.run_cell(0)
    notebook.run_cell(1)
    chain = notebook.page.get_by_role("group", name="Chain: Nightly")
    expect(chain).to_have_attribute("data-state", "RUNNING")
    expect(chain.get_by_role("listitem").first).to_contain_text("Running")
    notebook.save()

    notebook.reload()
    expect(chain).to_have_attribute("data-state", "RUNNING", timeout=LONG)
    notebook.run_cell(2)
    expect(chain).to_have_attribute("data-state", "SUCCEEDED", timeout=LONG)
    expect(chain).to_contain_text("2 of 2 steps done")

    notebook.restart_kernel()
    expect(chain).to_contain_text("No kernel is connected", timeout=LONG)
    assert notebook.errors == []
