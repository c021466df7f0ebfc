"""Limits as settings and requests hold them: what contradicts itself is refused in words."""

from typing import Any

import msgspec
import pytest

from amber.model.limits import read_limits


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "cap", "window": 90}, "whole hours"),
        ({"kind": "cap", "window": 3600, "burst": 5}, "a cap has no burst"),
        ({"kind": "cap", "window": 3600, "scope": "key"}, "about the whole project"),
        ({"key": "7"}, "has the scope key"),
        ({"window": 0}, ">= 1"),
    ],
)
def test_a_limit_that_contradicts_itself_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        read_limits([{"count": 1, **given}])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "project_limit"),
        ({"scope": "key", "key": "7"}, "key_limit"),
        ({"kind": "cap", "window": 3600}, "project_cap"),
    ],
)
def test_a_limit_says_how_what_it_refuses_is_counted(given: dict[str, Any], reason: str) -> None:
    [limit] = read_limits([{"count": 1, **given}])
    assert limit.reason == reason
