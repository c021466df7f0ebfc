import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amber.model import Event
from amber_ingest.normalise import Arrival, normalise_event

RECEIVED = 1_795_375_877.0  # 2026-11-22T19:31:17Z
ARRIVAL = Arrival(
    project=7,
    received_at=RECEIVED,
    sent_at=None,
    client_ip="203.0.113.9",
    user_agent="sentry.python/2.75.0",
    sdk="sentry.python/2.75.0",
    event_id="",
    item_type="event",
)
Normal = Callable[..., Event]


@pytest.fixture
def arrival() -> Arrival:
    return ARRIVAL


@pytest.fixture
def normal() -> Normal:
    """`normal(field=value, …)` is the normalised event with these fields."""

    def build(**fields: Any) -> Event:
        return normalise_event(fields, ARRIVAL)

    return build


@pytest.fixture
def shared() -> Path:
    """The folder of captures from real SDKs: `AMBER_SHARED`, or `shared` beside the checkout."""
    folder = Path(os.environ.get("AMBER_SHARED") or Path(__file__).resolve().parents[4].parent / "shared")
    captures = folder / "corpus" / "sdk_captures"
    assert captures.is_dir(), f"the captures of real SDKs are not at {captures}; set AMBER_SHARED"
    return captures
