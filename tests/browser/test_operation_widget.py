"""OperationWidget in real front ends: clicks, reloads, lost kernels, and saved notebooks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import nbconvert
from playwright.sync_api import expect
from widgets import TAMR, button, operation, progress

if TYPE_CHECKING:
    from pathlib import Path

    from harness import FrontEnd

LONG = 20_000


def test_a_job_is_followed_and_cancelled(front_end: FrontEnd) -> None:
    """JupyterLab, Notebook 7 and Voila behave alike."""
    start = "tamr.jobs.start(queued_seconds=0.5, run_seconds=600)"
    notebook = front_end.open(
        [TAMR, f"OperationWidget(client.operation({start}), poll_interval_seconds=0.3)"]
    )
    notebook.run_all()
    widget = operation(notebook)

    expect(widget).to_have_attribute("data-state", "RUNNING", timeout=LONG)
    expect(progress(widget)).to_be_visible()
    button(widget, "Cancel job").click()
    button(widget, "Yes, cancel it").click()

    expect(widget).to_have_attribute("data-state", "CANCELED", timeout=LONG)
    notebook.screenshot(f"operation-in-{front_end.name}")
    if front_end.name != "notebook7":  # which has page errors of its own
        assert notebook.errors == []


# Shows the number of messages from the page. The second one is sent after 1.5 seconds; from it the
# kernel knows through which subshell to respond.
COUNTED = """
import ipywidgets
w = show("RUNNING")
received = ipywidgets.Label("0")
w.on_msg(lambda *_: setattr(received, "value", f"{int(received.value) + 1}"))
ipywidgets.VBox([w, received])
"""
# Blocks the main thread until the server gets the request to cancel, or for a minute.
BUSY = """
import time
print("busy")
deadline = time.monotonic() + 60
while not (requests := tamr.requests.matching("POST", "cancel")) and time.monotonic() < deadline:
    time.sleep(0.05)
