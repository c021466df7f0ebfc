from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pyotp
import pytest

from amber import Context, Secret
from amber.errors import ConfigError, Denied
from amber.model import AuditEntry, AuthRequest, Directory, Organisation, Principal, Project, actor_of
from amber.testing.running import Kernel
from amber_auth import ember
from amber_auth.ember import Config
from amber_auth.ember.codes import Codes

AUDIT = AuditEntry(0, "test", "test", "", 1.0)
ADMIN = "the secret of the admin"
TOTP = pyotp.random_base32()
NOON = 1_700_000_010.0
Ask = Callable[..., Principal | None]
At = Callable[[float], None]


@pytest.fixture
def configure(contexts: Callable[[str], Context[Any]], monkeypatch: pytest.MonkeyPatch, at: At) -> Callable[..., None]:
    at(NOON)

    def configure(**values: Any) -> None:
        given = {"admin_secret": Secret(ADMIN)} | values
        monkeypatch.setattr(contexts("ember"), "config", Config(**given))

    return configure


@pytest.fixture
def ask(contexts: Callable[[str], Context[Any]], organisation: Organisation) -> Ask:
    def ask(client_ip: str = "192.0.2.1", **headers: str) -> Principal | None:
        named = {f"x-ember-{name}": value for name, value in headers.items()}
        return ember.authenticate(AuthRequest("GET", "/api/v1/me", named, client_ip), contexts("ember"))

    return ask


def refused(ask: Ask, status: int, words: str, **asked: str) -> None:
    with pytest.raises(Denied, match=words) as refusal:
        ask(**asked)
    assert refusal.value.status == status


def test_the_admin_secret_opens_the_installation(configure: Any, ask: Ask, organisation: Organisation) -> None:
    configure()
    found = ask(admin=ADMIN)
    assert found is not None
    assert (found.kind, found.id, found.name, found.organisation) == ("token", "ember-admin", "admin", organisation.id)
    assert (found.scopes, found.projects) == ({"admin"}, None)


def test_the_actor_is_named_in_the_audit_log(configure: Any, ask: Ask) -> None:
    configure()
    found = ask(admin=ADMIN, actor=" Ann\x07 \n")
    assert found is not None
    assert found.name == "Ann"
    assert actor_of(found) == "token:ember-admin (Ann)"


@pytest.mark.parametrize("shown", ["", "wrong", ADMIN + " ", "é\udcff"])
def test_a_wrong_secret_is_refused(configure: Any, ask: Ask, shown: str) -> None:
    configure()
    refused(ask, 401, "the admin secret is wrong", admin=shown)


@pytest.mark.parametrize("shown", ["", "wrong", ADMIN])
def test_without_a_secret_nobody_is_admin_and_the_answer_says_how(configure: Any, ask: Ask, shown: str) -> None:
    configure(admin_secret=Secret(""))
    refused(ask, 401, "admin_secret in amber.toml", admin=shown)


def test_after_ten_wrong_secrets_even_the_right_one_waits(configure: Any, ask: Ask, at: At) -> None:
    configure()
    for _ in range(10):
        refused(ask, 401, "wrong", admin="wrong")
    refused(ask, 429, "wait five minutes", admin=ADMIN)
    assert ask(client_ip="198.51.100.7", admin=ADMIN) is not None
    at(NOON + 301)
    assert ask(admin=ADMIN) is not None


@pytest.mark.parametrize(
    ("client_ip", "is_near"),
    [("10.1.2.3", True), ("2001:db8::5", True), ("192.0.2.1", False), ("2001:db9::5", False), ("", False)],
)
def test_the_admin_comes_from_where_they_may(configure: Any, ask: Ask, client_ip: str, is_near: bool) -> None:
    configure(admin_networks=("10.0.0.0/8", "2001:db8::/32"))
    if is_near:
        assert ask(client_ip=client_ip, admin=ADMIN) is not None
    else:
        refused(ask, 401, "may not come from this address", client_ip=client_ip, admin=ADMIN)


def test_the_organisation_must_be_named_where_there_are_several(configure: Any, ask: Ask, directory: Directory) -> None:
    other = directory.add_organisation("other", "Other", AUDIT)
    configure()
    refused(ask, 409, "2 organisations", admin=ADMIN)
    configure(organisation="other")
    found = ask(admin=ADMIN)
    assert found is not None
    assert found.organisation == other.id
    configure(organisation="third")
    refused(ask, 409, "no organisation 'third'", admin=ADMIN)


