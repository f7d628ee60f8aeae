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


def test_a_click_reaches_the_kernel_and_comes_back(front_end):
    """In each front end a button's handler runs in the kernel, and its effect is seen."""
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


def test_running_tells_whether_a_cell_raised(lab):
    """A cell that raises is distinguished from one that does not, alone and among others."""
    notebook = lab.open(["1", "1 / 0"])

    assert [notebook.run_cell(0), notebook.run_cell(1), notebook.run_all()] == [True, False, False]


def test_themes_can_be_switched(lab):
    """JupyterLab says on its body which kind of theme is on."""
    notebook = lab.open([])

    for theme, is_light in [("dark", "false"), ("high contrast", "false"), ("light", "true")]:
        notebook.set_theme(theme)

        expect(notebook.page.locator("body")).to_have_attribute("data-jp-theme-light", is_light)


def test_axe_finds_what_is_wrong_and_nothing_else(lab):
    """A button without a name is a violation; one with a name is none."""
    notebook = lab.open(
        ["import IPython; IPython.display.HTML('<button></button><button>Fine</button>')"]
    )
    notebook.run_cell(0)
    nameless, fine = notebook.output(0).get_by_role("button").all()

    assert [line.split(":")[0] for line in notebook.axe(nameless)] == ["button-name"]
    assert notebook.axe(fine) == []


def test_a_notebook_can_be_saved_with_its_widgets(lab):
    """Saving returns the document on disk, with the widgets' state on request."""
    notebook = lab.open([BUTTON])
    notebook.run_cell(0)

    assert "widgets" not in notebook.save().metadata
    assert "widgets" in notebook.save(widget_state=True).metadata


def test_kernels_can_be_restarted_stopped_and_left_out(lab):
    """A restart forgets variables; a notebook without a kernel says so."""
    notebook = lab.open(["x = 1", "print('x' in globals())"])
    notebook.run_cell(0)
    notebook.restart_kernel()
    notebook.run_cell(1)
    expect(notebook.output(1)).to_have_text("False")

    notebook.stop_kernel()
    expect(notebook.page.get_by_role("button", name="No Kernel", exact=True)).to_be_visible()

    again = lab.open(notebook.path, kernel=False)
    expect(again.page.get_by_role("button", name="No Kernel", exact=True)).to_be_visible()
