"""Which settings of a project are numbers, and how large these may be."""

from collections.abc import Mapping
from typing import Any

from amber_api.v1.query import invalid

HIGHEST: Mapping[str, int] = {"retention_days": 36_500, "retention_events": 10**9}
"""The settings that plugins read as whole numbers from 0 up; any other value they would take as not set."""


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise `Reject` where a setting is one that its plugin could not read; null takes any setting out."""
    for name, highest in HIGHEST.items():
        value = settings.get(name)
        is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= highest
        if value is not None and not is_number:
            invalid(f"settings.{name}", f"must be a whole number from 0 to {highest:,}, or null", "body")
