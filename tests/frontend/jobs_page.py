"""JobsWidget's browser side in a page without a kernel; the test acts as the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

APPEARANCES = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "high contrast": {"color_scheme": "dark", "forced_colors": "active"},
    "narrow": {"width": 320},
}
NAMES = (
    *("key", "state", "description", "user", "created", "started", "ended", "type"),
    *("estimate", "queue", "reason", "since"),
)


def row(key: str = "17", **facts: Any) -> list[Any]:
    """A row as the kernel sends it; its job ran for half a minute unless `facts` differ."""
    values = {
        "key": key,
        "state": "SUCCEEDED",
        "description": "Train Mastering Model",
        "user": "admin",
        "created": int(key) * 1000,
        "started": int(key) * 1000 + 5_000,
        "ended": int(key) * 1000 + 35_000,
        "type": "SPARK",
        "estimate": None,
        "queue": None,
        "reason": None,
        "since": None,
    } | facts
    return [values[name] for name in NAMES]


class Jobs:
    """A JobsWidget in a page; `page` is Playwright's."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.region = self.page.get_by_role("region", name="Jobs", exact=True)
        self.grid = self.page.get_by_role("grid", name="Jobs")
        self.search = self.page.get_by_role("searchbox", name="Search jobs")

    def open(self, rows: list[Any] | int | None = None, **options: Any) -> Jobs:
        """Show the widget with these rows, with a number of generated ones, or without a list."""
        self.page.evaluate(
            "async (options) => { globalThis.jobs = await openJobs(options) }", options
        )
        if rows is not None:
            self.call("acknowledge")
            self.page.evaluate(
                "rows => jobs.list(Array.isArray(rows) ? rows : makeJobs(rows))", rows
            )
        self.call("measured")
        return self

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of openJobs' result in fake_jobs.js, which acts as kernel and notebook."""
        return self.page.evaluate(
            "([method, args]) => jobs[method](...args)", [method, list(arguments)]
        )

    def change(self, *rows: list[Any], gone: tuple[str, ...] = ()) -> None:
        """Send new and changed rows, and the keys of removed ones, as the kernel does."""
        self.call("change", list(rows), list(gone))

    def sent(self, *actions: str) -> list[dict[str, Any]]:
        """The messages to the kernel with these actions, without their numbers."""
        messages = self.call("sent")
        return [
            {name: value for name, value in message.items() if name != "seq"}
            for message in messages
            if message["action"] in actions
        ]

    def trait(self, name: str) -> Any:
        return self.page.evaluate("name => jobs.model.get(name)", name)

    def row(self, key: str) -> Locator:
        return self.grid.locator(f'[data-key="{key}"]')

    def cell(self, key: str, column: str) -> Locator:
        return self.row(key).locator(f'[role=gridcell][data-column="{column}"]')

    def header(self, name: str) -> Locator:
        return self.grid.get_by_role("columnheader", name=name)

    def button(self, name: str) -> Locator:
        return self.region.get_by_role("button", name=name, exact=True)

    @property
    def keys(self) -> list[str]:
        """The rows that are in the page, from top to bottom."""
        return self.grid.locator("[data-key]").evaluate_all(
            "rows => rows.map(row => row.dataset.key)"
        )

    @property
    def selected(self) -> list[str]:
        return self.grid.locator("[aria-selected=true]").evaluate_all(
            "rows => rows.map(row => row.dataset.key)"
        )
