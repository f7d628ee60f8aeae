"""Colours in the pages of different hosts, on a desktop of the other scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from jobs_page import row
from panel_page import RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs_page import Jobs
    from panel_page import Widget
    from playwright.sync_api import Locator, Page

LAB_DARK = ":root { --jp-layout-color0: #111; --jp-content-font-color1: #eee; }"
# VS Code and ipywidgets' HTML manager define these whatever the theme is.
LAB_LIGHT = ":root { --jp-layout-color0: white; --jp-content-font-color1: black; }"

HOSTS = {
    "JupyterLab, light": (LAB_LIGHT, "data-jp-theme-light", "true", "light"),
    "JupyterLab, dark": (LAB_DARK, "data-jp-theme-light", "false", "dark"),
    "VS Code, light": (LAB_LIGHT, "class", "vscode-light", "light"),
    "VS Code, dark": (LAB_LIGHT, "class", "vscode-dark", "light"),
    "VS Code, high contrast": (LAB_LIGHT, "class", "vscode-high-contrast", "light"),
    "marimo, dark": ("body { color-scheme: dark }", "class", "dark", "dark"),
    "Shiny, dark": (LAB_LIGHT + "body { color-scheme: dark }", "class", "", "dark"),
    "a page of its own": (":root {}", "class", "", "light"),
}
# Luminance from 0 to 1 of the text and of what is behind it, and the scheme of form elements.
LOOK = """node => {
  const channels = (color) => color.match(/[\\d.]+/g).slice(0, 3);
  const luminance = (color) => channels(color).reduce((sum, channel) => sum + channel / 765, 0);
  const { color, backgroundColor, colorScheme } = getComputedStyle(node);
  return [luminance(color), luminance(backgroundColor), colorScheme];
}"""


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_the_colours_are_those_of_one_scheme(
    page: Page,
    show: Callable[..., Widget],
    host: tuple[str, str, str, str],
) -> None:
    """Text, background, accents and form elements are all light or all dark."""
    styles, attribute, value, scheme = host
    page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    show(RUNNING)
    page.add_style_tag(content=styles)
    page.evaluate("([name, value]) => document.body.setAttribute(name, value)", [attribute, value])

    assert_scheme(page.locator(".tamr"), scheme)


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_the_jobs_page_has_the_same_colours(
    blank_page: Page,
    open_jobs: Callable[..., Jobs],
    host: tuple[str, str, str, str],
) -> None:
    """They are those of the panel."""
    styles, attribute, value, scheme = host
    blank_page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    jobs = open_jobs([row("17")])
    blank_page.add_style_tag(content=":root { color-scheme: normal }" + styles)
    blank_page.evaluate(
        "([name, value]) => document.body.setAttribute(name, value)", [attribute, value]
    )

    assert_scheme(jobs.region, scheme)


def assert_scheme(widget: Locator, scheme: str) -> None:
    text, back, color_scheme = widget.evaluate(LOOK)
    assert (text > 0.8, back > 0.8) == ((True, False) if scheme == "dark" else (False, True))
    assert color_scheme in {scheme, "normal" if scheme == "light" else scheme}
