"""Names that go away say so, in time, to whoever uses them."""

import warnings

import pytest

from amber.deprecations import Deprecation, warn
from amber.errors import AmberDeprecationWarning

KNOWN = {"amber.model.weigh": Deprecation(use="amber.model.Scales", since="0.2", error_in="0.3")}


def weigh(now: str) -> str:
    """What somebody would have called."""
    warn("amber.model.weigh", KNOWN, now)
    return "heavy"


@pytest.mark.parametrize("now", ["0.2.0", "0.2.9"])
def test_a_deprecated_name_works_and_says_what_to_use(now: str) -> None:
    with pytest.warns(AmberDeprecationWarning, match=r"error from 0\.3 on: use amber\.model\.Scales") as caught:
        assert weigh(now) == "heavy"
    assert caught[0].filename == __file__, "it names the code that uses the name"


def test_where_warnings_are_errors_it_is_one_from_the_first_day() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(AmberDeprecationWarning, match=r"use amber\.model\.Scales"):
            weigh("0.2.0")


@pytest.mark.parametrize("now", ["0.3.0", "0.10.0", "1.0.0"])
def test_once_its_time_is_up_it_is_an_error_whatever_is_filtered(now: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(AmberDeprecationWarning, match=r"amber\.model\.weigh is deprecated since Amber 0\.2"):
            weigh(now)
