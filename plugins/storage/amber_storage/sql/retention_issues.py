"""What retention and the schedule ask of the issue store on SQL."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update

from amber.model import Claim, EventPlace, LetGo
from amber_storage.sql.letting_go import let_go_events
from amber_storage.sql.schema import (
    counted_events,
    event_ids,
    events,
    gone_events,
    issue_hours,
    issues,
    jobs,
    outcomes,
)
from amber_storage.sql.tally import SECONDS_PER_HOUR
from amber_storage.sql.transactions import Transactions, upsert

ORDER = (gone_events.c.gone_at, gone_events.c.number)


class IssueRetention:
    """Lets events go and forgets old figures; see `amber.model.IssueStore` for what each method promises."""

    _database: Transactions

    def let_go(self, project: int, events: Sequence[EventPlace], at: float, *, may_end_issues: bool) -> LetGo:
        """Say which of these events may be deleted, in one transaction that counts them."""
        if not events:
            return LetGo()
        with self._database.writing({project}) as connection:
            return let_go_events(connection, project, events, at, may_end_issues)

    def last_let_go(self, project: int) -> tuple[str, ...]:
        """The ids of the events that were let go last."""
        last = select(func.max(gone_events.c.gone_at)).where(gone_events.c.project == project)
        return self._gone(project, gone_events.c.gone_at == last.scalar_subquery())

    def long_gone(self, project: int, before: float, limit: int) -> tuple[str, ...]:
        """Ids of events let go before then, the first let go first."""
        return self._gone(project, gone_events.c.gone_at < before, limit)

    def forget_events(self, project: int, ids: Sequence[str]) -> None:
        """Forget these ids, where they were let go."""
        number = event_ids.c.number
        wanted = (
            select(number)
            .join(gone_events, gone_events.c.number == number)
            .outerjoin(events, events.c.number == number)
            # one that was written again stays known, until it is deleted again
            .where(event_ids.c.project == project, event_ids.c.event_id.in_(ids), events.c.number.is_(None))
        )
        with self._database.writing({project}) as connection:
            numbers = list(connection.execute(wanted).scalars())
            for table in (gone_events, counted_events, event_ids):
                connection.execute(delete(table).where(table.c.number.in_(numbers)))

    def _gone(self, project: int, condition: ColumnElement[bool], limit: int | None = None) -> tuple[str, ...]:
        found = select(event_ids.c.event_id).join(gone_events, gone_events.c.number == event_ids.c.number)
        mine = found.where(gone_events.c.project == project, condition).order_by(*ORDER).limit(limit)
        with self._database.reading() as connection:
            return tuple(connection.execute(mine).scalars())

    def forget_figures(self, project: int, before: int, limit: int) -> int:
        """Forget up to `limit` counts of an issue or outcome by the hour, from before hour `before`."""
        old = (issues.c.project == project) & (issues.c.first_seen < before * SECONDS_PER_HOUR)
        hours = (
            select(issue_hours.c.issue, issue_hours.c.hour)
            .join(issues, issues.c.id == issue_hours.c.issue)
            .where(old, issue_hours.c.hour < before)
        )
        told = select(*outcomes.primary_key).where(outcomes.c.project == project, outcomes.c.hour < before)
        for table, found in ((issue_hours, hours), (outcomes, told)):
            # Looked for outside of the transaction that deletes: mostly there is nothing, and nobody has to wait.
            with self._database.reading() as connection:
                keys = [tuple(row) for row in connection.execute(found.limit(limit))]
            if keys:
                with self._database.writing({project}) as connection:
                    connection.execute(delete(table).where(tuple_(*table.primary_key).in_(keys)))
                return len(keys)
        return 0

    def claim_job(self, claim: Claim) -> bool:
        """Take a job that is due and that nobody holds."""
        at, ends = claim.at, claim.at + claim.lease
        is_free = (jobs.c.expires_at <= at) | (jobs.c.expires_at > ends)  # none lasts so long: the clock was put back
        is_due = (jobs.c.started_at <= at - claim.every) | (jobs.c.started_at > at)
        taken = {"holder": claim.holder, "started_at": at, "expires_at": ends}
        with self._database.writing() as connection:
            statement = upsert(connection, jobs).values(name=claim.name, **taken)
            taking = statement.on_conflict_do_update(
                index_elements=jobs.primary_key, set_=taken, where=is_free & is_due
            )
            return connection.execute(taking.returning(jobs.c.name)).one_or_none() is not None

    def hold_job(self, name: str, holder: str, until: float) -> bool:
        """Hold a job that was claimed until then; False where somebody else has it."""
        mine = (jobs.c.name == name) & (jobs.c.holder == holder)
        with self._database.writing() as connection:
            held = connection.execute(update(jobs).where(mine).values(expires_at=until).returning(jobs.c.name))
            return held.one_or_none() is not None

    def drop_jobs(self, plugin: str) -> None:
        """Forget a plugin's jobs."""
        with self._database.writing() as connection:
            connection.execute(delete(jobs).where(jobs.c.name.startswith(f"{plugin}.", autoescape=True)))
