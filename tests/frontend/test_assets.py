"""How the browser's side is packed for its way to the page."""

from __future__ import annotations

import re
import zlib

import pytest

from tamr_widgets.widgets import bundle

ENTRIES = ["operation.js", "jobs.js"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_one_module_without_the_others(entry: str) -> None:
    """What is packed needs nothing from elsewhere, and has no comment on board."""
    text = zlib.decompress(bundle.code(entry)).decode()

    assert "import{" not in text
    assert text.count("export ") == 1
    assert "/*" not in text
    assert "TAMR_" not in text
    assert ".tamr.tamr{color-scheme:light dark;" in text


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_module_comes_once(entry: str) -> None:
    """A module that several others import is there once, before all of them."""
    text = bundle.source(entry)

    assert text.count("function duration(") == 1
    assert text.index("function duration(") < text.index("function createPanel(")


def test_every_top_level_name_is_there_once() -> None:
    """Modules are joined into one: a name that two of them have would break it in the browser."""
    pattern = re.compile(
        r"^(?:export )?(?:async )?(?:const|let|function|class) (\w+|\[[^\]]*\])", re.MULTILINE
    )
    homes: dict[str, list[str]] = {}
    for file in sorted(bundle.STATIC.glob("*.js")):
        for names in pattern.findall(file.read_text("utf-8")):
            for name in re.findall(r"\w+", names):
                homes.setdefault(name, []).append(file.name)

    assert len(homes) > 100
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_strings_keep_their_blanks() -> None:
    """Only the code is squeezed, never what a person reads."""
    assert '"No kernel is connected: this is how it was"' in bundle.source("operation.js")


def test_it_is_packed_once() -> None:
    """A second widget costs no second packing."""
    assert bundle.code("operation.js") is bundle.code("operation.js")


def test_the_code_stays_small() -> None:
    """Every widget carries it: what is added has to be worth its bytes."""
    assert len(bundle.code("operation.js")) + len(bundle.LOADER) < 8_000
