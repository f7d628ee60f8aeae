"""The speed of the Jobs page in Chromium, with a list of 10,000 and one of 50,000 jobs.

    python tests/benchmarks/jobs_browser.py [count ...]

The page runs the packed code with a fake kernel. Times are milliseconds from an event to the end
of the frame that shows its effect, at 60 frames a second; "script" is the part in our code.
"""

from __future__ import annotations

import mimetypes
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from tamr_widgets.widgets import bundle

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from chrome import BROWSER_FLAGS, browser_path  # noqa: E402

ORIGIN = "http://localhost"
ROUNDS = 5
KEYSTROKES = ["u", "up", "upd", "update", "update c", "", "x", "xy", "", "clusters pri", "7", "70"]
MEASURE = """async ([count, keystrokes]) => {
  const shown = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const time = async (act) => {
    await shown();
    const begin = performance.now();
    await act();
    const script = performance.now() - begin;
    await shown();
    return [script, performance.now() - begin];
  };
  const rows = makeJobs(count, Date.now(), { every: 600 });
  const parts = [];
  for (let i = 0; i < count; i += 1000) {
    const first = i ? {} : { reset: true, total: count };
    parts.push({ jobs: rows.slice(i, i + 1000), gone: [], more: i + 1000 < count, ...first });
  }
  const jobs = await openJobs();
  jobs.acknowledge();
  const page = document.querySelector(".tamr-jobs:last-of-type");
  const grid = page.querySelector("[role=grid]");
  const search = page.querySelector("input[type=search]");
  const type = (text) => {
    search.value = text;
    search.dispatchEvent(new Event("input"));
  };
  const figures = {};
  figures["first rows"] = [await time(() => jobs.receive({ rows: parts[0] }))];
  figures["other rows"] = [await time(() => {
    for (const rows of parts.slice(1)) jobs.receive({ rows });
  })];
  page.querySelector("[value=all]").click();
  figures["a keystroke"] = [];
  for (const text of keystrokes) figures["a keystroke"].push(await time(() => type(text)));
  await time(() => type(""));
  const changed = rows.slice(10, 20).map((row) => [row[0], "FAILED", ...row.slice(2)]);
  figures["ten rows that changed"] = [await time(() => jobs.change(changed))];
  figures["sorting by a column"] = [];
  for (const header of page.querySelectorAll("[role=columnheader]:not([data-column=pick])")) {
    figures["sorting by a column"].push(await time(() => header.click()));
  }
  figures["scrolling by 1,000 pixels"] = [];
  for (let y = 1; y <= 10; y++) {
    figures["scrolling by 1,000 pixels"].push(await time(() => { grid.scrollTop = y * 1000; }));
  }
  figures["selecting all"] = [await time(() => page.querySelector("[type=checkbox]").click())];
  const elements = page.querySelectorAll("*").length;
  await jobs.close();
  return [figures, elements];
}"""


def serve(route: Route) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    if path == "/esm.js":
        route.fulfill(body=bundle.LOADER, content_type="text/javascript")
    elif path == "/code/jobs/index.js":
        route.fulfill(body=bundle.compressed("jobs/index.js"))
    else:
        file = TESTS / "frontend" / path.removeprefix("/")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        route.fulfill(body=file.read_bytes(), content_type=kind)


def measure(page: Page, count: int) -> None:
    """Print the median and the worst of several rounds, the first one left out."""
    all_figures: dict[str, list[Any]] = {}
    for number in range(ROUNDS + 1):
        figures, elements = page.evaluate(MEASURE, [count, KEYSTROKES])
        if number:
            for name, times in figures.items():
                all_figures.setdefault(name, []).extend(times)
    print(f"\n{count:,} jobs, {elements} elements in the page")
    print(f"{'':28}{'script':>8}{'drawn':>8}{'worst':>8}")
    for name, times in all_figures.items():
        scripts, drawn = zip(*times, strict=True)
        figures = (statistics.median(scripts), statistics.median(drawn), max(drawn))
        print(f"{name:28}" + "".join(f"{figure:8.1f}" for figure in figures))


def main() -> None:
    counts = [int(each) for each in sys.argv[1:]] or [10_000, 50_000]
    with sync_playwright() as playwright:
        path = browser_path()
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.route(f"{ORIGIN}/**", serve)
        page.goto(f"{ORIGIN}/jobs.html")
        page.wait_for_function("'openJobs' in globalThis")
        for count in counts:
            measure(page, count)
        browser.close()
    packed, operation = (
        len(bundle.compressed(f"{name}/index.js")) for name in ("jobs", "operation")
    )
    print(f"\nThe packed code: {packed:,} bytes (OperationWidget's: {operation:,})")


if __name__ == "__main__":
    main()
