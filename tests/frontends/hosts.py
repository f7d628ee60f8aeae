"""Programs other than Jupyter that show the widgets, with their packages and commands."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import BrowserContext, Page, Route

PROJECT = Path(__file__).parents[2]
APPS = Path(__file__).with_name("apps")
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))
STARTUP_SECONDS = 90


@dataclass(frozen=True)
class Host:
    """A program that serves an app.

    Attributes:
        packages: The packages to install, with the versions that README.md names.
        command: The arguments for its Python; `{port}` and `{app}` are filled in.
        environment: Additional variables.
    """

    name: str
    packages: tuple[str, ...]
    command: str
    environment: Mapping[str, str]


HOSTS = (
    Host(
        "marimo",
        ("marimo==0.25.*",),
        "-m marimo run --headless --no-token --session-ttl 1 --port {port} {app}",
        {"MARIMO_SKIP_UPDATE_CHECK": "1"},
    ),
    Host(
        "shiny",
        ("shiny==1.8.*", "shinywidgets==0.8.*"),
        "-m shiny run --port {port} {app}",
        {},
    ),
    Host(
        "panel",
        ("panel==1.9.*", "ipywidgets_bokeh==1.8.*"),
        "-m panel serve --port {port} --index panel_app"
        " --unused-session-lifetime 500 --check-unused-sessions 500 {app}",
        {},
    ),
    Host(
        "solara",
        ("solara==1.58.*", "solara-assets==1.58.*"),  # the newest whose assets are on PyPI
        "-m solara run --no-open --production --port {port} {app}",
        {"SOLARA_KERNEL_CULL_TIMEOUT": "1s", "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False"},
    ),
)


class AppServer:
    """The server of a host's app, which runs in a process of its own during a `with` block."""

    def __init__(self, host: Host, python: Path, variables: Mapping[str, str], log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.python, self.host, self.url, self.log = python, host, f"http://127.0.0.1:{port}/", log
        command = host.command.format(port=port, app=APPS / f"{host.name}_app.py")
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TAMR_", "PYTHON", "PYTEST"))
            and not name.lower().endswith("_proxy")
        }
        self._command = [str(python), *command.split()]
        self._environment = {**inherited, **host.environment, **variables}

    def __enter__(self) -> AppServer:
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, cwd=self.log.parent
            )
        deadline = time.monotonic() + STARTUP_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                end = self.log.read_text()[-3000:]
                raise RuntimeError(f"{self.host.name} did not start; its log ends:\n{end}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _is_ready(self) -> bool:
        try:
            with LOOPBACK.open(self.url, timeout=15):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


def new_page(context: BrowserContext, server: AppServer) -> Page:
    """Open the app in another page."""
    page = context.new_page()
    page.route(_is_external, _serve_anywidget)
    page.goto(server.url)
    return page


def _is_external(url: str) -> bool:
    return urlsplit(url).hostname != "127.0.0.1"


def _serve_anywidget(route: Route) -> None:
    """Serves anywidget's code, which Panel loads from the internet, and aborts other requests."""
    if "/anywidget@" in route.request.url:
        folder = Path(sys.prefix, "share/jupyter/nbextensions/anywidget")
        route.fulfill(path=folder / "index.js", content_type="text/javascript")
    else:
        route.abort()
