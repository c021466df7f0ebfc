"""Wrong passwords of the last minutes, counted in the database so that every process sees them."""

import hashlib

from sqlalchemy import Column, Engine, Float, Index, MetaData, String, Table, delete, func, insert, select

WINDOW = 300.0
"""Seconds a wrong password counts against its account and address."""

FAILURES = Table(
    "password_failures",
    MetaData(),
    Column("who", String(64), nullable=False),
    Column("at", Float, nullable=False),
    Index("ix_password_failures_who_at", "who", "at"),
    Index("ix_password_failures_at", "at"),
)


def whose(email: str, client_ip: str) -> str:
    """One account seen from one address, as 64 hex digits: a digest, since people type passwords in the wrong field."""
    return hashlib.sha256(f"{email.casefold()}\n{client_ip}".encode()).hexdigest()


def count(engine: Engine, who: str, now: float) -> int:
    """Wrong passwords that still count."""
    query = select(func.count()).select_from(FAILURES).where(FAILURES.c.who == who, FAILURES.c.at > now - WINDOW)
    with engine.execution_options(read_only=True).connect() as connection:
        return connection.execute(query).scalar_one()


def note(engine: Engine, who: str, now: float) -> None:
    """Count one more, and let go of all that count no longer."""
    with engine.begin() as connection:
        connection.execute(delete(FAILURES).where(FAILURES.c.at <= now - WINDOW))
        connection.execute(insert(FAILURES).values(who=who, at=now))


def forget(engine: Engine, who: str) -> None:
    """Start again at none."""
    with engine.begin() as connection:
        connection.execute(delete(FAILURES).where(FAILURES.c.who == who))
