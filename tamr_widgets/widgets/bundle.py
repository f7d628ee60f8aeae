"""Bundles the browser's modules: one compressed module for each widget.

A widget carries its code to the browser and into the saved notebook, so the code has to be small.
The modules in static/ are joined and deflated; the bytes travel in a trait of their own, without
base64, and a loader in `_esm` inflates them, once for each page:

    class OperationWidget(anywidget.AnyWidget):
        _esm = bundle.LOADER
        _code = traitlets.Bytes(bundle.compressed("operation/index.js")).tag(sync=True)

Joining is not parsing, so the modules keep three rules, which a test checks: a name at the top
level of one module is in no other; imports are written `import { a, b } from "./module.js";`, on
one line or several; and no template literal spans lines. So a line that begins with a comment is
nothing else, and is left out: a quarter of the code.

`_esm` is text because anywidget leaks every instance whose `_esm` is a Path (anywidget issue 929).
"""

from __future__ import annotations

import functools
import json
import posixpath
import re
import zlib
from importlib.resources import files

# Not by __file__: the package may be imported from a zip file, as Spark distributes it.
STATIC = files(__package__) / "static"
# Placeholders in modules, and the stylesheets whose text replaces them.
STYLES = {
    "(globalThis).TAMR_CSS": ["operation/panel.css"],
    "(globalThis).TAMR_JOBS_CSS": [
        "jobs/jobs.css",
        "jobs/timeline/timeline.css",
        "jobs/bulk/bulk.css",
        "jobs/table/table.css",
    ],
    "(globalThis).TAMR_CHAIN_CSS": ["chain/chain.css"],
}
IMPORT = re.compile(r'^import \{\s[\w,\s]+\s\} from "(\.{1,2}/[\w./-]+\.js)";\n', re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*\*(?:[^*]|\*(?!/))*\*/)[ \t]*\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?!default\b)", re.MULTILINE)

# The last bytes of the code are its checksum, which distinguishes versions in a page.
LOADER = """\
const load = async (code) => (await import(URL.createObjectURL(await new Response(
  new Blob([code]).stream().pipeThrough(new DecompressionStream("deflate")),
  { headers: { "content-type": "text/javascript" } }
).blob()))).default;
export default () => {
  let widget;
  return {
    async initialize(context) {
      const code = context.model.get("_code");
      const key = "tamr" + code.getUint32(code.byteLength - 4);
      widget = (await (globalThis[key] ??= load(code)))();
      return widget.initialize(context);
    },
    render: (context) => widget.render(context),
  };
};
"""


@functools.cache
def compressed(entry: str) -> bytes:
    """Returns the module `entry` of static/ with its imports and styles, deflated."""
    return zlib.compress(joined(entry).encode(), 9)


def joined(entry: str) -> str:
    """Returns the text of `entry` and its imports, each module once and before its importers."""
    modules: dict[str, str] = {}
    _collect(entry, modules)
    text = "\n".join(modules.values())
    for placeholder, sheets in STYLES.items():
        if placeholder in text:
            styles = "".join((STATIC / sheet).read_text("utf-8") for sheet in sheets)
            text = text.replace(placeholder, json.dumps(styles))
    return text


def _collect(name: str, modules: dict[str, str]) -> None:
    text = (STATIC / name).read_text("utf-8")
    for path in IMPORT.findall(text):
        imported = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        if imported not in modules:
            _collect(imported, modules)
    modules[name] = COMMENT.sub("", EXPORT.sub("", IMPORT.sub("", text)))
