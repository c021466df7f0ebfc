"""Multipart forms, as crash reporters send them."""

from msgspec import Struct
from multipart import (  # type: ignore[import-untyped]  # the library ships no types
    MultipartError,
    PushMultipartParser,
    parse_options_header,
)

from amber.errors import Reject

MAX_FIELDS = 1000
MAX_HEADER = 8192


class Field(Struct, frozen=True):
    """One part of a form; a field that is no file has no `filename`."""

    name: str
    data: bytes
    filename: str | None = None
    content_type: str = ""

    @property
    def text(self) -> str:
        """The value as text; what is no UTF-8 in it is replaced."""
        return self.data.decode("utf-8", "replace")


def mime_type(content_type: str) -> str:
    """What a Content-Type header says without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def is_form(content_type: str) -> bool:
    """Whether a Content-Type header announces a multipart form."""
    return mime_type(content_type) == "multipart/form-data"


def read_form(content_type: str, body: bytes) -> tuple[Field, ...]:
    """The fields of a form in the order they came; raises Reject(400) where it is no whole form."""
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    try:
        return tuple(_fields(boundary, body))
    except MultipartError as error:
        raise Reject("request body is not a valid multipart form", causes=(str(error),)) from None


def _fields(boundary: str, body: bytes) -> list[Field]:
    fields: list[Field] = []
    limits = {"max_segment_count": MAX_FIELDS, "max_header_size": MAX_HEADER}
    with PushMultipartParser(boundary, **limits) as parser:
        parts: list[bytes] = []
        for event in parser.parse(body):
            if event is None:
                fields[-1] = Field(fields[-1].name, b"".join(parts), fields[-1].filename, fields[-1].content_type)
                parts = []
            elif isinstance(event, bytes | bytearray):
                parts.append(bytes(event))
            else:
                fields.append(Field(event.name or "", b"", event.filename, event.content_type or ""))
    return fields
