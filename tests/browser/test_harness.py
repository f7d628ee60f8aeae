from __future__ import annotations

import sys

from playwright.sync_api import expect

BUTTON = """
import ipywidgets
label = ipywidgets.Label("untouched")
button = ipywidgets.Button(description="Press me")
button.on_click(lambda _: setattr(label, "value", "pressed"))
ipywidgets.VBox([button, label])
"""


def test_a_click_runs_its_handler_in_the_kernel(front_end):
    """In each front end, the page shows the effect of the handler."""
    notebook = front_end.open([BUTTON])
    notebook.run_all()

    notebook.page.get_by_role("button", name="Press me").click()

    expect(notebook.page.get_by_text("pressed", exact=True)).to_be_visible()
    notebook.screenshot(f"harness-{front_end.name}")


def test_the_kernel_runs_the_python_of_the_tests(lab):
    """The browser tests drive the code that the other tests import."""
    notebook = lab.open(["import sys; print(sys.executable)"])

    notebook.run_cell(0)

    expect(notebook.output(0)).to_contain_text(sys.executable)


def test_running_cells_returns_whether_they_succeeded(lab):
    """A cell that raises is distinguished from one that does not, alone and with all cells."""
    notebook = lab.open(["1", "1 / 0"])

    assert [notebook.run_cell(0), notebook.run_cell(1), notebook.run_all()] == [True, False, False]


def test_themes_can_be_switched(lab):
    """JupyterLab sets an attribute of its body to the kind of the theme."""
    notebook = lab.open([])

    for theme, is_light in [("dark", "false"), ("high contrast", "false"), ("light", "true")]:
        notebook.set_theme(theme)

        expect(notebook.page.locator("body")).to_have_attribute("data-jp-theme-light", is_light)


def test_axe_reports_violations_only(lab):
    """A button without a name is a violation; one with a name is none."""
    notebook = lab.open(
        ["import IPython; IPython.display.HTML('<button></button><button>Fine</button>')"]
    )
    notebook.run_cell(0)
    unnamed, named = notebook.output(0).get_by_role("button").all()

    assert [line.split(":")[0] for line in notebook.axe(unnamed)] == ["button-name"]
    assert notebook.axe(named) == []


def test_a_notebook_can_be_saved_with_its_widgets(lab):
    """Saving returns the document on disk, with the widgets' state on request."""
    notebook = lab.open([BUTTON])
    notebook.run_cell(0)

    assert "widgets" not in notebook.save().metadata
    assert "widgets" in notebook.save(widget_state=True).metadata


def test_kernels_can_be_restarted_stopped_and_omitted(lab):
    """A restart removes variables; a notebook without a kernel shows that it has none."""
    notebook = lab.open(["x = 1", "print('x' in globals())"])
    notebook.run_cell(0)
    notebook.restart_kernel()
    notebook.run_cell(1)
    expect(notebook.output(1)).to_have_text("False")

    notebook.stop_kernel()
    expect(notebook.page.get_by_role("button", name="No Kernel", exact=True)).to_be_visible()

    again = lab.open(notebook.path, kernel=False)
    expect(again.page.get_by_role("button", name="No Kernel", exact=True)).to_be_visible()
