from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from amber_console.home.issue.exception_view import DEEPEST, ExceptionView, exception_views
from amber_console.home.issue.mechanism_view import mechanism_view


def raised(type: str, id: int | None = None, parent: int | None = None, source: str = "") -> dict[str, Any]:
    told = {"exception_id": id, "parent_id": parent, "source": source}
    return {"type": type, "mechanism": {"type": "chained", **{k: v for k, v in told.items() if v not in (None, "")}}}


def tree(chain: tuple[ExceptionView, ...]) -> list[Any]:
    return [(one.relation, one.type, [tree(member) for member in one.members]) for one in chain]


def count(chain: tuple[ExceptionView, ...]) -> int:
    return sum(1 + sum(count(member) for member in one.members) for one in chain)


def depth(chain: tuple[ExceptionView, ...]) -> int:
    return max((1 + max((depth(member) for member in one.members), default=0) for one in chain), default=0)


def test_a_chain_goes_from_what_was_seen_to_its_first_cause() -> None:
    assert tree(exception_views({"values": [{"type": "KeyError"}, {"type": "RuntimeError"}]})) == [
        ("", "RuntimeError", []),
        ("Caused by", "KeyError", []),
    ]


def test_what_was_being_handled_is_not_called_a_cause() -> None:
    values = [raised("B", 1, 0, "__context__"), raised("A", 0)]
    assert tree(exception_views(values)) == [("", "A", []), ("Raised while handling", "B", [])]


def test_a_group_contains_its_members_each_with_its_own_causes() -> None:
    values = [
        raised("OSError", 4, 3, "__cause__"),
        raised("ConnectionError", 3, 0, "exceptions[1]"),
        raised("KeyError", 2, 0, "__cause__"),
        raised("ValueError", 1, 0, "errors[0]"),
        raised("ExceptionGroup", 0),
    ]
    assert tree(exception_views(values)) == [
        (
            "",
            "ExceptionGroup",
            [[("", "ValueError", [])], [("", "ConnectionError", []), ("Caused by", "OSError", [])]],
        ),
        ("Caused by", "KeyError", []),
    ]


def test_groups_within_groups_stop_nesting_but_nothing_is_lost() -> None:
    values = [raised(f"G{at}", at, at - 1 if at else None, "exceptions[0]") for at in range(400)]
    shown = exception_views(values)
    assert count(shown) == 400
    assert depth(shown) == DEEPEST + 1


@given(
    st.lists(
        st.builds(
            raised,
            st.just("E"),
            st.none() | st.integers(0, 6),
            st.none() | st.integers(0, 6),
            st.sampled_from(["", "__cause__", "__context__", "exceptions[0]"]),
        ),
        max_size=7,
    )
)
def test_whatever_ids_are_sent_each_exception_is_shown_once(values: list[dict[str, Any]]) -> None:
    assert count(exception_views({"values": values})) == len(values)


def test_an_exception_without_a_type_is_an_error() -> None:
    assert exception_views([{"value": "no"}])[0].type == "Error"


def test_a_mechanism_says_whether_it_was_handled_and_what_caught_it() -> None:
    shown = mechanism_view({"type": "django", "handled": False})
    assert (shown.handled, shown.words) == ("unhandled", ("caught by django",))
    assert mechanism_view({"type": "generic", "handled": True}).words == ()
    assert mechanism_view({"type": "x"}).handled == ""
    assert mechanism_view(None) == mechanism_view({})


def test_signals_and_codes_are_named() -> None:
    meta = {
        "signal": {"number": 11, "name": "SIGSEGV", "code": 1, "code_name": "SEGV_MAPERR"},
        "mach_exception": {"exception": 1},
        "errno": {"name": "EPERM"},
    }
    shown = mechanism_view({"type": "signalhandler", "meta": meta, "description": "died", "data": {"relevant": "0x0"}})
    assert shown.details == (
        ("description", "died"),
        ("signal", "SIGSEGV (11, SEGV_MAPERR, 1)"),
        ("Mach exception", "1"),
        ("errno", "EPERM"),
        ("relevant", "0x0"),
    )


def test_help_is_linked_on_the_web_alone() -> None:
    assert mechanism_view({"help_link": "https://a.test/e"}).help_link == "https://a.test/e"
    assert mechanism_view({"help_link": "javascript:alert(1)"}).help_link == ""
