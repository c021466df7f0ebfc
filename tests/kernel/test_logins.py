from typing import Any

import pytest

from amber.errors import Denied, Unavailable
from amber.identity.logins import Logins
from amber.model import LoginField, LoginMethod, User

pytestmark = pytest.mark.anyio
ANN = User(3, "ann@shop.test", "Ann", "", 1.0)


def method(name: str, verify: Any) -> LoginMethod:
    return LoginMethod(name, name.title(), (LoginField("email", "E-mail"),), verify)


async def test_every_plugins_methods_are_offered_and_a_broken_one_is_left_out(house: Any) -> None:
    house.add("a", login_methods=lambda: [method("password", None)])
    house.add("b", login_methods=lambda: [method("oidc", None), method("saml", None)])
    house.add("c", login_methods=lambda: ["rubbish"])
    house.add("d", login_methods=lambda: 1 / 0)
    assert [one.name for one in await Logins(house.dispatcher).methods()] == ["password", "oidc", "saml"]


async def test_a_proof_is_judged_by_the_method_that_was_chosen(house: Any) -> None:
    def by_password(form: Any, client_ip: str) -> User:
        if form["password"] != "right" or client_ip != "192.0.2.1":
            raise Denied("no", status=401)
        return ANN

    async def by_nobody(form: Any, client_ip: str) -> User:
        raise Denied("too many", status=429)

    house.add("a", login_methods=lambda: [method("password", by_password)])
    house.add("b", login_methods=lambda: [method("oidc", by_nobody)])
    logins = Logins(house.dispatcher)
    assert await logins.verify("password", {"password": "right"}, "192.0.2.1") == ANN
    with pytest.raises(Denied) as wrong:
        await logins.verify("password", {"password": "wrong"}, "192.0.2.1")
    with pytest.raises(Denied) as late:
        await logins.verify("oidc", {}, "192.0.2.1")
    with pytest.raises(Denied) as unknown:
        await logins.verify("saml", {}, "192.0.2.1")
    assert (wrong.value.status, late.value.status, unknown.value.status) == (401, 429, 401)
    assert house.metrics.cost("a").errors == house.metrics.cost("b").errors == 0


@pytest.mark.parametrize("answer", [None, "ann", 3])
async def test_a_method_that_breaks_lets_nobody_in(house: Any, answer: Any) -> None:
    house.add("a", login_methods=lambda: [method("password", lambda form, ip: answer)])
    with pytest.raises(Unavailable, match="password"):
        await Logins(house.dispatcher).verify("password", {}, "192.0.2.1")
