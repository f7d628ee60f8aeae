"""A chain of jobs in JupyterLab: a step fails, and the chain is resumed from this step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from harness import FrontEnd

ALL_JOBS_MS = 60_000
# The server's clock runs faster after the failure that the screenshot shows.
SERVER = "tamr = Simulator(speed=8)"
FASTER_SERVER = "import time; t = time.time(); " + SERVER.replace(
    ")", ", now=lambda: max(time.time(), t + 8 * (time.time() - t - 12)))"
)


def test_the_nightly_chain_is_resumed_from_the_failed_step(lab: FrontEnd) -> None:
    notebook = lab.open(
        "notebooks/nightly.ipynb",
        edits={SERVER: FASTER_SERVER},
        viewport={"width": 1280, "height": 1800},
        device_scale_factor=2,
    )
    notebook.run_all(wait=False)
    chain = notebook.page.get_by_role("group", name="Chain: Nightly")
    steps = chain.get_by_role("list", name="Steps").get_by_role("listitem")

    expect(steps).to_have_count(5)
    expect(chain).to_have_attribute("data-state", "RUNNING")
    expect(chain.get_by_role("button", name="Stop after this step")).to_be_visible()

    expect(chain).to_have_attribute("data-state", "FAILED", timeout=ALL_JOBS_MS)
    expect(steps.nth(1)).to_contain_text("Failed")
    expect(steps.nth(2)).to_contain_text("Held up")
    expect(steps.nth(2)).to_contain_text("usually")
    expect(chain).to_contain_text("holds up Train, Update clusters, Publish clusters")
    for theme in ("dark", "light"):
        notebook.set_theme(theme)
        notebook.screenshot(f"readme-nightly-{theme}", chain)
    steps.nth(1).get_by_role("button").click()
    expect(chain.get_by_role("group", name="Operation 402")).to_contain_text("AnalysisException")

    chain.get_by_role("button", name="Go on from here").click()
    expect(chain.get_by_role("button", name="Not now")).to_be_focused()
    chain.get_by_role("button", name="Yes, go on from here").click()

    expect(chain).to_have_attribute("data-state", "SUCCEEDED", timeout=ALL_JOBS_MS)
    expect(chain).to_contain_text("5 of 5 steps done")
    assert notebook.errors == []
