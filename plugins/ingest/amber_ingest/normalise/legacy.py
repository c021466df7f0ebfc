"""Names of old: what SDKs called things before, under the names of today."""

from typing import Any

RENAMED = {
    "sentry.interfaces.Message": "logentry",
    "message": "logentry",
    "sentry.interfaces.User": "user",
    "sentry.interfaces.Http": "request",
    "sentry.interfaces.Contexts": "contexts",
    "sentry.interfaces.Breadcrumbs": "breadcrumbs",
    "sentry.interfaces.Exception": "exception",
    "sentry.interfaces.Stacktrace": "stacktrace",
    "sentry.interfaces.Template": "template",
    "sentry.interfaces.Csp": "csp",
    "sentry.interfaces.DebugMeta": "debug_meta",
    "sentry.interfaces.Threads": "threads",
}


def rename(data: dict[str, Any]) -> None:
    """Move what stands under an old name to its new one, unless that is taken."""
    for old in [field for field in data if field in RENAMED]:
        value = data.pop(old)
        if value is not None and not data.get(RENAMED[old]):
            data[RENAMED[old]] = value
