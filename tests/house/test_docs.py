"""Pages that agree with the code: the generated reference, links between files, the length of the README."""

import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from amber.plugin import spec

LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
MAX_README = 150


def test_the_reference_is_what_the_code_says(root: Path) -> None:
    check = subprocess.run([sys.executable, "tools/docs.py", "--check"], cwd=root, capture_output=True, text=True)
    assert check.returncode == 0, check.stdout + check.stderr


def test_the_readme_is_short(root: Path) -> None:
    assert len((root / "README.md").read_text(encoding="utf-8").splitlines()) < MAX_README


def test_every_link_between_files_leads_somewhere(tracked: list[Path]) -> None:
    pages = [path for path in tracked if path.suffix == ".md"]
    targets = ((page, target) for page in pages for target in LINK.findall(page.read_text(encoding="utf-8")))
    assert [f"{page}: {target}" for page, target in targets if not (page.parent / target).exists()] == []


def test_every_page_is_reached_from_the_table_of_contents(root: Path) -> None:
    listed = {
        (root / "docs" / target).resolve() for target in LINK.findall((root / "docs/README.md").read_text("utf-8"))
    }
    assert {path for path in root.glob("docs/*/*.md")} - listed == set()


def test_every_hook_has_a_page_that_is_reached_from_the_list(root: Path) -> None:
    folder = root / "docs" / "reference"
    listed = set(re.findall(r"\]\((hooks/[a-z_]+\.md)\)", (folder / "hooks.md").read_text(encoding="utf-8")))
    assert {path.relative_to(folder).as_posix() for path in folder.glob("hooks/*.md")} == listed
    assert listed == {f"hooks/{name}.md" for name in spec.hooks()}


@pytest.mark.parametrize("name", spec.hooks())
def test_a_hooks_page_shows_a_plugin_that_uses_it_and_how_to_test_it(root: Path, name: str) -> None:
    text = (root / "docs" / "reference" / "hooks" / f"{name}.md").read_text(encoding="utf-8")
    _, used, tested = re.split(r"^## (?:A plugin that uses it|How to test it)$", text, flags=re.M)
    assert re.search(rf"^(?:async )?def {name}\(", used, re.M)
    assert re.search(r"^(?:async def|def|class) \w*[tT]est", tested, re.M)


def test_a_hook_without_a_user_or_a_test_cannot_be_documented(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(root / "tools")
    pages = importlib.import_module("reference.hook_pages")
    monkeypatch.setattr(pages, "answered_by", lambda name: [])
    with pytest.raises(pages.Undocumented, match="no plugin of ours answers on_fact"):
        pages.page("on_fact")
    monkeypatch.undo()
    monkeypatch.setattr(pages, "_tests", lambda pattern: {})
    with pytest.raises(pages.Undocumented, match="no test calls on_fact"):
        pages.page("on_fact")


def test_explanations_name_only_modules_and_hooks_there_are(root: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in root.glob("docs/explanation/*.md"))
    modules = set(re.findall(r"`(amber\.[a-z.]+)`", text))
    assert {name for name in modules if importlib.util.find_spec(name) is None} == set()
    assert set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text)) - spec.hooks().keys() == set()
