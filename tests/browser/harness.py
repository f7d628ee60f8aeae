"""Opens notebooks in a browser and controls them, in the same way for three front ends."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from accessibility import violations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness_server import JupyterServer
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

VIEWPORT = {"width": 1280, "height": 900}
PROJECT = Path(__file__).parents[2]
PAGE_PATH = {
    "lab": "lab/workspaces/{unique}/tree/{notebook}",
    "notebook7": "notebooks/{notebook}",
    "voila": "voila/render/{notebook}",
}
EMPTY_LAB_PATH = "lab/workspaces/{unique}"
# Lab keeps the open document in `currentWidget`, and so does Notebook 7.
PANEL = "window.jupyterapp.shell.currentWidget"
# Closes the documents without a confirmation; returns false for a page that cannot be reused.
EMPTY_LAB = """() => {
  const app = window.jupyterapp;
  const isChanged = document.body.dataset.jpThemeName !== "JupyterLab Light";
  if (app?.name !== "JupyterLab" || isChanged || document.querySelector(".jp-Dialog")) return false;
  for (const widget of [...app.shell.widgets("main")]) widget.dispose();
  return true;
}"""
IS_EMPTY_LAB = """() => window.jupyterapp?.name === "JupyterLab"
  && ![...window.jupyterapp.shell.widgets("main")].some((widget) => widget.context)"""


class Tabs:
    """The pages of a browser. One page of each front end is reused, since loading takes seconds."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._context = self._create_context()
        self._kept: dict[str, Page] = {}
        self._used: list[Page] = []
        self._other_contexts: list[BrowserContext] = []

    @property
    def used(self) -> list[Page]:
        """The pages of the current test."""
        return [page for page in self._used if not page.is_closed()]

    def open(
        self, front_end: str, viewport: dict[str, int] | None = None, **context_options: Any
    ) -> Page:
        """Return a page without a notebook; with options, in a browser profile of its own."""
        kept = self._kept.get(front_end)
        if context_options:
            context = self._create_context(**context_options)
            self._other_contexts.append(context)
            page = context.new_page()
        elif kept in self.used:
            page = self._context.new_page()
        else:
            page = self._context.new_page() if kept is None or kept.is_closed() else kept
            self._kept[front_end] = page
        page.set_viewport_size(viewport or VIEWPORT)
        self._used.append(page)
        return page

    def reset(self) -> None:
        """Close the pages of a test, and the documents in reused pages."""
        for page in self.used:
            if page not in self._kept.values():
                page.close()
            elif not page.evaluate(EMPTY_LAB):
                page.goto("about:blank")
        for context in self._other_contexts:
            context.close()
        self._used.clear()
        self._other_contexts.clear()

    def close(self) -> None:
        """Close all pages."""
        self.reset()
        self._context.close()

    def _create_context(self, **options: Any) -> BrowserContext:
        context = self._browser.new_context(**options)
        context.set_default_timeout(30_000)
        return context


class FrontEnd:
    """A program that shows notebooks; opens them in pages."""

    def __init__(self, name: str, server: JupyterServer, tabs: Tabs, artifacts: Path) -> None:
        self.name = name
        self.server = server
        self._tabs = tabs
        self._artifacts = artifacts

    def open(
        self,
        notebook: str | Path | Sequence[str],
        *,
        kernel: bool = True,
        edits: Mapping[str, str] | None = None,
        viewport: dict[str, int] | None = None,
        **context_options: Any,
    ) -> OpenNotebook:
        """Open a notebook in a page.

        Args:
            notebook: The sources of its code cells, or the path of a file: of the project (it is
                copied), or one that was opened before (it is opened again, as in a second tab).
            kernel: Whether to start a kernel; if not, the notebook shows "No Kernel" (Lab only). A
                kernel that still runs for this path is used again: call `stop_kernel` before.
            edits: Replacements in the code of a file of the project, such as `{"speed=6":
                "speed=60"}` for faster jobs.
            viewport: The size of the page, such as `{"width": 320, "height": 640}`.
            context_options: For Playwright's `new_context`, such as `locale="de"` or
                `reduced_motion="reduce"`; with any, the page has a browser profile of its own.
        """
        path = self._write_notebook(notebook, edits or {})
        page = self._tabs.open(self.name, viewport, **context_options)
        opened = OpenNotebook(self, page, path, self._artifacts)
        opened._load(kernel=kernel)
        return opened

    def _write_notebook(
        self, notebook: str | Path | Sequence[str], edits: Mapping[str, str]
    ) -> Path:
        if not isinstance(notebook, (str, Path)):
            path = self.server.root / f"{uuid.uuid4().hex[:8]}.ipynb"
            document = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_code_cell(source) for source in notebook],
                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            )
            nbformat.write(document, path)
            return path
        source = PROJECT / notebook
        if self.server.root in source.parents:
            return source
        path = self.server.root / f"{source.stem}-{uuid.uuid4().hex[:8]}.ipynb"
        text = source.read_text("utf-8")
        for code, replacement in edits.items():
            assert text.count(code) == 1, f"{code!r} does not occur exactly once in {notebook}"
            text = text.replace(code, replacement)
        path.write_text(text, "utf-8")
        return path


