import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.model import ago, exact


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (9, "just now"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400, "1 day ago"),
        (29 * 86_400, "29 days ago"),
        (31 * 86_400, "1 month ago"),
        (300 * 86_400, "10 months ago"),
        (361 * 86_400, "1 year ago"),
        (800 * 86_400, "2 years ago"),
    ],
)
def test_a_time_is_said_in_its_largest_unit(seconds: float, said: str) -> None:
    assert ago(1000.0, 1000.0 + seconds) == said


@given(st.floats(0, 1e11), st.floats(0, 1e11))
def test_every_time_can_be_said(then: float, now: float) -> None:
    assert ago(then, now).endswith(("now", "ago"))


def test_the_exact_time_names_its_zone() -> None:
    assert exact(1_700_000_000.9) == "2023-11-14 22:13:20 UTC"
