import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amber.errors import Reject
from amber.testing.running import Kernel, context
from amber_api import v1

Run = Callable[..., Result]


@pytest.fixture
def run(kernel: Kernel) -> Run:
    def run(*words: str) -> Result:
        commands = {command.name: command for command in v1.cli_commands()}
        ctx = context(kernel, "api")
        return CliRunner().invoke(commands[words[0]], list(words[1:]), obj=ctx, catch_exceptions=False)

    return run


def answer(run: Run, *words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)


@pytest.fixture
def home(run: Run) -> Any:
    return answer(run, "org", "create", "Acme Ltd")


def test_an_organisation_is_made_and_listed(run: Run, home: Any) -> None:
    assert home == {"organisation_id": 1, "slug": "acme-ltd", "name": "Acme Ltd"}
    assert answer(run, "org", "list") == [home]
    assert "acme-ltd" in run("org", "list").stdout


def test_a_project_is_made_with_what_an_sdk_needs(run: Run, home: Any, kernel: Kernel) -> None:
    made = answer(run, "project", "create", "Web Shop", "--platform", "python")
    key = made["public_key"]
    assert made == {
        "project_id": 1,
        "slug": "web-shop",
        "dsn": f"https://{key}@amber.test/errors/1",
        "public_key": key,
    }
    assert kernel.stores.directory.key(key) is not None
    assert answer(run, "project", "list") == [made]
    assert made["dsn"] in run("project", "list").stdout
    assert run("project", "create", "Web Shop").stdout.startswith("web-shop-2 is project 2")


def test_a_key_is_made_listed_and_switched(run: Run, home: Any) -> None:
    answer(run, "project", "create", "Shop")
    made = answer(run, "project", "key", "add", "shop", "--label", "mobile")
    assert (made["label"], made["is_active"]) == ("mobile", True)
    assert run("project", "key", "disable", made["public_key"]).stdout == f"{made['public_key']} is off.\n"
    assert "off  mobile" in run("project", "key", "list", "1").stdout
    assert answer(run, "project", "key", "enable", made["public_key"])["is_active"] is True


def test_a_project_whose_first_key_is_off_shows_the_next(run: Run, home: Any) -> None:
    first = answer(run, "project", "create", "Shop")
    second = answer(run, "project", "key", "add", "shop")
    run("project", "key", "disable", first["public_key"])
    assert answer(run, "project", "list")[0]["public_key"] == second["public_key"]


def test_what_is_not_there_is_said_with_what_to_do(run: Run, home: Any) -> None:
    for words in (("project", "key", "list", "web"), ("project", "key", "disable", "0" * 32)):
        with pytest.raises(Reject, match="amber project"):
            run(*words)
    with pytest.raises(Reject, match="amber org list"):
        run("project", "create", "Shop", "--organisation", "web")


def test_the_organisation_must_be_named_where_there_are_several(run: Run, home: Any) -> None:
    run("org", "create", "Other", "--slug", "other")
    with pytest.raises(Reject, match="2 organisations"):
        run("project", "list")
    assert answer(run, "project", "list", "--organisation", "other") == []
    assert run("project", "list", "--organisation", "2").stdout == "No projects yet.\n"


def test_without_an_organisation_the_commands_say_how_to_get_one(run: Run) -> None:
    assert run("org", "list").stdout == "No organisations yet.\n"
    with pytest.raises(Reject, match="amber up"):
        run("project", "create", "Shop")
