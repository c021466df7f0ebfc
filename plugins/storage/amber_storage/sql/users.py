"""The directory's users."""

from collections.abc import Mapping
from typing import Any

from msgspec import structs
from sqlalchemy import Connection, select

from amber.model import AuditEntry, User
from amber_storage.sql.audit import HIDDEN, write_audit
from amber_storage.sql.entries import Part, add_row, change_row, hold, read
from amber_storage.sql.fields import SWITCH, TEXT, checked, differences, told
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import memberships, sessions, users
from amber_storage.sql.sessions import end_sessions
from amber_storage.sql.transactions import insert_new

CHANGEABLE = {"name": TEXT, "email": TEXT, "password_hash": TEXT, "is_superuser": SWITCH}


class Users(Part):
    """The part of the directory that tells which people there are."""

    def add_user(self, user: User, audit: AuditEntry) -> User:
        """Make a user; the id given is ignored, the one made is answered."""
        with self._database.writing() as connection:
            made = read(add_row(connection, users, _values(user), f"email: {user.email!r}"), User)
            _note(connection, made, audit)
        return made

    def user(self, user: int) -> User | None:
        """One user by id."""
        with self._database.reading() as connection:
            row = connection.execute(select(users).filter_by(id=user)).one_or_none()
        return read(row, User) if row else None

    def user_by_email(self, email: str) -> User | None:
        """One user by e-mail, case does not matter."""
        with self._database.reading() as connection:
            return find_user(connection, email)

    def change_user(self, user: int, changes: Mapping[str, object], audit: AuditEntry) -> User:
        """Change `name`, `email`, `password_hash` or `is_superuser`; a changed password ends the user's sessions."""
        wanted = checked(changes, CHANGEABLE, "user")
        with self._database.writing() as connection:
            row = hold(connection, users, user, "user")
            before, after = differences(row._mapping, wanted)
            if after:
                values = after | ({"email_folded": folded(after["email"])} if "email" in after else {})
                row = change_row(connection, users, user, values, f"email: {after.get('email')!r}")
                if "password_hash" in after:
                    end_sessions(connection, sessions.c.user == user, audit.at)
                write_audit(connection, audit, f"user:{user}", _safe(before), _safe(after))
                _tell(connection, user, audit.at)
        return read(row, User)


def folded(email: str) -> str:
    """What makes an address the same address."""
    return email.strip().casefold()


def find_user(connection: Connection, email: str) -> User | None:
    """The user with this address."""
    row = connection.execute(select(users).filter_by(email_folded=folded(email))).one_or_none()
    return read(row, User) if row else None


def find_or_make_user(connection: Connection, user: User) -> User:
    """The user with this one's address, left as they are; this one where there is none yet. The caller notes it."""
    statement = insert_new(connection, users).values(**_values(user)).returning(users)
    row = connection.execute(statement).one_or_none()
    if row is None:
        return read(connection.execute(select(users).filter_by(email_folded=folded(user.email))).one(), User)
    return read(row, User)


def _values(user: User) -> dict[str, Any]:
    values = {**structs.asdict(user), "email_folded": folded(user.email)}
    del values["id"]
    return values


def _note(connection: Connection, made: User, audit: AuditEntry) -> None:
    write_audit(connection, audit, f"user:{made.id}", after=told(made, "email name is_superuser"))


def _safe(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: HIDDEN if name == "password_hash" else value for name, value in values.items()}


def _tell(connection: Connection, user: int, at: float) -> None:
    """Say in each of the user's organisations that they are no longer who they were; once where they have none."""
    places = connection.execute(select(memberships.c.organisation).filter_by(user=user)).scalars().all()
    data = [{"organisation_id": str(place), "user_id": str(user)} for place in places or (0,)]
    add_facts(connection, [new_fact("member.changed", 0, at, each) for each in data])
