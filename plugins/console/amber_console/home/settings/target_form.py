"""The form of a target: the fields its plugin asks for, what was typed into them, and the target made of it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from amber.errors import Reject
from amber.model import FormField, Project, Target, TargetType
from amber_console.home.settings.asked import Asked
from amber_console.home.settings.forms import Form, name_fault, refuse
from amber_console.home.settings.labels import label_of, words_of

KINDS: Mapping[str, str] = {"issue.created": "New issues", "issue.regressed": "Regressions: resolved, and back again"}
"""What a target may hear of."""
PREFIX, REMOVED = "setting-", "remove-"
"""What keeps the names of a plugin's fields apart from ours."""


class Entry(Struct, frozen=True):
    """One field of a plugin, as the page asks for it; `is_kept` is a secret that is there and not shown."""

    field: FormField
    name: str
    is_kept: bool = False

    @property
    def label(self) -> str:
        """The field's name as words."""
        return label_of(self.field.name)

    @property
    def words(self) -> str:
        """The same within a sentence."""
        return words_of(self.field.name)

    @property
    def options(self) -> list[tuple[str, str]]:
        """What there is to choose from; nothing is a choice too where nothing need be chosen."""
        every = self.field.choices if self.field.is_required or self.field.default else ("", *self.field.choices)
        return [(one, one or "–") for one in every]

    @property
    def remove_name(self) -> str:
        """The box that takes a kept secret away."""
        return REMOVED + self.field.name


def entries(kind: TargetType, target: Target | None = None) -> list[Entry]:
    """The fields to ask for."""
    kept = target.settings if target is not None else {}
    return [Entry(one, PREFIX + one.name, one.kind == "secret" and bool(kept.get(one.name))) for one in kind.fields]


def new_form(kind: TargetType) -> Form:
    """A form nobody has typed into yet."""
    values = {PREFIX + one.name: (text_of(one.default),) for one in kind.fields if one.kind != "secret"}
    return Form({**values, "name": (kind.title,), "kinds": tuple(KINDS)})


def form_of_target(target: Target, shown: Mapping[str, Any]) -> Form:
    """A target as it is; `shown` are its settings without secrets."""
    values = {PREFIX + name: (text_of(value),) for name, value in shown.items()}
    return Form({**values, "name": (target.name,), "kinds": target.kinds})


def read_target(asked: Asked, project: Project, kind: TargetType, kept: Target | None = None) -> Target:
    """The target a form describes, its secrets sealed. Raises `Reject` with a cause for each field in the way."""
    form, settings = asked.form, kept.settings if kept is not None else {}
    name, kinds = form.text("name"), form.every("kinds")
    known = {*KINDS, *(kept.kinds if kept is not None else ())}
    refuse({"name": name_fault(name), "kinds": "" if set(kinds) <= known else "names nothing one could hear of"})
    try:
        checked = asked.visitor.kernel("targets").check(kind.plugin, _values(form, kind), settings)
    except Reject as refusal:
        fields = {one.name for one in kind.fields}
        causes = tuple(_placed(cause, fields) for cause in refusal.causes)
        raise Reject(refusal.detail, status=refusal.status, causes=causes) from refusal
    is_enabled = kept.is_enabled if kept is not None else True
    return Target(0, project.id, kind.plugin, name, checked, tuple(dict.fromkeys(kinds)), is_enabled, asked.visitor.now)


def _values(form: Form, kind: TargetType) -> dict[str, Any]:
    return {one.name: _value(form, one) for one in kind.fields}


def _value(form: Form, field: FormField) -> str | None:
    if form.is_ticked(REMOVED + field.name):
        return None
    # a blank at the end of a password belongs to it
    return form.exact(PREFIX + field.name) if field.kind == "secret" else form.text(PREFIX + field.name)


def _placed(cause: str, fields: set[str]) -> str:
    return PREFIX + cause if cause.partition(": ")[0] in fields else cause


def text_of(value: Any) -> str:
    """A value as a form holds it; a list's parts a line each."""
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, list | tuple):
        return "\n".join(str(one) for one in value)
    return "" if value is None else str(value)
