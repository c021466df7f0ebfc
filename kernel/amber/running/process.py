"""What every process of Amber does when it starts: open the kernel on its bus, heed what people switch, settle."""

import gc
import signal
from pathlib import Path

from amber.bus.connect import NatsBus
from amber.config import Settings
from amber.kernel import Kernel
from amber.processes import runtime
from amber.switches import Switchboard, read_switches

SIGNALS = (signal.SIGTERM, signal.SIGINT)


async def connect(settings: Settings) -> NatsBus:
    """The bus, connected. Raises Unavailable."""
    return await NatsBus(settings.bus, settings.ingest.publish_timeout).connect()


async def open_kernel(settings: Settings, data: Path, bus: NatsBus) -> Kernel:
    """A started kernel on this bus."""
    kernel = Kernel(settings, data)
    kernel.registry.heed(await read_switches(bus))
    await kernel.start(bus)
    return kernel


def switchboard(kernel: Kernel, bus: NatsBus, data: Path, file: Path | None) -> Switchboard:
    """What keeps this process's plugins as people want them."""
    return Switchboard(kernel, bus, lambda: runtime.settings(data, file), lambda: file or runtime.default_file(data))


def settle_memory() -> None:
    """Keep what was loaded at start out of the garbage collector, whose full rounds cost 75 ms at p99."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    gc.enable()
