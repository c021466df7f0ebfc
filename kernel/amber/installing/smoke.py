"""`python -m amber.installing.smoke FILE PLUGIN…`: tries plugins in a process of its own, before any of ours has them.

What came of it is written to FILE. The contract's suite `import` and every installation go by it.
"""

import importlib.metadata
import locale
import logging
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pluggy
from msgspec import Struct

from amber.plugin import spec

ACTS = frozenset(
    {
        *("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.fork"),
        *("os.remove", "os.rename", "os.mkdir", "os.rmdir"),
    }
)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
KNOWN = ("amber.kernel", "amber.tables.database", "amber.running.app", "amber.tables.migrate", "click", "httpcore")
"""What every process of Amber has imported anyway."""


class Trial(Struct, frozen=True):
    """What became of one plugin. `seconds` of computing are what its import took, `acts` what it did beside that,
    `changed` what of the process is another than before, `printed` what it wrote.

    `hooks` are those it answers, `missing` the settings it cannot do without; `error` is why it cannot run, empty where
    it can.
    """

    plugin: str
    seconds: float = 0.0
    acts: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    printed: str = ""
    hooks: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    error: str = ""


def main(words: Sequence[str]) -> None:
    """Try each plugin, and write down what came of it."""
    for name in KNOWN:
        import_module(name)
    entries = {entry.name: entry for entry in importlib.metadata.entry_points(group="amber.plugins")}
    with tempfile.TemporaryFile() as heard:
        for stream in (1, 2):
            os.dup2(heard.fileno(), stream)
        trials = [_try(name, partial(_load, entries[name]), heard.fileno()) for name in words[1:]]
    Path(words[0]).write_bytes(msgspec.json.encode(trials))


def _load(entry: importlib.metadata.EntryPoint) -> ModuleType:
    return import_module(entry.module)


def _try(plugin: str, load: Callable[[], ModuleType], heard: int) -> Trial:
    acts: list[str] = []
    before, start = _world(), os.fstat(heard).st_size
    sys.addaudithook(lambda event, given: acts.append(told) if (told := _act(event, given)) else None)
    started = time.process_time()
    time.sleep = partial(_sleep, acts, time.sleep)
    try:
        module = load()
    except BaseException as error:  # sys.exit included: this process is here to find out
        return Trial(plugin, error=f"it cannot be imported: {type(error).__name__}: {error}")
    seconds, after = time.process_time() - started, _world()
    changed = tuple(name for name, was in before.items() if after[name] != was)
    trial = Trial(plugin, seconds, tuple(dict.fromkeys(acts)), changed, _heard(heard, start))
    try:
        found = {"hooks": _hooks(module), "missing": _missing(module), "error": _unfit(plugin, module)}
    except Exception as error:  # whatever a stranger's module holds, it is told, not raised
        found = {"error": f"{type(error).__name__}: {error}"}
    return msgspec.structs.replace(trial, **found)


def _sleep(acts: list[str], really: Callable[[float], None], seconds: float) -> None:
    """Note a pause, which costs no processor time but that of whoever waits for the import."""
    if threading.current_thread() is threading.main_thread():
        acts.append(f"time.sleep ({seconds},)")
    really(seconds)


def _act(event: str, given: tuple[Any, ...]) -> str:
    """What an audit event tells of, where an import has no business doing it; what Python compiles is kept apart."""
    is_writing = event == "open" and isinstance(given[2], int) and given[2] & WRITES
    is_told_before = event == "open" and isinstance(given[0], int)  # of a descriptor, which was opened by its name
    does = event in ACTS or (is_writing and not is_told_before)
    return f"{event} {given}"[:200] if does and "__pycache__" not in str(given) else ""


def _world() -> dict[str, Any]:
    """What of a process belongs to Amber and the system."""
    root = logging.getLogger()
    return {
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "the environment": dict(os.environ),
        "logging": [root.level, list(map(repr, root.handlers)), root.manager.disable, logging.getLoggerClass()],
        "warnings": len(warnings.filters),
        "signals": [str(signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGTERM)],
        "the working directory": os.getcwd(),
        "sys.path": list(sys.path),
        "the locale": locale.setlocale(locale.LC_ALL),
        "excepthooks": [repr(sys.excepthook), repr(threading.excepthook), repr(sys.displayhook)],
    }


def _heard(heard: int, start: int) -> str:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return os.pread(heard, 1000, start).decode(errors="replace")


def _hooks(module: ModuleType) -> tuple[str, ...]:
    return tuple(name for name in spec.hooks() if hasattr(getattr(module, name, None), f"{spec.PROJECT_NAME}_impl"))


def _unfit(plugin: str, module: ModuleType) -> str:
    """Why pluggy would not take its hooks; empty where it does."""
    manager = pluggy.PluginManager(spec.PROJECT_NAME)
    manager.add_hookspecs(spec)
    try:
        manager.register(module, name=plugin)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        return " ".join(str(error).split()).replace(f" in plugin {module!r}", "")
    return ""


def _missing(module: ModuleType) -> tuple[str, ...]:
    schema: Any = getattr(module, "Config", None)
    if schema is None:
        return ()
    if not (isinstance(schema, type) and issubclass(schema, Struct)):
        raise TypeError("its Config is no msgspec Struct")
    return tuple(field.encode_name for field in msgspec.structs.fields(schema) if field.required)


if __name__ == "__main__":
    main(sys.argv[1:])
