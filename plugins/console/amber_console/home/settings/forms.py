"""What people typed into forms, and what is wrong with it."""

import re
from collections.abc import Mapping
from typing import Any

from litestar import Request
from msgspec import Struct

from amber.errors import Reject

LONGEST_NAME = 100
EMAIL = re.compile(r"[^\s@<>,;:\"]{1,64}@[^\s@<>,;:\"]{1,190}")


class Form(Struct, frozen=True):
    """The values of each field, as they were sent: printable text, lines kept."""

    values: Mapping[str, tuple[str, ...]] = {}

    def text(self, name: str) -> str:
        """The field's value without blanks around it; empty where there is none."""
        return self.exact(name).strip()

    def exact(self, name: str) -> str:
        """The field's value with its blanks."""
        return self.values.get(name, ("",))[-1]

    def lines(self, name: str) -> list[str]:
        """The lines of a field that hold something."""
        return [line.strip() for line in self.text(name).splitlines() if line.strip()]

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field that may be ticked several times."""
        return self.values.get(name, ())

    def is_ticked(self, name: str) -> bool:
        """Whether the box is ticked."""
        return bool(self.text(name))


BLANK = Form()


def form_of(**values: str | tuple[str, ...]) -> Form:
    """A form that holds these values, as it is first shown."""
    return Form({name: value if isinstance(value, tuple) else (value,) for name, value in values.items()})


async def read_form(request: Request[Any, Any, Any]) -> Form:
    """The form that was sent with a request; files are left out."""
    found: dict[str, tuple[str, ...]] = {}
    if request.method == "POST":
        for name, value in (await request.form()).multi_items():
            if isinstance(value, str):
                found[name] = (*found.get(name, ()), _printable(value))
    return Form(found)


def _printable(text: str) -> str:
    return "".join(one for one in text if one.isprintable() or one == "\n")


def refuse(faults: Mapping[str, str]) -> None:
    """Raise `Reject` with a cause for each field that has a fault; do nothing where there is none."""
    causes = tuple(f"{field}: {fault}" for field, fault in faults.items() if fault)
    if causes:
        raise Reject("some fields cannot be used", causes=causes)


def name_fault(name: str) -> str:
    """What keeps a text from being a name; empty for a good one."""
    if not name:
        return "is missing"
    return f"is longer than {LONGEST_NAME} characters" if len(name) > LONGEST_NAME else ""


def email_fault(email: str) -> str:
    """What keeps a text from being an e-mail address; empty for a good one."""
    if not email:
        return "is missing"
    return "" if EMAIL.fullmatch(email) else "is no e-mail address"


def problems_of(refusal: Reject | None) -> dict[str, str]:
    """What was refused, as a sentence for each field; what is about no field stands under the empty name."""
    if refusal is None:
        return {}
    found: dict[str, str] = {}
    for cause in refusal.causes or (refusal.detail,):
        field, _, fault = cause.partition(": ")
        is_field = bool(fault) and re.fullmatch(r"[\w-]+", field) is not None
        found.setdefault(field if is_field else "", _sentence(fault if is_field else cause))
    return found


def _sentence(words: str) -> str:
    said = words[:1].upper() + words[1:]
    return said if said.endswith((".", "!", "?")) else f"{said}."
