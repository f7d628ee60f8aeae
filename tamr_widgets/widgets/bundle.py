"""The browser's side, packed for the way to the page.

Every widget carries its code to the browser and into the saved notebook, so the code has to be
small. The plain modules in static/ are joined, stripped of comments and white space, and
compressed; the bytes travel in a trait of their own, without base64, and a loader in `_esm`
unpacks them, once for the whole page whatever the number of widgets:

    class OperationWidget(anywidget.AnyWidget):
        _esm = assets.LOADER
        _code = traitlets.Bytes(assets.code("operation.js")).tag(sync=True)

`_esm` is text because anywidget leaks every instance whose `_esm` is a Path (anywidget issue 929).
"""

from __future__ import annotations

import functools
import json
import re
import zlib
from pathlib import Path

STATIC = Path(__file__).parent / "static"
# Where a module needs the text of a stylesheet, it says so.
STYLES = {"(globalThis).TAMR_CSS": "panel.css", "(globalThis).TAMR_JOBS_CSS": "jobs.css"}

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.-]+)";\n', re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)(?:\{\};)?", re.MULTILINE)
# White space around punctuation goes, the rest shrinks to one blank; strings (group 1) stay.
_STRING = r'("(?:\\.|[^"\\])*")'
_GAP_JS = re.compile(_STRING + r"|\s*([{}()\[\];:,?=<>|&+*])\s*|\s+")
_GAP_CSS = re.compile(_STRING + r"|\s*([{};,>])\s*|(?<=:)()\s+|\s+")


def _squeeze(text: str, gap: re.Pattern[str]) -> str:
    def keep(match: re.Match[str]) -> str:
        return next((group for group in match.groups() if group is not None), " ")

    return gap.sub(keep, _COMMENT.sub("", text)).strip().replace(";}", "}")


# The last bytes of the code are its checksum: it tells one version from another in a page.
LOADER = _squeeze(
    """
    const load = async (code) => (await import(URL.createObjectURL(await new Response(
      new Blob([code]).stream().pipeThrough(new DecompressionStream("deflate")),
      { headers: { "content-type": "text/javascript" } }
    ).blob()))).default;
    export default () => {
      let w;
      return {
        async initialize(it) {
          const code = it.model.get("_code");
          w = (await (globalThis["tamr" + code.getUint32(code.byteLength - 4)] ??= load(code)))();
          return w.initialize(it)
        },
        render: (it) => w.render(it)
      }
    }
    """,
    _GAP_JS,
)


@functools.cache
def code(entry: str) -> bytes:
    """Pack the module `entry` of static/ with all that it imports, and the styles."""
    return zlib.compress(source(entry).encode(), 9)


def source(entry: str) -> str:
    """Join `entry` and the modules it imports, each once and before its users, as one module."""
    modules: dict[str, str] = {}
    _collect(entry, modules)
    joined = "".join(modules.values())
    for place, sheet in STYLES.items():
        if place in joined:
            styles = _squeeze((STATIC / sheet).read_text("utf-8"), _GAP_CSS)
            joined = joined.replace(place, json.dumps(styles))
    return joined


def _collect(name: str, modules: dict[str, str]) -> None:
    text = (STATIC / name).read_text("utf-8")
    for imported in _IMPORT.findall(text):
        if imported not in modules:
            _collect(imported, modules)
    modules[name] = _squeeze(_EXPORT.sub("", _IMPORT.sub("", text)), _GAP_JS)
