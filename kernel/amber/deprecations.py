"""Public names that go away: what to use in their place, since when they warn, and from when on they are an error."""

import warnings
from collections.abc import Mapping

from msgspec import Struct

from amber.errors import AmberDeprecationWarning
from amber.version import version


class Deprecation(Struct, frozen=True):
    """A name warns from the minor version `since` on, raises from `error_in` on, and is gone in the one after that."""

    use: str
    since: str
    error_in: str


DEPRECATIONS: Mapping[str, Deprecation] = {}
"""Every one there is, by the name as docs/reference/public.txt has it; each calls `warn` where it is used."""


def warn(name: str, known: Mapping[str, Deprecation] = DEPRECATIONS, now: str = "") -> None:
    """Warn whoever uses this name of the code that called us, or raise AmberDeprecationWarning once its time is up."""
    one = known[name]
    message = f"{name} is deprecated since Amber {one.since}, and an error from {one.error_in} on: use {one.use}"
    if series(now or version()) >= series(one.error_in):
        raise AmberDeprecationWarning(message)
    warnings.warn(message, AmberDeprecationWarning, stacklevel=3)


def series(number: str) -> tuple[int, int]:
    """The minor series of a version, such as (0, 2) of 0.2.1."""
    major, minor, *_ = number.split(".")
    return int(major), int(minor)
