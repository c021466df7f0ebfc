"""The part of the directory that tells what there is."""

from collections.abc import Mapping
from typing import Protocol

from amber.model.people import AuditEntry, Organisation, Project, ProjectKey, Token


class Projects(Protocol):
    """Organisations, projects, keys, tokens and the audit log's tenants."""

    def add_organisation(self, slug: str, name: str, audit: AuditEntry) -> Organisation:
        """Make an organisation; `audit.organisation` is replaced by its id."""

    def organisations(self) -> tuple[Organisation, ...]:
        """All organisations, by id."""

    def organisation(self, ref: str) -> Organisation | None:
        """One by id or slug."""

    def change_organisation(self, organisation: int, name: str, audit: AuditEntry) -> Organisation:
        """Rename an organisation; its slug stays."""

    def add_project(self, organisation: int, slug: str, name: str, platform: str, audit: AuditEntry) -> Project:
        """Make a project with its first key."""

    def projects(self, organisation: int) -> tuple[Project, ...]:
        """The organisation's projects, by id."""

    def project(self, ref: str, organisation: int | None = None) -> Project | None:
        """One by id or slug, within the organisation where one is named."""

    def change_project(self, project: int, changes: Mapping[str, object], audit: AuditEntry) -> Project:
        """Change `name`, `platform` or `settings` (merged key by key; None takes a key out)."""

    def add_key(self, project: int, label: str, audit: AuditEntry) -> ProjectKey:
        """Make a key with 32 random hex digits."""

    def keys(self, project: int) -> tuple[ProjectKey, ...]:
        """The project's keys, by id."""

    def key(self, public_key: str) -> tuple[ProjectKey, Project] | None:
        """An active or inactive key with its project, or None."""

    def change_key(self, key: int, is_active: bool, audit: AuditEntry) -> ProjectKey:
        """Switch a key on or off."""

    def add_token(self, token: Token, digest: bytes, audit: AuditEntry) -> Token:
        """Keep a token under the digest of its secret; the id given is ignored."""

    def tokens(self, organisation: int) -> tuple[Token, ...]:
        """The organisation's tokens, revoked ones too, by id."""

    def token(self, digest: bytes) -> Token | None:
        """The token whose secret has this digest, revoked or not."""

    def token_by_id(self, token: int) -> Token | None:
        """The token with this id, revoked or not."""

    def touch_token(self, token: int, at: float) -> None:
        """Note when a token was last used; no audit entry."""

    def revoke_token(self, token: int, audit: AuditEntry) -> Token:
        """Make a token worthless from now on."""
