"""A toolchain that is missing fails a test with what to do, and nothing is built twice."""

import sys
from pathlib import Path

import pytest

from . import toolchains
from .toolchains import built, tool


def test_a_missing_toolchain_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError, match=r"`cargo` is missing: install Rust 1\.89 or newer"):
        tool("cargo")


def test_the_same_sources_are_built_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "sources" / "lisp"
    source.mkdir(parents=True)
    (source / "shop.lisp").write_text("(error)")
    monkeypatch.setattr(toolchains, "SOURCES", source.parent)
    monkeypatch.setattr(toolchains, "tool", lambda name: sys.executable)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    step = ("python", "-c", "open('made', 'a').write('x')")
    first, second = built("lisp", step), built("lisp", step)
    assert first == second
    assert (first / "made").read_text() == "x"
    (source / "shop.lisp").write_text("(exit)")
    assert built("lisp", step) != first
