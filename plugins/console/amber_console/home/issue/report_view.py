"""Browsers' security reports as a page shows them."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber_console.home.issue.values import Pairs, mapping, pairs, spelled

TITLES: Mapping[str, str] = {
    "csp": "Content security policy",
    "expectct": "Certificate transparency",
    "expectstaple": "OCSP stapling",
    "hpkp": "Public key pinning",
}


class ReportView(Struct, frozen=True):
    """What a browser refused to do; `policy` is the broken policy, a directive a line."""

    title: str
    sentence: str
    pairs: Pairs
    policy: tuple[str, ...]


def report_view(data: Mapping[str, Any]) -> ReportView | None:
    """The event's security report, where it is one."""
    kind = next((one for one in TITLES if mapping(data.get(one))), None)
    if kind is None:
        return None
    fields = {name.replace("_", "-"): spelled(value) for name, value in mapping(data[kind]).items()}
    policy = fields.pop("original-policy", "")
    directives = tuple(one.strip() for one in policy.split(";") if one.strip())
    return ReportView(TITLES[kind], _sentence(kind, fields), pairs({k: v for k, v in fields.items() if v}), directives)


def _sentence(kind: str, fields: Mapping[str, str]) -> str:
    if kind != "csp":
        return f"The browser does not trust the connection to {fields.get('hostname') or 'a host it does not name'}."
    directive = (fields.get("effective-directive") or fields.get("violated-directive") or "").partition(" ")[0]
    verb = "would have blocked" if fields.get("disposition") == "report" else "blocked"
    blocked = fields.get("blocked-uri") or "something"
    return f"The browser {verb} {blocked}: {directive or 'a directive'} does not allow it."
