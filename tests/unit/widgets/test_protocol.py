"""The facts that Python sends have the keys that the page's types name."""

from __future__ import annotations

import re

import pytest

from tamr_widgets import Chain, Step
from tamr_widgets.widgets import bundle
from tamr_widgets.widgets.chain import facts_of
from tamr_widgets.widgets.payload import PanelFacts


def keys_in_the_page(name: str) -> set[str]:
    """Returns the properties of a type in protocol.js."""
    protocol = (bundle.STATIC / "shared/protocol.js").read_text("utf-8")
    typedef = protocol.split(f"@typedef {{object}} {name}", 1)[1].split("\n *\n", 1)[0]
    return set(re.findall(r"@property \{.+?\} \[?(\w+)\]?", typedef))


def test_the_panel_facts_have_the_same_keys_in_python_and_in_the_page():
    assert set(PanelFacts.__annotations__) == keys_in_the_page("Facts")


@pytest.mark.parametrize("starts", [True, False])
def test_the_page_declares_all_facts_of_a_chain(starts):
    def fail() -> None:
        raise ValueError("no such project")

    chain = Chain([Step("a", fail), Step("b", fail)], "Nightly")
    if starts:
        chain.start().wait(10)

    facts = facts_of(chain, *chain.status())

    assert set(facts) <= keys_in_the_page("ChainFacts")
    for step in facts["steps"]:
        assert set(step) <= keys_in_the_page("StepFacts")