def test_a_project_header_leaves_the_admin_that_project(
    configure: Any, ask: Ask, project: Project, directory: Directory
) -> None:
    configure()
    for ref in (str(project.id), "shop"):
        found = ask(admin=ADMIN, project=ref)
        assert found is not None
        assert found.projects == {project.id}
    elsewhere = directory.add_organisation("other", "Other", AUDIT)
    theirs = directory.add_project(elsewhere.id, "theirs", "Theirs", "python", AUDIT)
    configure(organisation="acme")
    for ref in (str(theirs.id), "theirs", "none", "a\x00", "../1"):
        refused(ask, 404, "no such project", admin=ADMIN, project=ref)


def code(at: float = NOON) -> str:
    return pyotp.TOTP(TOTP).at(int(at))


@pytest.mark.parametrize(
    "shown",
    ["", "000000", "12345", code(NOON - 60), code(NOON + 60), "é", "\udcff"],
    ids=["none", "zeros", "short", "before", "after", "a letter", "no text"],
)
def test_a_code_that_is_not_of_now_is_refused(configure: Any, ask: Ask, shown: str) -> None:
    configure(totp_secret=Secret(TOTP))
    refused(ask, 401, "the one-time code of now", admin=ADMIN, otp=shown)


@pytest.mark.parametrize("drift", [-30, 0, 30])
def test_a_code_is_good_once_even_where_clocks_differ(configure: Any, ask: Ask, drift: float) -> None:
    configure(totp_secret=Secret(TOTP))
    assert ask(admin=ADMIN, otp=code(NOON + drift)) is not None
    for _ in range(11):  # showing it again is no guess, and locks nobody out
        refused(ask, 401, "used before", admin=ADMIN, otp=code(NOON + drift))


def test_the_next_code_is_good_again(configure: Any, ask: Ask, at: At) -> None:
    configure(totp_secret=Secret(TOTP))
    for minute in range(5):
        at(NOON + 60 * minute)
        assert ask(admin=ADMIN, otp=code(NOON + 60 * minute)) is not None


def test_the_right_code_does_not_make_up_for_a_wrong_secret_nor_is_it_used_up_by_it(configure: Any, ask: Ask) -> None:
    configure(totp_secret=Secret(TOTP))
    refused(ask, 401, "secret is wrong", admin="wrong", otp=code())
    assert ask(admin=ADMIN, otp=code()) is not None


def test_codes_cannot_be_guessed_at(configure: Any, ask: Ask) -> None:
    configure(totp_secret=Secret(TOTP))
    for _ in range(10):
        refused(ask, 401, "one-time code", admin=ADMIN, otp="000000")
    refused(ask, 429, "wait", admin=ADMIN, otp=code())


def test_of_processes_that_show_a_code_at_once_one_is_let_in(kernel: Kernel) -> None:
    barrier = Barrier(4)

    def use(_: int) -> bool:
        codes = Codes(kernel.engine(), TOTP)
        barrier.wait()
        step = codes.step_of(code(), NOON)
        return step is not None and codes.take(step)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [False, False, False, True]


def test_a_secret_with_spaces_and_dashes_is_the_same(configure: Any, ask: Ask) -> None:
    configure(totp_secret=Secret(f"{TOTP[:4]} {TOTP[4:8]}-{TOTP[8:]}"))
    assert ask(admin=ADMIN, otp=code()) is not None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"totp_secret": Secret("0189")}, "totp_secret"),
        ({"totp_secret": Secret("ABCD")}, "totp_secret"),
        ({"jwt_secret": Secret("short")}, "jwt_secret has 32"),
        ({"admin_networks": ("10.0.0.0/99",)}, "admin_networks"),
    ],
)
def test_settings_nobody_could_log_in_with_are_refused_at_the_start(
    configure: Any, contexts: Callable[[str], Context[Any]], values: dict[str, Any], words: str
) -> None:
    configure(**values)
    with pytest.raises(ConfigError, match=words):
        ember.plugin_start(contexts("ember"))


def test_good_settings_start(configure: Any, contexts: Callable[[str], Context[Any]]) -> None:
    configure(totp_secret=Secret(TOTP), jwt_secret=Secret("x" * 32), admin_networks=("10.1.2.3/8",))
    ember.plugin_start(contexts("ember"))


def test_secrets_are_not_shown() -> None:
    assert ADMIN not in repr(Config(admin_secret=Secret(ADMIN)))
