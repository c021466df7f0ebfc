"""`/usage` and `/projects/{slug}/usage`: what was sent, and what became of it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from amber.model import OutcomeCount, account_of
from amber_console.home.settings.asked import Ask, Asked
from amber_console.home.settings.usage_bars import DEFAULT, PERIODS, Period, chart
from amber_console.home.settings.usage_counts import ENDS, in_words, spans, usage_of, why


@get("/usage", action="project:read", sync_to_thread=True)
def usage_page(asked: Ask) -> Response[bytes]:
    """Every project the visitor may see."""
    period = _period(asked)
    since, until = period.ends(asked.visitor.now)
    lines, counts = [], []
    for project in asked.visitor.projects.values():  # one after the other: what is held at once stays small
        mine = asked.visitor.issues.outcomes(project.id, since, until)
        lines.append((project, account_of(mine), Counter({one: _sum(mine, one) for one in ENDS})))
        counts += _folded(mine, since, period.step)
    lines.sort(key=lambda line: -line[1].received)
    unknown = asked.visitor.issues.outcomes(0, since, until) if asked.visitor.is_superuser else ()
    return _draw(asked, period, counts, lines=lines, strangers=sum(one.quantity for one in unknown), project=None)


@get("/projects/{slug:str}/usage", action="project:read", sync_to_thread=True)
def project_usage_page(asked: Ask, slug: FromPath[str]) -> Response[bytes]:
    """One project."""
    project, period = asked.visitor.project(slug), _period(asked)
    counts = asked.visitor.issues.outcomes(project.id, *period.ends(asked.visitor.now))
    return _draw(asked, period, counts, project=project)


def _draw(asked: Asked, period: Period, counts: Sequence[OutcomeCount], **given: Any) -> Response[bytes]:
    since, until = period.ends(asked.visitor.now)
    usage = usage_of(counts)
    return asked.draw(
        "usage",
        period=period,
        periods=PERIODS.values(),
        usage=usage,
        told=in_words(usage),
        chart=chart(spans(counts, since, until, period.step), since, period.step),
        ends=ENDS,
        why=why,
        **given,
    )


def _period(asked: Asked) -> Period:
    return PERIODS.get(asked.query.get("period", ""), PERIODS[DEFAULT])


def _sum(counts: Sequence[OutcomeCount], outcome: str) -> int:
    return sum(one.quantity for one in counts if one.outcome == outcome)


def _folded(counts: Sequence[OutcomeCount], since: int, step: int) -> list[OutcomeCount]:
    """The same sums with one hour for each span, so that many projects' counts fit into memory."""
    sums: Counter[tuple[str, str, str, int]] = Counter()
    for one in counts:
        sums[one.category, one.outcome, one.reason, one.hour - (one.hour - since) % step] += one.quantity
    return [OutcomeCount(0, *what[:3], quantity, what[3]) for what, quantity in sums.items()]


HANDLERS = (usage_page, project_usage_page)
