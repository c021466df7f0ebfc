"""The directory's teams, users, tokens and audit log."""

from msgspec import structs
from sqlalchemy import Connection, select, update

from amber.model import AuditEntry, Page, Team, Token, User
from amber_storage.sql.audit import write_audit
from amber_storage.sql.columns import fields
from amber_storage.sql.cursors import Order, as_page, page_of
from amber_storage.sql.entries import Part, add_row, check_slug, need, read, read_all
from amber_storage.sql.outbox import add_facts, new_fact
from amber_storage.sql.schema import audit_log, organisations, projects, teams, tokens, users

AUDIT_ORDER = Order("audit", audit_log.c.id, audit_log.c.id)


class People(Part):
    """The part of the directory that tells who there is; see `amber.model.Directory`."""

    def add_team(self, organisation: int, slug: str, name: str, audit: AuditEntry) -> Team:
        """Make a team."""
        values = {"organisation": organisation, "slug": check_slug(slug), "name": name, "created_at": audit.at}
        with self._database.writing() as connection:
            need(connection, organisations, organisation, "organisation")
            row = add_row(connection, teams, values, f"slug: {slug!r}")
            write_audit(connection, audit)
        return read(row, Team)

    def teams(self, organisation: int) -> tuple[Team, ...]:
        """The organisation's teams, by id."""
        with self._database.reading() as connection:
            return read_all(connection, teams, Team, organisation=organisation)

    def add_user(self, user: User, audit: AuditEntry) -> User:
        """Make a user; the id given is ignored, the one made is answered."""
        values = {**structs.asdict(user), "email_folded": _folded(user.email)}
        del values["id"]
        with self._database.writing() as connection:
            need(connection, organisations, user.organisation, "organisation")
            row = add_row(connection, users, values, f"email: {user.email!r}")
            write_audit(connection, audit)
        return read(row, User)

    def users(self, organisation: int) -> tuple[User, ...]:
        """The organisation's users, by id."""
        with self._database.reading() as connection:
            return read_all(connection, users, User, organisation=organisation)

    def user_by_email(self, email: str) -> User | None:
        """One user by e-mail, case does not matter."""
        with self._database.reading() as connection:
            row = connection.execute(select(users).filter_by(email_folded=_folded(email))).one_or_none()
        return read(row, User) if row else None

    def add_token(self, token: Token, digest: bytes, audit: AuditEntry) -> Token:
        """Keep a token under the digest of its secret; the id given is ignored."""
        values = {**structs.asdict(token), "digest": digest}
        del values["id"]
        with self._database.writing() as connection:
            need(connection, organisations, token.organisation, "organisation")
            if token.project is not None:
                need(connection, projects, token.project, "project")
            made = read(add_row(connection, tokens, values, "token"), Token)
            _tell(connection, made, audit)
        return made

    def tokens(self, organisation: int) -> tuple[Token, ...]:
        """The organisation's tokens, revoked ones too, by id."""
        with self._database.reading() as connection:
            return read_all(connection, tokens, Token, organisation=organisation)

    def token(self, digest: bytes) -> Token | None:
        """The token whose secret has this digest, revoked or not."""
        with self._database.reading() as connection:
            row = connection.execute(select(tokens).filter_by(digest=digest)).one_or_none()
        return read(row, Token) if row else None

    def touch_token(self, token: int, at: float) -> None:
        """Note when a token was last used; no audit entry."""
        with self._database.writing() as connection:
            need(connection, tokens, token, "token")
            later = (tokens.c.last_used_at.is_(None)) | (tokens.c.last_used_at < at)
            connection.execute(update(tokens).where(tokens.c.id == token, later).values(last_used_at=at))

    def revoke_token(self, token: int, audit: AuditEntry) -> Token:
        """Make a token worthless from now on; one that is worthless already stays as it is."""
        with self._database.writing() as connection:
            before = read(need(connection, tokens, token, "token"), Token)
            if before.revoked_at is not None:
                return before
            connection.execute(update(tokens).where(tokens.c.id == token).values(revoked_at=audit.at))
            _tell(connection, before, audit)
        return structs.replace(before, revoked_at=audit.at)

    def audit_log(self, organisation: int, cursor: str = "", limit: int = 50) -> Page[AuditEntry]:
        """What was changed, newest first."""
        mine = select(*fields(audit_log, AuditEntry)).where(audit_log.c.organisation == organisation)
        with self._database.reading() as connection:
            rows = connection.execute(page_of(mine, AUDIT_ORDER, cursor, limit)).all()
        return as_page(rows, AUDIT_ORDER, AuditEntry, limit)


def _folded(email: str) -> str:
    return email.strip().casefold()


def _tell(connection: Connection, token: Token, audit: AuditEntry) -> None:
    write_audit(connection, audit)
    add_facts(connection, [new_fact("token.changed", token.project or 0, audit.at, {"token_id": str(token.id)})])
