"""What never stands in a file: somebody's folders, a package registry's address, a credential."""

import re
from pathlib import Path

import pytest

MACHINE = re.compile(r"(?<![\w.\-/}])/(?:work|root|tmp|home/\w+|Users/\w+)/[\w.\-]+")
REGISTRY = re.compile(r"[p]ythonhosted\.org|[p]ypi\.org/simple|[r]egistry\.[n]pmjs\.org|--(?:extra-)?index-url", re.I)
# Tests of the scrubber need things that look like secrets: a key's header alone, Amazon's documented example.
SECRET = re.compile(
    r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+(?:[\w+/=]{60,}\s+){3}"
    r"|\bAKIA(?!\w*EXAMPLE)[0-9A-Z]{16}\b|\bgh[pousr]_(?!(\w)\1+\b)\w{36}\b"
)


def findings(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    texts = ((path, path.read_text(encoding="utf-8", errors="replace")) for path in files)
    return [f"{path}: {found.group()}" for path, text in texts for found in pattern.finditer(text)]


@pytest.mark.parametrize("pattern", [MACHINE, REGISTRY, SECRET], ids=["folders", "registries", "secrets"])
def test_no_file_holds(pattern: re.Pattern[str], tracked: list[Path]) -> None:
    assert findings(pattern, tracked) == []


@pytest.mark.parametrize("line", ["open('{}root/x.txt')", "cd {}work/somewhere", "PATH={}home/somebody/bin"])
def test_a_folder_of_somebodys_machine_is_seen(line: str) -> None:
    assert MACHINE.search(line.format("/"))


@pytest.mark.parametrize("line", ["https://example.org/work/here", "{base}/tmp/x", "a/work/b", "/api/work"])
def test_a_path_that_is_nobodys_folder_is_not(line: str) -> None:
    assert not MACHINE.search(line)