print("sent at", round((requests[0].at + time.time() - time.monotonic()) * 1000))
"""


def test_a_click_is_handled_while_a_cell_is_running(lab: FrontEnd, artifacts: Path) -> None:
    """The server gets the request while the cell runs, and the page shows the new state."""
    notebook = lab.open([TAMR, COUNTED, BUSY])
    notebook.run_cell(0)
    notebook.run_cell(1)
    widget = operation(notebook)
    expect(notebook.output(1).get_by_text("2", exact=True)).to_be_visible()
    notebook.run_cell(2, wait=False)
    expect(notebook.output(2)).to_contain_text("busy")

    button(widget, "Cancel job").click()
    clicked = notebook.page.evaluate("Date.now()")
    button(widget, "Yes, cancel it").click()

    expect(widget).to_have_attribute("data-state", re.compile("CANCEL"))
    expect(notebook.output(2)).to_contain_text(re.compile(r"sent at \d+"))
    sent = int(notebook.output(2).inner_text().split()[-1])
    (artifacts / "click-to-request-ms.txt").write_text(f"{sent - clicked:.0f}\n")


def test_the_buttons_work_while_a_widget_is_awaited(lab: FrontEnd) -> None:
    """A click during `await widget` is handled."""
    notebook = lab.open([TAMR, 'w = show("RUNNING")\nw', "print((await w).state)"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    widget = operation(notebook)
    expect(widget).to_be_visible()
    notebook.run_cell(2, wait=False)

    button(widget, "Wait").click()
    expect(button(widget, "Stop waiting")).to_be_visible()
    button(widget, "Cancel job").click()
    button(widget, "Yes, cancel it").click()
    notebook.page.evaluate("0")

    expect(widget).to_have_attribute("data-state", re.compile("CANCEL"))


def test_an_interrupted_wait_prints_one_line(lab: FrontEnd) -> None:
    """There is no traceback, and the widget still follows the job."""
    notebook = lab.open([TAMR, 'w = show("RUNNING")\nw', "print('begins')\nw.wait()"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.run_cell(2, wait=False)
    expect(notebook.output(2)).to_contain_text("begins")
    notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
    )

    expect(notebook.output(2)).to_contain_text("Stopped waiting. The job goes on")
    expect(notebook.output(2)).not_to_contain_text("Traceback")
    expect(operation(notebook)).to_have_attribute("data-state", "RUNNING")


def test_a_reload_shows_the_current_state(lab: FrontEnd) -> None:
    """It also shows changes after the reload."""
    notebook = lab.open([TAMR, 'show("RUNNING")', 'tamr.jobs.finish("1")'])
    notebook.run_cell(0)
    notebook.run_cell(1)
    expect(operation(notebook)).to_have_attribute("data-state", "RUNNING")
    notebook.save()

    notebook.reload()
    expect(operation(notebook)).to_have_attribute("data-state", "RUNNING", timeout=LONG)
    notebook.run_cell(2)

    expect(operation(notebook)).to_have_attribute("data-state", "SUCCEEDED")


def test_the_last_known_state_stays_after_a_kernel_restart(lab: FrontEnd) -> None:
    """It is marked as such, and the buttons are disabled."""
    notebook = lab.open([TAMR, 'show("RUNNING")'])
    notebook.run_all()
    widget = operation(notebook)
    expect(widget).to_have_attribute("data-state", "RUNNING")

    notebook.restart_kernel()

    expect(widget).to_contain_text("No kernel is connected", timeout=LONG)
    expect(button(widget, "Cancel job")).to_be_disabled()
    expect(widget).to_have_attribute("data-state", "RUNNING")
    notebook.screenshot("operation-after-restart")


def test_an_untrusted_notebook_shows_the_last_known_state(lab: FrontEnd) -> None:
    """Opened without a kernel, it shows a static table with the time of the state.

    JupyterLab draws no widget in a notebook that is not trusted. (In a trusted one without a kernel
    it shows "Loading widget...".)
    """
    notebook = lab.open([TAMR, 'show("RUNNING")'])
    notebook.run_all()
    expect(operation(notebook)).to_be_visible()
    paths = []
    for widget_state in (False, True):
        notebook.save(widget_state=widget_state)
        paths.append(notebook.path.with_name(f"{widget_state}-{notebook.path.name}"))
        paths[-1].write_text(notebook.path.read_text().replace("show(", "show  ("))
    notebook.stop_kernel()
    notebook.page.close()

    for path in paths:
        reopened = lab.open(path, kernel=False)

        expect(reopened.output(1)).to_contain_text("RUNNING")
        expect(reopened.output(1)).to_contain_text("As it was on")
        reopened.screenshot(f"operation-without-kernel-{path.name.partition('-')[0]}")


def test_a_saved_notebook_contains_the_final_state(lab: FrontEnd, artifacts: Path) -> None:
    """Exports to HTML and Markdown contain it, too, and no credentials."""
    notebook = lab.open(
        [TAMR, 'show("RUNNING", description="<b>bold</b>")', 'tamr.jobs.finish("1", "FAILED")']
    )
    notebook.run_all()
    expect(operation(notebook)).to_have_attribute("data-state", "FAILED")
    expect(progress(operation(notebook))).to_have_attribute("aria-valuenow", "100")

    saved = notebook.save()
    html, _ = nbconvert.HTMLExporter().from_notebook_node(saved)
    markdown, _ = nbconvert.MarkdownExporter().from_notebook_node(saved)

    bundle = saved.cells[1].outputs[0].data
    assert "FAILED" in bundle["text/plain"]
    assert "FAILED" in bundle["text/html"]
    assert "FAILED" in html
    assert "FAILED" in markdown
    assert "<b>bold</b>" not in html
    state = notebook.save(widget_state=True)
    for text in (json.dumps(saved), json.dumps(state), html, markdown):
        assert "simulated" not in text.replace("tamr_widgets.simulator", "")
    (artifacts / "exported.html").write_text(html)


def test_a_reload_after_a_kernel_restart(lab: FrontEnd) -> None:
    """The last known state is drawn from the saved widget state, and marked."""
    notebook = lab.open([TAMR, 'show("RUNNING")'])
    notebook.run_all()
    expect(operation(notebook)).to_have_attribute("data-state", "RUNNING")
    notebook.save(widget_state=True)

    notebook.restart_kernel()
    notebook.reload()

    expect(operation(notebook)).to_contain_text("No kernel is connected", timeout=LONG)


def test_a_widget_works_in_containers_of_ipywidgets(lab: FrontEnd) -> None:
    """Clicks are handled in a box, in a tab and in an accordion."""
    boxes = [
        'ipywidgets.VBox([show("RUNNING")])',
        'ipywidgets.Tab([show("RUNNING")], selected_index=0)',
        'ipywidgets.Accordion([show("RUNNING")], selected_index=0)',
    ]
    notebook = lab.open([TAMR + "import ipywidgets", *boxes])
    notebook.run_all()

    for number in range(1, len(boxes) + 1):
        widget = operation(notebook, number)
        button(widget, "Cancel job").click()
        button(widget, "Yes, cancel it").click()

        expect(widget).to_have_attribute("data-state", re.compile("CANCEL"))


def test_twenty_widgets_in_one_notebook(lab: FrontEnd) -> None:
    """All are drawn, and all show the end of their job."""
    notebook = lab.open(
        [TAMR, *['show("RUNNING")'] * 20, "for job in list(tamr.jobs): tamr.jobs.finish(job)"]
    )

    notebook.run_all()

    for number in range(1, 21):
        expect(operation(notebook, number)).to_have_attribute("data-state", "SUCCEEDED")


def test_two_views_of_one_widget_agree(lab: FrontEnd) -> None:
    """A click in one is shown in the other."""
    notebook = lab.open([TAMR, 'w = show("RUNNING")\nw', "w"])
    notebook.run_all()
    widgets = operation(notebook)
    expect(widgets).to_have_count(2)

    button(widgets.nth(0), "Wait").click()

    expect(button(widgets.nth(1), "Stop waiting")).to_be_visible()
    button(widgets.nth(1), "Stop waiting").click()
    expect(button(widgets.nth(0), "Wait")).to_be_visible()


def test_text_from_the_server_is_shown_as_text(lab: FrontEnd) -> None:
    """Markup in a description or a message has no effect."""
    hostile = (
        "<img src=x onerror=\\\"document.title='owned'\\\"><script>1</script> \u202eabc \\x00 "
    )
    notebook = lab.open(
        [TAMR, f'show("FAILED", description="{hostile}", status={{"message": "{hostile}" * 2000}})']
    )
    notebook.run_all()
    widget = operation(notebook)

    expect(widget).to_contain_text("<img src=x")
    assert notebook.page.title() != "owned"
    assert widget.bounding_box()["height"] < 900
    assert notebook.errors == []


EXTENSION = [
    TAMR,
    "%load_ext tamr_widgets",
    'client.operation(tamr.jobs.add("RUNNING"))',
    "op = client.operation(tamr.jobs.start(queued_seconds=0, run_seconds=3))\nop.wait(0.3).state",
    "%unload_ext tamr_widgets",
    'client.operation(tamr.jobs.add("RUNNING"))',
]


def test_the_extension_draws_operations_live(lab: FrontEnd) -> None:
    """It draws a cell's last value and a blocking `wait`; without it, a table is shown."""
    notebook = lab.open(EXTENSION)
    for cell in range(3):
        notebook.run_cell(cell)
    expect(operation(notebook, 1)).to_have_attribute("data-state", "RUNNING")

    notebook.run_cell(3, wait=False)
    expect(operation(notebook, 2)).to_have_attribute("data-state", "RUNNING")
    expect(notebook.output(3)).to_contain_text("'SUCCEEDED'", timeout=LONG)
    expect(operation(notebook, 2)).to_have_attribute("data-state", "SUCCEEDED")
    notebook.run_cell(4)
    notebook.run_cell(5)

    expect(notebook.output(5).get_by_role("table")).to_contain_text("RUNNING")
    expect(operation(notebook, 3)).to_have_count(0)


