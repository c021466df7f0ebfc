"""The small closed family of errors that cross the border between the kernel and its plugins."""


class AmberError(Exception):
    """The root of every error Amber raises on purpose."""


class ConfigError(AmberError):
    """The configuration cannot be used; the message names the place and the mend."""


class PluginError(AmberError):
    """A plugin failed while it answered a hook."""

    def __init__(self, plugin: str, hook: str, cause: BaseException | str) -> None:
        self.plugin, self.hook, self.cause = plugin, hook, cause
        reason = cause if isinstance(cause, str) else f"{type(cause).__name__}: {cause}"
        super().__init__(f"plugin {plugin} failed in {hook}: {reason}")


class Retry(AmberError):
    """Ask for the same work again.

    `after` is in seconds; without it the kernel's own back-off decides.
    """

    def __init__(self, after: float | None = None, reason: str = "") -> None:
        self.after, self.reason = after, reason
        super().__init__(reason or "asked to be tried again")


class Reject(AmberError):
    """This input can never work: refuse it (ingest: with `status` and `detail`) or dead-letter it (everything else)."""

    def __init__(self, detail: str, *, status: int = 400, causes: tuple[str, ...] = ()) -> None:
        self.detail, self.status, self.causes = detail, status, causes
        super().__init__(detail)


class Denied(AmberError):
    """The principal may not do this; `detail` is safe to show."""

    def __init__(self, detail: str, *, status: int = 403) -> None:
        self.detail, self.status = detail, status
        super().__init__(detail)


class AlreadyApplied(AmberError):
    """Some of a batch's marks were applied before: leave those messages out and apply the rest."""

    def __init__(self, marks: frozenset[tuple[str, int]]) -> None:
        self.marks = marks
        super().__init__(f"{len(marks)} messages of this batch were applied before")


class Unavailable(AmberError):
    """A part Amber stands on (bus, store) does not answer; the caller may try again later."""


class AmberDeprecationWarning(DeprecationWarning):
    """A public name that goes away was used: the message says what to use, and from which version on it is an error."""