class OpenNotebook:
    """A notebook in a page. `page` is Playwright's, for everything that has no method here."""

    def __init__(self, front_end: FrontEnd, page: Page, path: Path, artifacts: Path) -> None:
        self.page = page
        self.path = path
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self._front_end = front_end
        self._artifacts = artifacts

    # -- The notebook ----------------------------------------------------------------------

    def cell(self, index: int) -> Locator:
        """A cell, its output included."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, index: int) -> Locator:
        """The output area of a cell."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    def run_cell(self, index: int, *, wait: bool = True) -> bool | None:
        """Run a cell and return whether it succeeded; without `wait`, return while it runs."""
        self.page.evaluate(f"index => {{ {PANEL}.content.activeCellIndex = index }}", index)
        return self._execute("notebook:run-cell", wait=wait)

    def run_all(self, *, wait: bool = True) -> bool | None:
        """Run all cells and return whether all succeeded; Voila runs them by itself."""
        if self._front_end.name == "voila":
            return None
        return self._execute("notebook:run-all-cells", wait=wait)

    def save(self, *, widget_state: bool = False) -> nbformat.NotebookNode:
        """Save the notebook, on request with its widgets' state, and return what was saved."""
        toggle = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
        if widget_state:
            self._execute(toggle)
        try:
            self._execute("docmanager:save")
        finally:
            if widget_state:
                self._execute(toggle)
        return nbformat.read(self.path, as_version=4)

    def reload(self) -> None:
        """Load the page again; outputs that were not saved are lost."""
        self._goto(PAGE_PATH[self._front_end.name])
        self._wait_until_ready()

    def restart_kernel(self) -> None:
        """Restart the kernel without a confirmation."""
        self.page.evaluate(f"() => {PANEL}.sessionContext.restartKernel()")
        self._wait_until_ready()

    def stop_kernel(self) -> None:
        """Shut the kernel down, so that the notebook has none."""
        self.page.evaluate(f"() => {PANEL}.sessionContext.shutdown()")

    def wait_until_idle(self) -> None:
        """Wait until no cell runs any more."""
        self.page.wait_for_function(f"{PANEL}.sessionContext.session?.kernel?.status === 'idle'")

    # -- Appearance ------------------------------------------------------------------------

    def set_theme(self, theme: str) -> None:
        """Switch to "light", "dark" or "high contrast" (a dark one)."""
        names = {
            "light": "JupyterLab Light",
            "dark": "JupyterLab Dark",
            "high contrast": "JupyterLab Dark High Contrast",
        }
        self._execute("apputils:change-theme", {"theme": names[theme]})
        self.page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=names[theme]
        )

    def screenshot(self, name: str, element: Locator | None = None) -> Path:
        """Save a screenshot of the page, or of an element, as artifacts/<name>.png."""
        # Without Playwright, this module is imported before its tests are skipped.
        from playwright.sync_api import Error  # noqa: PLC0415

        path = self._artifacts / f"{name}.png"
        try:
            (element or self.page).screenshot(path=path, animations="disabled")
        except Error as error:
            # JupyterLab attaches a cell again after a change of theme: the locator finds it anew.
            if "not attached" not in error.message:
                raise
            (element or self.page).screenshot(path=path, animations="disabled")
        return path

    def axe(self, element: Locator | None = None) -> list[str]:
        """Run axe-core on the page or on an element; return a line for each violation's node."""
        return violations(element or self.page.locator("body"))

    # -- Implementation --------------------------------------------------------------------

    def _load(self, *, kernel: bool) -> None:
        if self._front_end.name == "lab":
            self._open_in_lab(kernel=kernel)
        else:
            self._goto(PAGE_PATH[self._front_end.name])
        self._wait_until_ready(kernel=kernel)

    def _open_in_lab(self, *, kernel: bool) -> None:
        if not self.page.evaluate(IS_EMPTY_LAB):
            self._goto(EMPTY_LAB_PATH)
            self.page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
        preference = (
            {} if kernel else {"kernelPreference": {"shouldStart": False, "canStart": False}}
        )
        self._execute("docmanager:open", {"path": self.path.name, **preference})

    def _goto(self, template: str) -> None:
        path = template.format(unique=uuid.uuid4().hex[:8], notebook=self.path.name)
        self.page.goto(self._front_end.server.address(path))

    def _wait_until_ready(self, *, kernel: bool = True) -> None:
        if self._front_end.name == "voila":
            self.page.locator("#rendered_cells").wait_for(state="visible")
            return
        self.page.wait_for_function(f"window.jupyterapp && {PANEL}?.context?.isReady")
        if kernel:
            self.wait_until_idle()

    def _execute(
        self, command: str, args: dict[str, Any] | None = None, *, wait: bool = True
    ) -> bool | None:
        call = "window.jupyterapp.commands.execute(command, args)"
        # Some commands return a widget, which can't leave the page.
        body = f"return {call}.then(result => result === true)" if wait else f"void {call}"
        return self.page.evaluate(f"([command, args]) => {{ {body} }}", [command, args or {}])
