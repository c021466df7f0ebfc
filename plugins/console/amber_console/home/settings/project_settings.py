"""What plugins read of a project's settings, as a form asks for it."""

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from amber_console.home.settings.forms import Form, refuse

DOMAIN = re.compile(r"\*|([a-z][a-z0-9+.-]*://)?(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?", re.IGNORECASE)
LONGEST_LIST = 200
HIGHEST = 10**9


class Setting(Struct, frozen=True):
    """One setting. `missing` is what holds where a project says nothing; `kind` is how a form asks for it.

    `highest` is the largest number that can be meant.
    """

    name: str
    kind: Literal["tick", "lines", "number"]
    label: str
    hint: str
    missing: bool = False
    placeholder: str = ""
    highest: int = HIGHEST


TAKEN = (
    Setting(
        "allowed_domains",
        "lines",
        "Allowed domains",
        "Web pages that may send events, one domain to a line; *.shop.test is the domain and all below it. Empty: every"
        " page may. Apps and servers are not web pages and may always.",
        placeholder="shop.test\n*.shop.test",
    ),
)
KEPT = (
    Setting(
        "retention_days",
        "number",
        "Days",
        "Events received longer ago go, and issues all of whose events are that old. 0: for good. Empty: as in"
        " amber.toml.",
        placeholder="as in amber.toml",
        highest=36_500,
    ),
    Setting(
        "retention_events",
        "number",
        "Events",
        "Beyond that many the oldest go; the newest of each issue stays. 0: any number. Empty: as in amber.toml.",
        placeholder="as in amber.toml",
    ),
)
SCRUBBED = (
    Setting(
        "scrub_defaults",
        "tick",
        "Take out what looks like a secret",
        "Passwords, tokens, cookies, card numbers: wherever they stand in an event.",
        missing=True,
    ),
    Setting(
        "scrub_ip_addresses", "tick", "Take out IP addresses", "Users known by nothing else can then not be told apart."
    ),
    Setting("scrub_emails", "tick", "Take out e-mail addresses", "In messages, variables and requests as well."),
    Setting(
        "sensitive_fields",
        "lines",
        "More secret fields",
        "Words, one to a line: the value of every field whose name holds one is taken out.",
        placeholder="iban\nbirthday",
    ),
    Setting(
        "exclude_fields",
        "lines",
        "Never secret",
        "Names of fields to leave alone although they look secret, one to a line.",
        placeholder="token_count",
    ),
)
SETTINGS = (*TAKEN, *KEPT, *SCRUBBED)


def typed(settings: Mapping[str, object]) -> dict[str, str]:
    """A project's settings as a form holds them."""
    return {one.name: _typed(one, settings.get(one.name)) for one in SETTINGS}


def _typed(setting: Setting, value: object) -> str:
    if setting.kind == "tick":
        return "on" if (setting.missing if value is None else value is not False) else ""
    if isinstance(value, list | tuple):
        return "\n".join(str(one) for one in value)
    return "" if value is None else str(value)


def read(form: Form) -> dict[str, object]:
    """The settings a form holds; None for those that are as if nothing had been said. Raises `Reject`."""
    refuse({one.name: _fault(one, form) for one in SETTINGS})
    return {one.name: _read(one, form) for one in SETTINGS}


def _read(setting: Setting, form: Form) -> object:
    if setting.kind == "tick":
        ticked = form.is_ticked(setting.name)
        return None if ticked is setting.missing else ticked
    if setting.kind == "number":
        return int(form.text(setting.name)) if form.text(setting.name) else None
    return form.lines(setting.name) or None


def _fault(setting: Setting, form: Form) -> str:
    if setting.kind == "number":
        return _number_fault(form.text(setting.name), setting.highest)
    lines = form.lines(setting.name)
    if len(lines) > LONGEST_LIST:
        return f"has more than {LONGEST_LIST} lines"
    odd = next((one for one in lines if not _is_word(setting, one)), None)
    return "" if odd is None else f"does not take “{odd[:60]}”"


def _number_fault(text: str, highest: int) -> str:
    if text and not re.fullmatch(r"[0-9]{1,20}", text):
        return "is no whole number from 0 up"
    return f"is more than {highest:,}" if text and int(text) > highest else ""


def _is_word(setting: Setting, line: str) -> bool:
    return len(line) <= 200 and (setting.name != "allowed_domains" or DOMAIN.fullmatch(line) is not None)
