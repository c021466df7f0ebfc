"""Writes down the events among the SDK captures as Amber decodes them: the corpus that ships with `amber.testing`.

python tools/captures.py FOLDER     # of recorded requests: NAME.json beside NAME.envelope
"""

import json
import sys
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec

from amber.errors import Reject
from amber.model import Event, IngestProtocol, IngestRequest
from amber.testing.bench import received
from amber.testing.contexts import make_context
from amber.testing.events import CAPTURED
from amber_ingest import sentry

LARGEST = 20_000
"""Bytes of a body; larger ones are kept out of the wheel."""
AT = 1_795_375_937.0


def main(folder: Path) -> None:
    """Decode each, and keep what holds an event."""
    config = sentry.Config()
    [protocol] = sentry.ingest_protocols(make_context(sentry, config))
    found: list[Event] = []
    for file in sorted(folder.glob("*.envelope")):
        told = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        headers = {name.lower(): text for name, text in told["headers"].items()}
        headers.pop("content-encoding", None)  # the files hold bodies as they were before
        path, _, query = told["path"].partition("?")
        place = {"project": path.split("/")[2]}
        request = IngestRequest(
            "POST", "envelope", place, dict(parse_qsl(query)), headers, file.read_bytes(), "192.0.2.1", AT
        )
        if len(request.body) <= LARGEST:
            found += events_of(protocol, request)
    CAPTURED.write_bytes(msgspec.json.format(msgspec.json.encode(found, enc_hook=dict), indent=0) + b"\n")
    print(f"{CAPTURED.name}: {len(found)} events, {CAPTURED.stat().st_size:,} bytes")


def events_of(protocol: IngestProtocol, request: IngestRequest) -> tuple[Event, ...]:
    """The events of one request; one that is refused has none."""
    try:
        return received(protocol, request).events
    except Reject:
        return ()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
