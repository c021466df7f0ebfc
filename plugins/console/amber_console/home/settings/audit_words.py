"""The audit log in words: who, what, about what, and what it was before."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from amber.model import AuditEntry

DEEDS: Mapping[str, str] = {
    "issue.change": "changed",
    "project.create": "made the project",
    "project.change": "changed the project",
    "key.create": "made the key",
    "key.change": "switched the key",
    "target.create": "added the target",
    "target.change": "changed the target",
    "target.remove": "removed the target",
    "member.create": "gave a place to",
    "member.change": "changed the role of",
    "member.remove": "took away the place of",
    "invitation.create": "invited",
    "invitation.withdraw": "withdrew the invitation of",
    "invitation.accept": "took up an invitation",
    "team.create": "made the team",
    "team.change": "renamed the team",
    "team.remove": "removed the team",
    "team.member": "changed the people of the team",
    "team.project": "changed the projects of the team",
    "token.create": "made the token",
    "token.revoke": "revoked the token",
    "session.create": "logged in",
    "session.end": "logged out",
    "user.create": "made the account",
    "user.change": "changed the account",
    "user.password": "changed the password of",
    "organisation.create": "made the organisation",
    "organisation.change": "renamed the organisation",
    "plugin.switch": "switched the plugin",
    "settings.change": "changed the settings of the plugin",
    "settings.resealed": "sealed anew the secrets of the plugin",
    "letter.open": "looked at the original in",
    "letter.retry": "handed back",
    "letter.drop": "dropped",
    "consumer.resume": "resumed the consumer",
}
OTHERS: Mapping[str, str] = {"cli": "The command line", "system": "Amber", "first start": "The first start"}
CALLED = ("name", "label", "email", "slug", "title")
"""Fields that tell what something is called, the best first."""
SILENT = frozenset(
    {
        "user",
        "organisation",
        "client_ip",
        "user_agent",
        "hint",
        "revoked_at",
        "invited_by",
        "expires_at",
        "public_key",
    }
)
"""Fields that tell nobody more than the line does already."""
UNTOLD = frozenset({"session", "invitation"})
"""Kinds of subjects whose number says nothing to people."""
HIDDEN = "•••"
LONGEST = 200


class Change(Struct, frozen=True):
    """One field that changed; empty texts where there was nothing, or is nothing now."""

    field: str
    before: str
    after: str


class Line(Struct, frozen=True):
    """One entry of the log; `link` leads to its subject where that has a page."""

    entry: AuditEntry
    who: str
    deed: str
    what: str
    link: str
    changes: Sequence[Change]


class Register(Struct, frozen=True):
    """What `user:3`, `team:1`, `ann@acme.test` … are called, and the pages of those that have one."""

    names: Mapping[str, str]
    links: Mapping[str, str]

    def line(self, entry: AuditEntry) -> Line:
        """An entry with names instead of ids."""
        what = self._what(entry)
        deed = DEEDS.get(entry.action, entry.action.replace(".", " "))
        is_new = not entry.before
        changes = [one for one in self._changes(entry.before, entry.after, is_new) if not is_new or one.after != what]
        return Line(entry, self._who(entry.actor), deed, what, self._link(entry.subject), changes)

    def _who(self, actor: str) -> str:
        known = self.names.get(actor) or OTHERS.get(actor, actor)
        return f"The token {known}" if actor.startswith("token:") and known != actor else known

    def _what(self, entry: AuditEntry) -> str:
        kind, _, ref = entry.subject.rpartition(":")
        known = self.names.get(entry.subject)
        if known is not None:
            return known
        every = {**entry.before, **entry.after}
        if entry.subject == "dead-letters":
            return f"{every.get('letters', 'no')} dead letters"
        called = next((str(every[field]) for field in CALLED if every.get(field)), "")
        if called or kind in UNTOLD:
            return self.names.get(called, called)
        return ref if kind in ("plugin", "consumer") else entry.subject.replace(":", " ").replace("-", " ")

    def _link(self, subject: str) -> str:
        kind, _, ref = subject.rpartition(":")
        if kind == "issue" and ref.isdecimal():
            return f"/issues/{ref}"
        return f"/plugins#{ref}" if kind == "plugin" else self.links.get(subject, "")

    def _changes(self, before: Mapping[str, Any], after: Mapping[str, Any], is_new: bool) -> Iterator[Change]:
        """What differs, field by field; a field that holds fields is taken apart. What is gone needs no list."""
        for field, new in after.items():
            old = before.get(field)
            if isinstance(new, Mapping):
                yield from self._changes(old if isinstance(old, Mapping) else {}, new, is_new)
            elif old != new and field not in SILENT and new != HIDDEN and not (is_new and isinstance(new, bool)):
                yield Change(field.replace("_", " "), self._text(field, old), self._text(field, new))

    def _text(self, field: str, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list | tuple):
            return ", ".join(self._text(field, one) for one in value)[:LONGEST]
        if isinstance(value, int) and f"{field}:{value}" in self.names:
            return self.names[f"{field}:{value}"]
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return self.names.get(text) or text[:LONGEST]
