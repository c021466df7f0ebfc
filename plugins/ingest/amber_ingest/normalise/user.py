"""Who was affected, and from which address."""

from ipaddress import ip_address
from typing import Any

from amber_ingest.normalise.arrival import Arrival
from amber_ingest.normalise.bags import bag
from amber_ingest.normalise.notes import Notes, Path
from amber_ingest.normalise.rules import Rule, Shape, loose_text

AUTO = "{{auto}}"
SILENT_PLATFORMS = frozenset({"javascript", "cocoa", "objc"})
"""Platforms whose events carry the client's address without asking for it, as their old SDKs rely on."""


def _address(value: Any, notes: Notes, path: Path) -> str | None:
    if isinstance(value, str) and (value == AUTO or is_address(value)):
        return value
    if value != "":
        notes.bad(path, "expected an IP address", value)
    return None


def is_address(value: object) -> bool:
    """Whether a value is the text of an IPv4 or IPv6 address."""
    try:
        return isinstance(value, str) and len(value) < 64 and bool(ip_address(value))
    except ValueError:
        return False


USER = Shape(
    "UserShape",
    {
        "id": loose_text(128),
        "username": loose_text(128),
        "name": loose_text(128),
        "email": loose_text(75),
        "ip_address": Rule(Any, _address, always=True),
        "geo": bag(1024, 2),
        "segment": loose_text(128),
        "data": bag(8192, 5),
    },
    rest="data",
)


def infer_address(data: dict[str, Any], arrival: Arrival) -> None:
    """Put the address the event came from where the SDK asks for it, or always did so silently.

    `sdk.settings.infer_ip` says `auto` (always), `never`, or `legacy`: `{{auto}}` asks, and old platforms need not.
    """
    env = (data.get("request") or {}).get("env")
    mode = _mode(data)
    if isinstance(env, dict) and env.get("REMOTE_ADDR") == AUTO:
        env["REMOTE_ADDR"] = _client(arrival, mode)
    user = data.get("user") or {}
    if user.get("ip_address") == AUTO:
        remote = env.get("REMOTE_ADDR") if isinstance(env, dict) else None
        user["ip_address"] = remote if mode != "never" and is_address(remote) else _client(arrival, mode)
    elif (
        not user.get("ip_address")
        and (mode == "auto" or data.get("platform") in SILENT_PLATFORMS)
        and (client := _client(arrival, mode))
    ):
        data["user"] = {**user, "ip_address": client}


def _client(arrival: Arrival, mode: str) -> str | None:
    """The address the event came from, where it is one and may be told."""
    return arrival.client_ip if mode != "never" and is_address(arrival.client_ip) else None


def _mode(data: dict[str, Any]) -> str:
    settings = (data.get("sdk") or {}).get("settings")
    return str(settings.get("infer_ip") or "legacy") if isinstance(settings, dict) else "legacy"
