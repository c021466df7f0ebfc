"""Column types that are the same value on every database."""

from typing import Any

import msgspec
from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Table, Text
from sqlalchemy.schema import Column
from sqlalchemy.types import TypeDecorator

# SQLite numbers rows by themselves only in a column that is called INTEGER; it holds 64 bits there all the same.
Big = BigInteger().with_variant(Integer(), "sqlite")


class Json(TypeDecorator[Any]):
    """A value as JSON text, read back as `kind`.

    Text, because PostgreSQL's own JSON type refuses an escaped NUL, which events may well hold.
    """

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any = None) -> None:
        super().__init__()
        self.kind = dict[str, Any] if kind is None else kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """The value as JSON text."""
        return msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The value as it was."""
        return None if value is None else msgspec.json.decode(value, type=self.kind)


class Hex(TypeDecorator[str]):
    """Hex digits, kept as the bytes they stand for; a text that is none is equal to nothing that is kept."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes:
        """The bytes."""
        try:
            return bytes.fromhex(value or "")
        except ValueError:
            return b""

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str:
        """The digits, in lower case."""
        return (value or b"").hex()


def fields(table: Table, struct: type[msgspec.Struct]) -> list[Column[Any]]:
    """The columns named as the Struct's fields, in their order, so that `Struct(*row)` reads a row."""
    return [table.c[name] for name in struct.__struct_fields__]
