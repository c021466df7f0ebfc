"""What every directory promises about targets and their delivery log."""

from functools import partial

import pytest
from msgspec import structs

from amber.model import Attempt, Directory, Notification, Target
from amber.testing.attempts import at_once, refusal
from amber.testing.contract.tenants import Tenants
from amber.testing.stores import BAD_CURSORS, HOSTILE_TEXTS, NOON, audit

NEWS = Notification(
    "n1", "issue.created", 1, "shop", "Shop", "It broke", NOON, url="https://example.org", level="error"
)


class TargetContract(Tenants):
    """Fixture: `directory`, an empty one."""

    @pytest.fixture
    def shop(self, directory: Directory, acme: int) -> int:
        return directory.add_project(acme, "shop", "Shop", "python", audit()).id

    @pytest.fixture
    def hook(self, directory: Directory, shop: int) -> Target:
        return directory.add_target(_target(shop), audit())

    def test_targets_are_found_by_id_and_by_project(
        self, directory: Directory, acme: int, shop: int, hook: Target
    ) -> None:
        web = directory.add_project(acme, "web", "Web", "node", audit()).id
        second, elsewhere = (directory.add_target(_target(project), audit()) for project in (shop, web))
        assert hook == structs.replace(_target(shop), id=1)
        assert directory.targets(shop) == (hook, second)
        assert directory.targets(web) == (elsewhere,)
        assert directory.targets(999) == ()
        assert directory.target(second.id) == second
        assert directory.target(999) is None

    def test_a_target_is_changed_field_by_field(self, directory: Directory, hook: Target) -> None:
        changed = directory.change_target(hook.id, {"name": "New", "is_enabled": False}, audit())
        assert changed == structs.replace(hook, name="New", is_enabled=False)
        changed = directory.change_target(hook.id, {"settings": {"only": "this"}, "kinds": ["a", "b"]}, audit())
        assert changed == structs.replace(changed, settings={"only": "this"}, kinds=("a", "b"))
        assert directory.target(hook.id) == directory.change_target(hook.id, {}, audit()) == changed

    @pytest.mark.parametrize(
        "changes", [{"plugin": "x"}, {"project": 5}, {"name": 5}, {"settings": "x"}, {"kinds": "x"}, {"is_enabled": 1}]
    )
    def test_a_change_no_target_can_have_is_rejected(
        self, directory: Directory, hook: Target, changes: dict[str, object]
    ) -> None:
        refused = refusal(lambda: directory.change_target(hook.id, {"name": "New", **changes}, audit()))
        assert refused.status == 400
        assert next(iter(changes)) in refused.detail
        assert directory.target(hook.id) == hook

    def test_what_does_not_exist_cannot_be_changed(self, directory: Directory) -> None:
        for change in (
            lambda: directory.add_target(_target(999), audit()),
            lambda: directory.change_target(999, {"name": "X"}, audit()),
            lambda: directory.remove_target(999, audit()),
        ):
            assert refusal(change).status == 404

    def test_any_text_is_kept_as_it_is(self, directory: Directory, shop: int) -> None:
        for text in HOSTILE_TEXTS:
            wanted = Target(0, shop, text, text, {text: text}, (text,), True, NOON)
            made = directory.add_target(wanted, audit())
            assert directory.target(made.id) == structs.replace(wanted, id=made.id)
            news = structs.replace(NEWS, title=text)
            noted = directory.note_attempt(structs.replace(_attempt(made.id), notification=news, detail=text))
            assert directory.attempt(noted.id) == noted

    # --- the delivery log ---------------------------------------------------------------------------------------------

    def test_an_attempt_is_kept_whole(self, directory: Directory, hook: Target) -> None:
        noted = directory.note_attempt(structs.replace(_attempt(hook.id), id=77))
        assert noted == structs.replace(_attempt(hook.id), id=1)
        assert directory.attempt(noted.id) == noted
        assert directory.attempt(77) is None

    def test_attempts_are_listed_newest_first_page_by_page(self, directory: Directory, shop: int, hook: Target) -> None:
        other = directory.add_target(_target(shop), audit())
        for number in range(9):
            for target in (hook, other):
                directory.note_attempt(_attempt(target.id, number))
        page = directory.attempts(hook.id, limit=4)
        directory.note_attempt(_attempt(hook.id, 99))
        rest = directory.attempts(hook.id, page.next or "")
        assert [attempt.number for attempt in (*page.items, *rest.items)] == [8, 7, 6, 5, 4, 3, 2, 1, 0]
        assert {attempt.target for attempt in (*page.items, *rest.items)} == {hook.id}
        assert rest.next is None
        for cursor in BAD_CURSORS:
            assert refusal(partial(directory.attempts, hook.id, cursor)).status == 400

    def test_a_target_goes_with_its_log(self, directory: Directory, shop: int, hook: Target) -> None:
        other = directory.add_target(_target(shop), audit())
        gone, kept = (directory.note_attempt(_attempt(target.id)) for target in (hook, other))
        directory.remove_target(hook.id, audit())
        assert directory.targets(shop) == (other,)
        assert directory.attempt(gone.id) is None
        assert directory.attempts(hook.id).items == ()
        assert directory.attempts(other.id).items == (kept,)

    def test_an_attempt_on_a_target_that_is_gone_is_not_kept(self, directory: Directory) -> None:
        noted = directory.note_attempt(_attempt(999))
        assert noted == _attempt(999)
        assert directory.attempts(999).items == ()

    def test_what_was_told_of_one_issue_is_found_among_the_rest(self, directory: Directory, hook: Target) -> None:
        quoting = structs.replace(NEWS, issue_id="70", title='"issue_id":"7"')
        news = [structs.replace(NEWS, issue_id=text) for text in ("7", "17", "7", "7%", "", '"')] + [quoting]
        noted = [directory.note_attempt(structs.replace(_attempt(hook.id), notification=one)) for one in news]
        assert directory.attempts(hook.id, issue="7").items == (noted[2], noted[0])
        page = directory.attempts(hook.id, limit=1, issue="7")
        assert directory.attempts(hook.id, page.next or "", issue="7").items == (noted[0],)
        assert [directory.attempts(hook.id, issue=text).items for text in ("7%", '"', "_", "8")] == [
            (noted[3],),
            (noted[5],),
            (),
            (),
        ]

    def test_a_target_that_goes_while_attempts_are_noted_leaves_none(self, directory: Directory, shop: int) -> None:
        for _ in range(5):
            target = directory.add_target(_target(shop), audit()).id
            note = partial(directory.note_attempt, _attempt(target))
            assert at_once(note, note, partial(directory.remove_target, target, audit())) == [200] * 3
            assert directory.attempts(target).items == ()


def _target(project: int) -> Target:
    return Target(0, project, "webhook", "Hook", {"url": "https://x", "n": [1, None]}, ("issue.created",), True, NOON)


def _attempt(target: int, number: int = 1) -> Attempt:
    return Attempt(target, NEWS, number, NOON + number, 0.25, "failed", "503 Service Unavailable")
