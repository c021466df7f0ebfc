"""People of every role, and the forms they send."""

from collections.abc import Callable
from typing import Any

import pytest

from amber.model import Attempt, Notification, Target
from amber.testing.running import Kernel

NOON = 1_700_000_000.0
HOOK = "http://127.0.0.1:1/hook"


@pytest.fixture(autouse=True)
def report(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a serving process tells of its plugins, here of this one process alone."""
    monkeypatch.setitem(kernel.services.kernel, "plugins", kernel.report)


@pytest.fixture
def target(acme: Any, send: Any) -> Target:
    """A webhook of the shop's, whose receiver nobody may reach; its secret is `sesame-opens`."""
    form = {"setting-url": HOOK, "setting-secret": "sesame-opens", "kinds": ["issue.created"]}
    answer = send(acme.browser(), "/projects/shop/notifications", type="webhook", name="Ops chat", **form)
    assert answer.status_code == 303, answer.text
    made: Target = acme.directory.targets(acme.project.id)[0]
    return made


@pytest.fixture
def tried(acme: Any, target: Target) -> Callable[..., Attempt]:
    """Note a try to deliver to the target."""

    def tried(outcome: str, detail: str = "", kind: str = "issue.created", number: int = 1) -> Attempt:
        told = Notification("n", kind, acme.project.id, "shop", "Shop", "Boom", NOON, issue_id="7", short_id="SHOP-7")
        made: Attempt = acme.directory.note_attempt(
            Attempt(target.id, told, number, NOON, 0.25, outcome, detail)  # type: ignore[arg-type]  # as the test says
        )
        return made

    return tried
