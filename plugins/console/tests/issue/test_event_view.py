from typing import Any
from uuid import UUID

from amber.model import StoredEvent
from amber_console.home.issue.event_view import EventView, event_view
from amber_console.home.issue.plain import plain_stack

NOON = 1_700_000_000.0
CALL = {"function": "place", "module": "com.shop.Cart", "filename": "Cart.java", "lineno": 41, "in_app": True}


def view(**data: Any) -> EventView:
    grouping = {"mechanism": "exception", "version": 1, "key": "ab", "summary": "Grouped by x", "parts": []}
    return event_view(StoredEvent(UUID(int=1).hex, 1, "ab", NOON, NOON, "t", "c", "error", data, grouping))


def raised(type: str, value: str = "", **mechanism: Any) -> dict[str, Any]:
    return {"type": type, "value": value, "mechanism": {"type": "x", **mechanism}}


def test_the_first_line_says_where_it_happened_and_finds_more_of_the_same() -> None:
    said = view(release="shop@2", environment="pro duction", platform="java", logger="").said
    assert [(one.name, one.text, one.query) for one in said] == [
        ("environment", "pro duction", 'environment:"pro duction"'),
        ("release", "shop@2", "release:shop@2"),
        ("platform", "java", ""),
    ]


def test_a_search_never_holds_what_no_address_can() -> None:
    assert view(release="\ud800").said[0].query == "release:?"


def test_a_message_is_shown_with_its_template() -> None:
    message = view(logentry={"formatted": "disk 99 %", "message": "disk %s", "params": ["99 %"]}).message
    assert (message.text, message.template, message.params) == ("disk 99 %", "disk %s", '["99 %"]')
    assert view(logentry={"message": "plain"}).message.template == ""


def test_the_sdk_is_named_with_what_it_uses() -> None:
    sdk = {"name": "s", "version": "2", "integrations": ["a", "b"], "packages": [{"name": "p", "version": "1"}]}
    assert view(sdk=sdk).sdk == (("name", "s 2"), ("integrations", "a, b"), ("packages", "p 1"))
    assert view(sdk=None).sdk == ()


def test_images_and_what_was_mended_are_told() -> None:
    images = [{"type": "elf", "code_file": "/opt/game", "image_addr": "0x1", "debug_id": "d"}, {"type": "jvm"}]
    assert view(debug_meta={"images": images}).images == (("game", "0x1 d"), ("jvm", ""))
    errors = [{"type": "invalid_data", "name": "tags", "value": 5}, {"type": "past_timestamp"}]
    assert view(errors=errors).mended == (("tags", 'invalid data {"value": 5}'), ("event", "past timestamp"))


def test_frames_can_be_filtered_where_some_stack_holds_library_frames() -> None:
    mixed = {"frames": [{"function": "lib"}, CALL]}
    assert view(threads={"values": [{"stacktrace": mixed}]}).is_mixed
    assert not view(stacktrace={"frames": [CALL]}).is_mixed


def test_the_plain_stack_is_the_chain_with_every_call() -> None:
    chain = [raised("KeyError", "'x'"), raised("OrderError", "no order") | {"stacktrace": {"frames": [{}, CALL]}}]
    assert plain_stack(view(exception={"values": chain})).splitlines() == [
        "OrderError: no order",
        "  at com.shop.Cart.place (Cart.java:41)",
        "  at ?",
        "Caused by KeyError: 'x'",
    ]


def test_the_plain_stack_of_a_group_is_indented() -> None:
    group = [
        raised("ValueError", exception_id=1, parent_id=0, source="exceptions[0]"),
        raised("ExceptionGroup", exception_id=0),
    ]
    assert plain_stack(view(exception={"values": group})) == "ExceptionGroup\n  contains\n    ValueError"


def test_without_an_exceptions_calls_the_plain_stack_is_the_threads_or_the_message() -> None:
    stack = {"frames": [{"function": "f", "instruction_addr": "0x1f"}]}
    assert plain_stack(view(threads={"values": [{"id": 1, "stacktrace": stack}, {"id": 2}]})) == "Thread 1\n  at f 0x1f"
    assert plain_stack(view(stacktrace=stack)) == "  at f 0x1f"
    assert plain_stack(view(logentry={"formatted": "two\nlines"})) == "two\nlines"
