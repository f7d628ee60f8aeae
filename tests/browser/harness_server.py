"""A Jupyter server for the browser tests, independent of the settings of the current user.

Lab, Notebook 7 and Voila are extensions of the same server. Its kernels run the Python that runs
pytest; its settings, data and notebooks live in a temporary folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))
STARTUP_SECONDS = 180  # with all workers starting servers on a busy machine
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    },
}


class JupyterServer:
    """A Jupyter server in a process of its own, for as long as the `with` block lasts."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.root = folder / "notebooks"
        self.token = secrets.token_hex(16)
        self.log = log
        self._settings = folder / "jupyter"
        self.url = ""  # known when the server runs

    def __enter__(self) -> JupyterServer:
        self.root.mkdir()
        self.reset_settings()
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                self._command(), env=self._environment(), stdout=log, stderr=log, cwd=self.root
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def address(self, path: str) -> str:
        """The full URL of a path, with the access token."""
        return f"{self.url}{path}?token={self.token}"

    def reset_settings(self) -> None:
        """Undo a test's changes of the settings, such as the theme."""
        folder = self._settings / "config/lab/user-settings"
        shutil.rmtree(folder, ignore_errors=True)
        for plugin, settings in LAB_SETTINGS.items():
            path = folder / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings))

    def stop_kernels(self) -> None:
        """Shut down every kernel that is still running."""
        for kernel in json.loads(self._request("api/kernels")):
            self._request(f"api/kernels/{kernel['id']}", method="DELETE")

    def _request(self, path: str, method: str = "GET") -> bytes:
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.url + path, headers=headers, method=method)
        with LOOPBACK.open(request, timeout=60) as response:
            return response.read()

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "jupyterlab"),
            "--no-browser",
            "--allow-root",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.news_url=None",
            "--LabApp.extension_manager=readonly",
            "--ServerApp.port=0",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
        ]

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TAMR_", "JUPYTER", "PYTEST"))
            and not name.lower().endswith("_proxy")
        }
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython",
        }
        return inherited | {name: str(self._settings / folder) for name, folder in own.items()}

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            # The server writes its port to a file.
            for file in (self._settings / "runtime").glob("jpserver-*.json"):
                with contextlib.suppress(ValueError):
                    self.url = f"http://127.0.0.1:{json.loads(file.read_text())['port']}/"
            if self.url and self._responds():
                return
            time.sleep(0.1)
        raise RuntimeError(f"Jupyter did not start; its log ends:\n{self.log.read_text()[-3000:]}")

    def _responds(self) -> bool:
        try:
            self._request("api/status")
        except OSError:
            return False
        return True

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
