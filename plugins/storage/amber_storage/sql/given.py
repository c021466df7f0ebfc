"""Many values as one parameter, read by the database as a table to join with."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Connection, Text, bindparam, cast, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias

Pair = tuple[int, str]


def pairs(
    connection: Connection, values: Iterable[Pair]
) -> tuple[TableValuedAlias, ColumnElement[int], ColumnElement[str]]:
    """(number, text) pairs as a table, and its two columns.

    One statement then looks up a whole batch, however large: its text stays the same, so it is prepared once, and no
    limit on parameters is met.
    """
    given = list(values)
    if connection.dialect.name == "postgresql":
        numbers = bindparam("numbers", [number for number, _ in given], ARRAY(BigInteger))
        texts = bindparam("texts", [text for _, text in given], ARRAY(Text))
        table = func.unnest(numbers, texts).table_valued("number", "text", name="given").render_derived()
        return table, table.c.number, table.c.text
    table = func.json_each(bindparam("given", msgspec.json.encode(given).decode())).table_valued("value", name="given")
    value = table.c.value
    return table, cast(func.json_extract(value, "$[0]"), BigInteger), func.json_extract(value, "$[1]")
