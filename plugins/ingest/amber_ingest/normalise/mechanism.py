"""How an exception was caught, and what the operating system called it."""

import re
from collections.abc import Mapping
from typing import Any

from amber_ingest.normalise.bags import SMALL_BAG, bag
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import BOOLEAN, INTEGER, Rule, Shape, text

SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT",
    8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
}  # fmt: skip
"""The numbers Linux and Darwin agree on."""
LINUX_SIGNALS = SIGNALS | {7: "SIGBUS", 10: "SIGUSR1", 12: "SIGUSR2", 16: "SIGSTKFLT", 31: "SIGSYS"}
DARWIN_SIGNALS = SIGNALS | {7: "SIGEMT", 10: "SIGBUS", 12: "SIGSYS", 30: "SIGUSR1", 31: "SIGUSR2"}
DARWIN = frozenset({"macos", "mac os x", "ios", "ipados", "tvos", "watchos", "visionos"})
LINUX = frozenset({"linux", "android"})

MACH_EXCEPTIONS = {
    1: "EXC_BAD_ACCESS", 2: "EXC_BAD_INSTRUCTION", 3: "EXC_ARITHMETIC", 4: "EXC_EMULATION", 5: "EXC_SOFTWARE",
    6: "EXC_BREAKPOINT", 7: "EXC_SYSCALL", 8: "EXC_MACH_SYSCALL", 9: "EXC_RPC_ALERT", 10: "EXC_CRASH",
    11: "EXC_RESOURCE", 12: "EXC_GUARD", 13: "EXC_CORPSE_NOTIFY",
}  # fmt: skip

LONGEST_SOURCE = 256
_BLANK = re.compile(r"\s")

_SIGNAL = Shape("SignalShape", {"number": INTEGER, "code": INTEGER, "name": text(64), "code_name": text(64)})
_MACH = Shape(
    "MachExceptionShape",
    {"exception": INTEGER, "code": INTEGER, "subcode": INTEGER, "name": text(64)},
)
_ERRNO = Shape("ErrnoShape", {"number": INTEGER, "name": text(64)})
_NS_ERROR = Shape("NsErrorShape", {"code": INTEGER, "domain": text(256)})
_META = Shape(
    "MechanismMetaShape",
    {"signal": _SIGNAL.rule(), "mach_exception": _MACH.rule(), "errno": _ERRNO.rule(), "ns_error": _NS_ERROR.rule()},
)


def is_source(value: str) -> bool:
    """Whether a text can stand as a mechanism's source as it is."""
    return len(value) <= LONGEST_SOURCE and not _BLANK.search(value)


def _source(value: Any, notes: Notes, path: Path) -> str | None:
    if isinstance(value, str) and not _BLANK.search(value):
        return str(text(LONGEST_SOURCE).mend(value, notes, path))
    notes.bad(path, "expected a name without blanks", value)
    return None


MECHANISM = Shape(
    "MechanismShape",
    {
        "type": text(128),
        "synthetic": BOOLEAN,
        "description": text(8192, 200),
        "help_link": text(1024),
        "handled": BOOLEAN,
        "source": Rule(Any, _source, always=True),
        "is_exception_group": BOOLEAN,
        "exception_id": INTEGER,
        "parent_id": INTEGER,
        "data": bag(*SMALL_BAG),
        "meta": _META.rule(),
    },
    rest="data",
)


def mechanism(value: Any, notes: Notes, path: Path) -> dict[str, Any] | None:
    """A mechanism; one without a type is `generic`."""
    right = MECHANISM.apply(value, notes, path)
    if right is not None and not right.get("type"):
        right["type"] = "generic"
    return right


def name_codes(exception: Mapping[str, Any], system: str) -> None:
    """Fill in the names of signals and Mach exceptions, as far as the operating system `system` is known."""
    meta = (exception.get("mechanism") or {}).get("meta") or {}
    signal, mach = meta.get("signal"), meta.get("mach_exception")
    if signal and not signal.get("name"):
        _name(signal, _signals(system.lower()).get(signal.get("number") or 0))
    if mach and not mach.get("name"):
        _name(mach, MACH_EXCEPTIONS.get(mach.get("exception")))


def _name(entry: dict[str, Any], name: str | None) -> None:
    if name:
        entry["name"] = name


def _signals(system: str) -> Mapping[int, str]:
    if system in DARWIN:
        return DARWIN_SIGNALS
    return LINUX_SIGNALS if system in LINUX else {}
