"""A whole kernel with every installed plugin, for decoders that cannot do without."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amber.config import DatabaseConfig, Server, Settings
from amber.kernel import Kernel

URL = "https://amber.test"
JWT_SECRET = "k" * 64


@contextmanager
def running_kernel() -> Iterator[tuple[Kernel, asyncio.Runner]]:
    """A started kernel on an empty SQLite file and without a bus, and the loop it lives in."""
    with tempfile.TemporaryDirectory(prefix="amber-fuzz-") as folder, asyncio.Runner() as runner:
        data = Path(folder)
        settings = Settings(
            server=Server(public_url=URL),
            database=DatabaseConfig(url=f"sqlite:///{data / 'amber.db'}"),
            plugins={"ember": {"jwt_secret": JWT_SECRET, "admin_secret": "a" * 64}},
        )
        kernel = Kernel(settings, data, {})
        runner.run(kernel.start())
        try:
            yield kernel, runner
        finally:
            runner.run(kernel.stop())
