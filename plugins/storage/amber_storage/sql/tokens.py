"""The directory's API tokens."""

from collections.abc import Iterable
from typing import Any

from msgspec import structs
from sqlalchemy import ColumnElement, Connection, select, update

from amber.errors import Reject
from amber.model import AuditEntry, Token
from amber_storage.sql.audit import write_audit
from amber_storage.sql.columns import fields
from amber_storage.sql.entries import Part, add_row, hold, need, need_in, read, read_all
from amber_storage.sql.fields import told
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import organisations, projects, teams, tokens


class Tokens(Part):
    """The part of the directory that tells which programs may ask."""

    def add_token(self, token: Token, digest: bytes, audit: AuditEntry) -> Token:
        """Keep a token under the digest of its secret; the id given is ignored."""
        if token.project is not None and token.team is not None:
            raise Reject("a token reaches one project or the projects of a team, not both")
        values = {**structs.asdict(token), "digest": digest}
        del values["id"]
        with self._database.writing() as connection:
            hold(connection, organisations, token.organisation, "organisation")  # or the team might go meanwhile
            for table, id, name in ((projects, token.project, "project"), (teams, token.team, "team")):
                if id is not None:
                    need_in(connection, token.organisation, table, id, name)
            made = read(add_row(connection, tokens, values, "token"), Token)
            write_audit(connection, audit, f"token:{made.id}", after=told(made, "name hint scopes project team"))
            tell_of_tokens(connection, [made], audit.at)
        return made

    def tokens(self, organisation: int) -> tuple[Token, ...]:
        """The organisation's tokens, revoked ones too, by id."""
        with self._database.reading() as connection:
            return read_all(connection, tokens, Token, organisation=organisation)

    def token(self, digest: bytes) -> Token | None:
        """The token whose secret has this digest, revoked or not."""
        return self._token(tokens.c.digest == digest)

    def token_by_id(self, token: int) -> Token | None:
        """The token with this id, revoked or not."""
        return self._token(tokens.c.id == token)

    def touch_token(self, token: int, at: float) -> None:
        """Note when a token was last used; no audit entry."""
        with self._database.writing() as connection:
            need(connection, tokens, token, "token")
            later = (tokens.c.last_used_at.is_(None)) | (tokens.c.last_used_at < at)
            connection.execute(update(tokens).where(tokens.c.id == token, later).values(last_used_at=at))

    def revoke_token(self, token: int, audit: AuditEntry) -> Token:
        """Make a token worthless from now on; one that is worthless already stays as it is."""
        with self._database.writing() as connection:
            before = read(hold(connection, tokens, token, "token"), Token)
            if before.revoked_at is not None:
                return before
            revoke(connection, [before], audit)
        return structs.replace(before, revoked_at=audit.at)

    def _token(self, condition: ColumnElement[bool]) -> Token | None:
        with self._database.reading() as connection:
            row = connection.execute(select(*fields(tokens, Token)).where(condition)).one_or_none()
        return Token(*row) if row else None


def team_tokens(connection: Connection, team: int) -> list[Token]:
    """The tokens of a team that still work, held until this transaction ends."""
    live: Any = (tokens.c.team == team) & (tokens.c.revoked_at.is_(None))
    found = select(*fields(tokens, Token)).where(live).order_by(tokens.c.id).with_for_update(key_share=True)
    return [Token(*row) for row in connection.execute(found)]


def revoke(connection: Connection, live: Iterable[Token], audit: AuditEntry) -> None:
    """Make these tokens worthless, with an audit entry and a fact for each."""
    for token in live:
        connection.execute(update(tokens).where(tokens.c.id == token.id).values(revoked_at=audit.at))
        write_audit(connection, audit, f"token:{token.id}", {"revoked_at": None}, {"revoked_at": audit.at})
        tell_of_tokens(connection, [token], audit.at)


def tell_of_tokens(connection: Connection, changed: Iterable[Token], at: float) -> None:
    """Say that these tokens are no longer what they were."""
    facts = [new_fact("token.changed", token.project or 0, at, {"token_id": str(token.id)}) for token in changed]
    if facts:
        add_facts(connection, facts)
