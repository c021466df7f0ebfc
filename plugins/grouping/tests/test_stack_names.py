"""Messages, function, module and file names without what changes from one event to the next."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amber_grouping.stack.messages import first_lines, normalise_message
from amber_grouping.stack.names import file_name, function_name, module_name, source_line


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("user 123 not found", "user <int> not found"),
        ("order a-12, item_7", "order a-<int>, item_<int>"),
        ("id deadbeef12", "id <hex>"),
        ("at 0xDEADbeef", "at <hex>"),
        ("at 2026-11-22T21:36:25.295387Z", "at <date>"),
        ("on Mon, 02 Jan 2006 15:04:05 GMT!", "on <date>!"),
        ("took 12.5ms, then 3 s", "took <duration>, then <duration>"),
        ("ratio 0.75 or -1.5", "ratio <float> or <float>"),
        ("from 10.0.0.1:8080 and fe80::1", "from <ip>:<int> and <ip>"),
        ("std::vector a::b()", "std::vector a::b()"),
        ("x=\"foo bar\" y='z' ok=true", "x=<string> y=<string> ok=<bool>"),
        ('say "hello"', 'say "hello"'),
        ("GET https://a.b/c?d=1 failed", "GET <url> failed"),
        ("mail ann@shop.example", "mail <email>"),
        ("550e8400-e29b-41d4-a716-446655440000 gone", "<uuid> gone"),
        ("decade faded", "decade faded"),
        ("a \n  b", "a b"),
    ],
)
def test_variable_parts_of_a_message_are_replaced(text: str, normal: str) -> None:
    assert normalise_message(text) == normal


PIECES = st.sampled_from(
    [
        "12",
        "-",
        ".",
        ":",
        " ",
        "=",
        '"',
        "'",
        "a",
        "f0",
        "0x",
        "@",
        "b.example",
        "http://",
        "/",
        "2026-11-22",
        "T",
        "10:11",
        "1.2.3.4",
        "::",
        "ms",
        "true",
        "<",
        ">",
        "int",
        "<int>",
        "Jan",
        "Mon",
        "é",
        "_",
        "e5",
        "550e8400-e29b-41d4-a716-446655440000",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join) | st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise_message(text)

    assert normalise_message(once) == once


def test_long_and_hostile_messages_are_bounded() -> None:
    for text in ("a" * 10**6, "1:" * 10**5, "a@" * 10**5, "0" * 10**6 + "g", "Mon, " * 10**5, "é." * 10**5):
        assert len(normalise_message(text)) <= 3000


def test_the_first_two_lines_that_say_anything_count() -> None:
    assert first_lines("\n\n one 1\n\ntwo\nthree") == "one <int> two ..."


@pytest.mark.parametrize(
    ("platform", "function", "name"),
    [
        ("javascript", "Object.checkout", "checkout"),
        ("javascript", "async Cart.total [as sum]", "total"),
        ("javascript", "<anonymous>", ""),
        ("javascript", "foo/<", ""),
        ("node", "new Cart", "Cart"),
        ("java", "lambda$run$0", ""),
        ("java", "Shop$$EnhancerByCGLIB$$12ab.pay", "Shop<auto>"),
        ("ruby", "block (2 levels) in total", "total"),
        ("ruby", "_app_views_cart_html_erb__123456_78901", "_app_views_cart_html_erb"),
        ("php", "class@anonymous\0/srv/x.php:3$0", "class@anonymous"),
        ("csharp", "Total(Int32 a)", "Total"),
        ("native", "std::vector<int, std::less<int>>::push(int const&) const", "std::vector::push"),
        ("native", "(anonymous namespace)::run()", "{anonymous}::run"),
        ("rust", "shop::total::h0123456789abcdef", "shop::total"),
        ("c", "memcpy@plt", "memcpy"),
        ("cocoa", "-[Cart total:]", "-[Cart total:]"),
        ("native", "<redacted>", ""),
        ("python", "<lambda>", "<lambda>"),
    ],
)
def test_function_names_lose_what_does_not_last(platform: str, function: str, name: str) -> None:
    assert function_name(function, platform) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("https://a.b/static/main.3f2a1b9c.js?v=2#x", "main.js"),
        ("C:\\shop\\Cart.PY", "cart.py"),
        ("/srv/shop/cart.py", "cart.py"),
        ("<anonymous>", ""),
        ("[native code]", ""),
        ("Foo_$$_javassist_seam_74", "foo<auto>"),
    ],
)
def test_file_names_lose_paths_queries_and_build_hashes(path: str, name: str) -> None:
    assert file_name(path) == name


def test_module_names_lose_the_numbers_of_generated_classes() -> None:
    assert module_name("com.shop.Cart$$Lambda$14/0x0001", "java") == "com.shop.Cart<auto>"
    assert module_name("static/main.3f2a1b9c", "javascript") == "static/main"
    assert module_name("shop.cart", "python") == "shop.cart"


def test_source_lines_count_for_scripts_where_they_are_short() -> None:
    assert source_line("  a  =\t1 ", "python") == "a = 1"
    assert source_line("a", "java") == source_line("a" * 121, "python") == source_line(" " * 9999, "python") == ""
