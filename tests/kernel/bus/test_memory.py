import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.testing.contract.bus import BusContract
from amber.testing.memorybus import MemoryBus, matches

TOKENS = st.sampled_from(["a", "b", "a?", "[ab]", "*a", "amber"])
SUBJECTS = st.lists(TOKENS, min_size=1, max_size=4).map(".".join)
PATTERNS = st.tuples(
    st.lists(TOKENS | st.just("*"), min_size=1, max_size=4).map(".".join), st.sampled_from(["", ".>"])
).map("".join) | st.just(">")


class MemoryOutage:
    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus

    async def begin(self) -> None:
        self._bus.is_up = False

    async def end(self) -> None:
        self._bus.is_up = True


class TestMemoryBus(BusContract):
    @pytest.fixture
    def bus(self) -> MemoryBus:
        return MemoryBus()

    @pytest.fixture
    def small_bus(self) -> MemoryBus:
        return MemoryBus(capacity=8)

    @pytest.fixture
    def outage(self, bus: MemoryBus) -> MemoryOutage:
        return MemoryOutage(bus)


def follows(pattern: list[str], subject: list[str]) -> bool:
    """NATS's rules, spelled out token by token."""
    if pattern == [">"]:
        return len(subject) >= 1
    if not pattern or not subject:
        return not pattern and not subject
    return pattern[0] in ("*", subject[0]) and follows(pattern[1:], subject[1:])


@given(PATTERNS, SUBJECTS)
def test_subjects_match_by_the_rules_of_nats(pattern: str, subject: str) -> None:
    assert matches(pattern, subject) == follows(pattern.split("."), subject.split("."))


@pytest.mark.parametrize(
    ("pattern", "subject", "is_match"),
    [
        ("amber.v1.item.>", "amber.v1.item.0", True),
        ("amber.v1.item.>", "amber.v1.item.0.more", True),
        ("amber.v1.item.>", "amber.v1.item", False),
        ("amber.*.item", "amber.v1.item", True),
        ("amber.*", "amber.v1.item", False),
        ("*", "amber", True),
        (">", "amber.v1", True),
        ("amber.[v]1", "amber.v1", False),
    ],
)
def test_a_star_is_one_token_and_a_final_angle_all_that_follow(pattern: str, subject: str, is_match: bool) -> None:
    assert matches(pattern, subject) is is_match
