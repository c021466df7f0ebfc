"""The form of a monitor: what it is filled with, and what was typed into it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber.errors import Reject
from amber.model import UiRequest
from amber_signals.checkins.monitors import Monitor, Plan
from amber_signals.checkins.payloads import read_plan
from amber_signals.checkins.schedules import Crontab, Interval

TEXTS = ("name", "slug", "kind", "crontab", "count", "unit", "timezone")
NUMBERS: Mapping[str, str] = {
    "margin": "checkin_margin",
    "max_runtime": "max_runtime",
    "failure_threshold": "failure_issue_threshold",
    "recovery_threshold": "recovery_threshold",
}
"""The fields that hold numbers, and what SDKs call them."""


class Filled(Struct, frozen=True):
    """The form's values as texts; `targets` None is all of them."""

    texts: Mapping[str, str]
    follows_code: bool = False
    is_muted: bool = False
    targets: tuple[str, ...] | None = None

    def chosen(self, target: int) -> bool:
        """Whether this target is one of those to tell."""
        return self.targets is not None and str(target) in self.targets


def filled(monitor: Monitor | None) -> Filled:
    """The form for a monitor as it is, or for a new one."""
    plan = monitor.plan if monitor is not None else Plan(Crontab("0 3 * * *"))
    texts = {"name": "", "slug": "", "kind": "none", "crontab": "", "count": "1", "unit": "hour"}
    texts |= {name: str(getattr(plan, name)) for name in NUMBERS} | {"timezone": plan.timezone}
    if isinstance(plan.schedule, Crontab):
        texts |= {"kind": "crontab", "crontab": plan.schedule.value}
    elif isinstance(plan.schedule, Interval):
        texts |= {"kind": "interval", "count": str(plan.schedule.value), "unit": plan.schedule.unit}
    if monitor is None:
        return Filled(texts)
    texts |= {"name": monitor.name, "slug": monitor.slug}
    targets = None if monitor.targets is None else tuple(map(str, monitor.targets))
    return Filled(texts, monitor.follows_code, monitor.is_muted, targets)


def typed(request: UiRequest) -> Filled:
    """The form as it was sent."""
    texts = {name: request.value(name) for name in (*TEXTS, *NUMBERS)}
    some = request.value("tell") == "some"
    targets = tuple((request.form or {}).get("target", ())) if some else None
    return Filled(texts, bool(request.value("follows_code")), bool(request.value("is_muted")), targets)


def plan_in(form: Filled) -> Plan:
    """The plan that was typed. Raises Reject, in words for whoever typed it."""
    texts = form.texts
    config: dict[str, Any] = {called: _number(texts[name], name) for name, called in NUMBERS.items()}
    config["timezone"] = texts["timezone"]
    if texts["kind"] == "none":
        return read_plan(config, is_scheduled=False)
    if texts["kind"] == "interval":
        amount = _number(texts["count"], "the interval")
        return read_plan({**config, "schedule": {"type": "interval", "value": amount, "unit": texts["unit"]}})
    return read_plan({**config, "schedule": {"type": "crontab", "value": texts["crontab"]}})


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Reject(f"{name.replace('_', ' ')} is a whole number")
    return int(text)
