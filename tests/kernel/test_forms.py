from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct, field

from amber import Secret
from amber.errors import Reject
from amber.model import FormField
from amber.plugin.forms import fields_of, fill, secrets_of


class Pager(Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, Meta(description="Where to", max_length=40)]
    token: Annotated[Secret, Meta(description="What to log in with")]
    people: Annotated[tuple[str, ...], Meta(description="Whom", max_length=3)] = ()
    level: Annotated[Literal["low", "high"], Meta(description="How loud")] = "low"
    retries: Annotated[int, Meta(description="How often", ge=1)] = 3
    pause: float | None = None
    is_quiet: bool = False
    note: str = field(default_factory=lambda: "made")
    nick: Annotated[str, Meta(max_length=9)] | None = None

    def __post_init__(self) -> None:
        if not self.url.startswith("https://"):
            raise ValueError("url: must start with https://")


GIVEN = {"url": "https://x.example", "token": "t"}


def causes(values: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(Reject) as rejected:
        fill(Pager, values)
    return rejected.value.causes


def test_a_form_asks_for_what_the_struct_needs() -> None:
    assert fields_of(Pager) == (
        FormField("url", "Where to", "text", True),
        FormField("token", "What to log in with", "secret", True),
        FormField("people", "Whom", "list", False, ()),
        FormField("level", "How loud", "choice", False, "low", ("low", "high")),
        FormField("retries", "How often", "number", False, 3),
        FormField("pause", "", "number", False, None),
        FormField("is_quiet", "", "boolean", False, False),
        FormField("note", "", "text", False, "made"),
        FormField("nick", "", "text", False, None),
    )
    assert secrets_of(Pager) == {"token"}


def test_the_default_of_a_secret_is_not_shown() -> None:
    class Known(Struct, frozen=True):
        token: Secret = Secret("house key")

    assert fields_of(Known) == (FormField("token", "", "secret", False),)


def test_what_a_form_sends_becomes_the_struct() -> None:
    entered = {
        "url": " https://x.example ",
        "token": " t ",
        "people": "ann@example.org\r\n\r\n bob@example.org \n",
        "level": "high",
        "retries": "5",
        "pause": "1.5",
        "is_quiet": "on",
        "note": "",
    }
    people = ("ann@example.org", "bob@example.org")
    assert fill(Pager, entered) == Pager("https://x.example", Secret(" t "), people, "high", 5, 1.5, True, "made")
    assert type(fill(Pager, entered).token) is Secret


def test_what_json_holds_becomes_the_struct() -> None:
    told = {**GIVEN, "people": ["ann", " "], "retries": 2, "pause": None, "is_quiet": True}
    assert fill(Pager, told) == Pager("https://x.example", Secret("t"), ("ann",), "low", 2, None, True)


@pytest.mark.parametrize("nothing", ["", None])
def test_nothing_entered_means_the_default(nothing: str | None) -> None:
    rest = ("people", "level", "retries", "pause", "is_quiet", "note")
    assert fill(Pager, {**GIVEN, **dict.fromkeys(rest, nothing)}) == Pager("https://x.example", Secret("t"))


def test_every_mistake_is_found_at_once() -> None:
    assert causes(
        {"url": "", "level": "loud", "retries": "0", "people": ["a"] * 4, "is_quiet": "maybe", "colour": 1}
    ) == (
        "colour: there is no such field",
        "url: is missing",
        "token: is missing",
        "people: expected `array` of length <= 3",
        "level: invalid enum value 'loud'",
        "retries: expected `int` >= 1",
        "is_quiet: expected `bool`, got `str`",
    )


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"url": 5}, "url: expected `str`, got `int`"),
        ({"retries": "many"}, "retries: expected `int`, got `str`"),
        ({"retries": True}, "retries: expected `int`, got `bool`"),
        ({"people": [1]}, "people: expected `str`, got `int`"),
        ({"people": {"a": 1}}, "people: expected `array`, got `object`"),
        ({"token": 5}, "token: expected Secret"),
        ({"url": "http://x.example"}, "url: must start with https://"),
    ],
)
def test_a_mistake_is_told_with_its_field(values: dict[str, Any], cause: str) -> None:
    assert causes({**GIVEN, **values}) == (cause,)


def made_of(values: dict[str, Any]) -> Pager | tuple[str, ...]:
    try:
        return fill(Pager, values)
    except Reject as rejected:
        return rejected.causes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(("url", "token", "people", "level", "retries", "pause", "is_quiet", "note", "other"))


@given(st.dictionaries(NAMES, JSON))
def test_whatever_is_sent_becomes_the_struct_or_is_refused_with_causes(values: dict[str, Any]) -> None:
    assert made_of(values)
