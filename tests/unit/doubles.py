"""The former names of `fakes`, for tests in tests/project/words_to_do.txt."""

from fakes import (  # noqa: F401
    CERTIFICATE,
    PASSWORD,
    PATH,
    URL,
    FakeClock,
    RawServer,
    document,
    http,
)
from fakes import fake_response as answer  # noqa: F401
from fakes import wait_until as until  # noqa: F401
