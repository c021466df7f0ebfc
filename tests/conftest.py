"""Fixtures every test may use.

Asynchronous tests run under anyio's pytest plugin, which comes with httpx: mark the module with
`pytestmark = pytest.mark.anyio`, then tests and fixtures may be `async def`. They run on asyncio alone, in one event
loop a test; whatever is left unhandled in it fails the test.
"""

import pytest

pytest.register_assert_rewrite("amber.testing.contract.bus")
pytest_plugins = ("amber.testing.nats", "amber.testing.postgres")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
