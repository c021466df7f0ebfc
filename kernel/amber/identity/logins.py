"""Who somebody is, by the login methods of the auth plugins."""

from collections.abc import Mapping
from typing import Any

from amber.errors import Denied, PluginError, Unavailable
from amber.model import LoginMethod, User
from amber.plugin.dispatch import Dispatcher, check_fields


class Logins:
    """What a login page shows, and the judge of what was typed into it."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def methods(self) -> list[LoginMethod]:
        """Every way to log in, in the order of the plugins."""
        return [method for _, method in await self._offered()]

    async def verify(self, name: str, form: Mapping[str, str], client_ip: str) -> User:
        """The person whose proof `form` holds.

        Raises Denied: 401 for a wrong proof or a method nobody offers, 429 for too many wrong ones; Unavailable where
        the method itself failed.
        """
        found = next(((plugin, one) for plugin, one in await self._offered() if one.name == name), None)
        if found is None:
            raise Denied("there is no such way to log in", status=401)
        plugin, method = found
        try:
            return await self._dispatcher.call(
                plugin, "login_methods", _user, lambda: method.verify(dict(form), client_ip)
            )
        except PluginError as error:
            raise Unavailable(f"the login method {name} failed: {error}") from error

    async def _offered(self) -> list[tuple[str, LoginMethod]]:
        answers = await self._dispatcher.collect("login_methods", _methods)
        return [(answer.plugin, method) for answer in answers for method in answer.value]


def _methods(value: Any) -> list[LoginMethod]:
    if not all(isinstance(one, LoginMethod) for one in value):
        raise TypeError("login_methods answered something else than LoginMethods")
    return list(value)


def _user(value: Any) -> User:
    if not isinstance(value, User):
        raise TypeError(f"answered {type(value).__name__}, expected User")
    check_fields(value)
    return value
