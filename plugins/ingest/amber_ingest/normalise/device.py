"""How strong a mobile device is: the tag `device.class`."""

from typing import Any

TAG = "device.class"
MOBILE = frozenset({"android", "ios", "ipados"})
LOW = {"processor_count": 6, "processor_frequency": 2000, "memory_size": 4 * 1024**3}
"""A device that has less of any of these is low; the frequency is in MHz, the memory in bytes."""
MEDIUM = {"processor_count": 8, "processor_frequency": 2500, "memory_size": 6 * 1024**3}


def device_class(data: dict[str, Any]) -> str:
    """`1` (low), `2` (medium) or `3` (high) for a mobile device that says what is in it; empty for any other."""
    contexts = data.get("contexts") or {}
    device, system = contexts.get("device") or {}, contexts.get("os") or {}
    if str(system.get("name")).lower() not in MOBILE:
        return ""
    strength: dict[str, Any] = {field: device.get(field) for field in LOW}
    if not all(isinstance(value, int | float) and value > 0 for value in strength.values()):
        return ""
    for name, least in (("1", LOW), ("2", MEDIUM)):
        if any(strength[field] < least[field] for field in least):
            return name
    return "3"
