"""Wrong proofs of the last minutes, counted in the database so that every process sees them."""

import hashlib
import ipaddress
from collections.abc import Sequence

from sqlalchemy import Column, Engine, Float, Index, MetaData, String, Table, delete, func, insert, select

WINDOW = 300.0
"""Seconds a wrong proof counts."""


def account(name: str, client_ip: str) -> str:
    """One account seen from one address, as 64 hex digits: a digest, since people type passwords in the wrong field."""
    return _digest(f"{name.casefold()}\n{_place(client_ip)}")


def address(client_ip: str) -> str:
    """One address whatever account it tries, as 64 hex digits."""
    return _digest(_place(client_ip))


def _place(client_ip: str) -> str:
    """The address, or for IPv6 the network of it that one subscriber has to itself."""
    try:
        parsed = ipaddress.ip_address(client_ip)
    except ValueError:
        return client_ip
    return client_ip if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Failures:
    """The wrong proofs one plugin counts, in the table `<prefix>_failures`."""

    def __init__(self, engine: Engine, prefix: str) -> None:
        name = f"{prefix}_failures"
        self._engine = engine
        self.table = Table(
            name,
            MetaData(),
            Column("who", String(64), nullable=False),
            Column("at", Float, nullable=False),
            Index(f"ix_{name}_who_at", "who", "at"),
            Index(f"ix_{name}_at", "at"),
        )

    def count(self, who: str, now: float) -> int:
        """Wrong proofs that still count."""
        rows = self.table.c
        query = select(func.count()).select_from(self.table).where(rows.who == who, rows.at > now - WINDOW)
        with self._engine.execution_options(read_only=True).connect() as connection:
            return connection.execute(query).scalar_one()

    def note(self, whose: Sequence[str], now: float) -> None:
        """Count one more for each, and let go of all that count no longer."""
        with self._engine.begin() as connection:
            connection.execute(delete(self.table).where(self.table.c.at <= now - WINDOW))
            connection.execute(insert(self.table), [{"who": who, "at": now} for who in whose])

    def forget(self, who: str, at: float | None = None) -> None:
        """Start again at none, or take back what was noted at this time alone."""
        wanted = delete(self.table).where(self.table.c.who == who)
        with self._engine.begin() as connection:
            connection.execute(wanted if at is None else wanted.where(self.table.c.at == at))
