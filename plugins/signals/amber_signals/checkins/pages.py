"""The console's pages of a project's monitors: the list, one with its history, and the form."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from amber import Context
from amber.errors import Denied, Reject
from amber.model import Fragment, Project, Redirect, Shown, UiRequest
from amber_signals.checkins.config import Config
from amber_signals.checkins.desk import Desk, Wish, existing
from amber_signals.checkins.form import NUMBERS, Filled, filled, plan_in, typed
from amber_signals.checkins.monitors import Monitor
from amber_signals.checkins.routes import upcoming
from amber_signals.checkins.schedules import UNITS
from amber_signals.checkins.shapes import target_ids
from amber_signals.checkins.view import MARKS, line_of, said, schedule_words, stand_of

HISTORY = 50
WRITE = "project:write"
Draw = Callable[..., Fragment]


class Visit:
    """One look at the pages, or one form sent from them."""

    def __init__(self, request: UiRequest, ctx: Context[Config]) -> None:
        self.request, self._ctx = request, ctx
        self.project: Project = existing(request.project, "There is no such project.")
        self.desk = Desk(request.principal, request.client_ip, ctx)

    def answer(self) -> Shown:
        """What to show, or where to go on."""
        match self.request.rest:
            case () if "new" in self.request.query:
                return self._form(None)
            case ():
                return self._list()
            case (slug,):
                return self._one(self.desk.monitor(self.project, slug))
            case (slug, "edit"):
                return self._form(self.desk.monitor(self.project, slug))
        raise Reject("There is no such page.", status=404)

    def _draw(self, template: str, **values: Any) -> Fragment:
        request = self.request
        shared = {"path": request.path, "may_write": request.may(WRITE), "may_mute": request.may("project:triage")}
        return self._ctx.render(template, done=request.query.get("done", ""), **shared, **values)

    # --- the list

    def _list(self) -> Fragment:
        monitors = self.desk.store.monitors(self.project.id)
        watches = self.desk.store.watches([one.id for one in monitors])
        rows = [
            {"monitor": one, "schedule": schedule_words(one), "stands": self._stands(one, watches[one.id])}
            for one in monitors
        ]
        return self._draw("monitors.html", rows=rows, width=5 * MARKS, url=self._cron_url("nightly-backup"))

    def _stands(self, monitor: Monitor, watches: Sequence[Any]) -> list[Any]:
        return [
            stand_of(watch, monitor.plan, self.desk.store.runs(watch.id, MARKS), self.request.at) for watch in watches
        ]

    def _cron_url(self, slug: str) -> str:
        """Where a job of this name checks in; empty where the project has no key that works."""
        key = next((one for one in self.desk.directory.keys(self.project.id) if one.is_active), None)
        if key is None:
            return ""
        base: str = self._ctx.kernel("public_url")
        return f"{base.rstrip('/')}/api/{self.project.id}/cron/{slug}/{key.public_key}/"

    # --- one monitor

    def _one(self, monitor: Monitor) -> Shown:
        if self.request.form is not None:
            return self._act(monitor)
        watches = self.desk.watches(monitor)
        zone = monitor.plan.timezone
        lines = {watch.id: [line_of(run, zone) for run in self.desk.store.runs(watch.id, HISTORY)] for watch in watches}
        return self._draw(
            "monitor.html",
            monitor=monitor,
            schedule=schedule_words(monitor),
            stands=self._stands(monitor, watches),
            lines=lines,
            width=5 * MARKS,
            url=self._cron_url(monitor.slug),
            told=self._told(monitor),
        )

    def _told(self, monitor: Monitor) -> list[str]:
        """The names of the targets that hear of this job."""
        every = [one for one in self.desk.targets(self.project) if one.is_enabled]
        return [one.name for one in every if monitor.targets is None or one.id in monitor.targets]

    def _act(self, monitor: Monitor) -> Redirect:
        """Do what a button says."""
        action, environment = self.request.value("action"), self.request.value("environment")
        if action in ("mute", "unmute") and environment:
            self.desk.mute(monitor, environment, action == "mute")
        elif action in ("mute", "unmute"):
            self.desk.change(self.project, monitor, {"is_muted": action == "mute"})
        elif action == "forget":
            self._need_write()
            self.desk.remove_watch(monitor, environment)
        elif action == "remove":
            self._need_write()
            self.desk.remove(monitor)
            return Redirect(f"{self.request.path}?done=removed")
        else:
            raise Reject("There is no such button.")
        return Redirect(f"{self.request.path}/{monitor.slug}?done={action}d")

    # --- the form

    def _form(self, monitor: Monitor | None) -> Shown:
        self._need_write()
        if self.request.form is None:
            return self._drawn(monitor, filled(monitor))
        form = typed(self.request)
        try:
            if self.request.value("action") == "preview":
                return self._drawn(monitor, form, runs=self._preview(form))
            saved = self._save(monitor, form)
        except Reject as refused:
            return self._drawn(monitor, form, fault=_sentence(refused.detail))
        return Redirect(f"{self.request.path}/{saved.slug}?done=saved")

    def _preview(self, form: Filled) -> list[str]:
        plan = plan_in(form)
        if plan.schedule is None:
            return []
        return [said(at, plan.timezone) for at in upcoming(plan.schedule, plan.timezone, self.request.at)]

    def _save(self, monitor: Monitor | None, form: Filled) -> Monitor:
        plan, targets = plan_in(form), target_ids(form.targets)
        if monitor is None:
            wish = Wish(form.texts["name"], form.texts["slug"], plan, form.is_muted, targets)
            return self.desk.create(self.project, wish)
        is_theirs = plan != monitor.plan and monitor.follows_code  # a plan somebody has just typed is not the code's
        changes: Mapping[str, Any] = {
            "name": form.texts["name"],
            "plan": plan,
            "follows_code": form.follows_code and not is_theirs,
            "is_muted": form.is_muted,
            "targets": targets,
        }
        return self.desk.change(self.project, monitor, changes)

    def _drawn(self, monitor: Monitor | None, form: Filled, **more: Any) -> Fragment:
        values = {"fault": "", "runs": None, **more}
        targets = self.desk.targets(self.project)
        return self._draw("form.html", monitor=monitor, form=form, units=UNITS, targets=targets, **values)

    def _need_write(self) -> None:
        if not self.request.may(WRITE):
            raise Denied(f"This needs {WRITE}.")


def show(request: UiRequest, ctx: Context[Config]) -> Shown:
    """The page that was asked for."""
    return Visit(request, ctx).answer()


def _sentence(words: str) -> str:
    for name, called in NUMBERS.items():  # people know the fields by their labels
        words = words.replace(called, name.replace("_", " "))
    return f"{words[:1].upper()}{words[1:]}."
