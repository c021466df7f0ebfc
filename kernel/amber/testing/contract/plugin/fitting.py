"""Which tests of the contract fit a plugin, and how much each of them counts."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from amber.testing.subject import Subject, find_plugin

F = TypeVar("F", bound=Callable[..., Any])
TIERS = ("bronze", "silver", "gold")
"""What a plugin may earn. Bronze: it is safe to load. Silver: it also does its work as Amber asks. Gold: it does more
for those who run it than it must.
"""


def asked(*hooks: str) -> Callable[[F], F]:
    """The test is for plugins that answer one of these hooks."""

    def mark(function: F) -> F:
        vars(function)["amber_hooks"] = hooks
        return function

    return mark


def counts_for(tier: str) -> Callable[[F], F]:
    """The test is asked of plugins of this tier alone, whatever the rest of its suite is for."""

    def mark(function: F) -> F:
        vars(function)["amber_tier"] = tier
        return function

    return mark


def subject_of(item: Any) -> Subject:
    """The plugin that a collected test of the contract is about."""
    given = getattr(item, "callspec", None)
    found: Subject | None = given.params.get("subject") if given is not None else None
    return found or find_plugin(item.cls.name, item.cls.config)


def owner_of(cls: Any, name: str) -> Any:
    """The class of the contract that a test stands in."""
    return next(base for base in cls.__mro__ if name in vars(base))


def suite_of(item: Any) -> str:
    """The suite that a collected test belongs to."""
    return str(getattr(owner_of(item.cls, item.originalname), "suite", "") or item.cls.suite)


def tier_of(item: Any) -> str:
    """The lowest tier that a collected test is asked for."""
    owner = owner_of(item.cls, item.originalname)
    return str(getattr(item.function, "amber_tier", "") or getattr(owner, "tier", "") or item.cls.tier)


def is_asked(item: Any, tier: str) -> bool:
    """Whether a collected test is asked of plugins of this tier."""
    return TIERS.index(tier_of(item)) <= TIERS.index(tier)


def fits(item: Any) -> bool:
    """Whether a collected test says anything about its plugin."""
    return is_about(subject_of(item), item.cls, item.function)


def is_about(subject: Subject, cls: Any, function: Any) -> bool:
    """Whether a test says anything about a plugin. One that cannot be imported is asked the first suites alone."""
    owner, hooks = owner_of(cls, function.__name__), getattr(function, "amber_hooks", ())
    if not can_import(subject):
        return not hooks and getattr(owner, "suite", "") in ("manifest", "import")
    does_fit = getattr(owner, "fits", None) or cls.fits
    return bool(does_fit(subject)) and (not hooks or not set(hooks).isdisjoint(subject.hooks))


@cache
def _import_problem(module: str) -> str:

    try:
        import_module(module)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return ""


def can_import(subject: Subject) -> bool:
    """Whether the plugin's module can be imported here."""
    return not _import_problem(subject.entry.module)
