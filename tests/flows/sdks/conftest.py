"""Every shop is visited once: two orders and a refund fail, whatever then is asked of them."""

from dataclasses import dataclass
from typing import Any

import pytest

from flows.running import Running

from .expected import SHOPS
from .shops import Shop


@dataclass(frozen=True)
class Sent:
    """What Amber stored of one shop's errors."""

    amber: Running
    shop: Shop
    orders: tuple[Any, Any]
    refund: Any

    @property
    def order(self) -> Any:
        """The event of the first order."""
        return self.orders[0]

    @property
    def chain(self) -> list[Any]:
        """The exceptions of the first order."""
        return list(self.order["data"]["exception"]["values"])

    def issue(self, event: Any) -> Any:
        return self.amber.get(f"/issues/{event['issue_id']}")


class Visits:
    """What came of every shop that was visited."""

    def __init__(self, amber: Running) -> None:
        self._amber = amber
        self._sent: dict[str, Sent] = {}

    def to(self, shop: Shop) -> Sent:
        """Visit a shop, the first time it is asked for."""
        if shop.name not in self._sent:
            visit = shop.open(self._amber.dsn)
            first, second, refund = (self._amber.stored(visit(page)) for page in ("order", "order", "refund"))
            self._sent[shop.name] = Sent(self._amber, shop, (first, second), refund)
        return self._sent[shop.name]


@pytest.fixture(scope="session")
def visits(amber: Running) -> Visits:
    return Visits(amber)


@pytest.fixture(params=SHOPS, ids=str)
def sent(request: pytest.FixtureRequest, visits: Visits) -> Sent:
    """What arrived from each of the shops."""
    return visits.to(request.param)