# Operations are fetched one by one, and a 404 response is final at once.
NO_LIST = """
import tamr_widgets._http.retry
tamr_widgets._http.retry.NOT_FOUND_GRACE_SECONDS = 0
tamr.faults.add(Fault.status(403, path="operations$"))
"""
STATES = [
    'show("PENDING")',
    'show("RUNNING")',
    'show("QUARANTINED")',
    'show("CANCELING")',
    'show("CANCELED")',
    'show("SUCCEEDED")',
    'show("FAILED")',
    'OperationWidget(client.start("projects/7/unifiedDataset:refresh"))',
    'w = show("RUNNING", timeout=0.1); w._controller.act("wait"); w',
    'w = show("RUNNING"); w._controller.act("wait"); w',
    'w = show("SUCCEEDED"); w._controller.act("delete"); w',
    'tamr.jobs.allow_delete("11"); w = show("SUCCEEDED"); w._controller.act("delete"); w',
    'w = show("RUNNING"); tamr.faults.add(Fault.status(403, path="operations/12")); w',
    'w = show("RUNNING"); tamr.faults.add(Fault.status(500, path="operations/13")); w',
    'w = show("RUNNING"); tamr.jobs.remove("14"); w',
    'show("PENDING", status=None)',
]


def test_axe_finds_no_violation_in_any_state(lab: FrontEnd) -> None:
    """JupyterLab's themes are checked; the screenshots are kept for review."""
    notebook = lab.open([TAMR + NO_LIST, *STATES], viewport={"width": 1280, "height": 4600})
    notebook.run_all()
    operations = notebook.page.get_by_role("group", name=re.compile("^Operation"))
    expect(operations).to_have_count(len(STATES))
    expect(operation(notebook, 10)).to_contain_text("does not delete operations")
    expect(operation(notebook, 13)).to_contain_text("retrying", timeout=LONG)
    button(operation(notebook, 7), "Details").click()
    button(operation(notebook, 2), "Cancel job").click()
    button(operation(notebook, 2), "Yes, cancel it").wait_for()

    for theme in ("light", "dark", "high contrast"):
        notebook.set_theme(theme)

        notebook.screenshot(f"operation-states-{theme.replace(' ', '-')}")
        assert notebook.axe(operations) == [], theme
