"""The simulator: a Tamr that runs inside this process, on loopback."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from .api.routes import Api
from .clock import Clock
from .credentials import Credentials
from .faults import Faults
from .http.request_log import RequestLog
from .http.server import LOOPBACK, HttpServer
from .jobs.durations import DurationModel
from .jobs.store import JobStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from ..client import Client

DEMO_USERNAME = "admin"
DEMO_PASSWORD = "simulated"  # noqa: S105 - it opens nothing but a simulator on loopback


class Simulator:
    """An embedded Tamr on loopback: jobs that live real lives behind Tamr's own API.

        with Simulator(speed=10) as simulator:
            client = simulator.client()
            operation = client.start("projects/1/unifiedDataset:refresh", asynchronous=True)

    Some projects have a trait to rely on: every refresh of `already_up_to_date` answers 204,
    every job of `broken_transformations` fails with a long trace, jobs of `large_mastering` take
    twenty times as long as usual. Exports and imports can be deleted; other operations answer
    405 unless `deletes` is true or `jobs.allow_delete(id)` was called.

    Args:
        port: Where to listen; 0 takes a free port.
        speed: All durations are divided by it.
        seed: The same seed makes the same past, and the same durations afterwards.
        past_jobs: How many jobs the server remembers at the start.
        executors: How many jobs run at once; the others wait, in the order of their creation.
        username: Who may log in.
        password: With which password.
        deletes: Whether operations can be deleted.
        now: The clock, in seconds since 1970; otherwise it follows the machine's.
        clock_offset_seconds: How far the server's clock is ahead of that.

    Attributes:
        jobs: The job store: start, change, finish, cancel, remove, put jobs in any state.
        requests: The log of what was asked.
        faults: The switchboard of what goes wrong.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        speed: float = 1.0,
        seed: int = 1,
        past_jobs: int = 400,
        executors: int = 1,
        username: str = DEMO_USERNAME,
        password: str = DEMO_PASSWORD,
        deletes: bool = False,
        now: Callable[[], float] | None = None,
        clock_offset_seconds: float = 0.0,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be greater than 0, not {speed!r}.")
        if executors < 1:
            raise ValueError(f"executors must be at least 1, not {executors!r}.")
        self._wanted_port = port
        self._credentials = Credentials(username, password)
        self._password = password
        self.clock = Clock(now, offset_seconds=clock_offset_seconds)
        self.jobs = JobStore(
            self.clock,
            DurationModel(seed, speed),
            past=past_jobs,
            executors=executors,
            deletes=deletes,
        )
        self.requests = RequestLog()
        self.faults = Faults()
        api = Api(self.jobs, self._credentials, self.clock)
        self._wire = HttpServer(api, self.faults, self.requests)
        # a simulator that a notebook has forgotten leaves no thread behind
        self._finalizer = weakref.finalize(self, self._wire.stop)

    def start(self) -> Simulator:
        """Start to serve, and return this simulator; one that serves already goes on.

        After `stop` it comes back on the same port.

        Raises:
            OSError: The port is taken.
        """
        self._wire.start(self.port)
        return self

    def stop(self) -> None:
        """End every connection and the thread; it can be started again, with the same jobs."""
        self._wire.stop()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port that it listens on, or the one that was asked for before it was started."""
        return self._wire.port or self._wanted_port

    @property
    def url(self) -> str:
        """The origin: `http://127.0.0.1:<port>`."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def username(self) -> str:
        """Who may log in."""
        return self._credentials.username

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._wire.running

    def client(self, **client_options: Any) -> Client:
        """Return a client of this server, logged in as its user.

        Args:
            client_options: Passed on to `Client`; `auth` replaces the username and password.
        """
        # the simulator stands on its own: only whoever asks for a client loads the rest
        from ..auth import UsernamePasswordAuth  # noqa: PLC0415
        from ..client import Client  # noqa: PLC0415

        auth = client_options.pop("auth", None)
        if auth is None:
            auth = UsernamePasswordAuth(self.username, self._password)
        options = {"host": LOOPBACK, "protocol": "http", "port": self.port, **client_options}
        client = Client(auth, **options)
        # `Simulator().start().client()`: nobody else may hold this simulator
        vars(client)["simulator"] = self
        return client

    def token(self) -> str:
        """Return a token for TokenAuth, JwtTokenAuth or the cookie, valid until sessions expire."""
        return self._credentials.new_token()

    def expire_sessions(self) -> None:
        """Make every token and cookie invalid; the username and password still open the server."""
        self._credentials.expire()

    def refuse(self) -> None:
        """Refuse connections, and end those that are open, until `accept`."""
        self._wire.refuse()

    def accept(self) -> None:
        """Accept connections again, on the same port."""
        self._wire.accept()

    def drop_connections(self) -> None:
        """End every open connection, as a proxy does with those that were idle for too long."""
        self._wire.drop_connections()

    @property
    def connections(self) -> int:
        """How many connections are open that something was asked through."""
        return self._wire.count_connections()

    def __repr__(self) -> str:
        state = f"at {self.url}" if self.running else "stopped"
        return f"<Simulator {state}, {len(self.jobs)} jobs>"
