"""A shop whose orders and refunds fail, as AMBER's SDK for Python tells of it: `python shop.py DSN order|refund`.

AMBER's clients know a key, a project and an address instead of a DSN; here they are taken from it. Their stacks start
at the outermost call. It prints the id of the event.
"""

import json
import sys
import traceback
import urllib.request
import uuid
from datetime import UTC, datetime
from urllib.parse import urlsplit


class NoPrice(LookupError):
    pass


def price_of(line: dict[str, str]) -> int:
    raise NoPrice(f"no price for {line['item']}")


def check_out() -> int:
    return sum(json.loads('[{"item": "coffee"}]', object_hook=price_of))


def refund() -> int:
    return int("three")


def stack_of(problem: Exception) -> list[dict[str, object]]:
    return [
        {"function": frame.name, "filename": frame.filename, "line": frame.lineno}
        for frame in traceback.extract_tb(problem.__traceback__)
    ]


def told(problem: Exception, project: str) -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    crumbs = [
        {"timestamp": now, "category": "cart", "message": "a book was put into the cart", "data": {"items": 2}},
        {"timestamp": now, "category": "checkout", "message": "pay was pressed", "level": "warning"},
    ]
    return {
        "event_id": str(uuid.uuid4()),
        "project_id": project,
        "timestamp": now,
        "level": "error",
        "exception": {"type": type(problem).__name__, "message": str(problem), "stacktrace": stack_of(problem)},
        "context": {
            "user": {"id": "42", "email": "reader@example.org"},
            "tags": {"cart": "large", "region": "eu"},
            "env": "staging",
            "release": "shop@1.4.2",
            "breadcrumbs": crumbs,
        },
        "sdk": {"name": "ember-python", "version": "1.0.0"},
    }


def send(event: dict[str, object], key: str, address: str) -> None:
    headers = {"content-type": "application/json", "x-ember-key": key}
    request = urllib.request.Request(f"{address}/ingest", json.dumps(event).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.read() == b"accepted"


if __name__ == "__main__":
    dsn = urlsplit(sys.argv[1])
    try:
        {"order": check_out, "refund": refund}[sys.argv[2]]()
    except Exception as problem:
        event = told(problem, dsn.path.strip("/"))
        send(event, str(dsn.username), f"{dsn.scheme}://{dsn.hostname}:{dsn.port}")
        print(event["event_id"])
