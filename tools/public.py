"""Writes docs/reference/public.txt, what others may build on, and refuses a change that breaks the promise about it;
with `--check` it only says what has changed.
"""

import sys
from pathlib import Path

from surface.judging import Situation, Surface, differences, is_released, judge, news_of
from surface.whole import surface

from amber.version import version

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "reference" / "public.txt"
HEAD = "# What others may build on; docs/explanation/compatibility.md says for how long. Written by `make public`.\n"


def read(text: str) -> dict[str, str]:
    """The surface that was written."""
    lines = [line.partition(" :: ") for line in text.splitlines() if not line.startswith("#")]
    return {name: value for name, _, value in lines}


def written(found: Surface) -> str:
    """The text of the file."""
    return HEAD + "".join(f"{name} :: {value}\n" for name, value in found.items())


def main(arguments: list[str]) -> None:
    """Compare, and write what may be written."""
    new = surface()
    old = read(FILE.read_text(encoding="utf-8")) if FILE.exists() else new
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    wrong = judge(old, new, Situation(version(), is_released(changelog), news_of(changelog)))
    changes = differences(old, new)
    if wrong or ("--check" in arguments and changes):
        sys.exit("\n".join([*changes, "", *wrong, "Public names have changed; when they should, run `make public`."]))
    FILE.write_text(written(new), encoding="utf-8")
    print(f"docs/reference/public.txt: {len(changes)} lines changed")


if __name__ == "__main__":
    main(sys.argv[1:])
