"""Fixtures every test may use.

Asynchronous tests run under anyio's pytest plugin, which comes with httpx: mark the module with
`pytestmark = pytest.mark.anyio`, then tests and fixtures may be `async def`. They run on asyncio alone, in one event
loop a test; whatever is left unhandled in it fails the test.
"""

import signal

import pytest

pytest.register_assert_rewrite("amber.testing.contract.bus")
pytest_plugins = ("amber.testing.nats", "amber.testing.postgres")


def pytest_sessionstart() -> None:
    # a shell has what it starts in the background ignore Ctrl-C, and so would the commands that tests interrupt
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
