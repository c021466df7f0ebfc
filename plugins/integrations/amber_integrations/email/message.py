"""A notification as a mail: plain text, with HTML beside it."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from amber.model import Notification

KINDS: Mapping[str, str] = {"issue.created": "New", "issue.regressed": "Regressed", "test": "Test"}
LONGEST_SUBJECT = 200
HTML = """\
<!doctype html>
<html><body style="font-family: sans-serif; line-height: 1.5">
<p>{kind} in {project}:</p>
<p style="font-size: 1.2em"><strong>{title}</strong><br><code>{culprit}</code></p>
<p>{facts}</p>
<p><a href="{url}">{url}</a></p>
</body></html>
"""


def build(notification: Notification, sender: str, to: Sequence[str]) -> EmailMessage:
    """The mail. Mails about one issue form a thread; every try of one notification has the same Message-ID."""
    kind = KINDS.get(notification.kind, notification.kind)
    domain = sender.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = shorten(f"[{plain(notification.project_name)}] {kind}: {plain(notification.title)}")
    mail["From"] = Address("Amber", addr_spec=sender)
    mail["To"] = [Address(addr_spec=address) for address in to]
    mail["Date"] = datetime.fromtimestamp(notification.at, UTC)
    mail["Message-ID"] = f"<{token(notification.id)}@{domain}>"
    if notification.issue_id:
        mail["References"] = f"<issue-{token(notification.issue_id)}@{domain}>"
    mail["List-Id"] = f"<{token(notification.project_slug)}.amber.{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply, please
    mail["X-Amber-Event"] = token(notification.kind)
    mail.set_content(text_of(notification, kind))
    mail.add_alternative(html_of(notification, kind), subtype="html")
    return mail


def text_of(notification: Notification, kind: str) -> str:
    """The plain text."""
    about = (plain(notification.title), plain(notification.culprit), facts_of(notification))
    parts = (
        f"{kind} in {plain(notification.project_name)}:",
        "\n".join(line for line in about if line),
        notification.url,
    )
    return "\n\n".join(parts) + "\n"


def html_of(notification: Notification, kind: str) -> str:
    """The same as HTML; what an event brought along is text in it and nothing else."""
    told = {
        "kind": kind,
        "project": plain(notification.project_name),
        "title": plain(notification.title),
        "culprit": plain(notification.culprit),
        "facts": facts_of(notification),
        "url": notification.url,
    }
    return HTML.format_map({name: escape(value) for name, value in told.items()})


def facts_of(notification: Notification) -> str:
    """Such as `SHOP-1A, error`."""
    return ", ".join(plain(one) for one in (notification.short_id, notification.level) if one)


def plain(text: str) -> str:
    """One line of what prints: no line ends, no control characters, no bidirectional marks."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def shorten(text: str) -> str:
    """A subject of bearable length."""
    return text if len(text) <= LONGEST_SUBJECT else f"{text[: LONGEST_SUBJECT - 1]}…"


def token(text: str) -> str:
    """What may stand in an identifier."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text) or "-"
