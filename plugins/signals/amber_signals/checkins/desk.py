"""Whoever asks, what is theirs to see, and what they change: the same for the API and for pages."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from msgspec import Struct, to_builtins

from amber import Context
from amber.errors import Denied, Reject
from amber.model import AuditEntry, Directory, Principal, Project, Target, actor_of
from amber_signals.checkins.config import Config, store_of
from amber_signals.checkins.ledger import Ledger
from amber_signals.checkins.monitors import Monitor, Plan, Run, Watch
from amber_signals.checkins.payloads import printable, slug_of
from amber_signals.checkins.standing import planned
from amber_signals.checkins.store import Store

T = TypeVar("T")
LONGEST_NAME = 64
NEVER = "no such monitor"


class Wish(Struct, frozen=True):
    """A monitor as somebody wants it; `targets` None is all of the project's."""

    name: str
    slug: str = ""
    plan: Plan = Plan()
    is_muted: bool = False
    targets: tuple[int, ...] | None = None


class Desk:
    """One caller's way to monitors. Whatever is not theirs is answered like what does not exist: Reject with 404."""

    def __init__(self, principal: Principal, client_ip: str, ctx: Context[Config]) -> None:
        if principal.organisation is None:
            raise Denied("send an API token", status=401)
        self._principal, self.organisation, self._client_ip = principal, principal.organisation, client_ip
        self.store: Store = store_of(ctx)
        self.directory: Directory = ctx.role("directory")
        self.config, self._ctx = ctx.config, ctx

    @property
    def now(self) -> float:
        """The time in Unix seconds."""
        return self._ctx.now()

    def project(self, ref: str) -> Project:
        """The project with this id or slug."""
        known = self.directory.project(ref, self.organisation) if ref.isprintable() and len(ref) <= 64 else None
        found = existing(known, "no such project")
        is_theirs = found.organisation == self.organisation and self._principal.reaches(found.id)
        return existing(found if is_theirs else None, "no such project")

    def monitor(self, project: Project, slug: str) -> Monitor:
        """The project's monitor with this slug."""
        return existing(self.store.monitor(project.id, slug) if slug.isprintable() else None, NEVER)

    def watches(self, monitor: Monitor) -> list[Watch]:
        """How the job stands in each environment, by name."""
        return self.store.watches([monitor.id])[monitor.id]

    def watch(self, monitor: Monitor, environment: str) -> Watch:
        """How it stands in one."""
        found = (one for one in self.watches(monitor) if one.environment == environment)
        return existing(next(found, None), "the monitor has no such environment")

    def last_runs(self, watches: list[Watch], count: int) -> dict[int, list[Run]]:
        """The last runs of each, newest first."""
        return {watch.id: self.store.runs(watch.id, count) for watch in watches}

    def targets(self, project: Project) -> tuple[Target, ...]:
        """Whom the project's news can go to."""
        return self.directory.targets(project.id)

    def create(self, project: Project, wish: Wish) -> Monitor:
        """Make a monitor whose plan is a person's, so that code does not change it."""
        slug, name = slug_of(wish.slug or wish.name), name_of(wish.name)
        if not slug:
            raise Reject("a monitor needs a name with a letter or a digit in it")
        self._check_targets(project, wish.targets)
        wanted = Monitor(0, project.id, slug, name, wish.plan, False, wish.is_muted, wish.targets, self.now)
        made = self.store.add(wanted, self.config.monitors)
        self._note("monitor.create", made, {}, _told(made))
        return made

    def change(self, project: Project, monitor: Monitor, changes: Mapping[str, Any]) -> Monitor:
        """Change `name`, `plan`, `follows_code`, `is_muted` or `targets`; a plan given here is a person's."""
        self._check_targets(project, changes.get("targets"))
        wanted = dict(changes)
        if "name" in wanted:
            wanted["name"] = name_of(wanted["name"])
        if wanted.get("plan", monitor.plan) != monitor.plan:
            wanted.setdefault("follows_code", False)
        with self._held(monitor) as ledger:
            before = ledger.monitor
            ledger.change(**wanted)
            after = ledger.monitor
            if after.plan != before.plan:
                for watch in ledger.watches():
                    ledger.keep(planned(watch, after.plan, self.now))
        old, new = _told(before), _told(after)
        differing = [name for name in new if new[name] != old[name]]
        if differing:
            self._note("monitor.change", after, {n: old[n] for n in differing}, {n: new[n] for n in differing})
        return after

    def mute(self, monitor: Monitor, environment: str, is_muted: bool) -> Watch:
        """Tell nobody of one environment, or tell them again."""
        known = self.watch(monitor, environment)
        with self._held(monitor) as ledger:
            found = existing(next((one for one in ledger.watches() if one.id == known.id), None), NEVER)
            ledger.mute(found, is_muted)
        if found.is_muted != is_muted:
            told = {"environment": environment}
            self._note("monitor.mute" if is_muted else "monitor.unmute", monitor, {}, told)
        return self.watch(monitor, environment)

    def remove(self, monitor: Monitor) -> None:
        """Forget a monitor with all its runs; a check-in that states a schedule makes it anew."""
        self.store.remove(monitor.id)
        self._note("monitor.remove", monitor, _told(monitor), {})

    def remove_watch(self, monitor: Monitor, environment: str) -> None:
        """Forget one environment of it."""
        self.store.remove_watch(self.watch(monitor, environment).id)
        self._note("monitor.forget", monitor, {"environment": environment}, {})

    @contextmanager
    def _held(self, monitor: Monitor) -> Iterator[Ledger]:
        with self.store.hold(monitor.id) as ledger:
            yield existing(ledger, NEVER)

    def _check_targets(self, project: Project, targets: Any) -> None:
        known = {one.id for one in self.targets(project)} if targets else set()
        if strange := [one for one in targets or () if one not in known]:
            raise Reject(f"the project has no target {strange[0]}")

    def _note(self, action: str, monitor: Monitor, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        actor, subject = actor_of(self._principal), f"monitor:{monitor.slug}"
        self.directory.note_change(
            AuditEntry(self.organisation, actor, action, subject, self.now, before, after, self._client_ip)
        )


def existing(value: T | None, otherwise: str) -> T:
    """`value`, or Reject with 404 where there is none."""
    if value is None:
        raise Reject(otherwise, status=404)
    return value


def name_of(text: str) -> str:
    """A name as it is kept. Raises Reject."""
    name = printable(text).strip()[:LONGEST_NAME]
    if not name:
        raise Reject("a monitor needs a name")
    return name


def _told(monitor: Monitor) -> dict[str, Any]:
    """What the audit log keeps of a monitor."""
    told: dict[str, Any] = to_builtins(monitor)
    return {name: told[name] for name in ("name", "plan", "follows_code", "is_muted", "targets")}
