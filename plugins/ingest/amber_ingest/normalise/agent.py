"""Browser, operating system and device, read from client hints and the User-Agent."""

import re
from collections.abc import Iterable
from typing import Any

from amber_ingest.normalise.arrival import Arrival
from amber_ingest.normalise.contexts import combine
from amber_ingest.normalise.request import header

LONGEST = 512
WANTED = ("browser", "client_os", "device")
_BRAND = re.compile(r'"([^"]{1,64})";\s*v="([^"]{1,32})"')
_NO_BRAND = re.compile(r"not.a.brand|^chromium$", re.IGNORECASE)


def read_agent(data: dict[str, Any], arrival: Arrival) -> None:
    """Add the contexts `browser`, `client_os` and `device` where they are missing and the request tells them."""
    known = data.get("contexts") or {}
    missing = [name for name in WANTED if not known.get(name)]
    agent = header(data, "User-Agent") or _browser_agent(data, arrival)
    if not missing or not agent:
        return
    found = _from_agent(agent[:LONGEST]) | _from_hints(data)
    added = {name: found[name] for name in missing if name in found}
    if added:
        data["contexts"] = known | added


def _browser_agent(data: dict[str, Any], arrival: Arrival) -> str:
    """The agent that posted the event, where that is the browser it happened in."""
    is_browser = data.get("platform") == "javascript" and arrival.user_agent.startswith("Mozilla/")
    return arrival.user_agent if is_browser else ""


def _from_agent(agent: str) -> dict[str, dict[str, Any]]:
    # Imported on first use: its tables take 30 MB that a process which never sees a browser need not spend.
    from ua_parser import parse

    result = parse(agent)
    found: dict[str, dict[str, Any]] = {}
    if result.user_agent:
        browser = result.user_agent
        found["browser"] = _named("browser", browser.family, (browser.major, browser.minor, browser.patch))
    if result.os:
        found["client_os"] = _named("os", result.os.family, (result.os.major, result.os.minor, result.os.patch))
    if result.device:
        device = {"family": result.device.family, "brand": result.device.brand, "model": result.device.model}
        found["device"] = {"type": "device"} | {name: text for name, text in device.items() if text}
    return found


def _from_hints(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    brands = [brand for brand in _BRAND.findall(header(data, "Sec-Ch-Ua")) if not _NO_BRAND.search(brand[0])]
    if brands:
        found["browser"] = _named("browser", brands[0][0], (brands[0][1],))
    system = _quoted(data, "Sec-Ch-Ua-Platform")
    if system:
        found["client_os"] = _named("os", system, (_quoted(data, "Sec-Ch-Ua-Platform-Version"),))
    model = _quoted(data, "Sec-Ch-Ua-Model")
    if model:
        found["device"] = {"type": "device", "model": model}
    return found


def _quoted(data: dict[str, Any], name: str) -> str:
    return header(data, name).strip().strip('"')[:128]


def _named(kind: str, name: str, version: Iterable[str | None]) -> dict[str, Any]:
    context: dict[str, Any] = {"type": kind, "name": name}
    numbers = [number for number in version if number]
    if numbers:
        context["version"] = ".".join(numbers)
    combine(kind, context)
    return context
