"""Finds names and phrases that the project's vocabulary replaces with the field's standard terms.

    python tests/project/words.py [FILE ...]    prints the findings, of all files by default

Names are checked in code, phrases in docstrings, help texts, comments, error messages and Markdown.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parents[2]
PATTERNS = (
    "*.md",
    "tamr_widgets/**/*.py",
    "tamr_widgets/**/*.js",
    "tests/**/*.py",
    "tests/**/*.js",
)

# Identifiers that have been replaced by a standard name, with or without "_" before them.
_NAMES = """
    NoAnswer TooSlow Untrusted Unsendable UnexpectedAnswer ForeignAddress NotAnOperation
    ClientUnusable
    Courier stumble suffer deliver Economy list_pays list_is_light Lessons lack_list study
    Orders Following reconsider Watch hasten postpone greet abandoned unseen on_news
    Patience pause_after passes asked_to_wait called_off Limit time_limit BoundedAdapter
    Listing sibling checked json_of translated Foreign OwnSession place_from
    in_words says_more tame copied foretell Weighted reach kind_of
    LiveWidget Slim at_rest complain Guarded towards_page
    Question Answer Wire Shelf Asked Workload Hands doubles
"""
NAMES = frozenset(_NAMES.split())
# Words that may not be a part of any identifier.
PARTS = {
    *("answer", "answers", "asked", "courier", "economy", "lessons", "patience", "most", "least"),
    *("follower", "followers", "hear", "hears", "heard", "told", "foretell", "foretells"),
    *("nobody", "somebody", "whoever"),
}
PAGE_NAMES = {"notice", "kinds", "press", "here", "turns", "spoken"}

PHRASES = re.compile(
    r"""\b(
    courier | economy | lessons | patience
    | answers? | asked
    | whoever
    | as\s+it\s+is | as\s+they\s+are
    | followers? | hears? | heard | foretells? | foretold | nobody | somebody
    | told | bears?\s+with | in\s+a\s+row | stumbles? | called\s+off
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
# Question words, with which no docstring, comment or sentence begins.
OPENING = re.compile(r"(What|Who|Whom|Whoever|Whatever|How|Where|Why)\b")
HEADLESS = re.compile(r"(?:[.:;!?]\s+)((?:What|Who|Whom|Whoever|Whatever)\b)")
IMPERATIVE = re.compile(
    r"(Add|Ask|Block|Call|Check|Close|Collect|Count|Cut|Draw|Fail|Fetch|Find|Follow|Forget|Get|Give"
    r"|Join|Keep|Learn|Let|Make|Mark|Open|Pack|Poll|Put|Raise|Read|Refuse|Remove|Return|Run|Say|Send"
    r"|Serve|Set|Show|Sleep|Start|Stop|Take|Tell|Turn|Wait|Wake|Write)\b"
)
# A request fails with an error; a fault is what the simulator injects.
FAULT = re.compile(r"(?<![A-Za-z])[Ff]aults?(?![a-z])|(?<=[a-z])Faults?(?![a-z])")
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_JS_TOKEN = re.compile(
    r"(?P<comment>/\*.*?\*/|(?<![:\w])//[^\n]*)"
    r"""|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)""",
    re.DOTALL,
)


class Finding(NamedTuple):
    """A word at a line of a file."""

    line: int
    word: str


def findings(path: Path) -> list[Finding]:
    """Returns the findings of a Python, JavaScript or Markdown file, in the order of lines."""
    text = path.read_text("utf-8")
    check = {".py": check_python, ".js": check_javascript, ".md": check_markdown}[path.suffix]
    found = {*check(text), *(Finding(1, name) for name in in_names([path.stem]))}
    folders = path.relative_to(PROJECT).parts
    if path.suffix == ".py" and "tests" not in folders:
        found |= {*check_verbs(text)}
    if folders[0] == "tamr_widgets" and "simulator" not in folders:
        found |= {*check_faults(text)}
    return sorted(found)


def check_python(source: str) -> Iterator[Finding]:
    """Yields forbidden identifiers, and forbidden phrases of docstrings, comments and errors."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in in_names(names_of(node)):
            yield Finding(getattr(node, "lineno", 1), name)
    for line, text in (*docstrings(tree), *help_texts(tree)):
        yield from in_prose(line, text)
    for line, text in error_messages(tree):
        yield from in_prose(line, text, opens=False)
    for line, text in comments(source):
        yield from in_prose(line, text)


def check_verbs(source: str) -> Iterator[Finding]:
    """Yields docstrings that begin with an imperative: "Fetch" instead of "Fetches"."""
    for line, text in docstrings(ast.parse(source)):
        if verb := IMPERATIVE.match(text):
            yield Finding(line, f"imperative {verb[1]}")


def check_faults(text: str) -> Iterator[Finding]:
    """Yields every mention of a fault."""
    for fault in FAULT.finditer(text):
        yield Finding(line_of(text, fault.start()), fault[0])


def check_javascript(source: str) -> Iterator[Finding]:
    """Yields forbidden identifiers of the code and forbidden phrases of the comments."""
    for token in _JS_TOKEN.finditer(source):
        if token["comment"]:
            text = re.sub(
                r"^\s*(/\*\*?|//|\*/?)|\*/$|@\w+ \{[^}]*\}", "", token[0], flags=re.MULTILINE
            )
            yield from in_prose(line_of(source, token.start()), text)
    # Tokens become blanks, so that the positions of the code stay.
    code = _JS_TOKEN.sub(lambda token: re.sub(r"[^\n]", " ", token[0]), source)
    for word in _WORD.finditer(code):
        if word[0] == "checked":  # a property of check boxes
            continue
        if word[0] in PAGE_NAMES or any(in_names([word[0]])):
            yield Finding(line_of(code, word.start()), word[0])


def check_markdown(text: str) -> Iterator[Finding]:
    """Yields forbidden phrases of the prose, without code."""
    prose = re.sub(r"```.*?```|`[^`\n]*`|^    [^\n]*$", blank, text, flags=re.DOTALL | re.MULTILINE)
    yield from in_prose(1, prose, opens=False)


def blank(match: re.Match[str]) -> str:
    """Returns as many lines without text."""
    return "\n" * match[0].count("\n")


def names_of(node: ast.AST) -> list[str]:
    """Returns the identifiers that a node itself holds."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.alias(name=name, asname=other):
            return [*name.split("."), *([other] if other else [])]
        case ast.keyword(arg=str(name)):
            return [name]
        case ast.ImportFrom(module=str(name)):
            return name.split(".")
    return []


def in_names(names: list[str]) -> Iterator[str]:
    """Yields the forbidden ones among identifiers."""
    for name in names:
        parts = {part.lower() for part in _PART.findall(name)}
        if name.strip("_") in NAMES or parts & PARTS:
            yield name


def in_prose(line: int, text: str, *, opens: bool = True) -> Iterator[Finding]:
    """Yields forbidden phrases of a text that starts at a line, and forbidden openings."""
    places = [(each.start(1), each[1]) for each in PHRASES.finditer(text)]
    places += [(each.start(1), f"{each[1]} ...") for each in HEADLESS.finditer(text)]
    start = len(text) - len(text.lstrip())
    if opens and (opening := OPENING.match(text, start)):
        places.append((start, f"{opening[1]} ..."))
    for place, word in places:
        yield Finding(line + text.count("\n", 0, place), " ".join(word.lower().split()))


def docstrings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yields each docstring with the line at which it starts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str(text)) as constant), *_]:
                    yield constant.lineno, text


