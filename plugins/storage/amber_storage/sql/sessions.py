"""The directory's sessions."""

import time
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement, Connection, delete, select, update

from amber.errors import Reject
from amber.model import AuditEntry, Session
from amber_storage.sql.audit import write_audit
from amber_storage.sql.columns import fields
from amber_storage.sql.entries import Part, add_row, hold, need, read
from amber_storage.sql.fields import told
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import memberships, organisations, sessions, users

TOLD = "user organisation client_ip user_agent"


class Sessions(Part):
    """The part of the directory that tells who is logged in where."""

    def add_session(self, session: Session, digest: bytes, audit: AuditEntry) -> Session:
        """Keep a session under the digest of its secret; the id given is ignored."""
        values = {**structs.asdict(session), "digest": digest}
        del values["id"]
        with self._database.writing() as connection:
            need(connection, users, session.user, "user")
            need(connection, organisations, session.organisation, "organisation")
            made = read(add_row(connection, sessions, values, "session"), Session)
            write_audit(connection, audit, f"session:{made.id}", after=told(made, TOLD))
        return made

    def session(self, digest: bytes) -> Session | None:
        """The session whose secret has this digest, expired or not."""
        with self._database.reading() as connection:
            row = connection.execute(select(sessions).filter_by(digest=digest)).one_or_none()
        return read(row, Session) if row else None

    def sessions(self, user: int) -> tuple[Session, ...]:
        """A user's sessions, the last used first."""
        newest = sessions.c.last_used_at.desc(), sessions.c.id.desc()
        found = select(*fields(sessions, Session)).where(sessions.c.user == user).order_by(*newest)
        with self._database.reading() as connection:
            return tuple(Session(*row) for row in connection.execute(found))

    def touch_session(self, session: int, at: float, expires_at: float) -> None:
        """Note when a session was last used and how long it goes on; no audit entry."""
        with self._database.writing() as connection:
            need(connection, sessions, session, "session")
            later = (sessions.c.id == session) & (sessions.c.last_used_at <= at)
            connection.execute(update(sessions).where(later).values(last_used_at=at, expires_at=expires_at))

    def move_session(self, session: int, organisation: int) -> None:
        """Let a session act for another organisation of its user. Raises `Reject(404)` if they are no member there."""
        with self._database.writing() as connection:
            hold(connection, organisations, organisation, "organisation")  # or they might be removed meanwhile
            row = hold(connection, sessions, session, "session")
            place = select(memberships).filter_by(organisation=organisation, user=row.user)
            if connection.execute(place).one_or_none() is None:
                raise Reject(f"user {row.user} has no place in organisation {organisation}", status=404)
            if row.organisation != organisation:
                moved = update(sessions).where(sessions.c.id == session)
                connection.execute(moved.values(organisation=organisation))
                _tell(connection, [read(row, Session)], time.time())

    def end_session(self, session: int, audit: AuditEntry) -> None:
        """Make a session worthless from now on; one that is gone already is no error."""
        with self._database.writing() as connection:
            for ended in end_sessions(connection, sessions.c.id == session, audit.at):
                write_audit(connection, audit, f"session:{session}", before=told(ended, TOLD))


def end_sessions(connection: Connection, condition: ColumnElement[bool], at: float) -> list[Session]:
    """End the sessions that meet the condition and tell of it; which they were."""
    # Held in one order first: two transactions that end the same sessions never wait for each other in a circle.
    found = select(*fields(sessions, Session)).where(condition).order_by(sessions.c.id).with_for_update()
    ended = [Session(*row) for row in connection.execute(found)]
    if ended:
        connection.execute(delete(sessions).where(sessions.c.id.in_([session.id for session in ended])))
        _tell(connection, ended, at)
    return ended


def _tell(connection: Connection, changed: list[Session], at: float) -> None:
    data: list[dict[str, Any]] = [{"session_id": str(each.id), "user_id": str(each.user)} for each in changed]
    add_facts(connection, [new_fact("session.changed", 0, at, each) for each in data])
