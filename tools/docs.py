"""Writes docs/reference from the code; with `--check` it only says which pages no longer agree with it."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path

from reference import cli, config, hook_pages, hooks, http, plugins, python, subjects, testing

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Written by `make docs` from the code; change it there. -->\n\n"


def pages() -> Mapping[str, str]:
    """Every reference page by the name of its file."""
    modules = (cli, config, hooks, http, plugins, python, subjects, testing)
    found = {f"{module.__name__.rpartition('.')[2]}.md": module.page() for module in modules} | hook_pages.pages()
    return {name: NOTE + text.rstrip() + "\n" for name, text in found.items()}


@contextmanager
def pristine() -> Iterator[None]:
    """A place without anybody's `amber.toml`, so that the pages tell of an Amber as it comes."""
    for name in [name for name in os.environ if name.startswith("AMBER_")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        yield


def stale(wanted: Mapping[str, str]) -> list[str]:
    """The files of the folder that are missing, differ, or that nothing writes any more."""
    found = {path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.md")}
    return sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))


def write(wanted: Mapping[str, str], names: list[str]) -> None:
    """Bring these pages up to what the code says."""
    for name in names:
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()


def main(arguments: list[str]) -> None:
    """Compare, and write unless only asked to check."""
    with pristine():
        wanted = pages()
    names = stale(wanted)
    if "--check" in arguments:
        sys.exit(f"run `make docs`: the code says otherwise than {', '.join(names)}" if names else 0)
    write(wanted, names)
    print(f"docs/reference: {', '.join(names) or 'nothing'} changed")


if __name__ == "__main__":
    main(sys.argv[1:])
