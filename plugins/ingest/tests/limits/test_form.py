"""A project's limits as rows of a form."""

from hypothesis import given
from hypothesis import strategies as some

from amber.model import DAY, HOUR, Limit
from amber_ingest.limits import form

LIMITS = some.builds(
    Limit,
    count=some.integers(1, 10**9),
    window=some.sampled_from([1, 60, HOUR, DAY]),
    scope=some.sampled_from(["key", "project"]),
    categories=some.sampled_from([(), ("error",), ("error", "span")]),
    burst=some.integers(0, 100),
)


@given(some.lists(LIMITS, max_size=5))
def test_limits_that_are_shown_and_sent_back_stay_as_they_are(kept: list[Limit]) -> None:
    rows = form.filled(kept)
    assert form.read({name: tuple(one[name] for one in rows) for name in rows[0]}) == tuple(kept)
