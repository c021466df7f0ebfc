"""What the tables are made of."""

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, MetaData, Text

from amber_storage.sql.columns import Big

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)


def an_id(kind: type[Integer] = Integer) -> Column[int]:
    """The column that numbers the rows."""
    return Column("id", Big if kind is BigInteger else Integer, primary_key=True)


def text(name: str) -> Column[str]:
    """A column of text, empty where there is nothing to say."""
    return Column(name, Text, nullable=False)


def moment(name: str, nullable: bool = False) -> Column[float]:
    """A column of Unix seconds."""
    return Column(name, Double, nullable=nullable)


def owner(table: str, primary_key: bool = False) -> Column[int]:
    """A column that points at the id of `table`, named as what it points at."""
    return Column(table.removesuffix("s"), ForeignKey(f"{table}.id"), nullable=False, primary_key=primary_key)
