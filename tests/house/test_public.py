"""What others build on does not change unnoticed, nor before its time."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from amber.deprecations import DEPRECATIONS, series

OLD = {
    "amber.model.Thing": "class",
    "amber.model.Thing.name": "0: str",
    "amber.model.weigh": "function",
    "amber.model.weigh(thing)": "0: Thing",
    "amber.model.Kind": "type Literal['a', 'b']",
    "hook see": "collect, skip, 10 ms",
    "hook see(thing)": "0: Thing",
}
NEWS = "- `Thing` has a `size`, `weigh` is exact, `Kind` knows more, `hook see` is told more."


@pytest.fixture
def surface(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The tool's modules by name."""
    monkeypatch.syspath_prepend(root / "tools")
    return lambda name: importlib.import_module(f"surface.{name}")


def judged(surface: Any, new: dict[str, str], old: dict[str, str] = OLD, version: str = "0.2.0", **more: Any) -> Any:
    judging = surface("judging")
    given = {"is_released": True, "news": NEWS} | more
    return judging.judge(old, new, judging.Situation(version, **given))


def test_what_is_public_is_what_was_written_down(root: Path) -> None:
    check = subprocess.run([sys.executable, "tools/public.py", "--check"], cwd=root, capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize(
    "more",
    [
        {"amber.model.Thing.size": "1: int = 0"},
        {"amber.model.weigh(exact)": "1: bool = False"},
        {"amber.model.Kind": "type Literal['a', 'b', 'c']"},
        {"amber.model.weigh(thing)": "0: Thing = Thing()"},
        {"hook see(size)": "1: int"},
    ],
)
def test_what_was_there_may_grow(surface: Any, more: dict[str, str]) -> None:
    assert judged(surface, OLD | {key: value for key, value in more.items()}, news=f"{NEWS} `exact` `size`") == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"amber.model.Thing.name": "0: bytes"}, "is not what it was"),
        ({"amber.model.Thing.size": "1: int"}, "asks for more than before"),
        ({"amber.model.weigh(size)": "1: int"}, "asks for more than before"),
        ({"amber.model.Kind": "type Literal['a']"}, "is not what it was"),
        ({"hook see": "collect, dead letter, 10 ms"}, "is not what it was"),
    ],
)
def test_what_breaks_a_plugin_is_refused(surface: Any, change: dict[str, str], what: str) -> None:
    (wrong,) = judged(surface, OLD | change)
    assert wrong.startswith(next(iter(change)))
    assert what in wrong


def test_what_is_new_must_be_in_the_changelog(surface: Any) -> None:
    new = OLD | {"amber.model.Box": "class", "amber.model.Box.size": "0: int", "amber.model.Thing.age": "1: int = 0"}
    untold = judged(surface, new)
    assert [one.partition(" ")[0] for one in untold] == ["amber.model.Box", "amber.model.Thing.age"]
    assert judged(surface, new, news=f"{NEWS} A `Box` for things, and their `Thing.age`.") == []


@pytest.mark.parametrize(("version", "may_go"), [("0.2.7", False), ("0.3.0", False), ("0.4.0", True), ("1.0.0", True)])
@pytest.mark.parametrize("name", ["amber.model.Thing", "amber.model.Thing.name"])
def test_a_name_goes_only_after_it_was_an_error_for_a_minor_series(
    surface: Any, name: str, version: str, may_go: bool
) -> None:
    old = OLD | {f"{name} deprecated": "since 0.2, an error in 0.3, use amber.model.Box"}
    new = {key: value for key, value in OLD.items() if not key.startswith(name)}
    assert (judged(surface, new, old, version) == []) is may_go
    assert len(judged(surface, new, OLD, version)) == len(OLD) - len(new)


def test_before_anything_is_released_names_may_go(surface: Any) -> None:
    assert judged(surface, {}, is_released=False) == []


def test_the_changelog_tells_what_was_released(surface: Any) -> None:
    judging = surface("judging")
    first, second = "# Changelog\n\n## Unreleased: 0.1.0\n- one\n", "# C\n\n## Unreleased\n- two\n\n## 0.1.0\n- one\n"
    assert (judging.is_released(first), judging.is_released(second)) == (False, True)
    assert ("- one" in judging.news_of(second), "- two" in judging.news_of(second)) == (False, True)


def test_every_public_name_is_on_its_page_with_what_it_is(root: Path, surface: Any) -> None:
    names = surface("names")
    text = (root / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    found = [(module, name) for module in names.MODULES for name in names.public(module)]
    assert [name for module, name in found if f"### {module}.{name}\n" not in text] == []
    said = {name: names.docstring(module, name) for module, name in found}
    # msgspec writes `Name(field, …)` where a Struct says nothing of itself
    assert [name for name, told in said.items() if not told or told.startswith(f"{name}(")] == []


def test_what_is_deprecated_warns_for_a_minor_series_and_is_there_meanwhile(root: Path) -> None:
    listed = (root / "docs" / "reference" / "public.txt").read_text(encoding="utf-8")
    assert [name for name, one in DEPRECATIONS.items() if series(one.since) >= series(one.error_in)] == []
    assert [name for name, one in DEPRECATIONS.items() if not (one.use and f"\n{name} ::" in listed)] == []
