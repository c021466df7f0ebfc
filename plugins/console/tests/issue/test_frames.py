from typing import Any

from amber_console.home.issue.frame_view import FrameView, stack_view


def frame(function: str = "f", in_app: Any = True, **fields: Any) -> dict[str, Any]:
    return {"function": function, "filename": "shop/cart.py", "lineno": 41, "in_app": in_app, **fields}


def first(**fields: Any) -> FrameView:
    return stack_view({"frames": [frame(**fields)]}).frames[0]


def test_the_most_recent_call_comes_first_and_library_frames_are_folded_into_runs() -> None:
    frames = [frame("a", False), frame("b"), frame("c", False), frame("d", False), frame("e")]
    shown = stack_view({"frames": frames})
    assert [[one.function for one in run.frames] for run in shown.runs] == [["e"], ["d", "c"], ["b"], ["a"]]
    assert [run.is_folded for run in shown.runs] == [False, True, False, True]
    assert shown.is_mixed


def test_where_no_frame_is_ours_nothing_is_folded_and_the_newest_that_shows_anything_is_open() -> None:
    frames = [frame("a", None, context_line="x"), frame("b", False, context_line="y"), frame("c", False)]
    shown = stack_view({"frames": frames})
    assert [run.is_folded for run in shown.runs] == [False]
    assert [one.is_open for one in shown.frames] == [False, True, False]
    assert not shown.is_mixed


def test_our_newest_frames_are_open_and_libraries_never() -> None:
    frames = [frame(f"f{at}", at != 3, context_line="x") for at in range(8)]
    assert [one.function for one in stack_view({"frames": frames}).frames if one.is_open] == [
        "f7", "f6", "f5", "f4", "f2"
    ]  # fmt: skip


def test_source_lines_are_numbered_the_one_that_ran_is_marked_and_blank_ends_are_left_out() -> None:
    lines = first(pre_context=["", "def f():"], context_line="    x()", post_context=["", "    y()", "", "  "]).lines
    assert [(one.number, one.text, one.is_current) for one in lines] == [
        (39, "", False),
        (40, "def f():", False),
        (41, "    x()", True),
        (42, "", False),
        (43, "    y()", False),
    ]


def test_lines_before_the_first_have_no_number() -> None:
    lines = first(lineno=1, pre_context=["{snip}"], context_line="a()").lines
    assert [one.number for one in lines] == [None, 1]
    assert first(lineno=None, context_line="a()").lines[0].number is None


def test_a_place_is_file_line_and_column() -> None:
    assert first().place == "shop/cart.py:41"
    assert first(colno=7).place == "shop/cart.py:41:7"
    assert first(filename=None, lineno=None).place == ""


def test_a_script_from_the_web_is_placed_by_its_path_with_the_address_at_hand() -> None:
    shown = first(filename="https://cdn.test/assets/app.js", abs_path="https://cdn.test/assets/app.js", colno=9)
    assert (shown.place, shown.path) == ("/assets/app.js:41:9", "https://cdn.test/assets/app.js")


def test_a_module_is_named_where_the_file_does_not_say_it() -> None:
    assert first(module="shop.cart").module == ""
    assert first(module="shop", filename="shop/__init__.py").module == ""
    assert first(module="com.shop.Cart", filename="Cart.java").module == "com.shop.Cart"


def test_a_native_frame_shows_its_image_and_address() -> None:
    shown = first(instruction_addr="0x1f", package="/opt/game/bin/game", filename="mesh.cpp", lineno=3)
    assert (shown.function, shown.place, shown.module, shown.address) == ("f", "mesh.cpp:3", "game", "0x1f")


def test_a_native_frame_without_a_name_is_named_by_its_address() -> None:
    shown = first(
        function=None, filename=None, lineno=None, instruction_addr="0x1f", package=r"C:\game.exe", trust="scan"
    )
    assert (shown.function, shown.place, shown.module, shown.address) == ("0x1f", "game.exe", "", "")
    assert "guessed" in shown.note


def test_a_frame_that_tells_nothing_is_a_question_mark() -> None:
    assert stack_view({"frames": [{}]}).frames[0].function == "?"
    assert not stack_view({"frames": [{}]}).frames[0].has_details


def test_variables_and_registers_are_shown() -> None:
    shown = stack_view({"frames": [frame(vars={"n": 5, "s": "'x'"})], "registers": {"rip": "0x1"}})
    assert shown.frames[0].variables == (("n", "5"), ("s", "'x'"))
    assert shown.registers == (("rip", "0x1"),)


def test_what_is_no_stack_has_no_calls() -> None:
    assert stack_view(None).frames == stack_view({"frames": None}).frames == stack_view("x").frames == ()
