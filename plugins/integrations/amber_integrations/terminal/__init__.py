"""Says new and returning issues in the log, one line each."""

from typing import Any

from amber import Context, hookimpl
from amber.model import Fact

NEWS = {"issue.created": "New issue", "issue.regressed": "Issue is back"}
LONGEST = 200


@hookimpl
def on_fact(fact: Fact, ctx: Context[Any]) -> None:
    """Log one line about the issue."""
    if fact.type in NEWS:
        ctx.log.info("%s", line(fact))


def line(fact: Fact) -> str:
    """Such as `New issue SHOP-1: ZeroDivisionError: division by zero in shop.cart (project 1)`."""
    issue, title, culprit = (plain(fact.data.get(field)) for field in ("short_id", "title", "culprit"))
    place = f" in {culprit}" if culprit else ""
    return f"{NEWS[fact.type]} {issue}: {title}{place} (project {fact.project})"


def plain(value: object) -> str:
    """Text that cannot steer a terminal: what does not print (escapes, line ends, bidi marks) is spelled out."""
    text = "" if value is None else str(value)
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in short)
