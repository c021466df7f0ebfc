"""The highest edition seen of each index, for all processes together: none before it is believed again."""

from msgspec import Struct
from sqlalchemy import BigInteger, Column, Engine, Float, MetaData, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from amber.errors import Reject

SEEN = Table(
    "market_seen",
    MetaData(),
    Column("name", String(40), primary_key=True),
    Column("key_id", String(16), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("at", Float, nullable=False),
)
"""One row for each index and key. What an index without a key says is remembered under the empty one."""


class Edition(Struct, frozen=True):
    """An edition of an index: whose it is, its serial number, and the hash of what it says."""

    name: str
    key_id: str
    version: int
    sha256: str


def heed(engine: Engine, edition: Edition, now: float) -> None:
    """Remember an edition. Raises Reject if a higher one was seen, or another one of the same number."""
    is_same = (SEEN.c.name == edition.name) & (SEEN.c.key_id == edition.key_id)
    fresh = {"version": edition.version, "sha256": edition.sha256, "at": now}
    with engine.begin() as connection:
        raised = connection.execute(update(SEEN).where(is_same, SEEN.c.version < edition.version).values(fresh))
        seen = connection.execute(select(SEEN.c.version, SEEN.c.sha256).where(is_same)).first()
    if raised.rowcount:
        return
    if seen is None:
        _begin(engine, edition, now)
    elif seen.version > edition.version:
        raise Reject(
            f"the index {edition.name} was rolled back: this is its version {edition.version}, and version"
            f" {seen.version} was seen here before"
        )
    elif seen.sha256 != edition.sha256:
        raise Reject(
            f"the index {edition.name} says two things under one version, {edition.version}: its publisher must give"
            " each edition a higher one"
        )


def _begin(engine: Engine, edition: Edition, now: float) -> None:
    """Remember the first edition seen; where another process was quicker, hold this one against that."""
    row = {"name": edition.name, "key_id": edition.key_id, "version": edition.version, "sha256": edition.sha256}
    try:
        with engine.begin() as connection:
            connection.execute(insert(SEEN).values(**row, at=now))
    except IntegrityError:
        heed(engine, edition, now)
