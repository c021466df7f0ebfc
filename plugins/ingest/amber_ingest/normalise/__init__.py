"""Turns what clients send into events in normal form: whatever comes, an event leaves, with notes on what is mended."""

from amber_ingest.normalise.arrival import Arrival
from amber_ingest.normalise.event import normalise_event
from amber_ingest.normalise.feedback import normalise_feedback
from amber_ingest.normalise.reading import read_json
from amber_ingest.normalise.security import normalise_security
from amber_ingest.normalise.verbatim import split

__all__ = ["Arrival", "normalise_event", "normalise_feedback", "normalise_security", "read_json", "split"]