def help_texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yields the `help` of traits and of command line options."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="help", value=ast.Constant(value=str(text))):
                yield node.value.lineno, text


def error_messages(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yields the texts below a `raise`, and those that are named `msg` before one."""
    for node in ast.walk(tree):
        match node:
            case ast.Raise() | ast.Assign(targets=[ast.Name(id="msg")]):
                for each in ast.walk(node):
                    if isinstance(each, ast.Constant) and isinstance(each.value, str):
                        yield each.lineno, each.value


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Yields each block of comments, those on consecutive lines as one."""
    block: list[str] = []
    start = last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, text = token.start[0], token.string.lstrip("#! ")
        if block and line != last + 1:
            yield start, "\n".join(block)
            block = []
        if not block:
            start = line
        block.append(text)
        last = line
    if block:
        yield start, "\n".join(block)


def line_of(text: str, place: int) -> int:
    """Returns the line of a position."""
    return text.count("\n", 0, place) + 1


def files() -> list[Path]:
    """Returns all files that are checked."""
    found = {path for pattern in PATTERNS for path in PROJECT.glob(pattern)}
    return sorted(path for path in found if "node_modules" not in path.parts)


def located(path: Path) -> list[str]:
    """Returns the findings in a file as `file:line: word`."""
    name = path.relative_to(PROJECT).as_posix()
    return [f"{name}:{each.line}: {each.word}" for each in findings(path)]


def main() -> None:
    """Prints the findings."""
    parser = argparse.ArgumentParser(description="Finds words that are not the project's.")
    parser.add_argument("file", nargs="*", type=Path, default=files())
    for path in map(Path.resolve, parser.parse_args().file):
        print("".join(f"{each}\n" for each in located(path)), end="")


if __name__ == "__main__":
    main()
