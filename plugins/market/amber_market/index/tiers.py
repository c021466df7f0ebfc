"""What the contract suite found, as `pytest --pyargs amber.testing.contract --contract-report FILE` writes it."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from amber.errors import ConfigError
from amber_market.index.shape import Tier

FORMAT = 1
LINE, LINES = 200, 100
"""As much as an index holds of it."""
Tiers = Mapping[tuple[str, str], Tier]
"""The tier of a plugin in a version."""


class _Reason(Struct, frozen=True):
    suite: str
    mend: str


class _Verdict(Struct, frozen=True):
    plugin: str
    version: str
    tier: str
    reasons: tuple[_Reason, ...] = ()


class _Report(Struct, frozen=True):
    plugins: tuple[_Verdict, ...]
    format: int = FORMAT


def read_tiers(file: Path) -> Tiers:
    """The tier of each plugin that a report is about, with what keeps it from the next one. Raises ConfigError."""
    try:
        report = msgspec.json.decode(file.read_bytes(), type=_Report)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{file.name} is no report of the contract suite: {error}") from None
    if report.format != FORMAT:
        raise ConfigError(f"{file.name} is a report of format {report.format}, and this Amber reads {FORMAT}")
    return {(one.plugin, one.version): _tier(one) for one in report.plugins}


def _tier(verdict: _Verdict) -> Tier:
    reasons = [f"{one.suite}: {one.mend}" for one in verdict.reasons] or ["every suite that fits it passed"]
    return Tier(verdict.tier[:LINE], tuple(reason[:LINE] for reason in reasons[:LINES]))
