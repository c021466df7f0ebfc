"""Static files of plugins: these and none beside them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Guest = Callable[..., Path]


@pytest.fixture
def folder(guest: Guest) -> Path:
    made = guest()
    (made / "secret.txt").write_text("secret")
    (made / "static" / "deep").mkdir(parents=True)
    (made / "static" / "deep" / "a.js").write_text("1")
    (made / "static" / "page.html").write_text("<script>1</script>")
    (made / "static" / "link.txt").symlink_to(made / "secret.txt")
    return made


def test_a_file_has_its_type_and_runs_nothing_by_itself(acme: Any, folder: Path) -> None:
    browser = acme.browser()
    assert browser.get("/static/plugins/guest/deep/a.js").headers["content-type"].startswith("text/javascript")
    page = browser.get("/static/plugins/guest/page.html")
    assert "sandbox" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["../secret.txt", "%2e%2e/secret.txt", "deep/../../secret.txt", "link.txt", "deep", "nothing.js", "a%00b"]
)
def test_nothing_but_the_files_of_the_folder_is_served(acme: Any, folder: Path, path: str) -> None:
    answer = acme.browser().get(f"/static/plugins/guest/{path}")
    assert answer.status_code in (400, 404)
    assert "secret" not in answer.text


def test_a_template_names_a_file_by_what_it_holds(kernel: Any, acme: Any, folder: Path) -> None:
    (folder / "templates").mkdir()
    (folder / "templates" / "a.html").write_text('{{ static("deep/a.js") }}')
    address = kernel.dispatcher.contexts["guest"].render("a.html").html
    assert "immutable" in acme.browser().get(address).headers["cache-control"]
    (folder / "static" / "deep" / "a.js").write_text("2")
    assert "immutable" not in acme.browser().get(address).headers["cache-control"]
