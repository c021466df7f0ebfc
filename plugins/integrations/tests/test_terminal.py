import logging

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber import Context
from amber.model import Fact
from amber.testing.contexts import make_context
from amber_integrations import terminal


@pytest.fixture
def ctx() -> Context[None]:
    return make_context(terminal, None)


def created(**data: object) -> Fact:
    about = {"short_id": "SHOP-1", "title": "ZeroDivisionError: division by zero", "culprit": "shop.cart"}
    return Fact("f1", "issue.created", 1, 0.0, about | data)


def test_a_new_issue_is_one_line(ctx: Context[None], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "amber.plugin.terminal"):
        terminal.on_fact(created(), ctx)
    assert caplog.messages == ["New issue SHOP-1: ZeroDivisionError: division by zero in shop.cart (project 1)"]


def test_an_issue_that_returns_is_told_from_a_new_one() -> None:
    fact = msgspec.structs.replace(created(), type="issue.regressed")
    assert terminal.line(fact).startswith("Issue is back SHOP-1: ")


def test_other_facts_are_passed_over(ctx: Context[None], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "amber.plugin.terminal"):
        terminal.on_fact(Fact("f2", "issue.resolved", 1, 0.0, {}), ctx)
    assert caplog.messages == []


def test_an_issue_without_culprit_names_no_place() -> None:
    assert terminal.line(created(culprit="")) == "New issue SHOP-1: ZeroDivisionError: division by zero (project 1)"


def test_a_title_cannot_colour_or_move_the_terminal() -> None:
    said = terminal.line(created(title="\x1b[31mred\x07\r\n\u202efdp.exe\u2028\x9b2J"))
    assert said == ("New issue SHOP-1: \\x1b[31mred\\x07\\r\\n\\u202efdp.exe\\u2028\\x9b2J in shop.cart (project 1)")


def test_a_percent_sign_is_no_format(ctx: Context[None], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "amber.plugin.terminal"):
        terminal.on_fact(created(title="100 %s of %(x)d"), ctx)
    assert "100 %s of %(x)d" in caplog.text


def test_a_long_title_is_cut() -> None:
    assert terminal.plain("x" * 10_000) == "x" * 199 + "…"


@given(st.one_of(st.none(), st.integers(), st.text(alphabet=st.characters())))
def test_whatever_is_said_prints(value: object) -> None:
    assert terminal.plain(value).isprintable()
