"""What people type: settings of targets, queries, searches."""

from urllib.parse import parse_qsl

from litestar.datastructures import MultiDict
from litestar.exceptions import ValidationException

from amber.errors import Reject
from amber.model.limits import limits_of, read_limits
from amber.plugin.forms import fill
from amber_api.v1.events import Paging
from amber_api.v1.issues import IssueFilter
from amber_api.v1.outcomes import _hour as hour_of
from amber_api.v1.query import read
from amber_console.home.listing.done import done_of, done_query
from amber_console.home.listing.search import parse
from amber_integrations import email, webhook

from .decoder import Decoder, Run, json_of, text_of

SCHEMAS = (email.TargetConfig, webhook.TargetConfig)
FILTERS = (IssueFilter, Paging)


def decoders() -> list[Decoder]:
    """Forms and query strings."""
    return [
        Decoder("target_form", _target, ()),
        Decoder("query", _query, ()),
        Decoder("search", lambda: lambda data: parse(text_of(data)), ()),
        Decoder("done", _done, ()),
        Decoder("limits", _limits, (ValueError,), seeds=lambda: [b'[{"count":5,"seconds":60}]']),
        Decoder("hour", _hour, (), seeds=lambda: [b"495000", b"2026-11-23T07:00:00+02:00"]),
    ]


def _limits() -> Run:
    def run(data: bytes) -> object:
        return limits_of({"limits": (given := json_of(data))}), read_limits(given)

    return run


def _hour() -> Run:
    def run(data: bytes) -> object:
        try:
            return hour_of(text_of(data), "since"), hour_of(text_of(data), "until", rounded_up=True)
        except ValidationException as refused:
            return str(refused.extra)

    return run


def _target() -> Run:
    """The file is the JSON of what was entered; every schema is asked."""

    def run(data: bytes) -> object:
        given = json_of(data)
        return [_filled(schema, given) for schema in SCHEMAS] if isinstance(given, dict) else None

    return run


def _filled(schema: type, given: dict[str, object]) -> object:
    try:
        return fill(schema, given)
    except Reject as refused:
        return refused.causes


def _query() -> Run:
    def run(data: bytes) -> object:
        values = MultiDict(parse_qsl(data.decode("latin-1"), keep_blank_values=True)).dict()
        return [_asked(values, shape) for shape in FILTERS]

    return run


def _asked(values: dict[str, list[str]], shape: type) -> object:
    try:
        return read(values, shape)
    except ValidationException as refused:
        return str(refused.extra)


def _done() -> Run:
    def run(data: bytes) -> object:
        query = data.decode("latin-1")
        return done_of(dict(parse_qsl(query))), done_query(f"/issues?{query}", "resolve", [1])

    return run
