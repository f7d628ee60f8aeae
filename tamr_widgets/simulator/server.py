"""Runs a simulated Tamr server inside this process, on loopback."""

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
DEMO_PASSWORD = "simulated"  # noqa: S105 - only for a simulator on loopback


class Simulator:
    """A simulated Tamr on loopback: Tamr's API, with jobs that run like recorded ones.

        with Simulator(speed=10) as simulator:
            client = simulator.client()
            operation = client.start("projects/1/unifiedDataset:refresh", asynchronous=True)

    Some projects have special jobs: every refresh of `already_up_to_date` responds with 204,
    every job of `broken_transformations` fails with a long trace, jobs of `large_mastering` take
    twenty times as long as usual. Exports and imports can be deleted; a DELETE of other operations
    responds with 405 unless `deletes` is true or `jobs.allow_delete(id)` was called.

    Args:
        port: The port to listen on; 0 for a free one.
        speed: All durations are divided by it.
        seed: The same seed makes the same past, and the same durations afterwards.
        past_jobs: The number of jobs at the start, all of which have ended.
        executors: How many jobs run at once; the others wait, in the order of their creation.
        username: The name of the only user.
        password: The password of that user.
        deletes: Whether all operations can be deleted.
        now: Returns seconds since 1970; the machine's clock by default.
        clock_offset_seconds: The server's clock minus `now`, in seconds.

    Attributes:
        clock: The server's clock, whose `offset_seconds` can be changed.
        jobs: The job store: start, change, finish, cancel, remove, put jobs in any state.
        requests: The log of all requests.
        faults: The faults to inject.

    Raises:
        ValueError: `speed` is not greater than 0, or `executors` is less than 1.
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
        self._requested_port = port
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
        self._http_server = HttpServer(api, self.faults, self.requests)
        # Ends the thread when the simulator is garbage-collected.
        self._finalizer = weakref.finalize(self, self._http_server.stop)

    def start(self) -> Simulator:
        """Starts to serve, and returns this simulator; no effect if it already serves.

        After `stop` it uses the same port again.

        Raises:
            OSError: The port is in use.
        """
        self._http_server.start(self.port)
        return self

    def stop(self) -> None:
        """Closes all connections and ends the thread; `start` continues with the same jobs."""
        self._http_server.stop()

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
        """The port that it listens on; before the start, the one of the constructor."""
        return self._http_server.port or self._requested_port

    @property
    def url(self) -> str:
        """The origin: `http://127.0.0.1:<port>`."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def username(self) -> str:
        """The name of the only user."""
        return self._credentials.username

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._http_server.running

    def client(self, **client_options: Any) -> Client:
        """Returns a client of this server, logged in as its user.

        Args:
            client_options: Passed on to `Client`; `auth` replaces the username and password.
        """
        # The simulator depends on the rest of the package only here.
        from ..auth import UsernamePasswordAuth  # noqa: PLC0415
        from ..client import Client  # noqa: PLC0415

        auth = client_options.pop("auth", None)
        if auth is None:
            auth = UsernamePasswordAuth(self.username, self._password)
        options = {"host": LOOPBACK, "protocol": "http", "port": self.port, **client_options}
        client = Client(auth, **options)
        # Keeps the simulator of `Simulator().start().client()` alive.
        vars(client)["simulator"] = self
        return client

    def token(self) -> str:
        """Returns a token for any token auth or the cookie, valid until sessions expire."""
        return self._credentials.new_token()

    def expire_sessions(self) -> None:
        """Invalidates all tokens and cookies; the username and password stay valid."""
        self._credentials.expire()

    def refuse(self) -> None:
        """Closes all connections and refuses new ones until `accept`."""
        self._http_server.refuse_connections()

    def accept(self) -> None:
        """Accepts connections again, on the same port."""
        self._http_server.accept_connections()

    def drop_connections(self) -> None:
        """Closes all connections, as a proxy does with those that were idle for too long."""
        self._http_server.drop_connections()

    @property
    def connections(self) -> int:
        """The number of open connections that have carried a request."""
        return self._http_server.count_connections()

    def __repr__(self) -> str:
        state = f"at {self.url}" if self.running else "stopped"
        return f"<Simulator {state}, {len(self.jobs)} jobs>"
