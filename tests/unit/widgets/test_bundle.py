"""Bundles: the JavaScript modules and styles of a widget, joined and compressed."""

from __future__ import annotations

import re
import zlib
from itertools import chain

import pytest

from tamr_widgets.widgets import bundle

ENTRIES = ["operation/index.js", "jobs/index.js", "chain/index.js"]
TEXTS = {
    str(path.relative_to(bundle.STATIC)): path.read_text("utf-8")
    for path in sorted(bundle.STATIC.rglob("*.js"))
}
DECLARATION = re.compile(
    r"^(?:export )?(?:async )?(?:const|let|var|function\*?|class) (\w+|[\[{][^\]}]*[\]}])",
    re.MULTILINE,
)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_bundle_needs_no_other_module(entry):
    """It imports nothing, exports its widget, and contains its styles."""
    text = zlib.decompress(bundle.compressed(entry)).decode()

    assert not re.search(r"^import\b", text, re.MULTILINE)
    assert re.findall(r"^export .*?\b(\w+)", text, re.MULTILINE) == ["default"]
    assert "TAMR_" not in text
    assert ".tamr.tamr {" in text


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_bundle_contains_each_module_once(entry):
    """A module that several others import comes before all of them."""
    text = bundle.joined(entry)

    assert text.count("function duration(") == 1
    assert text.index("function duration(") < text.index("function createPanel(")


def test_every_stylesheet_is_in_a_bundle():
    """A sheet that no placeholder names would be missing in the page."""
    sheets = sorted(str(path.relative_to(bundle.STATIC)) for path in bundle.STATIC.rglob("*.css"))

    assert sorted(chain.from_iterable(bundle.STYLES.values())) == sheets


def test_all_imports_have_the_supported_form():
    """An import of another form would stay in the bundle, and fail in the browser."""
    left = {
        name: re.findall(
            r"^(?:import|export \{|export \*).*", bundle.IMPORT.sub("", text), re.MULTILINE
        )
        for name, text in TEXTS.items()
    }

    # A module that only declares types exports an empty object.
    assert {name: lines for name, lines in left.items() if lines not in ([], ["export {};"])} == {}


def test_top_level_names_are_unique():
    """A name that two modules declare would break the bundle, which is one module."""
    modules: dict[str, list[str]] = {}
    for name, text in TEXTS.items():
        for declared in DECLARATION.findall(text):
            for each in re.findall(r"\w+", declared):
                modules.setdefault(each, []).append(name)

    assert len(modules) > 100
    assert {name: files for name, files in modules.items() if len(files) > 1} == {}


def test_no_template_literal_spans_lines():
    """One of its lines could look like a comment, which the bundle omits."""
    assert [
        (name, line)
        for name, text in TEXTS.items()
        for line in bundle.COMMENT.sub("", text).splitlines()
        if line.count("`") % 2
    ] == []


def test_comments_are_omitted():
    """Comments after code on the same line stay."""
    module = (
        '/** Says what. */\nconst a = "// no comment"; // stays\n'
        "  /**\n   * A type.\n   **/\n  // A reason.\nconst b = a /* stays */;\n"
    )

    assert bundle.COMMENT.sub("", module) == (
        'const a = "// no comment"; // stays\nconst b = a /* stays */;\n'
    )


def test_the_code_is_compressed_once():
    """A second widget uses the same bytes."""
    assert bundle.compressed(ENTRIES[0]) is bundle.compressed(ENTRIES[0])


def test_the_code_stays_small():
    """Every widget contains it, also in a saved notebook."""
    assert len(bundle.compressed(ENTRIES[0])) + len(bundle.LOADER) < 15_000
