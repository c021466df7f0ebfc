import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amber.model import Additions, Event
from amber_enrichment.release import enrich_events
from amber_enrichment.release.versions import Release, read_release


def event(**data: object) -> Event:
    return Event("a" * 32, 1, "error", 0.0, 0.0, data)


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("shop@2.3.1", Release("shop", "2.3.1", is_semantic=True)),
        ("shop@2.3.1-rc.1+build.7", Release("shop", "2.3.1", "rc.1", "build.7", is_semantic=True)),
        ("2.0", Release("", "2.0", is_semantic=True)),
        ("v1.2.3", Release("", "1.2.3", is_semantic=True)),
        ("@scope/app@1.0.0", Release("@scope/app", "1.0.0", is_semantic=True)),
        ("shop@5f3a2c1e", Release("shop", "5f3a2c1e")),
        ("shop@", Release("shop", "")),
    ],
)
def test_a_release_is_read_into_its_parts(text: str, release: Release) -> None:
    assert read_release(text) == release


@given(st.text())
def test_any_text_is_a_release_or_none(text: str) -> None:
    release = read_release(text)
    assert (release is None) == (not text.strip())
    if release is not None:
        assert release.package in text
        assert release.version in text


def test_an_event_gets_the_parts_it_has_and_no_empty_ones() -> None:
    added = enrich_events([event(release="shop@2.3.1+7"), event()])
    context = {"package": "shop", "version": "2.3.1", "build": "7", "is_semantic": True}
    assert added == [Additions(contexts={"release": context}), None]


def test_what_is_added_can_be_stored() -> None:
    assert msgspec.json.encode(enrich_events([event(release="shop@2.3.1")])[0])
